//! Who the services are on the host, under the map in force and under another one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::idmap::Local;
use crate::engine::{Answer, Engine, IdMap, Info, Location};
use crate::host::Owner;
use crate::launch::facts::objects;
use crate::launch::live::resources::used;
use crate::model::security;
use crate::ownership::bind::view::{ServiceView, ViewQuestion, view};
use crate::ownership::lock::StateRoots;
use crate::ownership::state::declared_trees;
use crate::ownership::{StatePolicy, Strategy};
use crate::yaml::Node;

use super::decide::Decided;
use super::images::LazyEngine;
use super::policy::{binds, state};
use super::session::Session;

/// The facts that are the same with and without mapped users.
pub(crate) struct Places<'d, 'e> {
    decided: &'d Decided<'e>,
    model: &'d Model,
    /// By the key in the model, what the engine says of its volumes.
    volumes: Answer<Vec<(String, Option<PathBuf>)>>,
    roots: StateRoots,
    state: StatePolicy,
}

impl<'d, 'e> Places<'d, 'e> {
    pub(crate) fn of(decided: &'d Decided<'e>, model: &'d Model, engine: &LazyEngine) -> Self {
        let names = used(model, model.services().map(|(_, node)| node)).volumes;
        let asked = if names.is_empty() {
            Answer::Known(Vec::new())
        } else {
            engine.get().and_then(|engine| objects(engine, "volume", &names.values().collect::<Vec<_>>()))
        };
        let volumes = asked.map(|found| {
            let place = |name: &str| {
                let volume =
                    found.iter().find(|volume| volume.get("Name").and_then(Value::as_str) == Some(name));
                volume.and_then(|volume| volume.get("Mountpoint")?.as_str()).map(PathBuf::from)
            };
            names.iter().map(|(key, name)| (key.clone(), place(name))).collect()
        });
        let declared = decided.policy.as_ref().map(binds).unwrap_or_default().roots;
        let state = decided.policy.as_ref().map(state).unwrap_or_default();
        Self { decided, model, volumes, roots: StateRoots::new(model, &declared), state }
    }

    pub(crate) fn look(
        &self,
        session: &Session<'_>,
        maps: &dyn Fn(&str) -> Answer<IdMap>,
    ) -> Vec<ServiceView> {
        let volumes = |key: &str| {
            self.volumes.as_ref().and_then(|all| match all.iter().find(|(known, _)| known == key) {
                Some((_, place)) => Answer::Known(place.clone()),
                None => Answer::unknown("it is not the project's own: see `docker volume inspect`"),
            })
        };
        view(&ViewQuestion {
            model: self.model,
            sources: session.inputs.sources(),
            users: &self.decided.users,
            maps,
            volumes: &volumes,
            shown: &|service, path| self.shown(service, path),
        })
    }

    /// The owner on disk of state under an id-mapped mount: the operator.
    fn shown(&self, service: &str, path: &Path) -> Option<Owner> {
        let (_, node) = self.model.services().find(|(name, _)| *name == service)?;
        let trees = declared_trees(node, &self.roots, &self.state.declared);
        let is_shown = trees.iter().any(|tree| tree.strategy == Strategy::Idmap && tree.path == path);
        is_shown.then(|| self.decided.caller.person.unwrap_or(Owner::ROOT))
    }
}

/// The map that would be in force.
pub(crate) fn assumed(base: Option<u32>, in_force: &Answer<IdMap>) -> Result<IdMap, Finding> {
    match in_force {
        Answer::Known(map) if base.is_none() && !map.is_identity() => Ok(map.clone()),
        _ => Local::read(None).map(|local| IdMap::assumed(base, &local)).map_err(|reason| {
            Finding::error(Code::InputUnreadable, reason).help("See that everybody can read it.")
        }),
    }
}

/// Keys of a service that an engine refuses where it maps users.
pub(crate) fn refused(model: &Model, name: &str) -> Vec<&'static str> {
    let Some((_, service)) = model.services().find(|(known, _)| *known == name) else { return Vec::new() };
    let is = |key: &str, value: &str| service.get(key).and_then(Node::as_str) == Some(value);
    let mut keys = Vec::new();
    if security::PRIVILEGED.is_on(service) {
        keys.push("privileged");
    }
    if is("network_mode", "host") {
        keys.push("network_mode: host");
    }
    if is("pid", "host") {
        keys.push("pid: host");
    }
    keys
}

/// Stands for the answer of any engine that maps users.
pub(crate) fn mapping() -> Info {
    Info { security_options: vec!["name=userns".to_owned()], ..Info::default() }
}

/// Why nothing of the files is known here.
pub(crate) fn elsewhere(engine: &LazyEngine) -> Option<String> {
    match engine.get().map(Engine::location) {
        Answer::Known(Location::Elsewhere(reason)) => {
            Some(format!("the engine runs on another machine: {reason}"))
        }
        _ => None,
    }
}
