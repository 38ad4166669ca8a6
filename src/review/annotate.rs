//! `config --annotate`: the model as YAML, with a comment on every line that says where it came from.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::source::Span;
use crate::yaml::{Node, Value};

use super::chain::{Chain, Chains, Did, Event};
use super::place::{Place, Segment, item};

/// Where comments begin, unless the line is longer.
const COLUMN: usize = 56;

/// The text with comments. `lines` has the line on which each key and element of `model` begins, in the
/// order of the text.
pub fn annotate(model: &Node, text: &str, lines: &[usize], chains: &Chains<'_>) -> String {
    let mut entries = Vec::with_capacity(lines.len());
    entries_of(model, &Place::default(), &mut entries);
    let text: Vec<&str> = text.split_terminator('\n').collect();
    let mut comments: Vec<Option<String>> = vec![None; text.len()];
    for (at, (entry, line)) in entries.iter().zip(lines).enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or(text.len());
        let comment = entry.comment(chains);
        // An element whose first key stands on the same line leaves it the comment.
        if comment.is_empty() || next == *line && at + 1 < lines.len() {
            continue;
        }
        let first = text.get(*line).copied().unwrap_or_default();
        let is_block = [" |", " |-", " |+"]
            .iter()
            .any(|mark| first.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(mark))
            || first.ends_with("|-") && first.contains(" |");
        let whole = entry.is_leaf && !is_block && next > *line;
        let place = if whole { next - 1 } else { *line };
        if let Some(slot) = comments.get_mut(place) {
            *slot = Some(comment);
        }
    }
    let mut out = String::new();
    for (line, comment) in text.iter().zip(&comments) {
        out.push_str(line);
        if let Some(comment) = comment {
            let gap = COLUMN.saturating_sub(line.width()).max(2);
            let _ = write!(out, "{}# {comment}", " ".repeat(gap));
        }
        out.push('\n');
    }
    out
}

/// A key or element of the model, in the order in which it is written.
struct Entry {
    place: Place,
    is_leaf: bool,
    /// Of the key, for what has something below it.
    key: Option<Span>,
}

impl Entry {
    fn comment(&self, chains: &Chains<'_>) -> String {
        if !self.is_leaf {
            return self.key.map(|span| chains.line(span)).unwrap_or_default();
        }
        sentence(&chains.chain(self.place.clone()), chains)
    }
}

fn entries_of(node: &Node, place: &Place, entries: &mut Vec<Entry>) {
    let mut add = |child: &Node, place: Place, key: Option<Span>| {
        let is_leaf = match &child.value {
            Value::Map(map) => map.is_empty(),
            Value::Seq(items) => items.is_empty(),
            _ => true,
        };
        entries.push(Entry { place: place.clone(), is_leaf, key });
        entries_of(child, &place, entries);
    };
    match &node.value {
        Value::Map(map) => {
            for (key, entry) in map.entries() {
                add(&entry.value, place.below(Segment::Key(key.to_owned())), entry.key.span());
            }
        }
        Value::Seq(items) => {
            let spec = place.spec();
            for child in items {
                add(child, place.below(item(child, spec)), child.origin.span());
            }
        }
        _ => {}
    }
}

/// A chain in a few words.
fn sentence(chain: &Chain<'_>, chains: &Chains<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for event in &chain.events {
        let place = event.place.map(|span| chains.line(span)).unwrap_or_default();
        let note = event.note.as_deref().unwrap_or_default();
        let mut part = match event.did {
            Did::Sets => place,
            Did::Extended => format!("{place} extended"),
            Did::Repeats => format!("again {place}"),
            Did::Replaces => format!("replaced {place}"),
            Did::Adds => format!("added {place}"),
            Did::Overrides => format!("overridden {place}"),
            Did::Resets => format!("reset {place}"),
            Did::Defaults => format!("default: {note}"),
            Did::EnvFile => place,
            Did::Policy => format!("policy {place}"),
            Did::Inherits | Did::LeavesOut | Did::Becomes => String::new(),
        };
        variables(event, chains, &mut part);
        if !part.is_empty() {
            parts.push(part);
        }
    }
    // A file's name may hold anything.
    parts.join(", ").replace(|c: char| c.is_control(), "?")
}

fn variables(event: &Event, chains: &Chains<'_>, part: &mut String) {
    let used: Vec<String> =
        event.variables.iter().map(|used| used.describe(&|span| chains.line(span))).collect();
    if !used.is_empty() {
        let gap = if part.is_empty() { "" } else { " " };
        let _ = write!(part, "{gap}({})", used.join("; "));
    }
}
