//! Which services of the model a command is about: profiles, names on the command line, and the
//! resources they use.

use foldhash::{HashSet, HashSetExt};

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Text};

use super::glob::Glob;
use super::load::section;
use super::merge::{printed, text};
use crate::yaml::suggest::{listed, nearest_key};

/// The active profiles.
#[derive(Clone, Debug, Default)]
pub struct Profiles(HashSet<String>);

impl Profiles {
    /// From `--profile`, else from `COMPOSE_PROFILES`.
    pub fn new(flags: &[String], variable: Option<&str>) -> Self {
        if !flags.is_empty() {
            return Self(flags.iter().cloned().collect());
        }
        // Without any, Compose looks for one empty name, which `profiles: [""]` has.
        Self(variable.unwrap_or("").split(',').map(|name| name.trim().to_owned()).collect())
    }

    pub fn enable(&self, service: &Node) -> bool {
        let Some(own) = service.get("profiles").and_then(Node::as_seq).filter(|own| !own.is_empty()) else {
            return true;
        };
        self.0.contains("*") || own.iter().any(|profile| self.0.contains(&text(profile)))
    }

    pub fn add(&mut self, names: impl IntoIterator<Item = String>) {
        self.0.extend(names);
    }

    /// Sorted, without the empty name.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.0.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names
    }
}

/// The enabled services of a model.
pub fn enabled(model: &Node, profiles: &Profiles) -> HashSet<Text> {
    section(model, "services")
        .into_iter()
        .flat_map(Mapping::iter)
        .filter(|(_, service)| profiles.enable(service))
        .map(|(name, _)| name.into())
        .collect()
}

/// The services that patterns on the command line name, with everything they depend on. Naming a
/// service enables its own profiles.
pub fn named(model: &Node, profiles: &mut Profiles, patterns: &[String], sink: &mut Sink) -> HashSet<Text> {
    let empty = Mapping::new();
    let services = section(model, "services").unwrap_or(&empty);
    let given = profiles.clone();
    let mut wanted: Vec<&str> = Vec::new();
    for pattern in patterns {
        let before = wanted.len();
        // A pattern stands for enabled services alone; a name for any.
        let glob = Glob::new(pattern);
        let enabled = services.iter().filter(|(_, service)| given.enable(service));
        let matching = |name: &&str| glob.as_ref().is_some_and(|glob| glob.matches(name));
        wanted.extend(enabled.map(|(name, _)| name).filter(matching));
        if wanted.len() == before {
            match services.keys().find(|name| name == pattern) {
                Some(name) => wanted.push(name),
                None => sink.push(no_such(pattern, services)),
            }
        }
    }
    for name in &wanted {
        let disabled = services.get(name).filter(|service| !given.enable(service));
        let own = disabled.and_then(|service| service.get("profiles")).and_then(Node::as_seq);
        profiles.add(own.into_iter().flatten().map(text));
    }
    let mut kept: HashSet<Text> = HashSet::new();
    let mut stack = wanted;
    while let Some(name) = stack.pop() {
        if !kept.insert(name.into()) {
            continue;
        }
        let Some(service) = services.get(name) else { continue };
        for (other, node) in
            service.get("depends_on").and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
        {
            let optional = node.get("required").and_then(Node::as_bool) == Some(false);
            match services.get(other) {
                Some(dependency) if profiles.enable(dependency) => stack.push(other),
                _ if optional => {}
                _ => sink.push(no_such(other, services)),
            }
        }
    }
    kept
}

fn no_such(name: &str, services: &Mapping) -> Finding {
    let finding = Finding::error(Code::ComposeReference, format!("no such service: {name}"));
    match nearest_key(name, services) {
        Some(near) if near != name => finding.help(format!("Did you mean `{near}`?")),
        Some(_) => finding.help("It is only enabled by a profile; name the profile with --profile."),
        None => finding.help(format!("Services: {}.", listed(services))),
    }
}

/// The model with only `kept` services, and dependencies among them.
pub fn keep_services(model: &mut Node, kept: &HashSet<Text>, trim_dependencies: bool) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    services.retain(|name, _| kept.contains(name));
    if !trim_dependencies {
        return;
    }
    for (_, service) in services.iter_mut() {
        let Some(service) = service.as_map_mut() else { continue };
        if let Some(dependencies) = service.get_mut("depends_on").and_then(Node::as_map_mut) {
            dependencies.retain(|name, _| kept.contains(name));
            if dependencies.is_empty() {
                service.remove("depends_on");
            }
        }
    }
}

/// Drops networks, volumes, secrets, configs and models that no service uses.
pub fn drop_unused(model: &mut Node) {
    let mut used: HashSet<(&str, Text)> = HashSet::new();
    for (_, service) in section(model, "services").into_iter().flat_map(Mapping::iter) {
        let mut note = |section: &'static str, name: Text| {
            used.insert((section, name));
        };
        for key in ["networks", "models"] {
            for (name, _) in service.get(key).and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
                note(key, name.into());
            }
        }
        for volume in service.get("volumes").and_then(Node::as_seq).into_iter().flatten() {
            if volume.get("type").and_then(Node::as_str) == Some("volume")
                && let Some(source) = volume.get("source")
            {
                note("volumes", printed(source));
            }
        }
        let build_secrets = service.at(&["build", "secrets"]).and_then(Node::as_seq);
        let secrets = service.get("secrets").and_then(Node::as_seq);
        for secret in secrets.into_iter().chain(build_secrets).flatten() {
            note("secrets", secret.get("source").map(printed).unwrap_or_default());
        }
        for config in service.get("configs").and_then(Node::as_seq).into_iter().flatten() {
            note("configs", config.get("source").map(printed).unwrap_or_default());
        }
    }
    let Some(root) = model.as_map_mut() else { return };
    for key in super::table::RESOURCES {
        let Some(resources) = root.get_mut(key).and_then(Node::as_map_mut) else { continue };
        resources.retain(|name, _| used.contains(&(key, name.into())));
        if resources.is_empty() {
            root.remove(key);
        }
    }
}

/// `deploy.replicas` follows `scale` where both sections exist.
pub fn spread_scale(model: &mut Node) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        let Some(scale) = service.get("scale").and_then(Node::as_int) else { continue };
        if let Some(deploy) = service.get_mut("deploy").and_then(Node::as_map_mut)
            && !deploy.contains("replicas")
        {
            let value = crate::yaml::Value::Int(scale);
            deploy.put("replicas", Node::new(value, Origin::Default("scale")));
        }
    }
}
