//! What `config` lists instead of printing the model: one name per line, sorted where Compose's own
//! order is random.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::template;
use crate::yaml::{Mapping, Node, Value};

use super::merge::text;
use super::{Model, config_hash, section};
use crate::yaml::suggest::nearest_key;

pub use template::Variable;

/// Service names, dependencies before what depends on them. `None` where a dependency is missing.
pub fn services(model: &Model, sink: &mut Sink) -> Option<Vec<String>> {
    let empty = Mapping::new();
    let services = section(&model.root, "services").unwrap_or(&empty);
    let mut walk = Walk { services, seen: HashSet::new(), ordered: Vec::new() };
    for name in sorted_keys(services) {
        if let Err(missing) = walk.visit(name) {
            sink.push(Finding::error(Code::ComposeReference, format!("no such service: {missing}")));
            return None;
        }
    }
    Some(walk.ordered)
}

struct Walk<'m> {
    services: &'m Mapping,
    seen: HashSet<&'m str>,
    ordered: Vec<String>,
}

impl<'m> Walk<'m> {
    /// Depth first without recursion: chains of dependencies may be longer than the stack.
    fn visit(&mut self, name: &'m str) -> Result<(), &'m str> {
        if !self.seen.insert(name) {
            return Ok(());
        }
        let mut stack = vec![(name, self.dependencies(name).into_iter())];
        while let Some((name, rest)) = stack.last_mut() {
            let Some((dependency, required)) = rest.next() else {
                self.ordered.push((*name).to_owned());
                stack.pop();
                continue;
            };
            if !self.services.contains(dependency) {
                if required {
                    return Err(dependency);
                }
            } else if self.seen.insert(dependency) {
                let next = self.dependencies(dependency).into_iter();
                stack.push((dependency, next));
            }
        }
        Ok(())
    }

    /// Names in order, and whether each is required.
    fn dependencies(&self, name: &str) -> BTreeMap<&'m str, bool> {
        let dependencies = self.services.get(name).and_then(|service| service.get("depends_on"));
        dependencies
            .and_then(Node::as_map)
            .into_iter()
            .flat_map(Mapping::iter)
            .map(|(name, node)| (name, node.get("required").and_then(Node::as_bool) != Some(false)))
            .collect()
    }
}

/// Keys of a top-level section.
pub fn section_names(root: &Node, key: &str) -> Vec<String> {
    section(root, key).into_iter().flat_map(sorted_keys).map(str::to_owned).collect()
}

/// What the models of the project are, not what they are called.
pub fn models(model: &Model) -> Vec<String> {
    let models = section(&model.root, "models").into_iter().flat_map(Mapping::iter);
    sorted(models.filter_map(|(_, node)| node.get("model")).map(text).filter(|model| !model.is_empty()))
}

/// One image per service; what is built and not named gets Compose's default name.
pub fn images(model: &Model, separator: &str) -> Vec<String> {
    sorted(model.services().map(|(name, service)| match service.get("image").map(text) {
        Some(image) if !image.is_empty() => image,
        _ => format!("{}{separator}{name}", model.name),
    }))
}

/// The profiles of all services, enabled or not.
pub fn profiles(model: &Model) -> Vec<String> {
    let lists = model.services().filter_map(|(_, service)| service.get("profiles").and_then(Node::as_seq));
    let names: BTreeSet<String> = lists.flatten().map(text).collect();
    names.into_iter().collect()
}

/// `name hash` for each service that `wanted` names, separated by commas; `*` is every enabled one.
/// `whole` is the model before services were left out. `None` where a name is not a service.
pub fn hashes(whole: &Model, selected: &Model, wanted: &str, sink: &mut Sink) -> Option<Vec<String>> {
    let empty = Mapping::new();
    let services = section(&selected.root, "services").unwrap_or(&empty);
    let mut names: Vec<&str> =
        if wanted == "*" { services.keys().collect() } else { wanted.split(',').collect() };
    names.sort_unstable();
    let platform = selected.environment.get("DOCKER_DEFAULT_PLATFORM");
    let mut lines = Vec::with_capacity(names.len());
    for name in names {
        match services.get(name) {
            Some(service) => lines.push(format!("{name} {}", config_hash(&on_platform(service, platform)))),
            None => sink.push(absent(whole, name, services)),
        }
    }
    (!sink.has_errors()).then_some(lines)
}

/// Compose gives the default platform to what it builds before it hashes.
fn on_platform(service: &Node, platform: Option<&str>) -> Node {
    let mut service = service.clone();
    if let (Some(platform), Some(map)) = (platform.filter(|name| !name.is_empty()), service.as_map_mut())
        && let Some(build) = map.get("build")
        && !map.contains("platform")
    {
        let origin = build.origin;
        map.put("platform", Node::string(platform, origin));
    }
    service
}

fn absent(whole: &Model, name: &str, services: &Mapping) -> Finding {
    let disabled = section(&whole.root, "services").is_some_and(|services| services.contains(name));
    let why = if disabled { "disabled" } else { "not found" };
    let finding = Finding::error(Code::ComposeReference, format!("no such service: {name}: {why}"));
    match nearest_key(name, services) {
        _ if disabled => finding.help("It is only enabled by a profile; name the profile with --profile."),
        Some(near) => finding.help(format!("Did you mean `{near}`?")),
        None => finding,
    }
}

/// Every variable that a tree which was not interpolated names, the last of each name.
pub fn variables(root: &Node) -> BTreeMap<String, Variable> {
    let mut found = BTreeMap::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut BTreeMap<String, Variable>) {
    match &node.value {
        Value::String(text) if text.contains('$') => {
            found.extend(
                template::variables(text).into_iter().map(|variable| (variable.name.clone(), variable)),
            );
        }
        Value::Seq(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Map(map) => map.iter().for_each(|(_, child)| collect(child, found)),
        _ => {}
    }
}

fn sorted_keys(map: &Mapping) -> Vec<&str> {
    let mut keys: Vec<&str> = map.keys().collect();
    keys.sort_unstable();
    keys
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}
