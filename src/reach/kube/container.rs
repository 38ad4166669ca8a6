//! The container of a pod: image, words, environment, ports, resources, probe, hooks.

use std::collections::BTreeSet;

use crate::compose::short::duration;
use crate::compose::text;
use crate::model::limits::written;
use crate::model::{build, image, network, port, program};
use crate::source::Origin;
use crate::yaml::Node;

use super::arguments::literal;
use super::context::{Context, is_secret};
use super::mounts::Mounts;
use super::name;
use super::node::{Map, OWN, flag, int, list, one, own, text as string};
use super::quantity;
use super::security::{self, Options};
use super::service::Service;

/// One port that the container listens at.
#[derive(Clone, Debug)]
pub struct Listening {
    pub number: u16,
    pub protocol: &'static str,
    pub origin: Origin,
}

pub fn render(
    context: &mut Context<'_>,
    service: &Service<'_>,
    mounts: &Mounts,
    options: &Options,
    listening: &[Listening],
) -> Node {
    let mut container = Map::new();
    container.put("name", string(service.label.as_str(), OWN));
    image(context, service, &mut container);
    commands(context, service, &mut container);
    if let Some(node) = program::WORKING_DIR.node(service.node) {
        container.put("workingDir", string(text(node), node.origin));
    }
    let ports: Vec<Node> = listening
        .iter()
        .map(|port| {
            let mut entry = Map::new();
            entry.put("containerPort", int(port.number.into(), port.origin));
            entry.put("protocol", own(port.protocol));
            entry.done()
        })
        .collect();
    container.put_list("ports", ports);
    let environment = environment(context, service);
    container.put_list("env", environment);
    let resources = resources(context, service);
    container.put_map("resources", resources);
    container.put_list("volumeMounts", mounts.places.clone());
    probe(context, service, &mut container);
    hooks(context, service, &mut container);
    container.put_map("securityContext", security::of_container(context, service, options));
    for (key, field) in [("stdin_open", "stdin"), ("tty", "tty")] {
        if let Some(node) = service.get(key).filter(|_| service.is_true(key)) {
            container.put(field, flag(true, node.origin));
        }
    }
    container.done()
}

fn image(context: &mut Context<'_>, service: &Service<'_>, container: &mut Map) {
    let Some(node) = image::IMAGE.node(service.node).filter(|node| !text(node).is_empty()) else {
        if !program::PROVIDER.is_set(service.node) {
            let origin = build::BUILD.node(service.node).map_or(service.node.origin, |node| node.origin);
            service.refuse(
                context,
                "image",
                origin,
                "nodes pull images, and this one has no name in a registry",
            );
        }
        return;
    };
    let image = text(node);
    if image.starts_with("sha256:") || image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        service.refuse(context, "image", node.origin, "an id of this machine is not known to the nodes");
    }
    container.put("image", string(image, node.origin));
    let written = image::PULL_POLICY.node(service.node);
    let policy = match written.map(text).unwrap_or_default().as_str() {
        "" | "missing" | "if_not_present" | "build" => "IfNotPresent",
        "always" => "Always",
        "never" => "Never",
        other => {
            let origin = written.map_or(OWN, |node| node.origin);
            service.refuse(context, "pull_policy", origin, &format!("images are not pulled {other}"));
            "IfNotPresent"
        }
    };
    container.put("imagePullPolicy", string(policy, written.map_or(OWN, |node| node.origin)));
}

fn commands(context: &mut Context<'_>, service: &Service<'_>, container: &mut Map) {
    let mut shown = |key: &str| {
        let node = service.get(key)?;
        let items = node.as_seq()?;
        let all = items.iter().map(text).collect::<Vec<_>>().join(" ");
        let may = context.may_show(service.of(), key, "", &all, node.origin);
        may.then_some((node, items))
    };
    let (entrypoint, command) = (shown("entrypoint"), shown("command"));
    match (entrypoint, command) {
        // It takes the image's own away, so that the command is the whole command line.
        (Some((node, [])), None) => {
            service.refuse(
                context,
                "entrypoint",
                node.origin,
                "a pod without a command has that of the image",
            );
        }
        (Some((_, [])), Some((_, words))) => container.put("command", security::words(words, literal)),
        (entrypoint, command) => {
            for (key, words) in [("command", entrypoint), ("args", command)] {
                if let Some((_, words)) = words.filter(|(_, words)| !words.is_empty()) {
                    container.put(key, security::words(words, literal));
                }
            }
        }
    }
}

