//! One field, by its path, and the one way in which each kind of field is read.
//!
//! A view declares the fields that it reads with [`fields!`], and nothing outside the views looks a field of a service
//! up by its text. The kind of a field says how it is read, so that no two readers can differ about what an empty text,
//! a null or a flag that is no boolean means.

use std::marker::PhantomData;

use crate::compose::text;
use crate::source::Origin;
use crate::yaml::{Key, Mapping, Node, Value};

/// On only where it is `true`.
#[derive(Clone, Copy, Debug)]
pub enum Flag {}
/// A scalar; an empty one is as good as none.
#[derive(Clone, Copy, Debug)]
pub enum Text {}
/// A list of scalars, or one alone.
#[derive(Clone, Copy, Debug)]
pub enum Texts {}
/// A list of mappings.
#[derive(Clone, Copy, Debug)]
pub enum Entries {}
/// Names with what belongs to each.
#[derive(Clone, Copy, Debug)]
pub enum Named {}
/// A number, as the model keeps it: some are texts.
#[derive(Clone, Copy, Debug)]
pub enum Number {}
/// What has fields of its own.
#[derive(Clone, Copy, Debug)]
pub enum Part {}

/// A field of a service, of a resource, or of an entry in one of their lists.
#[derive(Debug)]
pub struct Field<K> {
    /// From the service on, with `[]` for an element of a list and `*` for a name: `volumes[].bind.propagation`.
    path: &'static str,
    /// Below what holds it: `bind.propagation`.
    below: &'static str,
    /// `below`, where that is one key.
    key: Option<Key<'static>>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Clone for Field<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Field<K> {}

impl<K> Field<K> {
    pub const fn new(path: &'static str) -> Self {
        let below = below(path);
        let key = if is_one(below) { Some(Key::new(below)) } else { None };
        Self { path, below, key, kind: PhantomData }
    }

    /// The path as messages show it, without what holds the entry.
    pub const fn name(self) -> &'static str {
        self.below
    }

    pub const fn path(self) -> &'static str {
        self.path
    }

    /// What stands there; null is nothing. `holder` is the service, the resource or the entry.
    pub fn node(self, holder: &Node) -> Option<&Node> {
        let found = match self.key {
            Some(key) => holder.as_map()?.find(key),
            None => self.below.split('.').try_fold(holder, |node, key| node.get(key)),
        };
        found.filter(|node| !node.is_null())
    }

    pub fn node_mut(self, holder: &mut Node) -> Option<&mut Node> {
        self.below.split('.').try_fold(holder, |node, key| node.get_mut(key)).filter(|node| !node.is_null())
    }

    pub fn is_set(self, holder: &Node) -> bool {
        self.node(holder).is_some()
    }

    /// Where it stands, or what would hold it.
    pub fn origin(self, holder: &Node) -> Origin {
        self.node(holder).unwrap_or(holder).origin
    }

    /// Where it stands, or what would hold it.
    pub fn place(self, holder: &Node) -> &Node {
        self.node(holder).unwrap_or(holder)
    }

    /// Writes it, with what has to be there above it.
    pub fn put(self, holder: &mut Node, value: Node) {
        let origin = value.origin;
        let (above, last) = self.below.rsplit_once('.').unwrap_or(("", self.below));
        let mut at = holder;
        for key in above.split('.').filter(|key| !key.is_empty()) {
            if at.get(key).is_none_or(|node| node.as_map().is_none())
                && let Some(map) = at.as_map_mut()
            {
                map.put(key, Node::map(Mapping::new(), origin));
            }
            let Some(next) = at.get_mut(key) else { return };
            at = next;
        }
        if let Some(map) = at.as_map_mut() {
            map.put(last, value);
        }
    }

    pub fn remove(self, holder: &mut Node) -> Option<Node> {
        let (above, last) = self.below.rsplit_once('.').unwrap_or(("", self.below));
        let mut above = above.split('.').filter(|key| !key.is_empty());
        above.try_fold(holder, |node, key| node.get_mut(key))?.as_map_mut()?.remove(last)
    }
}

