//! `explain`: chains for people and for programs.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use crate::compose::text;
use crate::redact::{self, Redactor};
use crate::source::Span;
use crate::yaml::{Node, Value};

use super::chain::{Chain, Did, Event};
use super::chains::Chains;
use super::place::{Place, Segment, item};
use super::variables::{Given, Used};

/// The chains of every value at or below what a path means; nothing where no file has such a place.
pub fn chains<'a>(path: &str, all: &Chains<'a>) -> Vec<Chain<'a>> {
    let mut found = Vec::new();
    for place in all.find(path) {
        match place.at(all.model()) {
            Some(node) => leaves(node, place, all, &mut found),
            None => found.push(all.chain(place)),
        }
    }
    found
}

/// The innermost places: scalars, lists of them, and what is empty.
fn leaves<'a>(node: &Node, place: Place, all: &Chains<'a>, found: &mut Vec<Chain<'a>>) {
    match &node.value {
        Value::Map(map) if !map.is_empty() && !matches!(place.0.last(), Some(Segment::Item { .. })) => {
            for (key, child) in map.iter() {
                leaves(child, place.below(Segment::Key(key.to_owned())), all, found);
            }
        }
        // A port or a mount is one thing, whichever form it is written in.
        Value::Seq(items) if items.iter().any(|item| item.as_map().is_some()) => {
            let spec = place.spec();
            found.extend(items.iter().map(|child| all.chain(place.below(item(child, spec)))));
        }
        _ => found.push(all.chain(place)),
    }
}

/// What is shown of values.
#[derive(Clone, Copy)]
pub struct Shown<'r> {
    pub redactor: &'r Redactor,
}

impl Shown<'_> {
    /// The path, in which a port or a mount has its name: one from outside the files as it is written.
    fn path(self, chain: &Chain<'_>) -> String {
        match (self.outside(chain), chain.place.0.split_last()) {
            (Some(written), Some((Segment::Item { .. }, above))) => {
                format!("{}.{written}", Place(above.to_vec()))
            }
            _ => chain.place.to_string(),
        }
    }

    /// The value, and whether it is another one than the model's.
    fn value(self, chain: &Chain<'_>) -> Option<(String, bool)> {
        let text = flat(chain.value?);
        let shown = match self.outside(chain) {
            Some(written) => written,
            None => self.redactor.value(key(&chain.place), &text).into_owned(),
        };
        let hidden = shown != text;
        Some((shown, hidden))
    }

    /// A value from the environment or an env file as it is written, where it is not to be shown.
    fn outside(self, chain: &Chain<'_>) -> Option<String> {
        if !self.redactor.hides() || !chain.is_from_outside() {
            return None;
        }
        let last = chain.events.iter().rev().find(|event| {
            event.counts && (event.written.is_some() || matches!(event.did, Did::Inherits | Did::EnvFile))
        })?;
        let name = key(&chain.place);
        let Some(written) = last.written.as_deref().filter(|_| last.did != Did::Inherits) else {
            return Some(format!("${{{name}}}"));
        };
        let pair = written.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        let text = pair.filter(|_| chain.place.is_pair()).unwrap_or(written);
        Some(redact::written(name, text).into_owned())
    }

    fn written(self, chain: &Chain<'_>, event: &Event) -> Option<String> {
        let text = event.written.as_deref()?;
        if !self.redactor.hides() {
            return Some(text.to_owned());
        }
        let name = key(&chain.place);
        // The value alone is what the name makes a secret.
        if chain.place.is_pair()
            && let Some((before, value)) = text.split_once('=').filter(|(before, _)| *before == name)
        {
            return Some(format!("{before}={}", redact::written(name, value)));
        }
        Some(redact::written(name, text).into_owned())
    }
}

/// The name of a value, which may say that it is a secret.
fn key(place: &Place) -> &str {
    match place.0.last() {
        Some(Segment::Key(key)) => key,
        _ => "",
    }
}

