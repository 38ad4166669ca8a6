//! `config --annotate`: the model as YAML, with a comment on every line that says where it came from.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::source::Origin;
use crate::yaml::{Node, Value, begins_block};

use super::chain::{Chain, Did, Event};
use super::chains::Chains;
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
        let is_block = begins_block(first);
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
    /// Of the key, for what has something below it; else of the value.
    origin: Origin,
}

impl Entry {
    fn comment(&self, chains: &Chains<'_>) -> String {
        let said =
            if self.is_leaf { sentence(&chains.chain(self.place.clone()), chains) } else { String::new() };
        match self.origin {
            _ if !said.is_empty() => said,
            Origin::Source(span) | Origin::Policy(Some(span)) => chains.line(span),
            Origin::Default(why) => format!("default: {why}"),
            Origin::Environment => "the environment".to_owned(),
            Origin::CommandLine => "the command line".to_owned(),
            Origin::Policy(None) => "the policy".to_owned(),
        }
    }
}

fn entries_of(node: &Node, place: &Place, entries: &mut Vec<Entry>) {
    let mut add = |child: &Node, place: Place, key: Origin| {
        let is_leaf = match &child.value {
            Value::Map(map) => map.is_empty(),
            Value::Seq(items) => items.is_empty(),
            _ => true,
        };
        let origin = if is_leaf { child.origin } else { key };
        entries.push(Entry { place: place.clone(), is_leaf, origin });
        entries_of(child, &place, entries);
    };
    match &node.value {
        Value::Map(map) => {
            for (key, entry) in map.entries() {
                add(&entry.value, place.below(Segment::Key(key.to_owned())), entry.key);
            }
        }
        Value::Seq(items) => {
            let spec = place.spec();
            for child in items {
                add(child, place.below(item(child, spec)), child.origin);
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
        match parts.last_mut() {
            // A name without a value, and where it took one from.
            Some(before) if event.did == Did::Inherits => {
                before.push(' ');
                before.push_str(&part);
            }
            _ if part.is_empty() => {}
            _ => parts.push(part),
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
