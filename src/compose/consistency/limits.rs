//! Settings that exist both at the service and under `deploy`.

use crate::diagnostic::{Code, Finding, Sink};
use crate::yaml::Node;

use super::super::merge::text;

/// Refuses distinct values, as Compose does: as soon as the `limits` (or `reservations`) object
/// exists, an absent field counts as a value of its own.
pub fn check(name: &str, service: &Node, sink: &mut Sink) {
    scale(name, service, sink);
    let rows: [(&str, &[&str], &str); 4] = [
        ("cpus", &["deploy", "resources", "limits"], "cpus"),
        ("mem_limit", &["deploy", "resources", "limits"], "memory"),
        ("mem_reservation", &["deploy", "resources", "reservations"], "memory"),
        ("pids_limit", &["deploy", "resources", "limits"], "pids"),
    ];
    for (key, place, field) in rows {
        let (Some(own), Some(object)) = (service.get(key), service.at(place)) else { continue };
        let other = object.get(field);
        if other.is_some_and(|other| text(other) == text(own)) {
            continue;
        }
        let path = place.join(".");
        let finding = Finding::error(
            Code::ComposeConflict,
            format!("services.{name}: can't set distinct values on '{key}' and '{path}.{field}'"),
        )
        .at_origin(own.origin, format!("{key} set here"))
        .at_origin(other.unwrap_or(object).origin, "but not the same here")
        .help(format!("Set both to the same value, or only `{path}.{field}`."));
        sink.push(finding);
    }
    container_name(name, service, sink);
    for watch in service.at(&["develop", "watch"]).and_then(Node::as_seq).into_iter().flatten() {
        let action = watch.get("action").map(text).unwrap_or_default();
        if !matches!(action.as_str(), "rebuild" | "restart") && watch.get("target").is_none() {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("services.{name}.develop.watch: target is required for non-rebuild actions"),
                )
                .at_origin(watch.origin, "has no target"),
            );
        }
    }
}

fn scale(name: &str, service: &Node, sink: &mut Sink) {
    let scale = service.get("scale");
    let replicas = service.at(&["deploy", "replicas"]);
    for (place, node) in [("scale", scale), ("deploy.replicas", replicas)] {
        if let Some(node) = node
            && node.as_int().is_some_and(|number| number < 0)
        {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("services.{name}.{place}: must be greater than or equal to 0"),
                )
                .at_origin(node.origin, "negative"),
            );
        }
    }
    if let (Some(scale), Some(replicas)) = (scale, replicas)
        && !scale.same(replicas)
    {
        sink.push(
            Finding::error(
                Code::ComposeConflict,
                format!("services.{name}: can't set distinct values on 'scale' and 'deploy.replicas'"),
            )
            .at_origin(scale.origin, "scale set here")
            .at_origin(replicas.origin, "and differently here"),
        );
    }
}

fn container_name(name: &str, service: &Node, sink: &mut Sink) {
    let Some(container) = service.get("container_name") else { return };
    let count = service.get("scale").or_else(|| service.at(&["deploy", "replicas"]));
    if let Some(count) = count
        && count.as_int().is_some_and(|number| number > 1)
    {
        sink.push(
            Finding::error(
                Code::ComposeConflict,
                format!(
                    "services.{name}: several containers cannot share container_name {:?}",
                    text(container)
                ),
            )
            .at_origin(container.origin, "must be unique")
            .at_origin(count.origin, "more than one container"),
        );
    }
}
