//! Mappings in written order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::node::{Node, Text};
use crate::source::Origin;

/// A mapping key's place, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Origin,
    pub value: Node,
}

/// Up to so many keys are found faster by looking at each.
const SMALL: usize = 24;

/// A mapping with string keys in written order. Duplicate keys are refused while parsing.
///
/// Nearly all mappings of a project have a handful of keys, a few have thousands: only those get an
/// index, when they are first searched.
#[derive(Clone, Default)]
pub struct Mapping {
    entries: Vec<(Text, Entry)>,
    index: OnceLock<Box<HashTable<u32>>>,
}

fn hash(key: &str) -> u64 {
    FixedState::with_seed(0).hash_one(key)
}

impl Mapping {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: OnceLock::new() }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= SMALL {
            // Most keys differ in how they end, which is seen sooner than whether they are equal.
            let (length, last) = (key.len(), key.as_bytes().last());
            let alike = |other: &str| other.len() == length && other.as_bytes().last() == last;
            return self.entries.iter().position(|(other, _)| alike(other) && other == key);
        }
        let index = self.index.get_or_init(|| {
            let mut index = HashTable::with_capacity(self.entries.len());
            for (at, (key, _)) in (0..).zip(&self.entries) {
                index.insert_unique(hash(key), at, |at| self.hash_at(*at));
            }
            Box::new(index)
        });
        let is_it = |at: &u32| self.entries.get(*at as usize).is_some_and(|(other, _)| other == key);
        index.find(hash(key), is_it).map(|at| *at as usize)
    }

    fn hash_at(&self, at: u32) -> u64 {
        self.entries.get(at as usize).map_or(0, |(key, _)| hash(key))
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let at = self.position(key)?;
        self.entries.get_mut(at).map(|(_, entry)| &mut entry.value)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.position(key)?).map(|(_, entry)| entry)
    }

    pub fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Adds or replaces; a replaced key keeps its position. Returns the old value.
    pub fn insert(&mut self, key: impl Into<Text> + AsRef<str>, at: Origin, value: Node) -> Option<Node> {
        let entry = Entry { key: at, value };
        match self.position(key.as_ref()).and_then(|at| self.entries.get_mut(at)) {
            Some((_, old)) => Some(std::mem::replace(old, entry).value),
            None => {
                self.append(key.into(), entry);
                None
            }
        }
    }

    /// Adds a key that is not there yet, as the caller knows.
    pub fn append(&mut self, key: Text, entry: Entry) {
        let added = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push((key, entry));
        let Self { entries, index } = self;
        if let Some(index) = index.get_mut() {
            let hash_at = |at: &u32| entries.get(*at as usize).map_or(0, |(key, _)| hash(key));
            index.insert_unique(hash_at(&added), added, hash_at);
        }
    }

    /// Adds a value whose key has the value's own origin.
    pub fn put(&mut self, key: impl Into<Text> + AsRef<str>, value: Node) -> Option<Node> {
        let at = value.origin;
        self.insert(key, at, value)
    }

    /// Removes a key, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.remove_entry(key).map(|entry| entry.value)
    }

    pub fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        let at = self.position(key)?;
        self.index.take();
        Some(self.entries.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), &entry.value))
    }

    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.entries.iter_mut().map(|(key, entry)| (key.as_str(), &mut entry.value))
    }

    /// So many members at a time.
    pub(super) fn parts(&self, size: usize) -> impl Iterator<Item = &[(Text, Entry)]> {
        self.entries.chunks(size)
    }

    pub(super) fn parts_mut(&mut self, size: usize) -> impl Iterator<Item = &mut [(Text, Entry)]> {
        self.entries.chunks_mut(size)
    }

    /// Taken apart, so many members at a time.
    pub fn into_parts(self, size: usize) -> Vec<Self> {
        let mut members = self.entries.into_iter();
        let mut parts = Vec::new();
        while members.len() > 0 {
            parts.push(members.by_ref().take(size).collect());
        }
        parts
    }

    /// Adds members that are not there yet, as the caller knows.
    pub fn join(&mut self, members: Self) {
        self.index.take();
        self.entries.extend(members.entries);
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Node) -> bool) {
        let before = self.entries.len();
        self.entries.retain_mut(|(key, entry)| keep(key, &mut entry.value));
        if self.entries.len() < before {
            self.index.take();
        }
    }

    pub fn sort_by(&mut self, mut compare: impl FnMut(&str, &str) -> Ordering) {
        self.index.take();
        self.entries.sort_by(|(a, _), (b, _)| compare(a, b));
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// Of members whose keys differ, as the caller knows.
impl FromIterator<(Text, Entry)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (Text, Entry)>>(members: I) -> Self {
        Self { entries: members.into_iter().collect(), index: OnceLock::new() }
    }
}

impl IntoIterator for Mapping {
    type Item = (Text, Entry);
    type IntoIter = std::vec::IntoIter<(Text, Entry)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: i64) -> Node {
        Node::new(super::super::Value::Int(value), Origin::Environment)
    }

    /// Every step, with a mapping on either side of the bound and with one that crosses it.
    #[test]
    fn small_and_large_mappings_behave_alike() {
        for size in [3, SMALL, SMALL + 1, 500] {
            let keys: Vec<String> = (0..size).map(|at| format!("key-{}", (at * 7919) % 1009)).collect();
            let mut map = Mapping::new();
            for (at, key) in keys.iter().enumerate() {
                assert!(map.put(key.as_str(), number(i64::try_from(at).unwrap())).is_none());
                assert!(map.contains(key) && !map.contains("key"), "{size}");
            }
            assert!(map.keys().eq(keys.iter().map(String::as_str)));
            assert_eq!(map.put(keys[1].as_str(), number(-1)).unwrap().as_int(), Some(1));
            assert_eq!(map.remove(&keys[0]).unwrap().as_int(), Some(0));
            assert!(!map.contains(&keys[0]) && map.len() == size - 1);
            for (at, key) in keys.iter().enumerate().skip(2) {
                assert_eq!(map.get(key).unwrap().as_int(), i64::try_from(at).ok());
            }
            assert_eq!(map.get(&keys[1]).unwrap().as_int(), Some(-1));
            map.sort_by(|a, b| b.cmp(a));
            assert!(map.keys().is_sorted_by(|a, b| a > b));
            assert!(keys.iter().skip(1).all(|key| map.contains(key)), "{size}");
            map.retain(|key, _| key != keys[2]);
            assert!(!map.contains(&keys[2]) && keys.iter().skip(3).all(|key| map.contains(key)), "{size}");
            let clone = map.clone();
            assert!(clone.into_iter().all(|(key, entry)| map.get(&key).unwrap().same(&entry.value)));
        }
    }
}
