//! Ports published on the host.

use crate::model::{Address, Port, port};
use crate::policy::posture::Posture;

use super::{Allow, Check, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        id: "port-all-interfaces",
        forbids: "publish a port on every interface",
        why: "Without an address a port is open to every network of the host, past most firewalls.",
        from: Some(Posture::Hardened),
        cis: &["5.9", "5.14"],
        owasp: &["5a"],
        model: "every `ports[].host_ip` is an address, and in no spelling every interface's",
        live: "HostConfig.PortBindings[*].HostIp is the address of the model, and in no spelling 0.0.0.0 or ::",
        fix: "Write the address: \"127.0.0.1:8080:80\".",
        allow: Allow::Values("container ports as 80/tcp"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for port in Port::of_service(service.node) {
                let name = port.inside();
                let what = match &port.address {
                    Address::At(_) => continue,
                    Address::Every => format!("publishes {name} on every interface"),
                    Address::Unreadable(text) => format!(
                        "publishes {name} on `{text}`, which is no address: the engine takes every interface"
                    ),
                };
                let here = format!("Write the address: \"{}\".", port.on_loopback());
                breaches.push(service.breach(port.node, what).allowing(name).mended_by(here));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "privileged-port",
        forbids: "publish a port below 1024 of the host",
        why: "Clients trust what answers there to be the host's own service.",
        from: Some(Posture::Hardened),
        cis: &["5.8"],
        owasp: &["5a"],
        model: "no `ports[].published` is, or begins, below 1024",
        live: "HostConfig.PortBindings[*].HostPort is 1024 or above",
        fix: "Publish a higher port, or let a proxy of the host forward to it.",
        allow: Allow::Values("host ports"),
        joined_by: &["network_mode"],
        check: Check::Service(|service, breaches| {
            for port in Port::of_service(service.node).filter(|port| port.published.is_privileged()) {
                let what = format!("publishes the host's port {}", port.written);
                let node = port::PUBLISHED.node(port.node).unwrap_or(port.node);
                breaches.push(service.breach(node, what).allowing(port.written));
            }
        }),
        ..Rule::COMMON
    },
];
