//! What a network is made of, by its driver, its options and its addresses.
//!
//! Options of a driver can lay a network upon an interface of the host, or open it. Only those are known here that do
//! neither: everything else is listed as unknown, for a rule to refuse.

use super::field::fields;
use super::resource;
use crate::compose::text;
use crate::yaml::Node;

fields! {
    NETWORKS: Named = "networks";
    MODE: Text = "network_mode";
    MAC: Text = "mac_address";
    ENDPOINT_MAC: Text = "networks.*.mac_address";
    ENDPOINT_OPTIONS: Named = "networks.*.driver_opts";
    ALIASES: Texts = "networks.*.aliases";
    DNS: Texts = "dns";
    HOSTS: Texts = "extra_hosts";
    LINKS: Texts = "links";
    EXTERNAL_LINKS: Texts = "external_links";
    EXPOSED: Texts = "expose";
    DNS_OPTIONS: Texts = "dns_opt";
}

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
    for (key, node) in resource::OPTIONS.entries(network) {
        let value = text(node);
        if !is_own(key, &value) {
            add(node, format!("{key}={value}"));
        }
    }
    if let Some((node, driver)) = resource::IPAM_DRIVER.written(network)
        && driver != "default"
    {
        add(node, format!("ipam.driver={driver}"));
    }
    for (key, node) in resource::IPAM_OPTIONS.entries(network) {
        add(node, format!("ipam.options.{key}={}", text(node)));
    }
    found
}

/// The options of a service's attachment whose effect is not known.
pub fn unknown_of_endpoint(attachment: &Node) -> Vec<Unknown<'_>> {
    let unknown = ENDPOINT_OPTIONS.entries(attachment).filter(|(key, _)| !OF_ENDPOINT.contains(key));
    unknown.map(|(key, node)| Unknown { node, shown: format!("{key}={}", text(node)) }).collect()
}

/// The real names of the networks that a service is on, with the place of each: its mode, and networks that are made
/// elsewhere.
pub(crate) fn outer_names<'m>(root: &'m Node, service: &'m Node) -> Vec<(&'m Node, String)> {
    let mut found: Vec<(&Node, String)> = MODE.written(service).into_iter().collect();
    for (key, node) in NETWORKS.entries(service) {
        let Some(network) = root.at(&["networks", key]) else { continue };
        if resource::EXTERNAL.is_on(network)
            && let Some((name, text)) = resource::NAME.written(network)
        {
            found.push((if node.origin.span().is_some() { node } else { name }, text));
        }
    }
    found
}

/// Whether a service says where it is, so that Compose does not put it in the project's default network.
pub(crate) fn is_elsewhere(service: &Node) -> bool {
    let has = |key: &str| service.get(key).is_some();
    // A key with nothing behind it says so as well.
    has(NETWORKS.path()) || has(MODE.path()) || has(super::program::PROVIDER.path())
}
