//! What a command runs that makes no container: what is there.
//!
//! A container keeps what it was made with. Whether it may run is asked of that, and not of what the files or the tag of
//! its image would make today.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::cli::ComposeCommand;
use crate::compose::Model;
use crate::engine::{Inspection, MountPoint};
use crate::model::field::Field;
use crate::model::place::{self, clean};
use crate::model::{build, capability, identity, image, mount, namespace, program, security};
use crate::ownership::lock::repair::MOUNTS;
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

use super::live::{at, string, strings};
use super::proof::wanted_count;

/// Whether a command makes no container at all.
pub fn makes_nothing(command: &ComposeCommand) -> bool {
    match command.name {
        "start" | "restart" => true,
        "watch" => command.flags.on("no-up"),
        _ => false,
    }
}

/// Whether a command leaves containers that are there as they are.
pub fn keeps(command: &ComposeCommand) -> bool {
    makes_nothing(command) || command.flags.on("no-recreate")
}

/// The model with each service as its containers are. A service that has none is not in it where nothing is made; one
/// that gets more of them stays as the files have it. `None` where nothing is kept.
pub fn laid(command: &ComposeCommand, model: &Model, containers: &[Inspection]) -> Option<Model> {
    if !keeps(command) {
        return None;
    }
    let mut laid = model.clone();
    let services = laid.root.get_mut("services")?.as_map_mut()?;
    let nothing = makes_nothing(command);
    services.retain(|name, service| {
        let own: Vec<&Inspection> = containers.iter().filter(|one| one.service == name).collect();
        // Those that run already are not started.
        let first = own.iter().find(|one| one.state.is_certainly_stopped()).or_else(|| own.first());
        match first {
            Some(container) if nothing || own.len() >= wanted_count(service, None) => {
                as_it_is(service, container);
                true
            }
            _ => !nothing,
        }
    });
    Some(laid)
}

/// A service as the container says it, with the places of the files where both say the same.
fn as_it_is(service: &mut Node, container: &Inspection) {
    let origin = service.origin;
    build::BUILD.remove(service);
    image::PULL_POLICY.remove(service);
    identity::USER.remove(service);
    security::PRIVILEGED.remove(service);
    let name = Node::string(container.image_id.as_str(), image::IMAGE.origin(service));
    image::IMAGE.put(service, name);
    if !container.user.is_empty() {
        identity::USER.put(service, Node::string(container.user.as_str(), origin));
    }
    if at(container, "HostConfig.Privileged") == &Json::Bool(true) {
        security::PRIVILEGED.put(service, Node::new(Value::Bool(true), origin));
    }
    for (said, shown) in [
        (identity::GROUPS, "HostConfig.GroupAdd"),
        (capability::ADDED, "HostConfig.CapAdd"),
        (capability::DROPPED, "HostConfig.CapDrop"),
    ] {
        let place = said.origin(service);
        let items = strings(at(container, shown)).into_iter().map(|text| Node::string(text, place)).collect();
        said.put(service, Node::seq(items, place));
    }
    let users = string(container, "HostConfig.UsernsMode");
    if namespace::USERNS.is_set(service) || !users.is_empty() {
        let place = namespace::USERNS.origin(service);
        namespace::USERNS.put(service, Node::string(users, place));
    }
    // The image's own working directory is none that the engine makes in a mount.
    if program::WORKING_DIR.is_set(service) {
        let place = program::WORKING_DIR.origin(service);
        program::WORKING_DIR.put(service, Node::string(string(container, "Config.WorkingDir"), place));
    }
    mounts(service, container, origin);
}

/// What it has mounted. What the files mount besides is not there, and what they do not mount any more is.
fn mounts(service: &mut Node, container: &Inspection, origin: Origin) {
    let mut there: BTreeMap<String, &MountPoint> =
        container.mounts.iter().map(|mount| (clean(&mount.destination), mount)).collect();
    let mut tmpfs: BTreeMap<String, String> = at(container, "HostConfig.Tmpfs")
        .as_object()
        .into_iter()
        .flatten()
        .map(|(path, options)| (clean(path), options.as_str().unwrap_or_default().to_owned()))
        .collect();
    if let Some(volumes) = mount::VOLUMES.node_mut(service).and_then(Node::as_seq_mut) {
        volumes.retain(|node| {
            let place = place::volume(node);
            let Some(found) = place.and_then(|place| there.get(&place.target).copied()) else { return false };
            let is_it = is_mounted(node, found);
            if is_it {
                there.remove(&clean(&found.destination));
            }
            is_it
        });
    }
    for field in [mount::SECRETS, mount::CONFIGS] {
        let Some(files) = field.node_mut(service).and_then(Node::as_seq_mut) else { continue };
        // Others than files are copied in.
        files.retain(|node| there.remove(&place::target_of_file(field.path(), node)).is_some());
    }
    if let Some(items) = mount::TMPFS.node_mut(service).and_then(Node::as_seq_mut) {
        items.retain(|node| {
            let Some(place) = place::tmpfs(node) else { return false };
            let is_it = tmpfs.get(&place.target).is_some_and(|found| found == place.options);
            if is_it {
                tmpfs.remove(&place.target);
            }
            is_it
        });
    }
    let more =
        there.values().filter(|mount| mount.kind == "bind").map(|mount| bind(mount, container, origin));
    add(service, mount::VOLUMES, more.collect(), origin);
    let more = tmpfs.iter().map(|(path, options)| {
        let text = if options.is_empty() { path.clone() } else { format!("{path}:{options}") };
        Node::string(text, origin)
    });
    add(service, mount::TMPFS, more.collect(), origin);
}

fn add<K>(service: &mut Node, field: Field<K>, more: Vec<Node>, origin: Origin) {
    if more.is_empty() {
        return;
    }
    match field.node_mut(service).and_then(Node::as_seq_mut) {
        Some(have) => have.extend(more),
        None => field.put(service, Node::seq(more, origin)),
    }
}

fn is_mounted(node: &Node, found: &MountPoint) -> bool {
    let (source, shown) = (Path::new(mount::SOURCE.or_empty(node)), Path::new(&found.source));
    // What is shown as the service's own is mounted from where it is shown.
    mount::TYPE.or_empty(node) == found.kind
        && (found.kind != "bind" || source == shown || shown.starts_with(MOUNTS))
}

fn bind(mount: &MountPoint, container: &Inspection, origin: Origin) -> Node {
    let text = |text: &str| Node::string(text, origin);
    let flag = |is: bool| Node::new(Value::Bool(is), origin);
    // Of those that are asked for as mounts the engine makes no source.
    let asked = at(container, "HostConfig.Mounts").as_array().into_iter().flatten();
    let mut same = asked.filter(|one| {
        one.get("Target")
            .and_then(Json::as_str)
            .is_some_and(|target| clean(target) == clean(&mount.destination))
    });
    let creates = same
        .next()
        .is_none_or(|one| one.pointer("/BindOptions/CreateMountpoint").and_then(Json::as_bool) == Some(true));
    let mut options = Mapping::new();
    options.put("create_host_path", flag(creates));
    let mut map = Mapping::new();
    map.put("type", text("bind"));
    map.put("source", text(&mount.source));
    map.put("target", text(&mount.destination));
    map.put("read_only", flag(!mount.is_writable));
    map.put("bind", Node::map(options, origin));
    Node::map(map, origin)
}
