//! What holds a service's container, in a few words.

use crate::compose::text;
use crate::model::security::{NO_NEW_PRIVILEGES, SecurityOption, gains_no_privileges};
use crate::yaml::Node;

/// The words, in the order in which a reviewer would ask. What is the engine's default is not said.
pub fn words(service: &Node, networks: Option<&Node>) -> Vec<String> {
    let mut words = Vec::new();
    let is_true = |key: &str| service.get(key).and_then(Node::as_bool) == Some(true);
    if is_true("privileged") {
        words.push("privileged".to_owned());
    }
    capabilities(service, &mut words);
    if is_true("read_only") {
        words.push("read-only root".to_owned());
    }
    options(service, &mut words);
    for (key, what) in [
        ("network_mode", "network"),
        ("pid", "pids"),
        ("ipc", "ipc"),
        ("uts", "uts"),
        ("userns_mode", "users"),
    ] {
        match service.get(key).and_then(Node::as_str) {
            Some("host") => words.push(format!("host's {what}")),
            Some("none") if key == "network_mode" => words.push("no network".to_owned()),
            _ => {}
        }
    }
    if no_way_out(service, networks) {
        words.push("no way out".to_owned());
    }
    let devices = service.get("devices").and_then(Node::as_seq).map_or(0, <[Node]>::len);
    if devices > 0 {
        words.push(format!("{devices} device{}", if devices == 1 { "" } else { "s" }));
    }
    if let Some(pids) = service.get("pids_limit").and_then(Node::as_int) {
        words.push(format!("pids {pids}"));
    }
    let memory =
        service.get("mem_limit").or_else(|| service.at(&["deploy", "resources", "limits", "memory"]));
    if let Some(memory) = memory {
        let text = text(memory);
        words.push(format!("memory {}", text.parse().map_or(text, bytes)));
    }
    hooks(service, &mut words);
    words
}

/// What runs beside the service's program: as root where no user is said. A `pre_start` is a container of its own that none of the above holds.
fn hooks(service: &Node, words: &mut Vec<String>) {
    let user = |hook: &Node| hook.get("user").map(text).filter(|user| !user.is_empty());
    for key in ["pre_start", "post_start", "pre_stop"] {
        for hook in service.get(key).and_then(Node::as_seq).into_iter().flatten() {
            let power = if hook.get("privileged").and_then(Node::as_bool) == Some(true) {
                ", privileged"
            } else {
                ""
            };
            words.push(if key == "pre_start" {
                let image = hook.get("image").or_else(|| service.get("image")).map(text).unwrap_or_default();
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

fn list(service: &Node, key: &str) -> Vec<String> {
    service.get(key).and_then(Node::as_seq).into_iter().flatten().map(text).collect()
}

fn capabilities(service: &Node, words: &mut Vec<String>) {
    let plain = |name: &String| name.trim_start_matches("CAP_").to_owned();
    let added: Vec<String> = list(service, "cap_add").iter().map(plain).collect();
    let dropped: Vec<String> = list(service, "cap_drop").iter().map(plain).collect();
    let all = dropped.iter().any(|name| name.eq_ignore_ascii_case("all"));
    match (all, added.as_slice()) {
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
    let own = service.get("networks").and_then(Node::as_map);
    let internal = |name: &str| {
        networks.and_then(|all| all.at(&[name, "internal"])).and_then(Node::as_bool) == Some(true)
    };
    own.is_some_and(|own| !own.is_empty() && own.keys().all(internal))
}
