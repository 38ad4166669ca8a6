//! Networks and volumes: what a container's own inspection does not show of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compose::{Model, section, text};
use crate::model::{Volume, mount, network, resource};
use crate::policy::rules::is_of_host;
use crate::yaml::{Mapping, Node};

use super::Weakness;

/// What the services of a launch use, by the key in the model, with the name that the engine knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub networks: BTreeMap<String, String>,
    pub volumes: BTreeMap<String, String>,
    /// Volumes that are made elsewhere: the model says nothing of them but the name.
    pub foreign: BTreeMap<String, String>,
}

/// The networks and volumes of these services.
pub fn used<'m>(model: &Model, services: impl Iterator<Item = &'m Node>) -> Used {
    let mut used = Used::default();
    for service in services {
        let networks = network::NETWORKS.names(service);
        let networks = networks.filter(|_| !network::MODE.is_set(service));
        used.networks.extend(networks.filter_map(|key| named(model, "networks", key, false)));
        let volumes = mount::VOLUMES.items(service).iter();
        let volumes = volumes.filter(|mount| mount::TYPE.str(mount) == Some("volume"));
        let sources = volumes.filter_map(|mount| mount::SOURCE.str(mount));
        used.volumes.extend(sources.clone().filter_map(|key| named(model, "volumes", key, false)));
        used.foreign.extend(sources.filter_map(|key| named(model, "volumes", key, true)));
    }
    used
}

fn named(model: &Model, kind: &str, key: &str, is_external: bool) -> Option<(String, String)> {
    let node = section(&model.root, kind)?.get(key)?;
    if (resource::EXTERNAL.is_on(node)) != is_external {
        return None;
    }
    let name = resource::name(model, node, key);
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
            if resource::INTERNAL.is_on(node) && live.get("Internal") != Some(&Value::Bool(true)) {
                found.push(place.weakness("Internal", "internal", "true", "false", "it has a route out"));
            }
            place.driver(live, "bridge", &mut found);
            place.options(live, &mut found);
            place.addresses(live, &mut found);
        }
    }
    found
}

