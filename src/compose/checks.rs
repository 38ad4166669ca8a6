//! Structural checks on one level, before its paths are resolved.

use std::net::IpAddr;
use std::path::Path;

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::load::section;
use super::table::is_extension;

/// Compose makes a URL of the directory in which it is run, and validates nothing where that is none.
pub fn directory(cwd: &Path, sink: &mut Sink) {
    let shown = cwd.to_string_lossy();
    let (before, fragment) = shown.split_once('#').unwrap_or((&shown, ""));
    let path = before.split('?').next().unwrap_or_default();
    let broken = [path, fragment].into_iter().find_map(|part| {
        part.match_indices('%').map(|(at, _)| part.get(at..).unwrap_or_default()).find(|rest| {
            let digits = rest.chars().skip(1).take_while(char::is_ascii_hexdigit).take(2);
            digits.count() < 2
        })
    });
    let what = match broken {
        Some(escape) => format!("invalid URL escape {:?}", escape.chars().take(3).collect::<String>()),
        None if shown.contains(|c: char| c.is_ascii_control()) => "a control character".to_owned(),
        None => return,
    };
    let message = format!("Docker Compose cannot work in {}: its path has {what}", shown.escape_debug());
    sink.push(
        Finding::error(Code::InputUnreadable, message).help(
            "Run it from another folder, with -f and the path of the compose file, or rename the folder.",
        ),
    );
}

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
        mounts(name, service, sink);
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

fn mounts(name: &str, service: &Node, sink: &mut Sink) {
    for volume in service.get("volumes").and_then(Node::as_seq).into_iter().flatten() {
        let bind = volume.get("type").and_then(Node::as_str) == Some("bind");
        if bind && volume.get("source").is_none() {
            let message = format!("service {name:?} has a bind mount without a source");
            sink.push(
                Finding::error(Code::ComposeValue, message)
                    .at_origin(volume.origin, "no `source`")
                    .help("Write `source: ./DIRECTORY`, or `type: volume` for a volume without a name."),
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
