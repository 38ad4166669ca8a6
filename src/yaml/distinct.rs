//! Equal nodes among many.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::node::{Node, Value};

/// Nodes that were seen, found again by what they say: a long list is not compared each with each.
#[derive(Default)]
pub struct Distinct<'n> {
    /// Another one in each process, so that no file can have all its nodes in one place.
    state: RandomState,
    seen: HashMap<u64, Vec<(usize, &'n Node)>>,
}

impl<'n> Distinct<'n> {
    /// Where the first node was that is the [`Node::same`]; without one, this is the first.
    pub fn first(&mut self, at: usize, node: &'n Node) -> Option<usize> {
        let alike = self.seen.entry(digest(node, &self.state)).or_default();
        let known = alike.iter().find(|(_, other)| node.same(other)).map(|(first, _)| *first);
        if known.is_none() {
            alike.push((at, node));
        }
        known
    }

    /// Whether a node that is the [`Node::same`] was seen.
    pub fn contains(&self, node: &Node) -> bool {
        let alike = self.seen.get(&digest(node, &self.state));
        alike.is_some_and(|alike| alike.iter().any(|(_, other)| node.same(other)))
    }
}

impl<'n> FromIterator<&'n Node> for Distinct<'n> {
    fn from_iter<I: IntoIterator<Item = &'n Node>>(nodes: I) -> Self {
        let mut distinct = Self::default();
        for (at, node) in nodes.into_iter().enumerate() {
            distinct.first(at, node);
        }
        distinct
    }
}

/// The same for nodes that are the same.
fn digest(node: &Node, state: &RandomState) -> u64 {
    let mut hasher = state.build_hasher();
    std::mem::discriminant(&node.value).hash(&mut hasher);
    match &node.value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut hasher),
        Value::Int(value) => value.hash(&mut hasher),
        Value::UInt(value) => value.hash(&mut hasher),
        // The two zeros are equal, and so is whatever is no number.
        Value::Float(value) if *value == 0.0 || value.is_nan() => {}
        Value::Float(value) => value.to_bits().hash(&mut hasher),
        Value::Timestamp(text) | Value::String(text) => text.hash(&mut hasher),
        Value::Seq(items) => {
            for item in items {
                digest(item, state).hash(&mut hasher);
            }
        }
        // In whichever order.
        Value::Map(map) => {
            let members = map.iter().map(|(key, value)| state.hash_one((key, digest(value, state))));
            members.fold(0_u64, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn what_is_the_same_is_found_and_nothing_else() {
        let text = "[{a: 1, b: [x, 2]}, {b: [x, 2], a: 1}, {a: 1, b: [2, x]}, 0.0, -0.0, .nan, .nan, 1, '1', 1.0, true, null, ~]";
        let documents = super::super::parse(FileId(0), text, super::super::Limits::default()).unwrap();
        let items = documents[0].root.as_seq().unwrap();
        let mut distinct = Distinct::default();
        for (at, item) in items.iter().enumerate() {
            let first = items[..at].iter().position(|other| item.same(other));
            assert_eq!(distinct.contains(item), first.is_some(), "{item:?}");
            assert_eq!(distinct.first(at, item), first, "{item:?}");
        }
        assert!(items.iter().collect::<Distinct<'_>>().contains(&items[1]));
    }
}
