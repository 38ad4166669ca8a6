//! The project as `docker stack` itself reads it, and what that loses of it.

use crate::compose::short::{file_mode, size};
use crate::compose::table::{RESOURCES, is_extension};
use crate::compose::{Model, section, text};
use crate::diagnostic::{Code, Finding};
use crate::model::restart::Restart;
use crate::model::{mount, port, program, replicas};
use crate::reach::refusal::Of;
use crate::reach::table::{self, Client, Row, Verdict};
use crate::reach::walk::{Target, walk};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

/// A rendering, and one warning for each setting that is lost by it.
#[derive(Debug)]
pub struct Rendering {
    pub root: Node,
    pub lost: Vec<Finding>,
}

/// Renders the model, which has the stack's name.
pub fn render(model: &Model) -> Rendering {
    let mut loss = Loss::default();
    walk(&mut loss, model);
    let mut root = Mapping::new();
    let mut services = Mapping::new();
    for (name, node) in model.services().filter(|(_, node)| !program::PROVIDER.is_set(node)) {
        services.put(name, service(&mut loss, name, node));
    }
    put(&mut root, "services", services);
    for kind in RESOURCES {
        let mut all = Mapping::new();
        for (key, node) in section(&model.root, kind).into_iter().flat_map(Mapping::iter) {
            all.put(key, resource(&mut loss, kind, key, node));
        }
        if !all.is_empty() && kind != "models" {
            put(&mut root, kind, all);
        }
    }
    Rendering { root: Node::map(root, model.root.origin), lost: loss.findings }
}

/// The settings that the client loses.
#[derive(Default)]
struct Loss {
    findings: Vec<Finding>,
}

/// Keys that the client does not take as they are, and that are written otherwise here.
const WRITTEN_OTHERWISE: &[&str] = &[
    "name",
    "services.*.cpus",
    "services.*.mem_limit",
    "services.*.mem_reservation",
    "services.*.pids_limit",
    "services.*.scale",
    "services.*.tmpfs",
    "services.*.volumes.*.bind.create_host_path",
    "configs.*.content",
    "configs.*.environment",
    "secrets.*.environment",
];

impl Loss {
    fn say(&mut self, of: Of<'_>, key: &str, origin: Origin, why: &str) {
        let place = match of.service {
            Some(_) => format!("{}.{key}", of.section),
            None => format!("{}.{}", of.section, key.split_once('.').map_or(key, |(_, key)| key)),
        };
        let message = format!("{place} is lost: {why}");
        if self.findings.iter().any(|known| known.message == message) {
            return;
        }
        let mut finding = Finding::warning(Code::NotEnforceable, message)
            .at_origin(origin, "here")
            .help("`seaworthy stack deploy` asks the engine itself, which can hold more.");
        if let Some(service) = of.service {
            finding = finding.of_service(service);
        }
        self.findings.push(finding);
    }
}

impl Target for Loss {
    fn verdict(&self, row: &Row) -> Verdict {
        match (row.client, row.api) {
            _ if WRITTEN_OTHERWISE.contains(&row.place) => Verdict::Same,
            (_, Verdict::Local) => Verdict::Local,
            (Client::Kept, _) => Verdict::Same,
            (Client::Changed, _) => Verdict::Near,
            (Client::Dropped | Client::Lost | Client::Refused, _) => Verdict::Refused,
        }
    }

    fn idle(&self, row: &Row) -> &'static [&'static str] {
        row.swarm_idle.unwrap_or(row.idle)
    }

    fn holds_anyway(&self, _: &Node, _: &Row, _: &Node) -> bool {
        false
    }

    fn refuse(&mut self, of: Of<'_>, row: &Row, node: &Node) {
        let why = match row.client {
            Client::Refused => "the client takes no such key",
            Client::Dropped => "the client drops it with a line",
            _ => "the client drops it without a word",
        };
        self.say(of, &row.key(), node.origin, why);
    }

    fn note(&mut self, of: Of<'_>, row: &Row) {
        // Those whose other meaning is that of every stack are in the documentation of the command.
        let _ = (of, row);
    }
}

fn put(map: &mut Mapping, key: &'static str, value: Mapping) {
    let origin = value.iter().next().map_or(Origin::Default("stack"), |(_, node)| node.origin);
    map.put(key, Node::map(value, origin));
}

fn int(value: i64, origin: Origin) -> Node {
    Node::new(Value::Int(value), origin)
}

fn string(value: impl Into<crate::yaml::Text>, origin: Origin) -> Node {
    Node::string(value, origin)
}

/// Whether the client takes a key of a service.
fn is_taken(key: &str) -> bool {
    let place = format!("services.*.{key}");
    match table::own_row(&place) {
        Some(row) => matches!(row.client, Client::Kept | Client::Changed) && row.api != Verdict::Local,
        None => table::is_divided(&place),
    }
}

