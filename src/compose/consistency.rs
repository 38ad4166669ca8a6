//! Whether the enabled services fit together and with the resources they name.

mod graph;
mod limits;

use foldhash::{HashMap, HashMapExt};

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Path, Text, spread};

use super::load::section;
use super::merge::{printed, text};
use crate::yaml::suggest::nearest_key;

/// Checks every enabled service of a decoded model. `enabled` says which services are.
pub fn check(model: &Node, enabled: &(dyn Fn(&str) -> bool + Sync), sink: &mut Sink) {
    let empty = Mapping::new();
    let services = section(model, "services").unwrap_or(&empty);
    let checker = Checker { model, services, enabled };
    spread::look(services, &Path::ROOT.key("services"), sink, |name, entry, sink| {
        if enabled(name) && !entry.value.is_faulty() {
            checker.service(name, entry.key, &entry.value, sink);
        }
    });
    for (name, secret) in section(model, "secrets").into_iter().flat_map(Mapping::iter) {
        let has = |key: &str| secret.get(key).is_some();
        if !secret.is_faulty() && !has("external") && !has("file") && !has("environment") {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("secret {name:?} must declare either `file` or `environment`"),
                )
                .at_origin(secret.origin, "has no content"),
            );
        }
    }
    graph::refuse_cycles(services, enabled, sink);
}

/// Two enabled services may not claim the same container name.
pub fn container_names(model: &Node, enabled: &dyn Fn(&str) -> bool, sink: &mut Sink) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (name, service) in section(model, "services").into_iter().flat_map(Mapping::iter) {
        let Some(node) = service.get("container_name") else { continue };
        let Some(container) = node.as_str().filter(|_| enabled(name)) else { continue };
        if let Some(other) = seen.insert(container, name) {
            sink.push(
                Finding::error(
                    Code::ComposeConflict,
                    format!(
                        "services.{name}: container name {container:?} is already in use by service {other:?}"
                    ),
                )
                .at_origin(node.origin, "used twice"),
            );
        }
    }
}

