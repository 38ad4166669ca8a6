//! Mappings in written order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{LazyLock, OnceLock};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::node::{Node, Text};
use crate::source::Origin;

/// A mapping key's place, and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Origin,
    pub value: Node,
}

/// A key with its entry.
#[derive(Clone)]
pub(super) struct Member {
    /// See [`mark`].
    mark: u64,
    pub key: Text,
    pub entry: Entry,
}

impl Member {
    fn new(key: Text, entry: Entry) -> Self {
        Self { mark: mark(&key), key, entry }
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.mark == key.mark && (key.text.len() <= EXACT || self.key == key.text)
    }

    fn key(&self) -> Key<'_> {
        Key { text: &self.key, mark: self.mark }
    }
}

/// What tells most keys apart without looking at their text: up to seven bytes are in it as they are, of
/// longer ones the length, the beginning and the end.
#[expect(clippy::indexing_slicing, reason = "within the length; iterators are not for constants")]
const fn mark(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let length = bytes.len();
    if length > EXACT {
        let end = [bytes[length - 4], bytes[length - 3], bytes[length - 2], bytes[length - 1]];
        return u64::from_le_bytes([
            0x80 | length.to_le_bytes()[0],
            bytes[0],
            bytes[1],
            bytes[2],
            end[0],
            end[1],
            end[2],
            end[3],
        ]);
    }
    let mut mark = length as u64;
    let mut at = 0;
    while at < length {
        mark |= (bytes[at] as u64) << (8 * (at + 1));
        at += 1;
    }
    mark
}

/// So many bytes of a key are in its mark.
const EXACT: usize = 7;

/// A key that is about to be looked up, perhaps more than once.
#[derive(Clone, Copy, Debug)]
pub struct Key<'k> {
    pub text: &'k str,
    mark: u64,
}

impl<'k> Key<'k> {
    pub const fn new(text: &'k str) -> Self {
        Self { text, mark: mark(text) }
    }

    /// Equal for equal keys, and rarely for others.
    pub const fn mark(self) -> u64 {
        self.mark
    }
}

impl<'k, T: AsRef<str> + ?Sized> From<&'k T> for Key<'k> {
    fn from(text: &'k T) -> Self {
        Self::new(text.as_ref())
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.mark == other.mark && (self.text.len() <= EXACT || self.text == other.text)
    }
}

/// Up to so many keys are found faster by looking at each.
const SMALL: usize = 24;

/// A mapping with string keys in written order. Duplicate keys are refused while parsing.
///
/// Nearly all mappings of a project have a handful of keys, a few have thousands: only those get an
/// index, when they are first searched.
#[derive(Clone, Default)]
pub struct Mapping {
    members: Vec<Member>,
    index: OnceLock<Box<HashTable<u32>>>,
}

/// With another seed in each process, so that no file can have all its keys in one place.
fn hash(key: &str) -> u64 {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    STATE.hash_one(key)
}

impl Mapping {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(capacity: usize) -> Self {
        Self { members: Vec::with_capacity(capacity), index: OnceLock::new() }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The mark of a key that is written out is known when this is compiled.
    #[inline]
    fn position(&self, key: &str) -> Option<usize> {
        self.sought(Key::new(key))
    }

    fn sought(&self, key: Key<'_>) -> Option<usize> {
        if self.members.len() <= SMALL {
            return self.members.iter().position(|member| member.is(key));
        }
        let key = key.text;
        let index = self.index.get_or_init(|| {
            let mut index = HashTable::with_capacity(self.members.len());
            for (at, member) in (0..).zip(&self.members) {
                index.insert_unique(hash(&member.key), at, |at| self.hash_at(*at));
            }
            Box::new(index)
        });
        let is_it = |at: &u32| self.members.get(*at as usize).is_some_and(|member| member.key == key);
        index.find(hash(key), is_it).map(|at| *at as usize)
    }

    fn hash_at(&self, at: u32) -> u64 {
        self.members.get(at as usize).map_or(0, |member| hash(&member.key))
    }

    #[inline]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    #[inline]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let at = self.position(key)?;
        self.members.get_mut(at).map(|member| &mut member.entry.value)
    }