fn service(loss: &mut Loss, name: &str, node: &Node) -> Node {
    let place = format!("services.{name}");
    let of = Of { service: Some(name), section: &place };
    let mut out = Mapping::new();
    for (key, value) in node.as_map().into_iter().flat_map(Mapping::iter) {
        if is_extension(key) || !is_taken(key) || matches!(key, "restart" | "deploy" | "volumes") {
            continue;
        }
        let value = match key {
            "depends_on" => names(value),
            "networks" => attachments(value),
            "ports" => list(value, |node| port(loss, of, node)),
            "secrets" | "configs" => list(value, file),
            "extra_hosts" => list(value, |node| string(text(node).replacen('=', ":", 1), node.origin)),
            _ => value.clone(),
        };
        out.put(key, value);
    }
    let mut volumes: Vec<Node> = mount::VOLUMES.items(node).iter().map(volume).collect();
    let short =
        mount::TMPFS.node(node).map(|tmpfs| tmpfs.as_seq().unwrap_or_else(|| std::slice::from_ref(tmpfs)));
    volumes.extend(short.unwrap_or_default().iter().map(|node| memory(loss, of, node)));
    if !volumes.is_empty() {
        out.put("volumes", Node::seq(volumes, node.origin));
    }
    let deploy = deploy(node);
    if !deploy.is_empty() {
        put(&mut out, "deploy", deploy);
    }
    Node::map(out, node.origin)
}

fn list(node: &Node, change: impl FnMut(&Node) -> Node) -> Node {
    let items = node.as_seq().unwrap_or_default().iter().map(change).collect();
    Node::seq(items, node.origin)
}

fn names(node: &Node) -> Node {
    let keys = node.as_map().into_iter().flat_map(Mapping::keys);
    Node::seq(keys.map(|key| string(key, node.origin)).collect(), node.origin)
}

fn kept(node: &Node, keys: &[&str]) -> Mapping {
    let mut out = Mapping::new();
    for (key, value) in node.as_map().into_iter().flat_map(Mapping::iter) {
        if keys.contains(&key) {
            out.put(key, value.clone());
        }
    }
    out
}

/// The client takes no other keys of an attachment.
fn attachments(node: &Node) -> Node {
    let mut out = Mapping::new();
    for (key, value) in node.as_map().into_iter().flat_map(Mapping::iter) {
        let value = match &value.value {
            Value::Map(_) => Node::map(
                kept(value, &["aliases", "driver_opts", "ipv4_address", "ipv6_address"]),
                value.origin,
            ),
            _ => value.clone(),
        };
        out.put(key, value);
    }
    Node::map(out, node.origin)
}

fn port(loss: &mut Loss, of: Of<'_>, node: &Node) -> Node {
    let mut out = kept(node, &["target", "protocol", "mode"]);
    if let Some(published) = port::PUBLISHED.node(node) {
        match text(published).parse::<i64>() {
            Ok(port) => drop(out.put("published", int(port, published.origin))),
            Err(_) => loss.say(of, "ports.published", published.origin, "the client takes one port"),
        }
    }
    if let Some(address) =
        port::HOST_IP.node(node).filter(|node| !matches!(text(node).as_str(), "" | "0.0.0.0" | "::"))
    {
        loss.say(of, "ports.host_ip", address.origin, "the port listens on every address of every node");
    }
    Node::map(out, node.origin)
}

fn file(node: &Node) -> Node {
    let mut out = kept(node, &["source", "target", "uid", "gid"]);
    if let Some(mode) = port::MODE.node(node)
        && let Ok(number) = file_mode::parse(&text(mode))
    {
        out.put("mode", int(number, mode.origin));
    }
    Node::map(out, node.origin)
}

fn volume(node: &Node) -> Node {
    let mut out = kept(node, &["type", "source", "target", "read_only", "consistency", "volume"]);
    let propagation = mount::PROPAGATION.node(node).filter(|node| !text(node).is_empty());
    if let Some(propagation) = propagation {
        let mut bind = Mapping::new();
        bind.put("propagation", propagation.clone());
        put(&mut out, "bind", bind);
    }
    if let Some(size) = mount::MEMORY_SIZE.node(node) {
        let mut memory = Mapping::new();
        memory.put("size", text(size).parse().map_or_else(|_| size.clone(), |bytes| int(bytes, size.origin)));
        put(&mut out, "tmpfs", memory);
    }
    Node::map(out, node.origin)
}

/// A short `tmpfs` in its long form, which has a size alone.
fn memory(loss: &mut Loss, of: Of<'_>, node: &Node) -> Node {
    let written = text(node);
    let (target, options) = written.split_once(':').unwrap_or((&written, ""));
    let mut out = Mapping::new();
    out.put("type", string("tmpfs", node.origin));
    out.put("target", string(target, node.origin));
    for option in options.split(',').map(str::trim).filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("size", value)) if size::parse(value).is_ok() => {
                let mut memory = Mapping::new();
                memory.put("size", int(size::parse(value).unwrap_or_default(), node.origin));
                put(&mut out, "tmpfs", memory);
            }
            None if matches!(option, "rw" | "noexec" | "nosuid" | "nodev" | "defaults") => {}
            _ => {
                loss.say(of, "tmpfs", node.origin, &format!("the client has a size alone, and not {option}"));
            }
        }
    }
    Node::map(out, node.origin)
}

