//! Building trees.

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Text, Value};

/// What comes from no line of the project.
pub const OWN: Origin = Origin::Default("seaworthy kube");

pub fn text(value: impl Into<Text>, origin: Origin) -> Node {
    Node::string(value, origin)
}

pub fn own(value: &'static str) -> Node {
    text(value, OWN)
}

pub fn int(value: i64, origin: Origin) -> Node {
    Node::new(Value::Int(value), origin)
}

pub fn flag(value: bool, origin: Origin) -> Node {
    Node::new(Value::Bool(value), origin)
}

pub fn list(items: Vec<Node>) -> Node {
    let origin = items.first().map_or(OWN, |first| first.origin);
    Node::seq(items, origin)
}

/// A mapping under construction.
#[derive(Clone, Debug, Default)]
pub struct Map(Mapping);

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn put(&mut self, key: impl Into<Text> + AsRef<str>, node: Node) {
        self.0.put(key, node);
    }

    /// Unless there is nothing in it.
    pub fn put_map(&mut self, key: &'static str, map: Self) {
        if !map.0.is_empty() {
            self.put(key, map.done());
        }
    }

    /// Unless there is nothing in it.
    pub fn put_list(&mut self, key: &'static str, items: Vec<Node>) {
        if !items.is_empty() {
            self.put(key, list(items));
        }
    }

    pub fn done(self) -> Node {
        let origin = self.0.iter().next().map_or(OWN, |(_, first)| first.origin);
        Node::map(self.0, origin)
    }
}

/// A mapping with one key.
pub fn one(key: impl Into<Text> + AsRef<str>, node: Node) -> Node {
    let mut map = Map::new();
    map.put(key, node);
    map.done()
}
