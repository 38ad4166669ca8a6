//! The limits and reservations of a task.

use serde_json::Value;

use crate::compose::text;
use crate::model::limits;
use crate::model::limits::written;
use crate::yaml::Node;

use super::context::Context;
use super::object::Fields;
use super::service::Service;

/// A billionth of a processor, to be written in steps of a thousand: what Compose keeps has no more digits.
fn processors(count: f64) -> Option<i64> {
    let millionths = (count * 1e6).round();
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the bounds before it")]
    (0.0..1e12).contains(&millionths).then(|| millionths as i64 * 1000)
}

pub fn resources(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let (mut limits, mut reservations) = (Fields::new(), Fields::new());
    // The key of a service, and the place in `deploy.resources`.
    for (key, [part, name], field, is_limit) in [
        ("cpus", ["limits", "cpus"], "NanoCPUs", true),
        ("mem_limit", ["limits", "memory"], "MemoryBytes", true),
        ("pids_limit", ["limits", "pids"], "Pids", true),
        ("", ["reservations", "cpus"], "NanoCPUs", false),
        ("mem_reservation", ["reservations", "memory"], "MemoryBytes", false),
    ] {
        let deployed = || {
            Some((
                format!("deploy.resources.{part}.{name}"),
                service.at(&["deploy", "resources", part, name])?,
            ))
        };
        let Some((key, node)) = service.get(key).map(|node| (key.to_owned(), node)).or_else(deployed) else {
            continue;
        };
        let amount = if field == "NanoCPUs" {
            written(node).and_then(processors)
        } else {
            text(node).parse::<i64>().ok()
        };
        match amount {
            // No limit.
            Some(amount) if amount <= 0 => {}
            Some(amount) if is_limit => limits.put(field, amount),
            Some(amount) => reservations.put(field, amount),
            None => {
                service.refuse(context, &key, node.origin, &format!("{:?} is no amount", text(node)));
            }
        }
    }
    let generic = limits::DEPLOYED_GENERIC.node(service.node);
    let generic: Vec<Value> =
        generic.and_then(Node::as_seq).unwrap_or_default().iter().filter_map(resource).collect();
    reservations.put_list("GenericResources", generic);
    let mut resources = Fields::new();
    resources.put_fields("Limits", limits);
    resources.put_fields("Reservations", reservations);
    resources
}

fn resource(node: &Node) -> Option<Value> {
    let spec = node.get("discrete_resource_spec")?;
    let mut discrete = Fields::new();
    discrete.put("Kind", spec.get("kind").map(text).unwrap_or_default());
    discrete.put_some("Value", spec.get("value").and_then(|value| text(value).parse::<i64>().ok()));
    let mut one = Fields::new();
    one.put("DiscreteResourceSpec", discrete.done());
    Some(one.done())
}

pub fn ulimits(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (name, node) in limits::ULIMITS.entries(service.node) {
        let bound = |key: &str| {
            let own = node.get(key).or_else(|| node.get("single")).unwrap_or(node);
            text(own).parse::<i64>().ok()
        };
        let (Some(soft), Some(hard)) = (bound("soft"), bound("hard")) else {
            service.refuse(context, "ulimits", node.origin, &format!("{name} has no number"));
            continue;
        };
        let mut one = Fields::new();
        one.put("Name", name);
        one.put("Soft", soft);
        one.put("Hard", hard);
        all.push(one.done());
    }
    all
}