struct Checker<'a> {
    model: &'a Node,
    services: &'a Mapping,
    enabled: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Checker<'_> {
    fn service(&self, name: &str, at: Origin, service: &Node, sink: &mut Sink) {
        let has = |key: &str| service.get(key).is_some();
        if !has("image") && !has("build") && !has("provider") {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("service {name:?} has neither an image nor a build context specified"),
                )
                .at_origin(at, "neither `image` nor `build`"),
            );
        }
        self.build(name, service, sink);
        if let (Some(_), Some(networks)) = (service.get("network_mode"), service.get("networks")) {
            sink.push(
                Finding::error(
                    Code::ComposeConflict,
                    format!("service {name} declares mutually exclusive `network_mode` and `networks`"),
                )
                .at_origin(networks.origin, "excluded by network_mode"),
            );
        }
        for (network, entry) in map_of(service, "networks") {
            self.defined("networks", "network", name, network, entry, sink);
        }
        if let Some(first) =
            service.at(&["healthcheck", "test"]).and_then(Node::as_seq).and_then(<[Node]>::first)
            && !matches!(text(first).as_str(), "CMD" | "CMD-SHELL" | "NONE")
        {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    "healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"",
                )
                .at_origin(first.origin, "not one of these"),
            );
        }
        self.dependencies(name, service, sink);
        self.resources(name, service, sink);
        limits::check(name, service, sink);
        mounts(name, service, sink);
    }

    fn build(&self, name: &str, service: &Node, sink: &mut Sink) {
        let Some(build) = service.get("build") else { return };
        if let (Some(_), Some(inline)) = (build.get("dockerfile"), build.get("dockerfile_inline")) {
            sink.push(
                Finding::error(
                    Code::ComposeConflict,
                    format!("service {name:?} declares mutually exclusive dockerfile and dockerfile_inline"),
                )
                .at_origin(inline.origin, "excluded by dockerfile"),
            );
        }
        for (context, node) in map_of(build, "additional_contexts") {
            let Some(other) = node.as_str().and_then(|text| text.strip_prefix("service:")) else { continue };
            let fault = match self.services.get(other) {
                None => "unknown",
                Some(other) if other.get("build").is_none() && !other.is_faulty() => "non-buildable",
                Some(_) => continue,
            };
            sink.push(
                Finding::error(
                    Code::ComposeReference,
                    format!(
                        "service {name:?} declares {fault} service {other:?} as additional contexts {context}"
                    ),
                )
                .at_origin(node.origin, "named here"),
            );
        }
        let platforms = build.get("platforms").and_then(Node::as_seq);
        if let (Some(platforms), Some(platform)) = (platforms, service.get("platform"))
            && !platforms.iter().any(|item| item.same(platform))
        {
            sink.push(
                Finding::error(
                    Code::ComposeConflict,
                    format!("services.{name}.build.platforms must include its platform {:?}", text(platform)),
                )
                .at_origin(platform.origin, "not among build.platforms"),
            );
        }
    }

    fn dependencies(&self, name: &str, service: &Node, sink: &mut Sink) {
        for (other, node) in map_of(service, "depends_on") {
            let required = node.get("required").and_then(Node::as_bool) != Some(false);
            let defined = self.services.contains(other);
            if defined && (!required || (self.enabled)(other)) {
                continue;
            }
            let mut finding = Finding::error(
                Code::ComposeReference,
                format!("service {name:?} depends on undefined service {other:?}"),
            )
            .at_origin(entry_origin(service, "depends_on", other), "depends on it here");
            finding = if defined {
                finding.help(format!(
                    "{other:?} is only enabled by a profile; name the profile, or write `required: false`."
                ))
            } else {
                suggest(finding, other, self.services)
            };
            sink.push(finding);
        }
        if let Some(node) = service.get("network_mode")
            && let Some(other) = node.as_str().and_then(|text| text.strip_prefix("service:"))
            && !self.services.contains(other)
        {
            sink.push(
                Finding::error(
                    Code::ComposeReference,
                    format!("service {other:?} not found for network_mode 'service:{other}'"),
                )
                .at_origin(node.origin, "named here"),
            );
        }
    }

    fn resources(&self, name: &str, service: &Node, sink: &mut Sink) {
        for volume in items_of(service, "volumes") {
            if volume.get("type").and_then(Node::as_str) == Some("volume")
                && let Some(source) = volume.get("source")
            {
                self.defined("volumes", "volume", name, &printed(source), source, sink);
            }
        }
        if let Some(build) = service.get("build") {
            for secret in items_of(build, "secrets") {
                self.reference("secrets", "build secret", name, secret, sink);
            }
        }
        for config in items_of(service, "configs") {
            self.reference("configs", "config", name, config, sink);
        }
        for (model, entry) in map_of(service, "models") {
            self.defined("models", "model", name, model, entry, sink);
        }
        for secret in items_of(service, "secrets") {
            self.reference("secrets", "secret", name, secret, sink);
        }
    }

    fn reference(&self, section: &str, what: &str, name: &str, item: &Node, sink: &mut Sink) {
        match item.get("source") {
            Some(source) => self.defined(section, what, name, &printed(source), source, sink),
            None => self.defined(section, what, name, "", item, sink),
        }
    }

    fn defined(&self, key: &str, what: &str, service: &str, name: &str, node: &Node, sink: &mut Sink) {
        let known = section(self.model, key);
        if known.is_some_and(|map| map.contains(name)) {
            return;
        }
        let finding = Finding::error(
            Code::ComposeReference,
            format!("service {service:?} refers to undefined {what} {name}"),
        )
        .at_origin(node.origin, "not defined");
        sink.push(match known.and_then(|known| nearest_key(name, known)) {
            Some(near) => finding.help(format!("Did you mean `{near}`?")),
            None if what == "volume" && name.starts_with(['.', '/', '~']) => {
                finding.help("For a path write `type: bind`; `type: volume` takes the name of a volume.")
            }
            None if what == "volume" && name.contains('/') => {
                finding.help(format!("Define it under `{key}:`; for a path in the project write `./{name}`."))
            }
            None => finding.help(format!("Define it under the top-level `{key}:`.")),
        });
    }
}

/// Two mounts cannot have one target.
fn mounts(name: &str, service: &Node, sink: &mut Sink) {
    let mut seen: HashMap<Text, (&str, usize)> = HashMap::new();
    let mut claim = |target: Text, place: (&'static str, usize), origin: Origin, sink: &mut Sink| {
        let path = |(key, at): (&str, usize)| format!("services.{name}.{key}[{at}]");
        if let Some(first) = seen.get(&target) {
            let (place, first) = (path(place), path(*first));
            sink.push(
                Finding::error(
                    Code::ComposeConflict,
                    format!("{place}: target {target} already mounted as {first}"),
                )
                .at_origin(origin, "mounted again"),
            );
        } else {
            seen.insert(target, place);
        }
    };
    for (at, item) in items_of(service, "tmpfs").enumerate() {
        let target = printed(item).split(':').next().unwrap_or_default().into();
        claim(target, ("tmpfs", at), item.origin, sink);
    }
    for (at, item) in items_of(service, "volumes").enumerate() {
        let Some(target) = item.get("target") else { continue };
        claim(printed(target), ("volumes", at), target.origin, sink);
    }
}

fn suggest(finding: Finding, word: &str, known: &Mapping) -> Finding {
    match nearest_key(word, known) {
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding.help("Define it under `services:`."),
    }
}

fn map_of<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    node.get(key).and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
}

fn items_of<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    node.get(key).and_then(Node::as_seq).into_iter().flatten()
}

fn entry_origin(node: &Node, key: &str, name: &str) -> Origin {
    node.get(key)
        .and_then(Node::as_map)
        .and_then(|map| map.entry(name))
        .map_or(node.origin, |entry| entry.key)
}
