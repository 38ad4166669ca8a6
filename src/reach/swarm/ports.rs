//! Published ports, and how a service's name is resolved.

use crate::compose::text;
use crate::model::{Port, Published, port};
use crate::yaml::Node;

use super::context::Context;
use super::network::is_closed;
use super::object::Fields;
use super::service::Service;

/// `EndpointSpec` of a service.
pub fn endpoint(context: &mut Context<'_>, service: &Service<'_>) -> Fields {
    let mut endpoint = Fields::new();
    let mode = service.at(&["deploy", "endpoint_mode"]).map(text).unwrap_or_default();
    if mode.is_empty() || mode == "vip" {
        let words = "deploy.endpoint_mode: the name of a service leads to a virtual address, which hands on to one task";
        context.note(Some(service.name), words);
    }
    endpoint.put("Mode", if mode.is_empty() { "vip".to_owned() } else { mode.to_ascii_lowercase() });
    let mut ports = Vec::new();
    let is_closed = is_closed(context, service);
    for port in Port::of_service(service.node) {
        if is_closed {
            // Without Swarm nothing is published then. Here it would be in a network with a way out.
            let why =
                "all its networks are internal, and what is published there is in one that has a way out";
            if service.refuse(context, "ports.published", port.node.origin, why) {
                continue;
            }
        }
        let field = |key: &str| port.node.get(key).map(text).filter(|text| !text.is_empty());
        let is_host = field("mode").as_deref() == Some("host");
        let mut entry = Fields::new();
        entry.put_some("Name", field("name"));
        entry.put("Protocol", port.protocol.as_str());
        match port.target.parse::<u16>() {
            Ok(target) if target > 0 => entry.put("TargetPort", target),
            _ => {
                service.refuse(context, "ports.target", port.node.origin, "it is no port");
            }
        }
        match port.published {
            Published::Range(first, last) if first == last => entry.put("PublishedPort", first),
            Published::Chosen => {}
            Published::Range(..) | Published::Unreadable => {
                let why = format!("{} is no port", port.written);
                service.refuse(context, "ports.published", port.node.origin, &why);
            }
        }
        if is_host {
            context.note(Some(service.name), "ports: open at every address of the node that has the task");
        } else {
            context.note(
                Some(service.name),
                "ports: open at every address of every node; `mode: host` opens those of one",
            );
            if mode == "dnsrr" {
                let why = "a port of every node needs a virtual address, and `endpoint_mode: dnsrr` has none";
                service.refuse(context, "ports.mode", port.node.origin, why);
            }
        }
        entry.put("PublishMode", if is_host { "host" } else { "ingress" });
        ports.push(entry.done());
    }
    endpoint.put_list("Ports", ports);
    endpoint
}

/// Whether ports of a service are those of every node.
pub fn is_in_ingress(service: &Node) -> bool {
    Port::of_service(service).any(|port| port::MODE.text(port.node).as_deref() != Some("host"))
}