/// Compares inspected volumes, by name, with the model. Those that are made elsewhere are judged by the rules about
/// volumes; `allows` says what a waiver of one lets through.
pub fn volumes(
    model: &Model,
    used: &Used,
    inspected: &[Value],
    allows: &dyn Fn(&str, &str) -> bool,
) -> Vec<Weakness> {
    let mut found = Vec::new();
    for (key, name) in used.volumes.iter().chain(&used.foreign) {
        let Some(node) = section(&model.root, "volumes").and_then(|map| map.get(key)) else { continue };
        let place = Place { node, path: format!("volumes.{key}"), name };
        let mut live = inspected.iter().filter(|live| live.get("Name").and_then(Value::as_str) == Some(name));
        let Some(live) = live.next() else {
            found.push(place.weakness(
                "Name",
                "name",
                name,
                "(none)",
                "the engine has no volume of this name",
            ));
            continue;
        };
        if used.foreign.contains_key(key) {
            place.foreign(live, allows, &mut found);
            continue;
        }
        place.labels(live, &model.name, key, &mut found);
        place.driver(live, "local", &mut found);
        place.options(live, &mut found);
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
            is_of_program: false,
            is_unproved: false,
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

    /// Compose takes a volume that is there under the name, whoever made it.
    fn labels(&self, live: &Value, project: &str, key: &str, weak: &mut Vec<Weakness>) {
        let label = |name: &str| live.get("Labels")?.get(format!("com.docker.compose.{name}"))?.as_str();
        if label("project") == Some(project) && label("volume") == Some(key) {
            return;
        }
        let found = match label("project") {
            Some(other) => format!("one of the project {other}"),
            None => "one that Docker Compose did not make".to_owned(),
        };
        let why = "it holds what others put there; `external: true` says that this is meant";
        weak.push(self.weakness(
            "Labels",
            "name",
            &format!("a volume of the project {project}"),
            &found,
            why,
        ));
    }

    /// What a volume of others is mounted from is judged as if the model said it.
    fn foreign(&self, live: &Value, allows: &dyn Fn(&str, &str) -> bool, weak: &mut Vec<Weakness>) {
        let Some(driver) = live.get("Driver").and_then(Value::as_str) else {
            weak.push(self.weakness(
                "Driver",
                "external",
                "local",
                "(unknown)",
                "what is behind it cannot be told",
            ));
            return;
        };
        let Some(options) = options(live) else {
            weak.push(self.weakness(
                "Options",
                "external",
                "options",
                "(unknown)",
                "what is behind it cannot be told",
            ));
            return;
        };
        let volume = Volume::read(driver, options.into_iter());
        for unknown in volume.unknown.iter().filter(|unknown| !allows("volume-options", &unknown.shown)) {
            let field = if unknown.key == "driver" { "Driver" } else { "Options" };
            weak.push(self.weakness(
                field,
                "external",
                "options that are known",
                &unknown.shown,
                "nothing says what it shows",
            ));
        }
        if let Some(device) = volume.device.filter(|device| !allows("volume-device", device))
            && is_of_host(&device)
        {
            let why = "it is a directory of the host's own";
            weak.push(self.weakness("Options", "external", "no directory of the host's own", &device, why));
        }
    }

    /// Nothing said means the engine's own driver.
    fn driver(&self, live: &Value, default: &str, weak: &mut Vec<Weakness>) {
        let wanted = resource::DRIVER.text(self.node).filter(|driver| !driver.is_empty());
        let wanted = wanted.unwrap_or_else(|| default.to_owned());
        let found = live.get("Driver").and_then(Value::as_str).unwrap_or_default();
        // `default` leaves it to the engine.
        if found != wanted && wanted != "default" {
            weak.push(self.weakness("Driver", "driver", &wanted, found, "it was made by somebody else"));
        }
    }

    /// Compares the driver that hands out a network's addresses, and its options.
    fn addresses(&self, live: &Value, weak: &mut Vec<Weakness>) {
        let wanted = resource::IPAM_DRIVER.text(self.node).filter(|driver| !driver.is_empty());
        let wanted = wanted.unwrap_or_else(|| "default".to_owned());
        let found = live.pointer("/IPAM/Driver").and_then(Value::as_str).unwrap_or("(unknown)");
        if found != wanted {
            let why = "somebody else hands out its addresses";
            weak.push(self.weakness("IPAM.Driver", "ipam", &wanted, found, why));
        }
        let options_of = |node: &Node| {
            let map = node.as_map().into_iter().flat_map(Mapping::iter);
            map.map(|(key, value)| format!("{key}={}", text(value))).collect()
        };
        let wanted: BTreeSet<String> =
            resource::IPAM_OPTIONS.node(self.node).map(options_of).unwrap_or_default();
        let found = live.get("IPAM").and_then(options);
        let found: Option<BTreeSet<String>> =
            found.map(|found| found.iter().map(|(key, value)| format!("{key}={value}")).collect());
        if found.as_ref() != Some(&wanted) {
            let shown_found = found.as_ref().map_or_else(|| "(unknown)".to_owned(), shown);
            let why = "its addresses are handed out otherwise";
            weak.push(self.weakness("IPAM.Options", "ipam", &shown(&wanted), &shown_found, why));
        }
    }

    /// For a volume these say which directory of the host it is.
    fn options(&self, live: &Value, weak: &mut Vec<Weakness>) {
        let map = resource::OPTIONS.node(self.node).and_then(Node::as_map);
        let wanted: BTreeSet<String> = map
            .into_iter()
            .flat_map(Mapping::iter)
            .map(|(key, value)| format!("{key}={}", text(value)))
            .collect();
        let Some(found) = options(live) else {
            weak.push(self.weakness(
                "Options",
                "driver_opts",
                &shown(&wanted),
                "(unknown)",
                "where it leads cannot be told",
            ));
            return;
        };
        let found: BTreeSet<String> = found.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let added = |option: &&String| !option.starts_with("com.docker.network.enable_ipv");
        if found.iter().filter(added).ne(wanted.iter().filter(added)) {
            weak.push(self.weakness(
                "Options",
                "driver_opts",
                &shown(&wanted),
                &shown(&found),
                "it leads elsewhere",
            ));
        }
    }
}

/// The options of a network, a volume or its addresses as the engine says them; `None` where it says something else.
/// Null means that there are none.
fn options(live: &Value) -> Option<Vec<(&str, &str)>> {
    match live.get("Options") {
        None => None,
        Some(Value::Null) => Some(Vec::new()),
        Some(options) => {
            options.as_object()?.iter().map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
        }
    }
}

fn shown(options: &BTreeSet<String>) -> String {
    super::field::list(&options.iter().collect::<Vec<_>>())
}
