//! Implicit networks, dependencies and names.

use compact_str::format_compact;

use crate::diagnostic::Sink;
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

use super::environment::Supply;
use super::load::section;
use super::merge::text;
use super::paths::clean;

const DEFAULT_NETWORK: Origin = Origin::Default("default network");

/// Adds what Compose implies of each service. Nothing is taken from the environment where there is none.
pub fn services(model: &mut Node, supply: Option<&Supply<'_>>, sink: &mut Sink) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        if let Some(service) = service.as_map_mut() {
            normalize_service(service, supply, sink);
        }
    }
}

/// Adds what Compose implies of the project, whose name is `name`.
pub fn apply(model: &mut Node, name: &str) {
    networks(model);
    for key in ["networks", "volumes", "configs", "secrets"] {
        names(model, key, name);
    }
    if let Some(map) = model.as_map_mut() {
        let origin = map.get("name").map_or(Origin::Default("project name"), |node| node.origin);
        map.put("name", Node::string(name, origin));
    }
}

/// As [`apply`], of a model as it is written: what is named after the project has no name.
pub fn apply_written(model: &mut Node) {
    networks(model);
    for key in ["networks", "volumes", "configs", "secrets"] {
        for (_, node) in model.get_mut(key).and_then(Node::as_map_mut).into_iter().flat_map(Mapping::iter_mut)
        {
            if node.is_null() {
                *node = Node::map(Mapping::new(), node.origin);
            }
        }
    }
}

fn networks(model: &mut Node) {
    let mut used = false;
    if let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) {
        for (_, node) in services.iter_mut() {
            let Some(service) = node.as_map_mut() else { continue };
            if service.contains("provider") || service.contains("network_mode") {
                continue;
            }
            let declared = service.get("networks").and_then(Node::as_map);
            if declared.is_none_or(Mapping::is_empty) {
                let mut map = Mapping::with_capacity(1);
                map.put("default", Node::null(DEFAULT_NETWORK));
                service.put("networks", Node::map(map, DEFAULT_NETWORK));
                used = true;
            } else if declared.is_some_and(|map| map.contains("default")) {
                used = true;
            }
        }
    }
    let declared = section(model, "networks").is_some_and(|map| map.contains("default"));
    if used
        && !declared
        && let Some(map) = model.as_map_mut()
    {
        if map.get("networks").and_then(Node::as_map).is_none() {
            map.put("networks", Node::map(Mapping::new(), DEFAULT_NETWORK));
        }
        if let Some(networks) = map.get_mut("networks").and_then(Node::as_map_mut) {
            networks.put("default", Node::null(DEFAULT_NETWORK));
        }
    }
}

fn normalize_service(service: &mut Mapping, supply: Option<&Supply<'_>>, sink: &mut Sink) {
    if let Some(policy) = service.get_mut("pull_policy")
        && policy.as_str() == Some("if_not_present")
    {
        policy.value = Value::String("missing".into());
    }
    if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut) {
        if build.get("context").is_none_or(Node::is_null) {
            build.put("context", Node::string(".", Origin::Default("build context")));
        }
        let absent = |key: &str| build.get(key).is_none_or(Node::is_null);
        if absent("dockerfile") && absent("dockerfile_inline") {
            build.put("dockerfile", Node::string("Dockerfile", Origin::Default("dockerfile")));
        }
        if let (Some(args), Some(supply)) = (build.get_mut("args"), supply) {
            inherit(args, supply, Unset::Remove, sink);
        }
    }
    if let (Some(own), Some(supply)) = (service.get_mut("environment"), supply) {
        inherit(own, supply, Unset::Keep, sink);
    }
    dependencies(service);
    if let Some(image) = service.get("image").cloned() {
        for hook in service.get_mut("pre_start").and_then(Node::as_seq_mut).into_iter().flatten() {
            if let Some(hook) = hook.as_map_mut().filter(|hook| hook.get("image").is_none_or(Node::is_null)) {
                hook.put("image", image.clone());
            }
        }
    }
    for volume in service.get_mut("volumes").and_then(Node::as_seq_mut).into_iter().flatten() {
        if let Some(target) = volume.get_mut("target")
            && let Value::String(text) = &mut target.value
        {
            *text = clean(text).into();
        }
    }
}

/// What becomes of a name that the environment does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unset {
    Keep,
    Remove,
}

fn inherit(node: &mut Node, supply: &Supply<'_>, unset: Unset, sink: &mut Sink) {
    match &mut node.value {
        Value::Map(map) => map.retain(|key, value| {
            if !value.is_null() {
                return true;
            }
            match supply.get(key, value.origin, sink) {
                Some(found) => {
                    *value = Node::string(found, Origin::Environment);
                    true
                }
                None => unset == Unset::Keep,
            }
        }),
        Value::Seq(items) => items.retain_mut(|item| {
            let Value::String(text) = &mut item.value else { return true };
            if text.contains('=') {
                return true;
            }
            match supply.get(text, item.origin, sink) {
                Some(found) => {
                    *text = format_compact!("{text}={found}");
                    true
                }
                None => unset == Unset::Keep,
            }
        }),
        _ => {}
    }
}

/// Links, shared namespaces and `volumes_from` imply dependencies.
fn dependencies(service: &mut Mapping) {
    let mut implied: Vec<(String, bool, Origin)> = Vec::new();
    for link in service.get("links").and_then(Node::as_seq).into_iter().flatten() {
        let whole = text(link);
        let parts: Vec<&str> = whole.split(':').collect();
        let name = match parts.as_slice() {
            [name, _] => (*name).to_owned(),
            _ => whole.clone(),
        };
        implied.push((name, true, link.origin));
    }
    for namespace in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(namespace)
            && let Some(name) = node.as_str().and_then(|text| text.strip_prefix("service:"))
        {
            implied.push((name.to_owned(), true, node.origin));
        }
    }
    for from in service.get("volumes_from").and_then(Node::as_seq).into_iter().flatten() {
        let whole = text(from);
        if !whole.starts_with("container:") {
            let name = whole.split(':').next().unwrap_or(&whole).to_owned();
            implied.push((name, false, from.origin));
        }
    }
    if implied.is_empty() {
        return;
    }
    if service.get("depends_on").and_then(Node::as_map).is_none() {
        service.put("depends_on", Node::map(Mapping::new(), Origin::Default("implicit dependency")));
    }
    let Some(known) = service.get_mut("depends_on").and_then(Node::as_map_mut) else { return };
    for (name, restart, origin) in implied {
        if known.contains(&name) {
            continue;
        }
        let mut map = Mapping::new();
        map.put("condition", Node::string("service_started", origin));
        map.put("restart", Node::new(Value::Bool(restart), origin));
        map.put("required", Node::new(Value::Bool(true), origin));
        known.insert(name, origin, Node::map(map, origin));
    }
}

/// Resources without a name get one: their key where external, else with the project's name.
fn names(model: &mut Node, key: &str, project: &str) {
    let Some(resources) = model.get_mut(key).and_then(Node::as_map_mut) else { return };
    for (key, node) in resources.iter_mut() {
        if node.is_null() {
            *node = Node::map(Mapping::new(), node.origin);
        }
        let Some(map) = node.as_map_mut() else { continue };
        if map.get("name").is_some_and(|name| !name.is_null()) {
            continue;
        }
        let external = map.get("external").is_some_and(|external| {
            external.as_bool() == Some(true)
                || external.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
        });
        let name = if external { key.to_owned() } else { format!("{project}_{key}") };
        map.put("name", Node::string(name, Origin::Default("resource name")));
    }
}
