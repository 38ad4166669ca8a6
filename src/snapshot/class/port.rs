//! Published ports.

use super::{Case, FUNCTIONAL, Meaning, by_rank, strengthens, weakens};
use crate::compose::text;
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
    match port.get("host_ip").map(text).as_deref() {
        None | Some("" | "0.0.0.0" | "::") => 3,
        Some(address) if has_expression(address) => 2,
        Some("localhost" | "::1") => 0,
        Some(address) if address.starts_with("127.") => 0,
        Some(_) => 1,
    }
}