fn environment(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Node> {
    let secret = format!("{}-env", service.label);
    let mut files = super::files::Files::new(true);
    let mut entries = Vec::new();
    for (key, node) in program::ENVIRONMENT.entries(service.node).filter(|(_, node)| !node.is_null()) {
        let value = text(node);
        let mut entry = Map::new();
        entry.put("name", string(key, node.origin));
        if is_secret(key, &value) && name::is_key(key) {
            let mut reference = Map::new();
            reference.put("name", string(secret.as_str(), node.origin));
            reference.put("key", string(key, node.origin));
            entry.put("valueFrom", one("secretKeyRef", reference.done()));
            files.insert(key, value.into_bytes(), node.origin);
        } else if context.may_show(service.of(), "environment", key, &value, node.origin) {
            entry.put("value", string(literal(&value), node.origin));
        }
        entries.push(entry.done());
    }
    if !files.is_empty() {
        let place = format!("services.{}.environment", service.name);
        let origin = program::ENVIRONMENT.node(service.node).map_or(OWN, |node| node.origin);
        context.add_files(&secret, files, Map::new(), &place, origin);
    }
    entries
}

/// Ports that are published or exposed, each once.
pub fn listening(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Listening> {
    let mut found: Vec<Listening> = Vec::new();
    let mut seen = BTreeSet::new();
    let published = service.ports();
    let ports =
        published.iter().map(|port| (port.target.clone(), port.protocol.clone(), port.node, "ports.target"));
    let exposed = network::EXPOSED.items(service.node).iter().map(|node| {
        let written = text(node);
        let (number, protocol) = written.split_once('/').unwrap_or((&written, "tcp"));
        (number.to_owned(), protocol.to_ascii_lowercase(), node, "expose")
    });
    for (number, protocol, node, key) in ports.chain(exposed).collect::<Vec<_>>() {
        let Some(protocol) = protocol_of(&protocol) else {
            service.refuse(
                context,
                "ports.protocol",
                node.origin,
                &format!("there is no protocol {protocol:?}"),
            );
            continue;
        };
        match number.parse::<u16>() {
            Ok(number) if number > 0 => {
                if seen.insert((number, protocol)) {
                    let origin = port::TARGET.node(node).map_or(node.origin, |target| target.origin);
                    found.push(Listening { number, protocol, origin });
                }
            }
            // A range is for information, and everything may be listened at.
            _ if key == "expose" => {}
            _ => {
                service.refuse(context, key, node.origin, &format!("{number:?} is no port"));
            }
        }
    }
    found
}

pub fn protocol_of(text: &str) -> Option<&'static str> {
    match text {
        "tcp" => Some("TCP"),
        "udp" => Some("UDP"),
        "sctp" => Some("SCTP"),
        _ => None,
    }
}

fn resources(context: &mut Context<'_>, service: &Service<'_>) -> Map {
    let (mut limits, mut requests) = (Map::new(), Map::new());
    let own_or = |key: &'static str, deployed: [&'static str; 3]| {
        let of_deploy = service.node.at(&["deploy", "resources"]);
        let [part, field, place] = deployed;
        let deployed = of_deploy.and_then(|node| node.at(&[part, field])).map(|node| (place, node));
        service.get(key).map(|node| (key, node)).or(deployed)
    };
    for (into, found) in [
        (&mut limits, own_or("cpus", ["limits", "cpus", "deploy.resources.limits.cpus"])),
        (&mut requests, own_or("", ["reservations", "cpus", "deploy.resources.reservations.cpus"])),
    ] {
        let Some((key, node)) = found else { continue };
        match written(node) {
            Some(count) if count <= 0.0 => {}
            count => match count.and_then(quantity::processors) {
                Some(amount) => into.put("cpu", string(amount, node.origin)),
                None => {
                    service.refuse(context, key, node.origin, "processors are counted in thousandths");
                }
            },
        }
    }
    for (into, found) in [
        (&mut limits, own_or("mem_limit", ["limits", "memory", "deploy.resources.limits.memory"])),
        (
            &mut requests,
            own_or("mem_reservation", ["reservations", "memory", "deploy.resources.reservations.memory"]),
        ),
    ] {
        let Some((key, node)) = found else { continue };
        match text(node).parse::<i64>() {
            Ok(bytes) if bytes > 0 => into.put("memory", string(quantity::bytes(bytes), node.origin)),
            // No limit.
            Ok(_) => {}
            Err(_) => {
                service.refuse(context, key, node.origin, &format!("{:?} is no number of bytes", text(node)));
            }
        }
    }
    let mut resources = Map::new();
    resources.put_map("limits", limits);
    resources.put_map("requests", requests);
    resources
}

