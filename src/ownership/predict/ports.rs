//! Ports that only root may bind.

use std::collections::BTreeSet;

use crate::compose::text;
use crate::diagnostic::Finding;
use crate::model::{Port, kernel, network, port};
use crate::source::Origin;
use crate::yaml::Node;

use super::Subject;

const SYSCTL: &str = "net.ipv4.ip_unprivileged_port_start";

pub(super) fn predict(subject: &Subject<'_>, first_port: [Option<u32>; 2], findings: &mut Vec<Finding>) {
    if subject.has("NET_BIND_SERVICE") != Some(false) {
        return;
    }
    let [own, host] = first_port;
    let mode = network::MODE.text(subject.service).unwrap_or_default();
    let first = match mode.as_str() {
        "host" => host,
        // Whoever's network it is has decided.
        mode if mode.starts_with("service:") || mode.starts_with("container:") => None,
        _ => match kernel::SYSCTLS.entry(subject.service, SYSCTL) {
            Some(node) => text(node).parse().ok(),
            None => own,
        },
    };
    let Some(first) = first else { return };
    let mut said = BTreeSet::new();
    for (port, origin) in bound(subject) {
        if port < first && said.insert(port) {
            let what = format!(
                "{} without NET_BIND_SERVICE and cannot bind its port {port}: the first port for it is {first}",
                subject.runs_as()
            );
            findings.push(subject.warning(&what).at_origin(origin, format!("port {port}")).help(format!(
                "Let it listen on a port from {first} on, or set the sysctl {SYSCTL} to {port} for it."
            )));
        }
    }
}

/// The ports that it is said to listen on.
fn bound(subject: &Subject<'_>) -> Vec<(u32, Origin)> {
    let list = |key: &str| subject.service.get(key).and_then(Node::as_seq).into_iter().flatten();
    let number = |text: &str| text.split(['/', '-']).next().and_then(|port| port.parse().ok());
    let published = Port::of_service(subject.service)
        .filter_map(|port| Some((number(&port.target)?, port::TARGET.node(port.node)?.origin)));
    let exposed = list("expose").filter_map(|port| Some((number(&text(port))?, port.origin)));
    let own: Vec<(u32, Origin)> = published.chain(exposed).collect();
    if !own.is_empty() {
        return own;
    }
    subject.image.exposed.iter().filter_map(|port| Some((number(port)?, subject.origin))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::predicted;
    use crate::engine::Image;
    use crate::ownership::images::fake::Fake;

    fn said(fields: &str, first_port: [Option<u32>; 2]) -> usize {
        let says = Image { exposed: vec!["80/tcp".into()], ..Image::default() };
        predicted(fields, Fake { says, ..Fake::default() }, first_port).len()
    }

    const OPEN: [Option<u32>; 2] = [Some(0), Some(1024)];

    #[test]
    fn below_the_first_port_the_capability_is_needed() {
        for (fields, expected) in [
            ("user: '1:1'", 0),
            ("user: '1:1', network_mode: host", 1),
            ("user: '1:1', network_mode: 'service:b'", 0),
            ("user: '1:1', sysctls: {net.ipv4.ip_unprivileged_port_start: '100'}", 1),
            ("user: '1:1', sysctls: {net.ipv4.ip_unprivileged_port_start: '80'}", 0),
            ("user: '1:1', network_mode: host, ports: [{target: 8080}]", 0),
            ("user: '1:1', network_mode: host, expose: ['443', '80/tcp', '8443']", 2),
            // The engine leaves capabilities of others than root in the bounding set.
            ("user: '1:1', network_mode: host, cap_add: [NET_BIND_SERVICE]", 1),
            ("user: '0:0', network_mode: host", 0),
            ("user: '0:0', network_mode: host, cap_drop: [ALL]", 1),
            ("user: '0:0', network_mode: host, cap_drop: [ALL], cap_add: [NET_BIND_SERVICE]", 0),
        ] {
            assert_eq!(said(fields, OPEN), expected, "{fields}");
        }
        assert_eq!(said("user: '1:1'", [Some(1024), None]), 1, "an engine that opens no ports");
        assert_eq!(said("user: '1:1', network_mode: host", [Some(1024), None]), 0, "not known");
    }

    #[test]
    fn the_message_says_who_and_what() {
        let said = predicted("user: '1:1', expose: ['80']", Fake::default(), [Some(1024); 2]);
        assert_eq!(
            said,
            [
                "service `a` runs as 1:1 without NET_BIND_SERVICE and cannot bind its port 80: the first port for it is 1024"
            ]
        );
    }
}
