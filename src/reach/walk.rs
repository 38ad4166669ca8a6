//! The walk over every value of the model along the table: what a target refuses, and what differs there.

use crate::compose::table::{Map, PROJECT, RESOURCES, Spec, is_extension};
use crate::compose::{Model, section, text};
use crate::yaml::{Mapping, Node, Value};

use super::refusal::Of;
use super::table::{self, Row, Verdict};

/// A platform that a project is taken to.
pub trait Target {
    /// The outcome for a field there.
    fn verdict(&self, row: &Row) -> Verdict;
    /// Values of it that say no more than the default there.
    fn idle(&self, row: &Row) -> &'static [&'static str];
    /// Whether something else in the service makes a refused value hold.
    fn holds_anyway(&self, service: &Node, row: &Row, node: &Node) -> bool;
    fn refuse(&mut self, of: Of<'_>, row: &Row, node: &Node);
    /// Says what differs.
    fn note(&mut self, of: Of<'_>, row: &Row);
}

/// Walks the services and what they use.
pub fn walk(target: &mut impl Target, model: &Model) {
    for name in std::iter::once("services").chain(RESOURCES) {
        let spec = PROJECT.child(name).and_then(|section| section.child("a"));
        for (key, node) in section(&model.root, name).into_iter().flat_map(Mapping::iter) {
            let is_service = name == "services";
            let of = Of { service: is_service.then_some(key), section: &format!("{name}.{key}") };
            let one = One { of, service: is_service.then_some(node) };
            one.walk(target, spec, &format!("{name}.*"), node);
        }
    }
}

/// A service, or one of the resources.
struct One<'a> {
    of: Of<'a>,
    service: Option<&'a Node>,
}

impl One<'_> {
    fn walk(&self, target: &mut impl Target, spec: Option<&Spec>, place: &str, node: &Node) {
        if let Some(row) =
            table::row(place).filter(|row| row.place == place || !place.starts_with("services."))
        {
            if says_nothing(target.idle(row), node)
                || self.service.is_some_and(|service| target.holds_anyway(service, row, node))
            {
                return;
            }
            match target.verdict(row) {
                Verdict::Refused => return target.refuse(self.of, row, node),
                Verdict::Near => target.note(self.of, row),
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
                    self.walk(target, below, &format!("{place}.{part}"), child);
                }
            }
            Value::Seq(items) => {
                let below = spec.and_then(Spec::item);
                items.iter().for_each(|item| self.walk(target, below, &format!("{place}.*"), item));
            }
            // No row of its own, and none above: that cannot be, as a test of the table sees to it.
            _ => {}
        }
    }
}

/// Whether a value says no more than the target does by itself.
fn says_nothing(idle: &[&str], node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(map) => map.is_empty(),
        Value::Seq(items) => items.is_empty(),
        _ => {
            let text = text(node);
            text.is_empty() || idle.contains(&text.as_str())
        }
    }
}
