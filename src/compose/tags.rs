//! `!reset` and `!override`: what a document removes from the files before it.

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
        Value::Map(map) => map.retain(|key, value| {
            let path = path.key(key);
            if let Some(tag) = value.tag.take() {
                found.push(TaggedPath { segments: path.keys(), origin: value.origin, tag });
                return tag == Tag::Override;
            }
            walk(value, &path, found);
            true
        }),
        // An element of a list cannot be named in another document, so its tag acts here only.
        Value::Seq(items) => items.retain_mut(|item| match item.tag.take() {
            Some(tag) => tag == Tag::Override,
            None => {
                walk(item, path, &mut Vec::new());
                true
            }
        }),
        _ => {}
    }
}

/// Removes from the model what a later document resets or overrides.
pub fn apply(model: &mut Node, paths: &[TaggedPath]) {
    for path in paths {
        remove(model, &path.segments);
    }
}

/// Those of `paths` that lie below `prefix`, relative to it.
pub fn below(paths: &[TaggedPath], prefix: &[&str]) -> Vec<TaggedPath> {
    let within = |path: &&TaggedPath| {
        path.segments.len() > prefix.len() && path.segments.iter().zip(prefix).all(|(a, b)| a == b)
    };
    paths
        .iter()
        .filter(within)
        .map(|path| TaggedPath {
            segments: path.segments.iter().skip(prefix.len()).cloned().collect(),
            ..path.clone()
        })
        .collect()
}

fn remove(node: &mut Node, segments: &[String]) {
    let Some((first, rest)) = segments.split_first() else { return };
    let Some(map) = node.as_map_mut() else { return };
    // Compose matches recorded paths as patterns, so a key `*` stands for all its siblings.
    if first == "*" {
        if rest.is_empty() {
            map.retain(|_, _| false);
        } else {
            map.iter_mut().for_each(|(_, child)| remove(child, rest));
        }
    } else if rest.is_empty() {
        map.remove(first);
    } else if let Some(child) = map.get_mut(first) {
        remove(child, rest);
    }
}
