//! Differences for people and for programs.

mod findings;
mod human;
mod json;
mod markdown;

use crate::source::{SourceMap, Span};
use crate::yaml::{Node, to_json_compact};

pub use findings::findings;
pub use human::human;
pub use json::json;
pub use markdown::markdown;

use super::difference::Difference;

/// A value on one line, cut where it is too long to be read.
fn short(node: Option<&Node>, most: usize) -> String {
    let Some(node) = node else { return String::new() };
    let text = match node.as_str() {
        Some(text) if !text.is_empty() && !text.contains(['\n', '\r']) => text.to_owned(),
        _ => to_json_compact(node).replace("\\u003c", "<").replace("\\u003e", ">").replace("\\u0026", "&"),
    };
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{cut}…")
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
