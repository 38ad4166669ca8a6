//! Lists and mappings in the form that Compose's types hold: texts, commands, variables, hosts.

use compact_str::format_compact;

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Text, Value};

use super::super::merge::{kind, printed, text};
use super::super::short::{command, host};

/// The node's own text, or what it prints as.
pub(super) fn taken(node: Node) -> Text {
    match node.value {
        Value::String(text) => text,
        _ => printed(&node),
    }
}

pub(super) fn as_text(node: Node) -> Node {
    let origin = node.origin;
    Node::string(taken(node), origin)
}

pub(super) fn texts(node: Node) -> Node {
    let origin = node.origin;
    match node.value {
        Value::Seq(items) => Node::seq(items.into_iter().map(as_text).collect(), origin),
        _ => Node::seq(vec![as_text(node)], origin),
    }
}

/// Compose's decoder makes text of integers only.
pub(super) fn refuse_floats(node: &Node) -> Result<(), String> {
    let float = node.as_seq().into_iter().flatten().find(|item| matches!(item.value, Value::Float(_)));
    float.map_or(Ok(()), |float| Err(format!("{} must be a string or an integer", text(float))))
}

pub(super) fn shell(node: Node) -> Result<Vec<Node>, String> {
    let origin = node.origin;
    match node.value {
        Value::Seq(items) => Ok(items.into_iter().map(as_text).collect()),
        _ => Ok(command::split(&text(&node))?.into_iter().map(|word| Node::string(word, origin)).collect()),
    }
}

pub(super) fn health_test(node: Node) -> Node {
    let origin = node.origin;
    match node.value {
        Value::Seq(items) => Node::seq(items.into_iter().map(as_text).collect(), origin),
        _ => Node::seq(vec![Node::string("CMD-SHELL", origin), as_text(node)], origin),
    }
}

/// A mapping, or a list of `KEY=value`, as a mapping of texts.
pub(super) fn text_map(node: Node, nullable: bool) -> Result<Mapping, String> {
    let mut decoded = Mapping::new();
    match node.value {
        Value::Map(map) => {
            decoded = map;
            for (_, value) in decoded.iter_mut() {
                if !(value.as_str().is_some() || nullable && value.is_null()) {
                    *value = Node::string(printed(value), value.origin);
                }
            }
        }
        Value::Seq(items) => {
            decoded = Mapping::with_capacity(items.len());
            for item in items {
                let origin = item.origin;
                let whole = taken(item);
                let (key, value) = match whole.split_once('=') {
                    Some((key, value)) => (key, Node::string(value, origin)),
                    None if nullable => (whole.as_str(), Node::null(origin)),
                    None => (whole.as_str(), Node::string("", origin)),
                };
                if nullable && key.ends_with(char::is_whitespace) {
                    return Err(format!("environment variable {key} is declared with a trailing space"));
                }
                decoded.insert(key, origin, value);
            }
        }
        _ => {}
    }
    Ok(decoded)
}

/// A mapping whose values must be scalars.
pub(super) fn plain_text_map(node: Node) -> Result<Mapping, String> {
    let mut decoded = Mapping::new();
    if let Value::Map(map) = node.value {
        for (key, entry) in map {
            if !matches!(entry.value.value, Value::String(_) | Value::Int(_) | Value::Null) {
                return Err(format!("{key} must be a string, but is {}", kind(&entry.value)));
            }
            decoded.insert(key, entry.key, as_text(entry.value));
        }
    }
    Ok(decoded)
}

pub(super) fn multi_options(node: Node) -> Option<Node> {
    let origin = node.origin;
    let Value::Map(map) = node.value else { return None };
    let mut decoded = Mapping::new();
    for (key, entry) in map {
        decoded.insert(key, entry.key, texts(entry.value));
    }
    (!decoded.is_empty()).then(|| Node::map(decoded, origin))
}

/// Extra hosts as a sorted list of `host=address`.
pub(super) fn hosts(node: Node) -> Result<Option<Node>, String> {
    let origin = node.origin;
    // A host without addresses leaves an empty list behind.
    let empty = match &node.value {
        Value::Seq(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => true,
    };
    let mut pairs: Vec<(String, String, Origin)> = Vec::new();
    match node.value {
        Value::Seq(items) => {
            for item in items {
                let host = host::list_entry(&text(&item))?;
                pairs.extend(
                    host.addresses.into_iter().map(|address| (host.name.clone(), address, item.origin)),
                );
            }
        }
        Value::Map(map) => {
            for (name, entry) in map {
                let at = entry.value.origin;
                let addresses: Vec<String> = match &entry.value.value {
                    Value::Map(_) => return Err(format!("the addresses of {name} must not be a mapping")),
                    Value::Seq(items) => items.iter().map(text).collect(),
                    Value::Null => Vec::new(),
                    _ => vec![text(&entry.value)],
                };
                let host = host::map_entry(&name, addresses.iter().map(String::as_str))?;
                pairs.extend(host.addresses.into_iter().map(|address| (host.name.clone(), address, at)));
            }
        }
        _ => {}
    }
    let mut lines: Vec<_> =
        pairs.into_iter().map(|(name, address, at)| (format!("{name}={address}"), at)).collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let items: Vec<_> = lines.into_iter().map(|(line, at)| Node::string(line, at)).collect();
    Ok((!empty).then(|| Node::seq(items, origin)))
}

pub(super) fn ssh(node: Node) -> Option<Node> {
    let origin = node.origin;
    let Value::Map(map) = node.value else { return None };
    let items: Vec<_> = map
        .into_iter()
        .map(|(id, entry)| {
            let path = text(&entry.value);
            let line = if path.is_empty() { id } else { format_compact!("{id}: {path}") };
            Node::string(line, entry.value.origin)
        })
        .collect();
    (!items.is_empty()).then(|| Node::seq(items, origin))
}
