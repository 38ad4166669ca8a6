//! What is wrong in one service is no reason to keep quiet about the others.
//!
//! A value that was found wrong is marked, and nothing is said of what follows from it. When a level is merged,
//! the services and resources with such a value are taken out, and the phases that come go on with the rest; that
//! they exist is remembered, so that whoever names one of them is not told that there is none.

use std::collections::HashSet;

use crate::source::{Origin, Span};
use crate::yaml::{Mapping, Node, Tag, Value};

use super::project_sections;

/// What was taken out of the model.
#[derive(Clone, Debug, Default)]
pub struct Faulty {
    members: Vec<(&'static str, String, Origin)>,
    /// Something is missing that may have any name in it, such as a file that cannot be read.
    pub incomplete: bool,
}

impl Faulty {
    /// Takes out every member of a section that has a faulty value anywhere, and shows it to `taken` with its section and
    /// name.
    pub fn take_out(&mut self, model: &mut Node, mut taken: impl FnMut(&'static str, &str, &Node)) {
        for section in project_sections() {
            let Some(node) = model.get_mut(section) else { continue };
            let is_faulty = node.is_faulty();
            match &mut node.value {
                Value::Null => {}
                Value::Map(members) if !is_faulty => members.retain(|name, member| {
                    let stays = !is_within(member);
                    if !stays {
                        taken(section, name, member);
                        self.members.push((section, name.to_owned(), member.origin));
                    }
                    stays
                }),
                _ => {
                    self.incomplete = true;
                    if let Some(model) = model.as_map_mut() {
                        model.remove(section);
                    }
                }
            }
        }
    }

    /// Puts something in the place of what was taken out, which is faulty and says nothing.
    pub fn stand_in(&self, model: &mut Node) {
        let Some(model) = model.as_map_mut() else { return };
        for (section, name, origin) in &self.members {
            let stand_in = Node { tag: Some(Tag::Fault), ..Node::map(Mapping::new(), *origin) };
            if model.get(section).and_then(Node::as_map).is_none() {
                model.insert(*section, *origin, Node::map(Mapping::new(), *origin));
            }
            if let Some(members) = model.get_mut(section).and_then(Node::as_map_mut)
                && !members.contains(name)
            {
                members.insert(name.as_str(), *origin, stand_in);
            }
        }
    }
}

/// Whether a value, or one below it, was found wrong.
pub fn is_within(node: &Node) -> bool {
    node.is_faulty()
        || match &node.value {
            Value::Seq(items) => items.iter().any(is_within),
            Value::Map(map) => map.iter().any(|(_, child)| is_within(child)),
            _ => false,
        }
}

/// A member of a section without what was found wrong in it, of which the places are in `said`. `None` where that is all
/// of it.
pub fn rest(member: &Node, said: &HashSet<Span>) -> Option<Node> {
    let is_said = |origin: Origin| origin.span().is_some_and(|span| said.contains(&span));
    if is_said(member.origin) {
        return None;
    }
    let below = |child: &Node| if child.is_faulty() { None } else { rest(child, said) };
    let value = match &member.value {
        Value::Seq(items) => Value::Seq(items.iter().filter_map(below).collect()),
        Value::Map(map) => {
            let mut kept = Mapping::new();
            for (key, entry) in map.entries().filter(|(_, entry)| !is_said(entry.key)) {
                if let Some(value) = below(&entry.value) {
                    kept.insert(key, entry.key, value);
                }
            }
            Value::Map(kept)
        }
        value => value.clone(),
    };
    Some(Node::new(value, member.origin))
}

/// A model in which there is one member of a section and nothing else.
pub fn alone(section: &'static str, name: &str, member: Node) -> Node {
    let at = member.origin;
    let (mut members, mut model) = (Mapping::new(), Mapping::new());
    members.put(name, member);
    model.put(section, Node::map(members, at));
    Node::map(model, at)
}

/// Marks the members of sections about which `check` has something to say; it is asked with a model in which there
/// is one of them and nothing else. For where something was said of the whole.
pub fn mark(model: &mut Node, check: impl Fn(&Node) -> bool) {
    for section in project_sections() {
        let members = model.get_mut(section).and_then(Node::as_map_mut);
        for (name, slot) in
            members.into_iter().flat_map(Mapping::iter_mut).filter(|(_, slot)| !slot.is_faulty())
        {
            let origin = slot.origin;
            let mut model = alone(section, name, std::mem::replace(slot, Node::null(origin)));
            let is_faulty = check(&model);
            if let Some(member) = model.get_mut(section).and_then(|alone| alone.get_mut(name)) {
                *slot = std::mem::replace(member, Node::null(origin));
            }
            if is_faulty {
                slot.tag = Some(Tag::Fault);
            }
        }
    }
}