    #[inline]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.members.get(self.position(key)?).map(|member| &member.entry)
    }

    /// As [`Self::get`], for a key that is ready.
    pub fn find(&self, key: Key<'_>) -> Option<&Node> {
        self.members.get(self.sought(key)?).map(|member| &member.entry.value)
    }

    /// The key as it stands here.
    pub fn key(&self, key: &str) -> Option<&str> {
        self.members.get(self.position(key)?).map(|member| member.key.as_str())
    }

    #[inline]
    pub fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Adds or replaces; a replaced key keeps its position. Returns the old value.
    pub fn insert(&mut self, key: impl Into<Text> + AsRef<str>, at: Origin, value: Node) -> Option<Node> {
        let entry = Entry { key: at, value };
        match self.position(key.as_ref()).and_then(|at| self.members.get_mut(at)) {
            Some(member) => Some(std::mem::replace(&mut member.entry, entry).value),
            None => {
                self.append(key.into(), entry);
                None
            }
        }
    }

    /// Adds a key that is not there yet, as the caller knows.
    pub fn append(&mut self, key: Text, entry: Entry) {
        let added = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        self.members.push(Member::new(key, entry));
        let Self { members, index } = self;
        if let Some(index) = index.get_mut() {
            let hash_at = |at: &u32| members.get(*at as usize).map_or(0, |member| hash(&member.key));
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
        Some(self.members.remove(at).entry)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.members.iter().map(|member| (member.key.as_str(), &member.entry.value))
    }

    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.members.iter().map(|member| (member.key.as_str(), &member.entry))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.members.iter_mut().map(|member| (member.key.as_str(), &mut member.entry.value))
    }

    /// As [`Self::iter_mut`], with keys that are ready to be looked up elsewhere.
    pub fn keyed_mut(&mut self) -> impl Iterator<Item = (Key<'_>, &mut Node)> {
        self.members
            .iter_mut()
            .map(|Member { mark, key, entry }| (Key { text: key, mark: *mark }, &mut entry.value))
    }

    /// As [`Self::keys`], ready to be looked up elsewhere.
    pub fn marked_keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.members.iter().map(Member::key)
    }

    /// So many members at a time.
    pub(super) fn parts(&self, size: usize) -> impl Iterator<Item = &[Member]> {
        self.members.chunks(size)
    }

    pub(super) fn parts_mut(&mut self, size: usize) -> impl Iterator<Item = &mut [Member]> {
        self.members.chunks_mut(size)
    }

    /// Taken apart, so many members at a time.
    pub fn into_parts(self, size: usize) -> Vec<Self> {
        let mut members = self.members.into_iter();
        let mut parts = Vec::new();
        while members.len() > 0 {
            let part = members.by_ref().take(size).collect();
            parts.push(Self { members: part, index: OnceLock::new() });
        }
        parts
    }

    /// Adds members that are not there yet, as the caller knows.
    pub fn join(&mut self, members: Self) {
        self.index.take();
        self.members.extend(members.members);
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.key.as_str())
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Node) -> bool) {
        let before = self.members.len();
        self.members.retain_mut(|member| keep(&member.key, &mut member.entry.value));
        if self.members.len() < before {
            self.index.take();
        }
    }

    /// Sorted by numbers that are looked up once for each key; members of one number stay as they are.
    pub fn sort_by_place(&mut self, place: impl Fn(&str) -> usize) {
        self.index.take();
        self.members.sort_by_cached_key(|member| place(&member.key));
    }

    pub fn sort_by(&mut self, mut compare: impl FnMut(&str, &str) -> Ordering) {
        self.index.take();
        self.members.sort_by(|a, b| compare(&a.key, &b.key));
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
        let members = members.into_iter().map(|(key, entry)| Member::new(key, entry)).collect();
        Self { members, index: OnceLock::new() }
    }
}

impl IntoIterator for Mapping {
    type Item = (Text, Entry);
    type IntoIter = Members;

    fn into_iter(self) -> Members {
        Members(self.members.into_iter())
    }
}

/// The members of a mapping that is no longer needed.
pub struct Members(std::vec::IntoIter<Member>);

impl Iterator for Members {
    type Item = (Text, Entry);

    fn next(&mut self) -> Option<(Text, Entry)> {
        self.0.next().map(|member| (member.key, member.entry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: i64) -> Node {
        Node::new(super::super::Value::Int(value), Origin::Environment)
    }

    #[test]
    fn keys_with_one_mark_are_told_apart() {
        let long = "a".repeat(256 - 8);
        let keys = ["abcXefgh", "abcYefgh", "", "a", "a\0", "abcdefg", "abcdefgh", long.as_str()];
        assert_eq!(mark(keys[0]), mark(keys[1]));
        assert_eq!(mark("abcdefgh"), mark(&format!("abc{}efgh", "d".repeat(257))), "lengths count in part");
        let mut map = Mapping::new();
        for (at, key) in keys.iter().enumerate() {
            assert!(map.put(*key, number(i64::try_from(at).unwrap())).is_none(), "{key:?}");
        }
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(map.get(key).unwrap().as_int(), i64::try_from(at).ok(), "{key:?}");
        }
        for absent in ["abcZefgh", "abcdef", "b", "\0"] {
            assert!(!map.contains(absent), "{absent:?}");
        }
        assert!(map.marked_keys().zip(keys).all(|(key, text)| key == Key::new(text)));
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
