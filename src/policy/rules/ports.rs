//! Ports published on the host.

use std::net::IpAddr;

use crate::compose::text;
use crate::policy::posture::Posture;
use crate::yaml::Node;

use super::{Allow, Check, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        id: "port-all-interfaces",
        forbids: "publish a port on every interface",
        why: "Without an address a port is open to every network of the host, past most firewalls.",
        from: Some(Posture::Hardened),
        cis: &["5.9", "5.14"],
        owasp: &["5a"],
        model: "every `ports[].host_ip` is set and not every interface's",
        live: "HostConfig.PortBindings[*].HostIp is set, and not 0.0.0.0 or ::",
        fix: "Write the address: \"127.0.0.1:8080:80\".",
        allow: Allow::Values("container ports as 80/tcp"),
        check: Check::Service(|service, breaches| {
            for port in service.list("ports") {
                let host = port.get("host_ip").map(text).unwrap_or_default();
                let any =
                    host.is_empty() || host.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
                if any {
                    let name = name(port);
                    breaches.push(
                        service.breach(port, format!("publishes {name} on every interface")).allowing(name),
                    );
                }
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
        model: "no `ports[].published` is below 1024",
        live: "HostConfig.PortBindings[*].HostPort is 1024 or above",
        fix: "Publish a higher port, or let a proxy of the host forward to it.",
        allow: Allow::Values("host ports"),
        check: Check::Service(|service, breaches| {
            for port in service.list("ports") {
                let Some(node) = port.get("published") else { continue };
                let published = text(node);
                let low = published.split('-').next().and_then(|first| first.parse::<u32>().ok());
                if low.is_some_and(|low| (1..1024).contains(&low)) {
                    let what = format!("publishes the host's port {published}");
                    breaches.push(service.breach(node, what).allowing(published));
                }
            }
        }),
        ..Rule::COMMON
    },
];

/// `80/tcp`
fn name(port: &Node) -> String {
    let target = port.get("target").map(text).unwrap_or_default();
    let protocol = port.get("protocol").map_or_else(|| "tcp".to_owned(), text);
    format!("{target}/{protocol}")
}
