//! Values that Compose fills in once a level is merged.

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

/// Build contexts, secret targets, port protocols and modes, device counts.
pub fn apply(model: &mut Node) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        let Some(service) = service.as_map_mut() else { continue };
        if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut)
            && !build.contains("context")
        {
            build.put("context", Node::string(".", Origin::Default("build context")));
        }
        for secret in items(service, "secrets") {
            if let Some(secret) = secret.as_map_mut()
                && !secret.contains("target")
                && let Some(source) = secret.get("source").and_then(Node::as_str)
            {
                let target = format!("/run/secrets/{source}");
                secret.put("target", Node::string(target, Origin::Default("secret target")));
            }
        }
        for port in items(service, "ports") {
            if let Some(port) = port.as_map_mut() {
                fill(port, "protocol", "tcp", "port protocol");
                fill(port, "mode", "ingress", "port mode");
            }
        }
        device_requests(service).into_iter().for_each(device_count);
    }
}

/// The elements of one of the mapping's lists.
pub fn items<'m>(map: &'m mut Mapping, key: &str) -> impl Iterator<Item = &'m mut Node> {
    map.get_mut(key).and_then(Node::as_seq_mut).into_iter().flatten()
}

fn fill(map: &mut Mapping, key: &str, value: &str, why: &'static str) {
    if !map.contains(key) {
        map.put(key, Node::string(value, Origin::Default(why)));
    }
}

/// A service's requests for devices, from both places where they can stand.
pub fn device_requests(service: &mut Mapping) -> Vec<&mut Mapping> {
    let mut requests = Vec::new();
    for (key, value) in service.iter_mut() {
        let list = match key {
            "gpus" => Some(value),
            "deploy" => value
                .get_mut("resources")
                .and_then(|resources| resources.get_mut("reservations"))
                .and_then(|reservations| reservations.get_mut("devices")),
            _ => None,
        };
        requests.extend(list.and_then(Node::as_seq_mut).into_iter().flatten().filter_map(Node::as_map_mut));
    }
    requests
}

fn device_count(device: &mut Mapping) {
    if !device.contains("count") && !device.contains("device_ids") {
        device.put("count", Node::new(Value::String("all".into()), Origin::Default("device count")));
    }
}
