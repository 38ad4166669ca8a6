//! The walk over every value of the model: what the table refuses, and what differs.

use crate::compose::table::{Map, PROJECT, RESOURCES, Spec, is_extension};
use crate::compose::{section, text};
use crate::reach::refusal::Of;
use crate::reach::table::{self, Row, Verdict};
use crate::yaml::{Mapping, Node, Value};

use super::context::Context;

/// Walks the services and what they use.
pub fn refuse(context: &mut Context<'_>) {
    let model = context.question.model;
    for name in std::iter::once("services").chain(RESOURCES) {
        let spec = PROJECT.child(name).and_then(|section| section.child("a"));
        for (key, node) in section(&model.root, name).into_iter().flat_map(Mapping::iter) {
            let of = Of { service: (name == "services").then_some(key), section: &format!("{name}.{key}") };
            walk(context, of, spec, &format!("{name}.*"), node);
        }
    }
}

fn walk(context: &mut Context<'_>, of: Of<'_>, spec: Option<&Spec>, place: &str, node: &Node) {
    if let Some(row) = table::row(place).filter(|row| row.place == place || !place.starts_with("services.")) {
        if says_nothing(row, node) || is_held_anyway(context, of, row, node) {
            return;
        }
        match row.kube {
            Verdict::Refused => {
                context.refusals.refuse(of, &row.key(), node.origin, row.kube_text, row.todo);
                return;
            }
            Verdict::Near => context.note(of.service, format!("{}: {}", row.key(), row.kube_text)),
            Verdict::Local => return,
            Verdict::Same => {}
        }
        if !table::is_divided(place) {
            return;
        }
    }
    match &node.value {
        Value::Map(map) => {
            let is_free = matches!(spec.and_then(|spec| spec.map), Some(Map::Free { .. }));
            for (key, child) in map.iter() {
                if !is_free && is_extension(key) {
                    continue;
                }
                let below = spec.and_then(|spec| spec.child(key));
                let part = if is_free { "*" } else { key };
                walk(context, of, below, &format!("{place}.{part}"), child);
            }
        }
        Value::Seq(items) => {
            let below = spec.and_then(Spec::item);
            items.iter().for_each(|item| walk(context, of, below, &format!("{place}.*"), item));
        }
        // No row of its own, and none above: that cannot be, as a test of the table sees to it.
        _ => {}
    }
}

/// Whether a value says no more than the target does by itself.
fn says_nothing(row: &Row, node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(map) => map.is_empty(),
        Value::Seq(items) => items.is_empty(),
        _ => {
            let text = text(node);
            text.is_empty() || row.idle.contains(&text.as_str())
        }
    }
}

/// Whether something else in the model makes a refused value hold.
fn is_held_anyway(context: &Context<'_>, of: Of<'_>, row: &Row, node: &Node) -> bool {
    let Some(name) = of.service else { return false };
    let Some((_, service)) = context.question.model.services().find(|(known, _)| *known == name) else {
        return false;
    };
    match row.place {
        // As much swap as memory is none beyond the memory.
        "services.*.memswap_limit" => {
            let memory =
                service.get("mem_limit").or_else(|| service.at(&["deploy", "resources", "limits", "memory"]));
            memory.is_some_and(|memory| text(memory) == text(node))
        }
        _ => false,
    }
}
