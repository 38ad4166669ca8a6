//! Lists whose elements are the same by a key: the first position is kept with the last element.

use compact_str::{ToCompactString, format_compact};
use foldhash::{HashSet, HashSetExt};
use indexmap::IndexMap;

use crate::diagnostic::{Code, Finding, Sink};
use crate::yaml::{Node, Path, Tag, Text, Value};

use super::short::volume;
use super::table::{Spec, UniqueBy};

/// Collapses equal elements everywhere below `node`.
pub fn enforce(node: &mut Node, spec: &Spec, path: &Path<'_>, sink: &mut Sink) {
    match &mut node.value {
        Value::Map(map) => {
            for (key, child) in map.keyed_mut() {
                if let Some((spec, _)) = spec.child_with_work(key).filter(|(_, work)| work.unicity) {
                    enforce(child, spec, &path.key(key.text), sink);
                }
            }
        }
        Value::Seq(items) => {
            if let Some(by) = spec.unique_by {
                collapse(items, by, path, sink);
            }
        }
        _ => {}
    }
}

/// So many keys are compared faster each with each.
const FEW: usize = 16;

fn collapse(items: &mut Vec<Node>, by: UniqueBy, path: &Path<'_>, sink: &mut Sink) {
    if items.len() < 2 {
        // A lone element can only be refused for a form that the schema refuses too, but for these.
        if !matches!(by, UniqueBy::Volume | UniqueBy::Port | UniqueBy::Device | UniqueBy::Expose) {
            return;
        }
    }
    let mut keys = Vec::with_capacity(items.len());
    for (at, item) in items.iter_mut().enumerate() {
        if item.is_faulty() {
            keys.push(format_compact!("\0{at}"));
            continue;
        }
        keys.push(key_of(item, by).unwrap_or_else(|message| {
            let place = path.index(at);
            sink.push(
                Finding::error(Code::ComposeValue, format!("{place}: {message}"))
                    .at_origin(item.origin, "here"),
            );
            item.tag = Some(Tag::Fault);
            format_compact!("\0{at}")
        }));
    }
    if are_distinct(&keys) {
        return;
    }
    let kept: IndexMap<Text, Node> = keys.into_iter().zip(std::mem::take(items)).collect();
    items.extend(kept.into_values());
}

fn are_distinct(keys: &[Text]) -> bool {
    if keys.len() > FEW {
        let mut seen = HashSet::with_capacity(keys.len());
        return keys.iter().all(|key| seen.insert(key));
    }
    keys.iter().enumerate().all(|(at, key)| !keys.iter().take(at).any(|other| other == key))
}

/// What makes a list's element the same as another.
///
/// # Errors
/// Says why the element has no such key.
pub fn key_of(item: &Node, by: UniqueBy) -> Result<Text, String> {
    let unexpected = || format!("unexpected {}", super::merge::kind(item));
    match (by, &item.value) {
        (UniqueBy::KeyValue, Value::String(text)) => Ok(text.split('=').next().unwrap_or(text).into()),
        (UniqueBy::Expose, Value::String(text)) => Ok(text.clone()),
        (UniqueBy::Expose, Value::Int(_)) => Ok(super::merge::printed(item)),
        (UniqueBy::Port, Value::String(text)) => Ok(text.clone()),
        (UniqueBy::Port, Value::Int(number)) => Ok(number.to_compact_string()),
        (UniqueBy::Port, Value::Map(map)) => {
            let target = map.get("target").ok_or("the port has no target")?;
            let part = |key: &str, default: &str| {
                map.get(key).map_or_else(|| default.to_owned(), super::merge::text)
            };
            // An integer never equals the string of the same digits: Compose compares by type.
            let published = match map.get("published") {
                Some(node) if node.as_int().is_some() => format!("int {}", super::merge::text(node)),
                _ => part("published", ""),
            };
            Ok(format_compact!(
                "{}:{published}:{}/{}",
                part("host_ip", "0.0.0.0"),
                super::merge::text(target),
                part("protocol", "tcp")
            ))
        }
        (UniqueBy::Volume, Value::String(text)) => Ok(volume::parse(text)?.target.into()),
        (UniqueBy::Volume, Value::Map(map)) => match map.get("target").and_then(Node::as_str) {
            Some(target) => Ok(target.into()),
            None => Err("the mount has no target".to_owned()),
        },
        (UniqueBy::Device, Value::String(text)) => {
            let mut parts = text.split(':');
            let first = parts.next().unwrap_or_default();
            Ok(parts.next().unwrap_or(first).into())
        }
        (UniqueBy::Device, Value::Map(map)) => match map.get("target").and_then(Node::as_str) {
            Some(target) => Ok(target.into()),
            None => Err("the device has no target".to_owned()),
        },
        (UniqueBy::EnvFile, Value::String(text)) => Ok(text.clone()),
        (UniqueBy::EnvFile, Value::Map(map)) => {
            map.get("path").map(super::merge::printed).ok_or_else(|| "the env file has no path".to_owned())
        }
        (UniqueBy::Mount(folder), Value::String(text)) => Ok(format_compact!("{folder}/{text}")),
        (UniqueBy::Mount(folder), Value::Map(map)) => Ok(match map.get("target").and_then(Node::as_str) {
            Some(target) => target.into(),
            None => {
                format_compact!("{folder}/{}", map.get("source").map(super::merge::text).unwrap_or_default())
            }
        }),
        // Null items and the like are the schema's to refuse.
        (UniqueBy::Volume | UniqueBy::Port | UniqueBy::Device | UniqueBy::Mount(_), _) => {
            Ok(super::merge::printed(item))
        }
        _ => Err(unexpected()),
    }
}
