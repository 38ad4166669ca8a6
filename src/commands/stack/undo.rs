//! The steps of a deployment so far, which are taken back where it cannot go on.

use crate::engine::Answer;
use crate::engine::swarm::{Kind, Manager, Object};

#[derive(Default)]
pub struct Done {
    made: Vec<(Kind, String, String)>,
    /// The objects as they were before the change.
    changed: Vec<Object>,
}

impl Done {
    pub fn made(&mut self, kind: Kind, id: &str, name: &str) {
        self.made.push((kind, id.to_owned(), name.to_owned()));
    }

    pub fn changed(&mut self, before: &Object) {
        self.changed.push(before.clone());
    }

    /// Takes it back, the latest first; what could not be is returned by name.
    pub fn take_back(self, manager: &Manager) -> Vec<String> {
        let mut left = Vec::new();
        for before in self.changed.iter().rev() {
            let now = manager.object(Kind::Service, &before.id);
            let back = now.and_then(|now| now.map_or(Answer::Known(Ok(())), |now| manager.roll_back(&now)));
            if !matches!(back, Answer::Known(Ok(()))) {
                left.push(format!("service {}", before.name));
            }
        }
        for (kind, id, name) in self.made.iter().rev() {
            let object = Object {
                kind: *kind,
                id: id.clone(),
                name: name.clone(),
                version: 0,
                spec: serde_json::Value::Null,
                scope: String::new(),
            };
            if !matches!(manager.remove(&object), Answer::Known(Ok(()))) {
                left.push(format!("{} {name}", kind.name()));
            }
        }
        left
    }
}
