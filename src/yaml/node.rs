//! The tree: values with their origins.

use super::mapping::Mapping;
use crate::diagnostic::Finding;
use crate::source::Origin;

/// A text of the tree. Most are short, and short ones need no memory of their own.
pub type Text = compact_str::CompactString;

/// One YAML document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// `Value::Null` for an empty document.
    pub root: Node,
    /// Of what is read otherwise than it looks.
    pub warnings: Vec<Finding>,
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
    /// As `Override`, where it is `<<` that brings the tag or the value: Compose looks for further tags in
    /// such a value, and not in one that is marked itself.
    OverrideByMerge,
    /// What stands here is wrong, and that was said: nothing that follows from it is to be said as well.
    Fault,
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
    Timestamp(Text),
    String(Text),
    Seq(Vec<Node>),
    Map(Mapping),
}

impl Node {
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, tag: None }
    }

    pub fn null(origin: Origin) -> Self {
        Self::new(Value::Null, origin)
    }

    pub fn string(text: impl Into<Text>, origin: Origin) -> Self {
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

    /// Whether what stands here was found wrong already.
    pub fn is_faulty(&self) -> bool {
        self.tag == Some(Tag::Fault)
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
