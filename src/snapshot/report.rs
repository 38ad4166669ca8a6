//! Differences for people and for programs.

mod findings;
mod human;
mod json;
mod markdown;

use crate::compose::text;
use crate::model::mount;
use crate::source::{SourceMap, Span};
use crate::yaml::{Mapping, Node, to_json_compact};

pub use findings::findings;
pub use human::human;
pub use json::json;
pub use markdown::markdown;

use super::difference::Difference;

/// A value of a difference on one line, cut where it is too long to be read.
fn short(difference: &Difference, node: Option<&Node>, most: usize) -> String {
    let Some(node) = node else { return String::new() };
    let is_entry = |list: &str| matches!(difference.path.as_slice(), [_, _, _, key, _] if key == list);
    let is_list = |list: &str| matches!(difference.path.as_slice(), [_, _, _, key] if key == list);
    let each = |write: fn(&Node) -> String| {
        let items: Vec<String> = node.as_seq().into_iter().flatten().map(write).collect();
        items.join(", ")
    };
    let text = match node.as_str() {
        Some(text) if !text.is_empty() && !text.contains(['\n', '\r']) => text.to_owned(),
        _ if is_list("ports") => each(port),
        _ if is_list("volumes") => each(mount),
        _ if is_entry("ports") => port(node),
        _ if is_entry("volumes") => mount(node),
        _ => to_json_compact(node).replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&"),
    };
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// As a compose file has it in short.
fn port(node: &Node) -> String {
    let part = |key: &str| node.get(key).map(text).unwrap_or_default();
    let mut line = String::new();
    for key in ["host_ip", "published"] {
        let part = part(key);
        if !part.is_empty() {
            line.push_str(&part);
            line.push(':');
        }
    }
    line.push_str(&format!("{}/{}", part("target"), part("protocol")));
    match part("mode").as_str() {
        "" | "ingress" => line,
        mode => format!("{line} ({mode})"),
    }
}

/// The source, the target, and what else is said of it.
fn mount(node: &Node) -> String {
    let mut line = mount::SOURCE.text(node).unwrap_or_default();
    if !line.is_empty() {
        line.push(':');
    }
    line.push_str(&mount::TARGET.text(node).unwrap_or_default());
    if let Some(mode) = mount::READ_ONLY.node(node).map(text) {
        line.push_str(match mode.as_str() {
            "true" => ":ro",
            "false" => "",
            _ => ":ro?",
        });
    }
    let kind = mount::TYPE.text(node).unwrap_or_default();
    let mut said: Vec<String> = if kind.is_empty() { Vec::new() } else { vec![kind] };
    for key in ["bind", "volume", "tmpfs"] {
        for (name, value) in node.get(key).and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
            if (name, value.as_bool()) != ("create_host_path", Some(true)) {
                said.push(format!(
                    "{name}: {}",
                    if value.as_map().is_some() { "…".to_owned() } else { text(value) }
                ));
            }
        }
    }
    if said.is_empty() { line } else { format!("{line} ({})", said.join(", ")) }
}

/// Where to look: what caused it, or else the line of the snapshot that is no longer true.
fn place(difference: &Difference) -> Option<Span> {
    difference.cause.or(difference.reviewed)
}

/// `compose.yaml:12`
fn line(span: Option<Span>, sources: &SourceMap) -> String {
    let Some(span) = span else { return String::new() };
    let name = sources.get(span.file).map_or("?", |file| file.name.as_str());
    format!("{name}:{}", sources.position(span).line)
}
