//! The program of a task: image, command, environment, health.

use serde_json::Value;

use crate::compose::short::duration;
use crate::compose::text;
use crate::model::{build, identity, image, kernel, life, network, program};
use crate::yaml::Node;

use super::context::Context;
use super::object::{Fields, texts};
use super::service::{Service, words};
use super::{NAMESPACE, confinement, files, limits, mounts};

pub fn spec(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let mut spec = Fields::new();
    image(context, service, &mut spec);
    let mut labels = words(life::LABELS.node(service.node));
    labels.put(NAMESPACE, context.stack());
    spec.put("Labels", labels.done());
    commands(context, service, &mut spec);
    spec.put_some("Hostname", life::HOSTNAME.text(service.node).map(|name| literal(&name)));
    let environment = program::ENVIRONMENT.entries(service.node).map(|(name, value)| {
        // A name alone takes the image's variable away.
        if value.is_null() { name.to_owned() } else { literal(&format!("{name}={}", text(value))) }
    });
    spec.put_list("Env", texts(environment));
    spec.put_some("Dir", program::WORKING_DIR.text(service.node));
    spec.put_some("User", identity::USER.text(service.node));
    spec.put_list("Groups", texts(identity::GROUPS.texts(service.node)));
    confinement::add(context, service, &mut spec);
    spec.put_some("StopSignal", life::STOP_SIGNAL.text(service.node));
    for (key, field) in [("tty", "TTY"), ("stdin_open", "OpenStdin")] {
        if service.is_true(key) {
            spec.put(field, true);
        }
    }
    spec.put_list("Mounts", mounts::of_service(context, service));
    let grace = life::STOP_GRACE_PERIOD.node(service.node);
    spec.put_some(
        "StopGracePeriod",
        grace.and_then(|node| time(context, service, "stop_grace_period", node)),
    );
    let health = health(context, service);
    spec.put_fields("Healthcheck", health);
    let hosts = hosts(context, service);
    spec.put_list("Hosts", hosts);
    let mut names = Fields::new();
    for (key, field) in [("dns", "Nameservers"), ("dns_search", "Search"), ("dns_opt", "Options")] {
        names.put_list(field, texts(service.texts(key)));
    }
    spec.put_fields("DNSConfig", names);
    for kind in [files::Kind::Secret, files::Kind::Config] {
        spec.put_list(kind.field(), files::of_service(context, service, kind));
    }
    // The engine writes this where nothing is said.
    spec.put("Isolation", kernel::ISOLATION.text(service.node).unwrap_or_else(|| "default".to_owned()));
    spec.put_some("Init", life::INIT.node(service.node).and_then(Node::as_bool));
    spec.put_fields("Sysctls", words(kernel::SYSCTLS.node(service.node)));
    spec.put_list("Ulimits", limits::ulimits(context, service));
    if let Some(node) = kernel::OOM_SCORE.node(service.node)
        && let Some(score) = node.as_int().filter(|score| *score != 0)
    {
        context.need(service.name, "oom_score_adj", node.origin, "OomScoreAdj", (1, 46));
        spec.put("OomScoreAdj", score);
    }
    spec
}

/// A text that arrives as it is: Swarm fills in `{{ … }}` of variables, host names and mounts.
pub fn literal(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

/// Nanoseconds.
pub fn time(context: &mut Context<'_>, service: &Service<'_>, key: &str, node: &Node) -> Option<i64> {
    let read = duration::parse(&text(node)).ok();
    if read.is_none() {
        service.refuse(context, key, node.origin, &format!("{:?} is no length of time", text(node)));
    }
    read
}

fn image(context: &mut Context<'_>, service: &Service<'_>, spec: &mut Fields) {
    let Some(node) = image::IMAGE.node(service.node).filter(|node| !text(node).is_empty()) else {
        let origin = build::BUILD.node(service.node).map_or(service.node.origin, |node| node.origin);
        service.refuse(context, "image", origin, "nodes pull images, and this one has no name in a registry");
        return;
    };
    let image = text(node);
    if image.starts_with("sha256:") || image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        service.refuse(context, "image", node.origin, "an id of this machine is not known to other nodes");
    }
    spec.put("Image", image);
}

fn commands(context: &mut Context<'_>, service: &Service<'_>, spec: &mut Fields) {
    let command = program::COMMAND.texts(service.node);
    if let Some(node) = program::ENTRYPOINT.node(service.node) {
        let entrypoint = program::ENTRYPOINT.texts(service.node);
        if entrypoint.is_empty() {
            // It takes the image's own away.
            let why = "a task without one has that of the image";
            service.refuse(context, "entrypoint", node.origin, why);
        }
        spec.put_list("Command", texts(entrypoint));
    }
    spec.put_list("Args", texts(command));
}

fn health(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let mut health = Fields::new();
    let Some(check) = program::HEALTH.node(service.node) else { return health };
    if program::HEALTH_DISABLED.is_on(service.node) {
        health.put("Test", vec![Value::from("NONE")]);
        return health;
    }
    let test = program::HEALTH_TEST.items(service.node);
    health.put_list("Test", texts(test.iter().map(text)));
    for (key, field) in [
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start_period", "StartPeriod"),
        ("start_interval", "StartInterval"),
    ] {
        let Some(node) = check.get(key).filter(|node| !node.is_null()) else { continue };
        if key == "start_interval" {
            context.need(service.name, "healthcheck", node.origin, "StartInterval", (1, 44));
        }
        health.put_some(field, time(context, service, "healthcheck", node));
    }
    health.put_some("Retries", check.get("retries").and_then(|node| text(node).parse::<i64>().ok()));
    health
}

/// `NAME=ADDRESS` as a line of the hosts file.
fn hosts(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Value> {
    let mut lines = Vec::new();
    for node in network::HOSTS.items(service.node) {
        let entry = text(node);
        match entry.split_once('=').or_else(|| entry.split_once(':')) {
            Some((name, address)) => lines.push(Value::from(format!("{address} {name}"))),
            None => {
                service.refuse(context, "extra_hosts", node.origin, "it names no address");
            }
        }
    }
    lines
}
