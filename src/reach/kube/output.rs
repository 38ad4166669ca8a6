//! Objects as text.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::source::{Origin, SourceMap};
use crate::yaml::{Node, Value, begins_block, to_yaml_lossless_with_lines};

use super::context::place_of;
use super::{Object, Rendered};

/// Where comments begin, unless the line is longer.
const COLUMN: usize = 72;

/// What is said before the first object.
pub fn head(rendered: &Rendered) -> String {
    let mut text = format!(
        "# Rendered by seaworthy kube for Kubernetes {}; every pod fits the level {} of Pod Security.\n",
        rendered.version, rendered.level
    );
    let mut part = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(text, "#\n# {title}");
            for line in lines {
                let _ = writeln!(text, "# - {}", line.replace(char::is_control, " "));
            }
        }
    };
    part("What differs from Compose:", rendered.notes.clone());
    let secrets = rendered.awaited.iter().map(|(name, keys)| format!("{name}: {}", keys.join(", ")));
    part("Secrets that must be there, with their keys:", secrets.collect());
    text
}

/// One object. With sources, each line says which line of the project it comes from.
pub fn text(object: &Object, sources: Option<&SourceMap>) -> String {
    let (text, lines) = to_yaml_lossless_with_lines(&object.node);
    let Some(sources) = sources else { return text };
    let mut origins = Vec::with_capacity(lines.len());
    gather(&object.node, &mut origins);
    let mut comments: Vec<(usize, String)> = Vec::new();
    let written: Vec<&str> = text.split_terminator('\n').collect();
    for (at, ((origin, is_leaf), line)) in origins.iter().zip(&lines).enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or(written.len());
        // An element whose first key stands on the same line leaves it the comment.
        if next == *line && at + 1 < lines.len() {
            continue;
        }
        let Some(span) = origin.span() else { continue };
        // A quoted text of several lines ends on its last one; a block begins on its first one.
        let is_block = written.get(*line).is_some_and(|line| begins_block(line));
        let place = if *is_leaf && !is_block && next > *line { next - 1 } else { *line };
        let name = sources.get(span.file).map_or("?", |file| &file.name).replace(char::is_control, "?");
        comments.push((place, format!("{name}:{}", sources.position(span).line)));
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut comments = comments.into_iter().peekable();
    for (at, line) in written.iter().enumerate() {
        out.push_str(line);
        if let Some((_, comment)) = comments.next_if(|(line, _)| *line == at) {
            let gap = COLUMN.saturating_sub(line.width()).max(2);
            let _ = write!(out, "{}# {comment}", " ".repeat(gap));
        }
        out.push('\n');
    }
    out
}

/// The origin of each key and element, in the order of the text, and whether nothing stands below it.
fn gather(node: &Node, origins: &mut Vec<(Origin, bool)>) {
    let mut add = |child: &Node| {
        let before = origins.len();
        origins.push((child.origin, true));
        gather(child, origins);
        let is_leaf = origins.len() == before + 1;
        if let Some(entry) = origins.get_mut(before) {
            entry.1 = is_leaf;
        }
    };
    match &node.value {
        Value::Map(map) => {
            map.iter().for_each(|(_, child)| add(child));
        }
        Value::Seq(items) => {
            items.iter().for_each(add);
        }
        _ => {}
    }
}

/// The file of an object in a directory; they sort as they are applied.
pub fn file_name(object: &Object) -> String {
    let place = place_of(object.kind);
    format!("{place}0-{}-{}.yaml", object.kind.to_ascii_lowercase(), object.name)
}