/// As the engine has it where nothing is written.
const INTERVAL: i64 = 30;
const TIMEOUT: i64 = 30;
const RETRIES: i64 = 3;

fn probe(context: &mut Context<'_>, service: &Service<'_>, container: &mut Map) {
    let Some(check) = program::HEALTH.node(service.node) else { return };
    if program::HEALTH_DISABLED.is_on(service.node) {
        return;
    }
    let test = program::HEALTH_TEST.items(service.node);
    let command = match test.split_first() {
        Some((first, rest)) => match text(first).as_str() {
            "NONE" => return,
            "CMD" => security::words(rest, str::to_owned),
            "CMD-SHELL" => {
                let mut words = vec![string("/bin/sh", first.origin), string("-c", first.origin)];
                words.extend(rest.iter().map(|node| string(text(node), node.origin)));
                list(words)
            }
            other => {
                service.refuse(
                    context,
                    "healthcheck",
                    first.origin,
                    &format!("{other:?} is no kind of test"),
                );
                return;
            }
        },
        None => {
            let why = "the test is the image's, which Kubernetes does not read";
            service.refuse(context, "healthcheck", check.origin, why);
            return;
        }
    };
    let all = test.iter().map(text).collect::<Vec<_>>().join(" ");
    if !context.may_show(service.of(), "healthcheck", "", &all, check.origin) {
        return;
    }
    let mut probe = Map::new();
    probe.put("exec", one("command", command));
    for (key, field, default) in
        [("interval", "periodSeconds", INTERVAL), ("timeout", "timeoutSeconds", TIMEOUT)]
    {
        let node = check.get(key);
        let read = node.map_or(Some(default), |node| seconds(&text(node)));
        let Some(seconds) = read else {
            service.refuse(context, "healthcheck", check.origin, &format!("its {key} is no length of time"));
            continue;
        };
        // Nothing stands for the default.
        let seconds = if seconds > 0 { seconds } else { default };
        probe.put(field, int(seconds, node.map_or(OWN, |node| node.origin)));
    }
    let retries = check.get("retries");
    let count = retries.and_then(|node| text(node).parse::<i64>().ok()).filter(|count| *count > 0);
    probe.put("failureThreshold", int(count.unwrap_or(RETRIES), retries.map_or(OWN, |node| node.origin)));
    container.put("readinessProbe", probe.done());
}

/// Whole seconds, rounded up.
pub fn seconds(text: &str) -> Option<i64> {
    let nanoseconds = duration::parse(text).ok()?;
    Some(nanoseconds.div_euclid(1_000_000_000) + i64::from(nanoseconds.rem_euclid(1_000_000_000) > 0))
}

fn hooks(context: &mut Context<'_>, service: &Service<'_>, container: &mut Map) {
    let mut lifecycle = Map::new();
    for (key, field) in [("post_start", "postStart"), ("pre_stop", "preStop")] {
        let [hook] = service.list(key) else {
            if let Some(node) = service.get(key).filter(|_| !service.list(key).is_empty()) {
                service.refuse(context, key, node.origin, "a container has one such command");
            }
            continue;
        };
        let other = ["user", "privileged", "environment", "working_dir"].iter().find_map(|name| {
            let node = hook.get(name)?;
            (node.as_bool() != Some(false) && !node.is_null()).then_some((*name, node))
        });
        if let Some((name, node)) = other {
            let why = format!("such a command has no {name} of its own");
            service.refuse(context, key, node.origin, &why);
        }
        let Some(node) = program::HOOK_COMMAND.node(hook) else { continue };
        let words = node.as_seq().unwrap_or_default();
        let all = words.iter().map(text).collect::<Vec<_>>().join(" ");
        if !words.is_empty() && context.may_show(service.of(), key, "", &all, node.origin) {
            let exec = one("exec", one("command", security::words(words, str::to_owned)));
            lifecycle.put(field, exec);
        }
    }
    container.put_map("lifecycle", lifecycle);
}
