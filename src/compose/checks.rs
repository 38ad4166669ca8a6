//! Structural checks on one level, before its paths are resolved.

use std::net::IpAddr;

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::load::section;
use super::table::is_extension;

/// Conflicting or missing attributes of resources, ports, watches and devices.
pub fn structure(model: &Node, sink: &mut Sink) {
    for (name, volume) in section(model, "volumes").into_iter().flat_map(Mapping::iter) {
        external_volume(name, volume, sink);
    }
    for (name, secret) in section(model, "secrets").into_iter().flat_map(Mapping::iter) {
        content(&format!("secrets.{name}"), secret, &["file", "environment"], sink);
    }
    for (name, config) in section(model, "configs").into_iter().flat_map(Mapping::iter) {
        content(&format!("configs.{name}"), config, &["file", "environment", "content"], sink);
    }
    for (name, service) in section(model, "services").into_iter().flat_map(Mapping::iter) {
        ports(name, service, sink);
        watches(name, service, sink);
        devices(name, service, sink);
    }
}

fn conflict(message: String, at: Origin) -> Finding {
    Finding::error(Code::ComposeConflict, message).at_origin(at, "conflicts")
}

fn external_volume(name: &str, volume: &Node, sink: &mut Sink) {
    let Some(map) = volume.as_map() else { return };
    if map.get("external").and_then(Node::as_bool) != Some(true) {
        return;
    }
    for (key, entry) in map.entries() {
        if !matches!(key, "external" | "name") && !is_extension(key) {
            sink.push(
                conflict(
                    format!("volumes.{name}: conflicting parameters \"external\" and {key:?} specified"),
                    entry.key,
                )
                .help("An external volume is made elsewhere; only its name can be given here."),
            );
        }
    }
}

fn content(place: &str, resource: &Node, sources: &[&str], sink: &mut Sink) {
    let Some(map) = resource.as_map() else { return };
    let given: Vec<&str> = sources.iter().copied().filter(|source| map.contains(source)).collect();
    let names = sources.join("|");
    if let [_, second, ..] = given.as_slice() {
        let at = map.entry(second).map_or(resource.origin, |entry| entry.key);
        sink.push(conflict(format!("{place}: {names} attributes are mutually exclusive"), at));
    }
    if given.is_empty() && !map.contains("driver") && !map.contains("external") {
        sink.push(
            Finding::error(Code::ComposeValue, format!("{place}: one of {names} must be set"))
                .at_origin(resource.origin, "has no content"),
        );
    }
}

fn ports(name: &str, service: &Node, sink: &mut Sink) {
    for (at, port) in service.get("ports").and_then(Node::as_seq).into_iter().flatten().enumerate() {
        if let Some(host_ip) = port.get("host_ip")
            && let Some(text) = host_ip.as_str()
            && text.parse::<IpAddr>().is_err()
        {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("services.{name}.ports.{at}: invalid ip address: {text}"),
                )
                .at_origin(host_ip.origin, "not an IP address"),
            );
        }
    }
}

fn watches(name: &str, service: &Node, sink: &mut Sink) {
    let watches = service.at(&["develop", "watch"]).and_then(Node::as_seq);
    for watch in watches.into_iter().flatten() {
        if let Some(path) = watch.get("path")
            && path.as_str() == Some("")
        {
            sink.push(
                Finding::error(
                    Code::ComposeValue,
                    format!("services.{name}.develop.watch.path: value can't be blank"),
                )
                .at_origin(path.origin, "blank"),
            );
        }
    }
}

fn devices(name: &str, service: &Node, sink: &mut Sink) {
    let reserved = service.at(&["deploy", "resources", "reservations", "devices"]).and_then(Node::as_seq);
    let gpus = service.get("gpus").and_then(Node::as_seq);
    for device in reserved.into_iter().chain(gpus).flatten() {
        if let (Some(_), Some(ids)) = (device.get("count"), device.get("device_ids")) {
            sink.push(conflict(
                format!("services.{name}: \"count\" and \"device_ids\" of a device are exclusive"),
                ids.origin,
            ));
        }
    }
}
