//! `networks.*.ipam.config`: pools are matched by subnet.
//!
//! Compose's algorithm changes a base pool in place while it compares it with each override, and a
//! base pool that no override names disappears. Both are reproduced, since files rely on the result.

use crate::diagnostic::{Code, Finding, Sink};
use crate::yaml::{Node, Path, Value};

/// Each base pool is compared with each override, and with all of the result. An engine takes a handful.
const COMPARED: usize = 40_000;

/// A pool of the result: one of the overrides as written, or a base pool as it is by the end.
#[derive(Clone, Copy)]
enum Pool {
    Base(usize),
    Over(usize),
}

pub fn merge(base: Node, over: Node, path: &Path<'_>, sink: &mut Sink) -> Node {
    let origin = over.origin;
    let (Value::Seq(mut bases), Value::Seq(overs)) = (base.value, over.value) else {
        sink.push(
            Finding::error(
                Code::ComposeMerge,
                format!("{path} must be a list of address pools in every file"),
            )
            .at_origin(origin, "this is not a list"),
        );
        return Node::seq(Vec::new(), origin);
    };
    if bases.len().saturating_mul(overs.len()) > COMPARED {
        let message = format!("{path} has too many address pools to merge");
        sink.push(
            Finding::error(Code::InputTooLarge, message)
                .at_origin(origin, format!("{} here, over {}", overs.len(), bases.len()))
                .help("Write all of them in one file, or tag these with !override."),
        );
        return Node::seq(bases, origin);
    }
    let mut result: Vec<Pool> = Vec::new();
    for at in 0..bases.len() {
        for (place, pool) in overs.iter().enumerate() {
            let wanted = subnet(pool);
            let same_as_base = bases.get(at).is_some_and(|base| subnet(base) == wanted);
            if !same_as_base && !result.iter().any(|known| subnet_of(*known, &bases, &overs) == wanted) {
                result.push(Pool::Over(place));
                continue;
            }
            if let (Some(into), Value::Map(from)) =
                (bases.get_mut(at).and_then(Node::as_map_mut), pool.value.clone())
            {
                for (key, entry) in from {
                    into.insert(key, entry.key, entry.value);
                }
            }
            let known = result.iter().position(|known| subnet_of(*known, &bases, &overs) == wanted);
            match known.and_then(|known| result.get_mut(known)) {
                Some(slot) => *slot = Pool::Base(at),
                None => result.push(Pool::Base(at)),
            }
        }
    }
    let items = result
        .into_iter()
        .filter_map(|pool| match pool {
            Pool::Base(at) => bases.get(at).cloned(),
            Pool::Over(at) => overs.get(at).cloned(),
        })
        .collect();
    Node::seq(items, origin)
}

fn subnet(pool: &Node) -> Option<String> {
    pool.get("subnet").map(super::text)
}

fn subnet_of(pool: Pool, bases: &[Node], overs: &[Node]) -> Option<String> {
    match pool {
        Pool::Base(at) => bases.get(at),
        Pool::Over(at) => overs.get(at),
    }
    .and_then(subnet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_limits_has_it() {
        let page = include_str!("../../../docs/limits.md");
        let row = "address pools of a network in one file, times those in a later one";
        assert!(page.contains(&format!("| {row} | {},000 |", COMPARED / 1000)));
    }
}
