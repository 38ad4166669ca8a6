//! What a network is made of, by its driver, its options and its addresses.
//!
//! Options of a driver can lay a network upon an interface of the host, or open it. Only those are known here that do
//! neither: everything else is listed as unknown, for a rule to refuse.

use crate::compose::text;
use crate::yaml::{Mapping, Node};

/// An option whose effect is not known, or reaches the host.
#[derive(Clone, Debug)]
pub struct Unknown<'m> {
    pub node: &'m Node,
    /// `KEY=VALUE`; of addresses `ipam.driver=NAME` and `ipam.options.KEY=VALUE`.
    pub shown: String,
}

/// Options that concern nobody but the network itself.
const OWN: &[&str] = &[
    "com.docker.network.driver.mtu",
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
    "com.docker.network.container_iface_prefix",
    "com.docker.network.enable_ipv4",
    "com.docker.network.enable_ipv6",
    "mtu",
    "isolate",
    "encrypted",
];

/// Options that are known for some values only.
const MODES: &[(&str, &[&str])] = &[
    ("com.docker.network.bridge.gateway_mode_ipv4", &["nat", "isolated"]),
    ("com.docker.network.bridge.gateway_mode_ipv6", &["nat", "isolated"]),
    ("com.docker.network.bridge.default_bridge", &["false", "0"]),
];

/// Options of one service's place in a network.
const OF_ENDPOINT: &[&str] = &["com.docker.network.endpoint.ifname"];

/// Whether an option of a network concerns nobody else.
pub fn is_own(key: &str, value: &str) -> bool {
    OWN.contains(&key) || MODES.iter().any(|(name, values)| *name == key && values.contains(&value))
}

/// The options of a declared network whose effect is not known.
pub fn unknown(network: &Node) -> Vec<Unknown<'_>> {
    let mut found = Vec::new();
    let mut add = |node, shown: String| found.push(Unknown { node, shown });
    for (key, node) in options(network) {
        let value = text(node);
        if !is_own(key, &value) {
            add(node, format!("{key}={value}"));
        }
    }
    let Some(ipam) = network.get("ipam") else { return found };
    if let Some(node) = ipam.get("driver")
        && let driver = text(node)
        && !matches!(driver.as_str(), "" | "default")
    {
        add(node, format!("ipam.driver={driver}"));
    }
    for (key, node) in ipam.get("options").and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
        add(node, format!("ipam.options.{key}={}", text(node)));
    }
    found
}

/// The options of a service's attachment whose effect is not known.
pub fn unknown_of_endpoint(attachment: &Node) -> Vec<Unknown<'_>> {
    let unknown = options(attachment).filter(|(key, _)| !OF_ENDPOINT.contains(key));
    unknown.map(|(key, node)| Unknown { node, shown: format!("{key}={}", text(node)) }).collect()
}

fn options(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    node.get("driver_opts").and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
}
