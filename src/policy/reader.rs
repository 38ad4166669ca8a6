//! Reads typed values out of a policy's tree and says what is wrong with each, so that everything is
//! reported in one go.

use crate::compose::kind;
use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::suggest;
use crate::yaml::{Mapping, Node};

/// A value and the place it was written at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Located<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// What may stand in one mapping of a policy.
pub struct Keys {
    /// As messages name the mapping; empty for the top level.
    pub place: &'static str,
    pub known: &'static [&'static str],
    /// Part of the design, but not of this version.
    pub later: &'static [&'static str],
}

pub struct Reader<'s> {
    pub sink: &'s mut Sink,
    pub failed: bool,
}

impl<'s> Reader<'s> {
    pub fn new(sink: &'s mut Sink) -> Self {
        Self { sink, failed: false }
    }

    pub fn error(
        &mut self,
        code: Code,
        message: String,
        origin: Origin,
        label: &str,
        help: impl Into<String>,
    ) {
        self.failed = true;
        self.sink.push(Finding::error(code, message).at_origin(origin, label).help(help));
    }

    /// A mapping with known keys; every unknown one is reported.
    pub fn mapping<'n>(&mut self, node: &'n Node, keys: &Keys) -> Option<&'n Mapping> {
        let named = if keys.place.is_empty() { "the policy".to_owned() } else { format!("`{}`", keys.place) };
        let Some(map) = node.as_map() else {
            self.error(
                Code::PolicySyntax,
                format!("{named} must be a mapping"),
                node.origin,
                &format!("{} found", kind(node)),
                format!("Its keys are {}.", keys.known.join(", ")),
            );
            return None;
        };
        for (key, entry) in map.entries() {
            if keys.known.contains(&key) {
                continue;
            }
            let full = if keys.place.is_empty() { key.to_owned() } else { format!("{}.{key}", keys.place) };
            if keys.later.contains(&key) {
                self.error(
                    Code::PolicyUnknownKey,
                    format!("`{full}` is not part of policy version 1 as this seaworthy knows it"),
                    entry.key,
                    "not carried out by this version",
                    "Remove it: a setting that nothing carries out would be a promise nobody keeps.",
                );
                continue;
            }
            let help = match suggest::nearest(key, keys.known.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Known here: {}.", keys.known.join(", ")),
            };
            self.error(
                Code::PolicyUnknownKey,
                format!("unknown key `{full}` in the policy"),
                entry.key,
                "unknown",
                help,
            );
        }
        Some(map)
    }

    pub fn list<'n>(&mut self, node: &'n Node, place: &str) -> &'n [Node] {
        if node.as_seq().is_none() {
            self.wrong(node, place, "a list", "Write one entry per line, each behind `- `.");
        }
        node.as_seq().unwrap_or_default()
    }

    /// Text that is not empty.
    pub fn text<'n>(&mut self, node: &'n Node, place: &str) -> Option<&'n str> {
        match node.as_str().map(str::trim) {
            Some("") => {
                self.error(
                    Code::PolicySyntax,
                    format!("`{place}` is empty"),
                    node.origin,
                    "empty",
                    "Give it a value, or remove the key.",
                );
                None
            }
            Some(_) => node.as_str(),
            None => {
                self.wrong(node, place, "a string", "Put the value in quotes.");
                None
            }
        }
    }

    /// Says what was wanted and what was found.
    pub fn wrong(&mut self, node: &Node, place: &str, wanted: &str, help: &str) {
        self.error(
            Code::PolicySyntax,
            format!("`{place}` must be {wanted}"),
            node.origin,
            &format!("{} found", kind(node)),
            help,
        );
    }

    pub fn missing(&mut self, place: &str, key: &str, origin: Origin) {
        self.error(
            Code::PolicySyntax,
            format!("`{place}` needs the key `{key}`"),
            origin,
            &format!("has no `{key}`"),
            format!("Add `{key}:`."),
        );
    }
}
