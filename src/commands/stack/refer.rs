//! Ids in the places of names: a service refers to networks, secrets and configs by what the swarm calls them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::swarm::Kind;

/// The ids of what is there, by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Ids(BTreeMap<(Kind, String), String>);

impl Ids {
    pub fn insert(&mut self, kind: Kind, name: &str, id: &str) {
        self.0.insert((kind, name.to_owned()), id.to_owned());
    }

    fn get(&self, kind: Kind, name: &str) -> Option<&str> {
        self.0.get(&(kind, name.to_owned())).map(String::as_str)
    }

    /// The spec of a service with ids. A name without one stays, and the swarm says so.
    pub fn filled(&self, spec: &Value) -> Value {
        let mut spec = spec.clone();
        let lists = [
            ("/TaskTemplate/Networks", Kind::Network, "Target", "Target"),
            ("/TaskTemplate/ContainerSpec/Secrets", Kind::Secret, "SecretName", "SecretID"),
            ("/TaskTemplate/ContainerSpec/Configs", Kind::Config, "ConfigName", "ConfigID"),
        ];
        for (pointer, kind, from, into) in lists {
            let entries = spec.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten();
            for entry in entries {
                let name = entry.get(from).and_then(Value::as_str).unwrap_or_default();
                let Some(id) = self.get(kind, name).map(str::to_owned) else { continue };
                if let Some(fields) = entry.as_object_mut() {
                    fields.insert(into.to_owned(), Value::String(id));
                }
            }
        }
        spec
    }
}
