//! Places in the model, found by what people write: `services.*.user`, a port, a mount's target.

use std::fmt;

use crate::compose::table::{PROJECT, Spec, UniqueBy};
use crate::compose::{key_of, section, text};
use crate::model::port;
use crate::yaml::{Mapping, Node, Value};

/// From the project's root down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place(pub Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    Key(String),
    /// An element of a list, by what makes it the same in every file.
    Item {
        key: String,
        /// As people know it.
        label: String,
    },
}

impl Segment {
    fn label(&self) -> &str {
        match self {
            Self::Key(key) => key,
            Self::Item { label, .. } => label,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(segment.label())?;
        }
        Ok(())
    }
}

impl Place {
    #[must_use]
    pub fn below(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The value at this place of a tree, which need not be merged or decoded yet.
    pub fn at<'n>(&self, root: &'n Node) -> Option<&'n Node> {
        let mut node = root;
        let mut spec = Some(&PROJECT);
        for segment in &self.0 {
            node = child(node, spec, segment)?;
            spec = match segment {
                Segment::Key(key) => spec.and_then(|spec| spec.child(key)),
                Segment::Item { .. } => spec.and_then(Spec::item),
            };
        }
        Some(node)
    }

    /// What the field table says of this place.
    pub fn spec(&self) -> Option<&'static Spec> {
        self.0.iter().try_fold(&PROJECT, |spec: &'static Spec, segment| match segment {
            Segment::Key(key) => spec.child(key),
            Segment::Item { .. } => spec.item(),
        })
    }

    /// Whether this is an entry of a mapping that may also be written as a list of `KEY=value`.
    pub fn is_pair(&self) -> bool {
        let Some((_, above)) = self.0.split_last() else { return false };
        let above = Self(above.to_vec());
        above.spec().is_some_and(|spec| spec.map.is_some() && spec.list.is_some())
    }

    /// Whether a recorded path, in which `*` stands for any key, is this one or leads to it.
    pub fn is_below(&self, path: &[String]) -> bool {
        path.len() <= self.0.len()
            && path.iter().zip(&self.0).all(|(part, segment)| part == "*" || part == segment.label())
    }
}

fn child<'n>(node: &'n Node, spec: Option<&Spec>, segment: &Segment) -> Option<&'n Node> {
    match (&node.value, segment) {
        (Value::Map(map), Segment::Key(key)) => map.get(key),
        // Before it is decoded, `environment` and the like may be a list.
        (Value::Seq(items), Segment::Key(key)) => {
            items.iter().rev().find(|item| item.as_str().is_some_and(|text| pair_key(text) == key))
        }
        (Value::Seq(items), Segment::Item { key, .. }) => {
            items.iter().rev().find(|item| identity(item, spec) == *key)
        }
        _ => None,
    }
}

fn pair_key(text: &str) -> &str {
    text.split('=').next().unwrap_or(text)
}

/// What makes an element the same in every file.
fn identity(item: &Node, list: Option<&Spec>) -> String {
    let by = list.and_then(|spec| spec.unique_by);
    let key = by.and_then(|by| key_of(item, by).ok()).map_or_else(|| text(item), |key| key.to_string());
    match by {
        // Decoded, a published port is a text; written, it may be a number.
        Some(UniqueBy::Port) => key.replace(":int ", ":"),
        Some(UniqueBy::Volume) if key.len() > 1 => key.trim_end_matches('/').to_owned(),
        _ => key,
    }
}

/// The segment of a list's element.
pub fn item(node: &Node, list: Option<&Spec>) -> Segment {
    let key = identity(node, list);
    let part = |name: &str| node.get(name).map(text);
    let label = match (part("published"), part("target"), part("protocol")) {
        (Some(published), Some(target), protocol) => {
            let host = part("host_ip").map(|host| format!("{host}:")).unwrap_or_default();
            let protocol = protocol.filter(|name| name != "tcp").map(|name| format!("/{name}"));
            format!("{host}{published}:{target}{}", protocol.unwrap_or_default())
        }
        (None, Some(target), _) => target,
        _ => key.clone(),
    };
    Segment::Item { key, label }
}

/// Every place of `tree` that `path` means: keys and elements of lists, joined by `.`, `*` for each one;
/// or the port or the absolute target of a mount that some service has.
pub fn find(path: &str, tree: &Node) -> Vec<Place> {
    let mut found = Vec::new();
    let is_port = path.chars().all(|c| c.is_ascii_digit() || c == '/' || c == ':') && !path.starts_with('/');
    if path.starts_with('/') || is_port {
        let list = if is_port { "ports" } else { "volumes" };
        for (name, _) in section(tree, "services").into_iter().flat_map(Mapping::iter) {
            let start = ["services", name, list].map(|key| Segment::Key(key.to_owned()));
            let start = Place(start.to_vec());
            if let Some(node) = start.at(tree) {
                walk(node, start.spec(), &[path], start, &mut found);
            }
        }
        return found;
    }
    let parts: Vec<&str> = path.split('.').collect();
    walk(tree, Some(&PROJECT), &parts, Place::default(), &mut found);
    found
}

fn walk(node: &Node, spec: Option<&'static Spec>, parts: &[&str], at: Place, found: &mut Vec<Place>) {
    if parts.is_empty() {
        found.push(at);
        return;
    }
    // A key may itself have dots in it, so the longest one counts.
    for length in (1..=parts.len()).rev() {
        let (Some(head), Some(rest)) = (parts.get(..length), parts.get(length..)) else { continue };
        let name = head.join(".");
        let before = found.len();
        match &node.value {
            Value::Map(map) => {
                for (key, child) in map.iter().filter(|(key, _)| name == "*" || *key == name) {
                    let spec = spec.and_then(|spec| spec.child(key));
                    walk(child, spec, rest, at.below(Segment::Key(key.to_owned())), found);
                }
            }
            Value::Seq(items) => {
                for (index, child) in items.iter().enumerate() {
                    if name != "*" && !answers(child, index, &name, spec) {
                        continue;
                    }
                    let segment = match (child.as_str(), spec.and_then(|spec| spec.map)) {
                        (Some(text), Some(_)) => Segment::Key(pair_key(text).to_owned()),
                        _ => item(child, spec),
                    };
                    walk(child, spec.and_then(Spec::item), rest, at.below(segment), found);
                }
            }
            _ => {}
        }
        if found.len() > before {
            return;
        }
    }
}

/// Whether people may call an element of a list by this name.
fn answers(node: &Node, index: usize, name: &str, list: Option<&Spec>) -> bool {
    let Segment::Item { key, label } = item(node, list) else { return false };
    let field = |key: &str| node.get(key).is_some_and(|node| text(node) == name);
    key == name
        || label == name
        || ["target", "published", "source", "path"].into_iter().any(field)
        || node.as_str().is_some_and(|text| text.contains('=') && pair_key(text) == name)
        || name.parse() == Ok(index) && !port::PUBLISHED.is_set(node)
}
