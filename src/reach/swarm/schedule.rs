//! The schedule of tasks: their number, their nodes, their restarts, and how they are replaced.

use serde_json::Value;

use crate::compose::text;
use crate::model::restart::Restart;
use crate::model::{image, replicas, restart};
use crate::yaml::Node;

use super::Here;
use super::container::time;
use super::context::Context;
use super::object::{Fields, texts};
use super::service::Service;

/// `Mode` of a service.
pub fn mode(context: &mut Context<'_>, service: &Service<'_>) -> Value {
    let node = replicas::MODE.node(service.node);
    let written = node.map(text).unwrap_or_default();
    let replicas = replicas::of(service.node);
    let (mut mode, mut inner) = (Fields::new(), Fields::new());
    match written.as_str() {
        "" | "replicated" => {
            inner.put("Replicas", replicas);
            mode.put("Replicated", inner.done());
        }
        "replicated-job" => {
            inner.put("MaxConcurrent", replicas);
            inner.put("TotalCompletions", replicas);
            mode.put("ReplicatedJob", inner.done());
        }
        "global" | "global-job" => {
            if let Some((count, _)) = replicas::written(service.node).filter(|_| replicas != 1) {
                service.refuse(context, "scale", count.origin, "every node has one task in this mode");
            }
            mode.put(if written == "global" { "Global" } else { "GlobalJob" }, inner.done());
        }
        other => {
            let origin = node.map_or(service.node.origin, |node| node.origin);
            service.refuse(context, "deploy.mode", origin, &format!("{other:?} is no mode of a service"));
        }
    }
    mode.done()
}

/// When a task is started again.
pub fn restart(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let mut policy = Fields::new();
    let Some((restart, key, place)) = Restart::of_service(service.node) else {
        let words = "restart: nothing is written, and a task that ends is started again";
        context.note(Some(service.name), words);
        return policy;
    };
    match restart.name.as_str() {
        "always" | "unless-stopped" => policy.put("Condition", "any"),
        "no" => policy.put("Condition", "none"),
        "on-failure" => policy.put("Condition", "on-failure"),
        other => {
            let why = format!("{other:?} is no way to be started again");
            service.refuse(context, key, place.origin, &why);
        }
    }
    if restart.attempts > 0 {
        policy.put("MaxAttempts", restart.attempts);
    }
    let deployed = restart::POLICY.node(service.node);
    if deployed.is_some_and(|policy| policy.get("condition").is_none_or(Node::is_null)) {
        let words =
            "deploy.restart_policy: without a condition a task is not started again, as Compose has it";
        context.note(Some(service.name), words);
    }
    for (key, field) in [("delay", "Delay"), ("window", "Window")] {
        if let Some(node) = deployed.and_then(|policy| policy.get(key)).filter(|node| !node.is_null()) {
            policy.put_some(field, time(context, service, "deploy.restart_policy", node));
        }
    }
    policy
}

pub fn placement(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let mut placement = Fields::new();
    if let Some(node) = service.at(&["deploy", "placement"]) {
        let constraints = node.get("constraints").and_then(Node::as_seq).unwrap_or_default();
        placement.put_list("Constraints", texts(constraints.iter().map(text)));
        let spreads = node.get("preferences").and_then(Node::as_seq).unwrap_or_default().iter();
        let spreads = spreads.filter_map(|preference| preference.get("spread").map(text)).map(|spread| {
            let (mut inner, mut outer) = (Fields::new(), Fields::new());
            inner.put("SpreadDescriptor", spread);
            outer.put("Spread", inner.done());
            outer.done()
        });
        placement.put_list("Preferences", spreads.collect());
        placement.put_some("MaxReplicas", node.get("max_replicas_per_node").and_then(Node::as_int));
    }
    if let Some(node) = image::PLATFORM.node(service.node).filter(|node| !text(node).is_empty()) {
        let written = text(node);
        let mut parts = written.split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(system), Some(machine), None) => {
                let mut platform = Fields::new();
                platform.put("OS", system);
                platform.put("Architecture", machine);
                placement.put_list("Platforms", vec![platform.done()]);
            }
            _ => {
                let why = format!("{written:?} names more, or less, than nodes are told by");
                service.refuse(context, "platform", node.origin, &why);
            }
        }
    }
    placement
}

/// The one node that a service's tasks can be on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one that is asked.
    Here,
    /// Another, or one that cannot be told from this one.
    Other(String),
    /// No node is named.
    Any,
}

pub fn place(service: &Service<'_>, here: Option<&Here>) -> Place {
    let constraints = service.at(&["deploy", "placement", "constraints"]);
    let mut found = Place::Any;
    for constraint in constraints.and_then(Node::as_seq).unwrap_or_default() {
        let written = text(constraint);
        let Some((key, value)) = written.split_once("==") else { continue };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        let is_here = match key.as_str() {
            "node.hostname" => here.is_some_and(|here| here.hostname == value),
            "node.id" => here.is_some_and(|here| here.id == value),
            _ => continue,
        };
        if is_here {
            return Place::Here;
        }
        found = Place::Other(value.to_owned());
    }
    found
}

/// `update_config` or `rollback_config`.
pub fn update(context: &mut Context<'_>, service: &Service<'_>, key: &'static str) -> Fields {
    let mut config = Fields::new();
    let Some(node) = service.at(&["deploy", key]) else { return config };
    let field = |key: &str| node.get(key).filter(|node| !node.is_null());
    // The engine replaces one task at a time where nothing is written; 0 means all at once.
    config.put("Parallelism", field("parallelism").and_then(Node::as_int).unwrap_or(1));
    for (name, into) in [("delay", "Delay"), ("monitor", "Monitor")] {
        if let Some(node) = field(name) {
            let key = if key == "update_config" { "deploy.update_config" } else { "deploy.rollback_config" };
            config.put_some(into, time(context, service, key, node));
        }
    }
    // The engine writes this where nothing is said.
    config.put("FailureAction", field("failure_action").map_or_else(|| "pause".to_owned(), text));
    config.put_some(
        "MaxFailureRatio",
        field("max_failure_ratio").and_then(|node| text(node).parse::<f64>().ok()),
    );
    config.put("Order", field("order").map_or_else(|| "stop-first".to_owned(), text));
    config
}
