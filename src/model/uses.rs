//! The services that take part in a network, in a volume, or in the namespaces and mounts of another service.

use std::collections::{BTreeSet, HashMap};

use super::{life, mount, network};
use crate::compose::section;
use crate::yaml::{Mapping, Node, Value};

/// Keys by which a service joins another one as `service:NAME`, or a container as `container:NAME`.
const NAMESPACES: [&str; 5] = ["network_mode", "pid", "ipc", "uts", "cgroup"];

/// The key by which a service takes the mounts of another one.
const MOUNTS: &str = "volumes_from";

/// The services behind what they share.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    services: BTreeSet<String>,
    /// The services that use a network or a volume, by section and name.
    direct: HashMap<(&'static str, String), BTreeSet<String>>,
    /// The services that join another one, by key and that service.
    joined: HashMap<(&'static str, String), BTreeSet<String>>,
}

impl Uses {
    pub fn of(root: &Node) -> Self {
        let mut uses = Self::default();
        uses.add(root);
        uses
    }

    /// Adds what a further document says.
    pub fn add(&mut self, root: &Node) {
        let services = section(root, "services").into_iter().flat_map(Mapping::iter);
        for (name, service) in services.filter(|(name, _)| *name != "*") {
            let is_new = self.services.insert(name.to_owned());
            let networks = names(service.get("networks"));
            let is_elsewhere = network::is_elsewhere(service);
            for network in networks.into_iter().chain((is_new && !is_elsewhere).then_some("default")) {
                self.direct("networks", network, name);
            }
            for volume in mount::VOLUMES.items(service) {
                if mount::TYPE.str(volume) == Some("volume")
                    && let Some(source) = mount::SOURCE.str(volume)
                {
                    self.direct("volumes", source, name);
                }
            }
            for key in NAMESPACES {
                let Some(mode) = service.get(key).and_then(Node::as_str) else { continue };
                if let Some(other) = mode.strip_prefix("service:") {
                    self.join(key, other, name);
                } else if let Some(other) =
                    mode.strip_prefix("container:").and_then(|one| of_container(root, one))
                {
                    self.join(key, other, name);
                }
            }
            for text in names(service.get(MOUNTS)) {
                let (rest, is_container) =
                    text.strip_prefix("container:").map_or((text, false), |rest| (rest, true));
                let other = rest.split(':').next().unwrap_or(rest);
                let other = if is_container { of_container(root, other) } else { Some(other) };
                if let Some(other) = other {
                    self.join(MOUNTS, other, name);
                }
            }
        }
    }

    fn direct(&mut self, section: &'static str, name: &str, service: &str) {
        self.direct.entry((section, name.to_owned())).or_default().insert(service.to_owned());
    }

    fn join(&mut self, key: &'static str, other: &str, service: &str) {
        self.joined.entry((key, other.to_owned())).or_default().insert(service.to_owned());
    }

    /// A service, and those that join it by one of some keys, directly or through others.
    pub fn of_service<'u>(&'u self, service: &'u str, keys: &[&'static str]) -> BTreeSet<&'u str> {
        let mut found = BTreeSet::from([service]);
        for key in keys {
            let mut open = vec![service];
            while let Some(one) = open.pop() {
                for joiner in self.joined.get(&(*key, one.to_owned())).into_iter().flatten() {
                    if found.insert(joiner.as_str()) {
                        open.push(joiner);
                    }
                }
            }
        }
        found
    }

    /// The services that a place of the model concerns: of `networks.NAME` and `volumes.NAME` those that use it, of
    /// `services.NAME` that one. What none of them uses, and everything else, concerns all of them.
    pub fn of_place<'u>(&'u self, place: &'u str) -> BTreeSet<&'u str> {
        let parts = place.split_once('.');
        let found = match parts {
            Some(("services", name)) if self.services.contains(name) => return BTreeSet::from([name]),
            Some(("networks", name)) => self.users("networks", name, "network_mode"),
            Some(("volumes", name)) => self.users("volumes", name, MOUNTS),
            _ => BTreeSet::new(),
        };
        if found.is_empty() { self.services.iter().map(String::as_str).collect() } else { found }
    }

    fn users<'u>(&'u self, section: &'static str, name: &str, key: &'static str) -> BTreeSet<&'u str> {
        let direct = self.direct.get(&(section, name.to_owned())).into_iter().flatten();
        direct.flat_map(|service| self.of_service(service, &[key])).collect()
    }
}

/// The service of a project that a container belongs to by its name: the one that the file gives it, or Compose's
/// `PROJECT-SERVICE-NUMBER`.
pub fn of_container<'m>(root: &'m Node, container: &str) -> Option<&'m str> {
    let project = root.get("name").and_then(Node::as_str).unwrap_or_default();
    let by_default = |service: &str| {
        let number = container.strip_prefix(project).and_then(|rest| rest.strip_prefix('-'));
        let number =
            number.and_then(|rest| rest.strip_prefix(service)).and_then(|rest| rest.strip_prefix('-'));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut services = section(root, "services").into_iter().flat_map(Mapping::iter);
    let is_it = |(name, service): &(&str, &Node)| match life::CONTAINER_NAME.str(service) {
        Some(given) => given == container,
        None => by_default(name),
    };
    services.find(is_it).map(|(name, _)| name)
}

/// The names in a list of texts, or the keys of a mapping.
fn names(node: Option<&Node>) -> Vec<&str> {
    match node.map(|node| &node.value) {
        Some(Value::Seq(items)) => items.iter().filter_map(Node::as_str).collect(),
        Some(Value::Map(map)) => map.keys().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, SourceMap};
    use crate::yaml;

    fn uses(text: &str) -> Uses {
        let file = SourceMap::default().add(SourceFile::new("a", std::path::Path::new("/a"), text));
        Uses::of(&yaml::parse(file, text, yaml::Limits::default()).unwrap()[0].root)
    }

    #[test]
    fn what_is_joined_concerns_those_who_join_it() {
        let uses = uses(
            "name: p\nservices:\n  vpn: { container_name: tunnel, networks: { out: } }\n  app: { network_mode: service:vpn }\n  \
             deep: { network_mode: service:app, pid: service:vpn }\n  named: { network_mode: container:tunnel }\n  by-number: { network_mode: container:p-app-1 }\n  \
             taker: { volumes_from: [\"store:ro\"] }\n  store: { volumes: [{ type: volume, source: v, target: /v }] }\n",
        );
        let of =
            |service, keys: &[&'static str]| uses.of_service(service, keys).into_iter().collect::<Vec<_>>();
        assert_eq!(of("vpn", &["network_mode"]), ["app", "by-number", "deep", "named", "vpn"]);
        assert_eq!(of("vpn", &["pid"]), ["deep", "vpn"]);
        assert_eq!(of("vpn", &[]), ["vpn"]);
        let at = |place| uses.of_place(place).into_iter().collect::<Vec<_>>();
        assert_eq!(at("networks.out"), ["app", "by-number", "deep", "named", "vpn"]);
        assert_eq!(at("networks.default"), ["store", "taker"]);
        assert_eq!(at("volumes.v"), ["store", "taker"]);
        assert_eq!(at("services.app"), ["app"]);
        assert_eq!(at("networks.unused").len(), 7);
        assert_eq!(at("the project").len(), 7);
    }
}
