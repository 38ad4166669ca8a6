//! Blank texts and zeros that a file sets although Compose has a default for the key.

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

use super::defaults::{device_requests, items};

const BLANK: Origin = Origin::Default("blank");

/// Writes out the blank values of a loaded model. Compose fills in its default where the key is absent, and prints no
/// key where it is blank, so that what it prints is read as something else than what it read.
pub fn write_out(root: &mut Node) {
    for section in ["networks", "volumes", "secrets", "configs"] {
        for member in members(root, section) {
            fill(member, "name");
        }
    }
    let sources = ["file", "environment", "content", "external"];
    for config in members(root, "configs").filter(|config| !sources.iter().any(|key| config.contains(key))) {
        fill(config, "content");
    }
    for service in members(root, "services") {
        if !service.contains("provider") && !service.contains("networks") {
            fill(service, "network_mode");
        }
        if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut) {
            fill(build, "context");
            if !build.contains("dockerfile_inline") {
                fill(build, "dockerfile");
            }
        }
        for secret in items(service, "secrets").filter_map(Node::as_map_mut) {
            fill(secret, "target");
        }
        for port in items(service, "ports").filter_map(Node::as_map_mut) {
            fill(port, "protocol");
            fill(port, "mode");
        }
        items(service, "devices").filter_map(Node::as_map_mut).for_each(|device| fill(device, "source"));
        for key in ["devices", "volumes"] {
            for place in items(service, key).filter_map(Node::as_map_mut) {
                fill(place, "target");
            }
        }
        for device in device_requests(service) {
            if !device.contains("device_ids") && !device.contains("count") {
                device.put("count", Node::new(Value::Int(0), BLANK));
            }
        }
    }
}

fn members<'m>(root: &'m mut Node, section: &str) -> impl Iterator<Item = &'m mut Mapping> {
    let section = root.get_mut(section).and_then(Node::as_map_mut);
    section.into_iter().flat_map(Mapping::iter_mut).filter_map(|(_, member)| member.as_map_mut())
}

fn fill(map: &mut Mapping, key: &str) {
    if !map.contains(key) {
        map.put(key, Node::string("", BLANK));
    }
}