impl Field<Flag> {
    /// The value, where it is on.
    pub fn on(self, holder: &Node) -> Option<&Node> {
        self.node(holder).filter(|node| node.as_bool() == Some(true))
    }

    pub fn is_on(self, holder: &Node) -> bool {
        self.on(holder).is_some()
    }
}

impl Field<Text> {
    pub fn text(self, holder: &Node) -> Option<String> {
        self.written(holder).map(|(_, text)| text)
    }

    /// With its place.
    pub fn written(self, holder: &Node) -> Option<(&Node, String)> {
        self.node(holder).map(|node| (node, text(node))).filter(|(_, text)| !text.is_empty())
    }

    /// The same without a copy, of what is always a text in the model.
    pub fn str(self, holder: &Node) -> Option<&str> {
        self.node(holder)?.as_str().filter(|text| !text.is_empty())
    }

    /// Empty where it is not set.
    pub fn or_empty(self, holder: &Node) -> &str {
        self.str(holder).unwrap_or_default()
    }
}

impl Field<Texts> {
    pub fn items(self, holder: &Node) -> &[Node] {
        match self.node(holder) {
            Some(node) => match &node.value {
                Value::Seq(items) => items,
                Value::Map(_) => &[],
                _ => std::slice::from_ref(node),
            },
            None => &[],
        }
    }

    /// With their places.
    pub fn written(self, holder: &Node) -> impl Iterator<Item = (&Node, String)> {
        self.items(holder).iter().map(|node| (node, text(node)))
    }

    pub fn texts(self, holder: &Node) -> Vec<String> {
        self.items(holder).iter().map(text).collect()
    }
}

impl Field<Entries> {
    pub fn items(self, holder: &Node) -> &[Node] {
        self.node(holder).and_then(Node::as_seq).unwrap_or_default()
    }

    pub fn items_mut(self, holder: &mut Node) -> &mut [Node] {
        self.node_mut(holder).and_then(Node::as_seq_mut).map_or(&mut [], |items| items.as_mut_slice())
    }
}

impl Field<Named> {
    /// A name with nothing stays: an environment may have one.
    pub fn entries(self, holder: &Node) -> impl Iterator<Item = (&str, &Node)> {
        self.node(holder).and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
    }

    pub fn names(self, holder: &Node) -> impl Iterator<Item = &str> {
        self.entries(holder).map(|(name, _)| name)
    }

    /// What belongs to a name; null is nothing.
    pub fn entry<'n>(self, holder: &'n Node, name: &str) -> Option<&'n Node> {
        self.node(holder)?.get(name).filter(|node| !node.is_null())
    }
}

impl Field<Number> {
    /// With a unit of size too, as files have it before the model is made.
    pub fn number(self, holder: &Node) -> Option<f64> {
        super::limits::written(self.node(holder)?)
    }

    pub fn int(self, holder: &Node) -> Option<i64> {
        let node = self.node(holder)?;
        node.as_int().or_else(|| text(node).parse().ok())
    }
}

/// What stands behind the last element or name.
const fn below(path: &'static str) -> &'static str {
    let bytes = path.as_bytes();
    let (mut at, mut start) = (0, 0);
    while at + 1 < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
        if (bytes[at] == b']' || bytes[at] == b'*') && bytes[at + 1] == b'.' {
            start = at + 2;
        }
        at += 1;
    }
    path.split_at(start).1
}

const fn is_one(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        #[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
        if bytes[at] == b'.' {
            return false;
        }
        at += 1;
    }
    true
}

/// Declares the fields that a view reads, and lists them for the test that walks all of them. A field that nothing
/// reads is dead code, which the build refuses: the list is of what is really looked up. Fields that stand in several
/// places and are read as one have a path each, and the same last key.
macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $kind:ident = $path:literal $(| $also:literal)*;)*) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $crate::model::field::Field<$crate::model::field::$kind> =
                $crate::model::field::Field::new($path);
        )*
        #[cfg(test)]
        pub(super) const FIELDS: &[&[&str]] = &[$(&[$path $(, $also)*]),*];
    };
}
pub(crate) use fields;