/// A value in one line.
fn flat(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Map(map) => {
            let fields: Vec<String> =
                map.iter().map(|(key, child)| format!("{key}: {}", flat(child))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Seq(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        _ => text(node),
    }
}

/// For people: the value, then a line for each thing that happened to it, in order.
pub fn write_human(chains: &[Chain<'_>], all: &Chains<'_>, shown: Shown<'_>) -> String {
    let mut out = String::new();
    let mut hidden = false;
    for (at, chain) in chains.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let value = match shown.value(chain) {
            None => "not set".to_owned(),
            Some((text, is_hidden)) => {
                hidden |= is_hidden;
                text
            }
        };
        let _ = writeln!(out, "{}: {}", shown.path(chain), value.replace('\n', "\\n"));
        let rows: Vec<[String; 3]> = chain.events.iter().map(|event| row(chain, event, all, shown)).collect();
        if rows.is_empty() {
            let _ = writeln!(out, "  no file, overlay or default gives it a value");
        }
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths = [width(0), width(1)];
        for ([did, place, rest], event) in rows.iter().zip(&chain.events) {
            let pad = |cell: &str, width: usize| " ".repeat(width - cell.width());
            let [first, second] = widths;
            let line = format!("  {did}{}  {place}{}  {rest}", pad(did, first), pad(place, second));
            let mut variables = event.variables.as_slice();
            match variables {
                [used, others @ ..] if place.is_empty() && rest.is_empty() => {
                    variables = others;
                    let _ = writeln!(out, "{line}{}", used.describe(&|span| all.position(span)));
                }
                _ => {
                    let _ = writeln!(out, "{}", line.trim_end());
                }
            }
            for used in variables {
                let _ =
                    writeln!(out, "  {}  {}", " ".repeat(first), used.describe(&|span| all.position(span)));
            }
        }
    }
    if hidden {
        out.push_str("\nValues from the environment are shown as they are written, credentials not at all; --show-values shows them.\n");
    }
    out
}

fn row(chain: &Chain<'_>, event: &Event, all: &Chains<'_>, shown: Shown<'_>) -> [String; 3] {
    let place = event.place.map(|span| all.position(span)).unwrap_or_default();
    let mut rest = shown.written(chain, event).unwrap_or_default().replace('\n', "\\n");
    if let Some(note) = &event.note {
        let gap = if rest.is_empty() { "" } else { "  " };
        let _ = write!(rest, "{gap}{note}");
    }
    if !event.counts && event.did != Did::Resets {
        rest.push_str("  (no longer counts)");
    }
    [event.did.name().to_owned(), place, rest]
}

/// For programs; `schemas/explain.schema.json` has the form.
pub fn to_json(chains: &[Chain<'_>], all: &Chains<'_>, shown: Shown<'_>) -> Json {
    let place = |span: Option<Span>| span.map(|span| all.position(span));
    let variable = |used: &Used| {
        let (from, at) = match &used.given {
            Given::Environment => ("environment", None),
            Given::EnvFile(span) => ("env-file", Some(*span)),
            Given::ProjectName => ("project-name", None),
            Given::ExpressionDefault => ("default", None),
            Given::Nobody => ("unset", None),
        };
        json!({ "name": used.name, "from": from, "place": place(at) })
    };
    let one = |chain: &Chain<'_>| {
        let events: Vec<Json> = chain
            .events
            .iter()
            .map(|event| {
                json!({
                    "did": event.did.name(),
                    "place": place(event.place),
                    "written": shown.written(chain, event),
                    "counts": event.counts,
                    "note": event.note,
                    "variables": event.variables.iter().map(variable).collect::<Vec<_>>(),
                })
            })
            .collect();
        let value = shown.value(chain);
        json!({
            "path": shown.path(chain),
            "set": chain.value.is_some(),
            "hidden": value.as_ref().is_some_and(|(_, hidden)| *hidden),
            "value": value.map(|(text, _)| text),
            "chain": events,
        })
    };
    Json::Array(chains.iter().map(one).collect())
}
