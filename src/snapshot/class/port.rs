//! Published ports.

use crate::compose::text;
use crate::model::{Address, Port};
use crate::yaml::Node;

use super::value::has_expression;
use super::{Case, FUNCTIONAL, Meaning, all, by_rank, functional, strengthens, weakens};

pub fn judge(case: &Case<'_>) -> Meaning {
    match (case.before, case.after) {
        (None, Some(_)) => weakens("a port is published"),
        (Some(_), None) => strengthens("a port is no longer published"),
        (Some(before), Some(after)) => changed(before, after),
        (None, None) => FUNCTIONAL,
    }
}

/// Address, published port, target, protocol and mode are facts for themselves.
fn changed(before: &Node, after: &Node) -> Meaning {
    let fact = |node: &Node, key: &str| node.get(key).map(text);
    let differs = |key: &str| fact(before, key) != fact(after, key);
    let mut found = vec![by_rank(
        openness(before),
        openness(after),
        "it is published to more of the network",
        "it is published to less of the network",
    )];
    if found == [FUNCTIONAL] && fact(before, "host_ip") == fact(after, "host_ip") {
        found.clear();
    }
    if differs("published") || differs("target") || differs("protocol") {
        found.push(functional("it is another port"));
    }
    let is_privileged = |node: &Node| {
        let first = fact(node, "published").and_then(|text| text.split('-').next()?.parse::<u32>().ok());
        first.is_some_and(|port| (1..1024).contains(&port))
    };
    if !is_privileged(before) && is_privileged(after) {
        found.push(weakens("a port below 1024 is published"));
    }
    if differs("mode") {
        found.push(weakens("it is published in another way"));
    }
    all(found).unwrap_or(FUNCTIONAL)
}

/// From loopback to everywhere.
fn openness(port: &Node) -> u8 {
    match Port::read(port).address {
        Address::Unreadable(text) if has_expression(&text) => 2,
        Address::Every | Address::Unreadable(_) => 3,
        address if address.is_loopback() => 0,
        Address::At(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Origin;
    use crate::yaml::Mapping;

    fn openness_at(address: &str) -> u8 {
        let mut port = Mapping::new();
        port.put("target", Node::string("80", Origin::CommandLine));
        port.put("host_ip", Node::string(address, Origin::CommandLine));
        openness(&Node::map(port, Origin::CommandLine))
    }

    #[test]
    fn an_address_is_as_open_as_the_engine_takes_it() {
        for address in ["", "0.0.0.0", "::", "::ffff:0.0.0.0", "::FFFF:0:0", "0:0:0:0:0:0:0:0", "localhost"] {
            assert_eq!(openness_at(address), 3, "{address}");
        }
        assert_eq!([openness_at("${IP}"), openness_at("192.168.1.5")], [2, 1]);
        for address in ["127.0.0.1", "127.8.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"] {
            assert_eq!(openness_at(address), 0, "{address}");
        }
    }
}
