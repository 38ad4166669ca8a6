//! Published ports.

use super::{Case, FUNCTIONAL, Meaning, by_rank, strengthens, weakens};
use crate::model::{Address, Port};
use crate::yaml::Node;

use super::value::has_expression;

pub fn judge(case: &Case<'_>) -> Meaning {
    match (case.before, case.after) {
        (None, Some(_)) => weakens("a port is published"),
        (Some(_), None) => strengthens("a port is no longer published"),
        (Some(before), Some(after)) => {
            let by_address = by_rank(
                openness(before),
                openness(after),
                "it is published to more of the network",
                "it is published to less of the network",
            );
            let mode = |node: &Node| node.get("mode").and_then(Node::as_str).map(str::to_owned);
            if by_address == FUNCTIONAL && mode(before) != mode(after) {
                return weakens("it is published in another way");
            }
            by_address
        }
        (None, None) => FUNCTIONAL,
    }
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