/// `deploy`, with what the client takes nowhere else.
fn deploy(node: &Node) -> Mapping {
    let written = node.get("deploy").and_then(Node::as_map).cloned().unwrap_or_default();
    let mut out = Mapping::new();
    for (key, value) in written.iter().filter(|(key, _)| !is_extension(key) && *key != "resources") {
        out.put(key, value.clone());
    }
    if let Some(scale) = replicas::SCALE.node(node) {
        out.put("replicas", scale.clone());
    }
    if let Some((restart, _, place)) = Restart::of_service(node) {
        let condition = match restart.name.as_str() {
            "no" => "none",
            "always" | "unless-stopped" => "any",
            other => other,
        };
        let mut policy = written.get("restart_policy").and_then(Node::as_map).cloned().unwrap_or_default();
        policy.put("condition", string(condition, place.origin));
        if let Some(attempts) = i64::try_from(restart.attempts).ok().filter(|attempts| *attempts > 0) {
            policy.put("max_attempts", int(attempts, place.origin));
        }
        put(&mut out, "restart_policy", policy);
    }
    let mut resources = Mapping::new();
    for (part, fields) in [
        ("limits", [("cpus", "cpus"), ("memory", "mem_limit"), ("pids", "pids_limit")].as_slice()),
        ("reservations", [("cpus", ""), ("memory", "mem_reservation")].as_slice()),
    ] {
        let mut bounds = Mapping::new();
        for (name, key) in fields {
            let found = node.get(key).or_else(|| node.at(&["deploy", "resources", part, name]));
            let Some(found) = found.filter(|node| !matches!(text(node).as_str(), "" | "0" | "-1")) else {
                continue;
            };
            let value = if *name == "pids" { found.clone() } else { string(text(found), found.origin) };
            bounds.put(*name, value);
        }
        if let Some(generic) = node.at(&["deploy", "resources", part, "generic_resources"]) {
            bounds.put("generic_resources", generic.clone());
        }
        if !bounds.is_empty() {
            put(&mut resources, part, bounds);
        }
    }
    if !resources.is_empty() {
        put(&mut out, "resources", resources);
    }
    out
}

fn resource(loss: &mut Loss, kind: &str, key: &str, node: &Node) -> Node {
    let mut out = Mapping::new();
    let own = |key: &str| {
        table::own_row(&format!("{kind}.*.{key}"))
            .is_some_and(|row| row.client != Client::Refused && row.client != Client::Lost)
    };
    for (field, value) in node.as_map().into_iter().flat_map(Mapping::iter) {
        if !is_extension(field) && own(field) {
            out.put(field, value.clone());
        }
    }
    if kind == "networks" && out.get("driver").map(text).as_deref() == Some("bridge") {
        out.remove("driver");
    }
    let place = format!("{kind}.{key}");
    let of = Of { service: None, section: &place };
    if let Some(ipam) = node.get("ipam").filter(|_| kind == "networks") {
        out.put("ipam", addresses(loss, of, ipam));
    }
    for field in ["driver", "driver_opts"].into_iter().filter(|_| kind == "secrets") {
        if let Some(driver) = out.remove(field) {
            let why = "the client would take the content from there, and not from the file";
            loss.say(of, &format!("secrets.{field}"), driver.origin, why);
        }
    }
    // Its content stands in no file that the client could read.
    let unread = ["content", "environment"].into_iter().find_map(|key| node.get(key));
    if let Some(content) = unread {
        let name = out.get("name").map(text).unwrap_or_default();
        out = Mapping::new();
        out.put("name", string(name.as_str(), node.origin));
        out.put("external", Node::new(Value::Bool(true), node.origin));
        let one = kind.trim_end_matches('s');
        let why = format!("the client takes a file alone; make it before: docker {one} create {name} -");
        loss.say(of, &format!("{kind}.content"), content.origin, &why);
    }
    Node::map(out, node.origin)
}

/// The client takes subnets alone.
fn addresses(loss: &mut Loss, of: Of<'_>, ipam: &Node) -> Node {
    let mut out = kept(ipam, &["driver", "options"]);
    if let Some(config) = ipam.get("config") {
        let pools = list(config, |pool| {
            let others =
                pool.as_map().into_iter().flat_map(Mapping::iter).filter(|(key, _)| *key != "subnet");
            for (key, value) in others.filter(|(key, value)| !is_extension(key) && !value.is_null()) {
                loss.say(
                    of,
                    "networks.ipam",
                    value.origin,
                    &format!("the client takes a subnet alone, and no {key}"),
                );
            }
            Node::map(kept(pool, &["subnet"]), pool.origin)
        });
        out.put("config", pools);
    }
    Node::map(out, ipam.origin)
}
