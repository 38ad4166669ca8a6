//! `!reset` and `!override`: what a document removes from the files before it.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use crate::source::Origin;
use crate::yaml::{Node, Path, Tag, Value};

/// A place that a document resets or overrides.
#[derive(Clone, Debug)]
pub struct TaggedPath {
    pub segments: Vec<String>,
    pub origin: Origin,
    pub tag: Tag,
}

/// Takes the tags out of a document: `!reset` nodes are dropped, `!override` nodes stay, and the
/// places of both are returned. What lies below an `!override` is not searched, as in Compose.
pub fn extract(root: &mut Node) -> Vec<TaggedPath> {
    let mut found = Vec::new();
    walk(root, &Path::ROOT, &mut found);
    found
}

fn walk(node: &mut Node, path: &Path<'_>, found: &mut Vec<TaggedPath>) {
    match &mut node.value {
        Value::Map(map) => map.retain(|key, value| search(value, &path.key(key), found)),
        // An element is no key, so that its tag mostly acts here only: Compose records its number, which
        // only a mapping with such a key can have.
        Value::Seq(items) => {
            let mut at = 0;
            items.retain_mut(|item| {
                let path = path.index(at);
                at += 1;
                search(item, &path, found)
            });
        }
        _ => {}
    }
}

/// One member of a mapping or a list; false where it is dropped.
fn search(node: &mut Node, path: &Path<'_>, found: &mut Vec<TaggedPath>) -> bool {
    let tag = node.tag.take();
    if let Some(tag) = tag {
        let effect = if tag == Tag::Reset { tag } else { Tag::Override };
        found.push(TaggedPath { segments: path.keys(), origin: node.origin, tag: effect });
    }
    if tag.is_none_or(|tag| tag == Tag::OverrideByMerge) {
        walk(node, path, found);
    }
    tag != Some(Tag::Reset)
}

/// Removes from the model what a later document resets or overrides.
pub fn apply(model: &mut Node, paths: &[TaggedPath]) {
    // All members of one mapping in one go: it may have very many.
    let mut removed: IndexMap<&[String], HashSet<&str>> = IndexMap::new();
    for path in paths {
        if let Some((last, parent)) = path.segments.split_last() {
            removed.entry(parent).or_default().insert(last);
        }
    }
    for (parent, keys) in removed {
        remove(model, parent, &keys);
    }
}

/// By service, those of `paths` that lie below one, relative to it.
pub fn of_services(paths: &[TaggedPath]) -> HashMap<String, Vec<TaggedPath>> {
    let mut found: HashMap<String, Vec<TaggedPath>> = HashMap::new();
    for path in paths {
        if let [section, service, rest @ ..] = path.segments.as_slice()
            && section == "services"
            && !rest.is_empty()
        {
            let below = TaggedPath { segments: rest.to_vec(), ..path.clone() };
            found.entry(service.clone()).or_default().push(below);
        }
    }
    found
}

fn remove(node: &mut Node, parent: &[String], keys: &HashSet<&str>) {
    let Some(map) = node.as_map_mut() else { return };
    // Compose matches recorded paths as patterns, so a key `*` stands for all its siblings.
    match parent.split_first() {
        None => map.retain(|key, _| !keys.contains("*") && !keys.contains(key)),
        Some((first, rest)) if first == "*" => {
            map.iter_mut().for_each(|(_, child)| remove(child, rest, keys));
        }
        Some((first, rest)) => {
            if let Some(child) = map.get_mut(first) {
                remove(child, rest, keys);
            }
        }
    }
}
