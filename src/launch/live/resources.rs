//! Networks and volumes: what a container's own inspection does not show of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compose::{Model, section, text};
use crate::yaml::{Mapping, Node};

use super::Weakness;

/// What the services of a launch use, by the key in the model, with the name that the engine knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub networks: BTreeMap<String, String>,
    pub volumes: BTreeMap<String, String>,
}

/// The networks and volumes of these services that the project itself defines. Of an external one the
/// model says nothing but its name.
pub fn used<'m>(model: &Model, services: impl Iterator<Item = &'m Node>) -> Used {
    let mut used = Used::default();
    for service in services {
        let networks = service.get("networks").and_then(Node::as_map).into_iter().flat_map(Mapping::keys);
        let networks = networks.filter(|_| service.get("network_mode").is_none());
        used.networks.extend(networks.filter_map(|key| named(model, "networks", key)));
        let volumes = service.get("volumes").and_then(Node::as_seq).unwrap_or_default().iter();
        let volumes = volumes.filter(|mount| mount.get("type").and_then(Node::as_str) == Some("volume"));
        let sources = volumes.filter_map(|mount| mount.get("source").and_then(Node::as_str));
        used.volumes.extend(sources.filter_map(|key| named(model, "volumes", key)));
    }
    used
}

fn named(model: &Model, kind: &str, key: &str) -> Option<(String, String)> {
    let node = section(&model.root, kind)?.get(key)?;
    if node.get("external").and_then(Node::as_bool) == Some(true) {
        return None;
    }
    let name = node.get("name").map_or_else(|| format!("{}_{key}", model.name), text);
    Some((key.to_owned(), name))
}

/// Compares inspected networks, by name, with the model.
pub fn networks(model: &Model, used: &Used, inspected: &[Value]) -> Vec<Weakness> {
    let mut found = Vec::new();
    for (key, name) in &used.networks {
        let Some(node) = section(&model.root, "networks").and_then(|map| map.get(key)) else { continue };
        // Two networks can have one name, and a container is in either of them.
        for live in inspected.iter().filter(|live| live.get("Name").and_then(Value::as_str) == Some(name)) {
            let place = Place { node, path: format!("networks.{key}"), name };
            if node.get("internal").and_then(Node::as_bool) == Some(true)
                && live.get("Internal") != Some(&Value::Bool(true))
            {
                found.push(place.weakness("Internal", "internal", "true", "false", "it has a route out"));
            }
            place.driver(live, &mut found);
            place.options(live, &mut found);
        }
    }
    found
}

/// Compares inspected volumes, by name, with the model.
pub fn volumes(model: &Model, used: &Used, inspected: &[Value]) -> Vec<Weakness> {
    let mut found = Vec::new();
    for (key, name) in &used.volumes {
        let Some(node) = section(&model.root, "volumes").and_then(|map| map.get(key)) else { continue };
        for live in inspected.iter().filter(|live| live.get("Name").and_then(Value::as_str) == Some(name)) {
            let place = Place { node, path: format!("volumes.{key}"), name };
            place.driver(live, &mut found);
            place.options(live, &mut found);
        }
    }
    found
}

struct Place<'p> {
    node: &'p Node,
    path: String,
    name: &'p str,
}

impl Place<'_> {
    fn weakness(&self, field: &str, key: &str, expected: &str, found: &str, why: &str) -> Weakness {
        Weakness {
            service: String::new(),
            container: self.name.to_owned(),
            field: field.to_owned(),
            key: format!("{}.{key}", self.path),
            expected: expected.to_owned(),
            found: found.to_owned(),
            why: why.to_owned(),
            origin: self.node.get(key).map_or(self.node.origin, |node| node.origin),
        }
    }

    fn driver(&self, live: &Value, weak: &mut Vec<Weakness>) {
        let Some(wanted) = self.node.get("driver").map(text).filter(|driver| !driver.is_empty()) else {
            return;
        };
        let found = live.get("Driver").and_then(Value::as_str).unwrap_or_default();
        // `default` leaves it to the engine.
        if found != wanted && wanted != "default" {
            weak.push(self.weakness("Driver", "driver", &wanted, found, "it was made by somebody else"));
        }
    }

    /// For a volume these say which directory of the host it is.
    fn options(&self, live: &Value, weak: &mut Vec<Weakness>) {
        let map = self.node.get("driver_opts").and_then(Node::as_map);
        let wanted: BTreeSet<String> = map
            .into_iter()
            .flat_map(Mapping::iter)
            .map(|(key, value)| format!("{key}={}", text(value)))
            .collect();
        let found = live.get("Options").and_then(Value::as_object).into_iter().flatten();
        let found: BTreeSet<String> =
            found.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
        let added = |option: &&String| !option.starts_with("com.docker.network.enable_ipv");
        if found.iter().filter(added).ne(wanted.iter().filter(added)) {
            let list = |set: &BTreeSet<String>| super::field::list(&set.iter().collect::<Vec<_>>());
            weak.push(self.weakness(
                "Options",
                "driver_opts",
                &list(&wanted),
                &list(&found),
                "it leads elsewhere",
            ));
        }
    }
}
