//! The tree: values with their origins.

use indexmap::IndexMap;

use crate::source::Origin;

/// One YAML document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// `Value::Null` for an empty document.
    pub root: Node,
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub origin: Origin,
    /// Compose's own tags; every other tag is resolved while parsing.
    pub tag: Option<Tag>,
}

/// Compose's merge tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Reset,
    Override,
}

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Only above `i64::MAX`.
    UInt(u64),
    Float(f64),
    /// A YAML 1.1 timestamp, kept as RFC 3339 text; Compose refuses it outside `x-*`.
    Timestamp(String),
    String(String),
    Seq(Vec<Node>),
    Map(Mapping),
}

/// A mapping key's place, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Origin,
    pub value: Node,
}

/// A mapping with string keys in written order. Duplicate keys are refused while parsing.
#[derive(Clone, Debug, Default)]
pub struct Mapping(IndexMap<String, Entry, foldhash::fast::RandomState>);

impl Node {
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, tag: None }
    }

    pub fn null(origin: Origin) -> Self {
        Self::new(Value::Null, origin)
    }

    pub fn string(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Value::String(text.into()), origin)
    }

    pub fn map(map: Mapping, origin: Origin) -> Self {
        Self::new(Value::Map(map), origin)
    }

    pub fn seq(items: Vec<Node>, origin: Origin) -> Self {
        Self::new(Value::Seq(items), origin)
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_seq_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The child under `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_map_mut()?.get_mut(key)
    }

    /// Walks down mapping keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Equal in value; origins and tags do not count.
    #[expect(clippy::float_cmp, reason = "equal means the same value, not near it")]
    pub fn same(&self, other: &Node) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::UInt(a), Value::UInt(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Timestamp(a), Value::Timestamp(b)) | (Value::String(a), Value::String(b)) => a == b,
            (Value::Seq(a), Value::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, node)| b.get(key).is_some_and(|other| node.same(other)))
            }
            _ => false,
        }
    }
}

impl Mapping {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.get(key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.get_mut(key).map(|entry| &mut entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Adds or replaces; a replaced key keeps its position. Returns the old value.
    pub fn insert(&mut self, key: impl Into<String>, at: Origin, value: Node) -> Option<Node> {
        self.0.insert(key.into(), Entry { key: at, value }).map(|entry| entry.value)
    }

    /// Adds a value whose key has the value's own origin.
    pub fn put(&mut self, key: impl Into<String>, value: Node) -> Option<Node> {
        let at = value.origin;
        self.insert(key, at, value)
    }

    /// Removes a key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.0.shift_remove(key).map(|entry| entry.value)
    }

    pub fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        self.0.shift_remove(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), &entry.value))
    }

    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.0.iter_mut().map(|(key, entry)| (key.as_str(), &mut entry.value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Node) -> bool) {
        self.0.retain(|key, entry| keep(key, &mut entry.value));
    }

    pub fn sort_by(&mut self, mut compare: impl FnMut(&str, &str) -> std::cmp::Ordering) {
        self.0.sort_by(|a, _, b, _| compare(a, b));
    }
}

impl IntoIterator for Mapping {
    type Item = (String, Entry);
    type IntoIter = indexmap::map::IntoIter<String, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
