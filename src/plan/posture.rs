//! What holds a service's container, in a few words.

use crate::compose::text;
use crate::model::security::{NO_NEW_PRIVILEGES, SecurityOption, gains_no_privileges};
use crate::model::{capability, device, image, limits, namespace, network, program, resource, security};
use crate::yaml::Node;

/// The words, in the order in which a reviewer would ask. What is the engine's default is not said.
pub fn words(service: &Node, networks: Option<&Node>) -> Vec<String> {
    let mut words = Vec::new();
    if security::PRIVILEGED.is_on(service) {
        words.push("privileged".to_owned());
    }
    capabilities(service, &mut words);
    if security::READ_ONLY.is_on(service) {
        words.push("read-only root".to_owned());
    }
    options(service, &mut words);
    for (field, what) in [
        (network::MODE, "network"),
        (namespace::PID, "pids"),
        (namespace::IPC, "ipc"),
        (namespace::UTS, "uts"),
        (namespace::USERNS, "users"),
    ] {
        match field.str(service) {
            Some("host") => words.push(format!("host's {what}")),
            Some("none") if what == "network" => words.push("no network".to_owned()),
            _ => {}
        }
    }
    if no_way_out(service, networks) {
        words.push("no way out".to_owned());
    }
    let devices = device::DEVICES.items(service).len();
    if devices > 0 {
        words.push(format!("{devices} device{}", if devices == 1 { "" } else { "s" }));
    }
    if let Some(pids) = limits::OF_PIDS.of(service) {
        words.push(format!("pids {}", pids.value));
    }
    if let Some(memory) = limits::OF_MEMORY.of(service) {
        let text = text(memory.node);
        words.push(format!("memory {}", text.parse().map_or(text, bytes)));
    }
    hooks(service, &mut words);
    words
}

/// What runs beside the service's program: as root where no user is said. A `pre_start` is a container of its own that none of the above holds.
fn hooks(service: &Node, words: &mut Vec<String>) {
    let user = |hook: &Node| program::HOOK_USER.text(hook);
    for field in [program::PRE_START, program::POST_START, program::PRE_STOP] {
        let key = field.path();
        for hook in field.items(service) {
            let power = if program::HOOK_PRIVILEGED.is_on(hook) { ", privileged" } else { "" };
            words.push(if key == "pre_start" {
                let image = program::HOOK_IMAGE
                    .node(hook)
                    .or_else(|| image::IMAGE.node(service))
                    .map(text)
                    .unwrap_or_default();
                let user = user(hook).unwrap_or_else(|| "the image's user".to_owned());
                format!("{key} of {image} as {user}{power}, unconfined")
            } else {
                format!("{key} as {}{power}", user(hook).unwrap_or_else(|| "root".to_owned()))
            });
        }
    }
}

/// In the largest unit of 1024s that divides it: `256M`.
fn bytes(number: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let unit = units.into_iter().find(|(shift, _)| number > 0 && number.trailing_zeros() >= *shift);
    unit.map_or_else(|| format!("{number}B"), |(shift, unit)| format!("{}{unit}", number >> shift))
}

fn capabilities(service: &Node, words: &mut Vec<String>) {
    let (added, dropped) = (capability::added(service), capability::dropped(service));
    match (capability::drops_all(service), added.as_slice()) {
        (true, []) => words.push("no capabilities".to_owned()),
        (true, added) => words.push(format!("only {}", added.join(" "))),
        (false, added) => {
            words.extend(added.iter().map(|name| format!("+{name}")));
            words.extend(dropped.iter().map(|name| format!("-{name}")));
        }
    }
}

fn options(service: &Node, words: &mut Vec<String>) {
    if gains_no_privileges(service) {
        words.push(NO_NEW_PRIVILEGES.to_owned());
    }
    for (option, _) in SecurityOption::all(service) {
        if let (what, "unconfined" | "disable") = option.parts() {
            words.push(format!("{what} off"));
        }
    }
}

/// Whether every network that the service is in is internal.
fn no_way_out(service: &Node, networks: Option<&Node>) -> bool {
    let internal = |name: &str| {
        networks.and_then(|all| all.get(name)).is_some_and(|network| resource::INTERNAL.is_on(network))
    };
    let mut own = network::NETWORKS.names(service).peekable();
    own.peek().is_some() && own.all(internal)
}
