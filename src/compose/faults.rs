//! What is wrong in one service is no reason to keep quiet about the others.
//!
//! A value that was found wrong is marked, and nothing is said of what follows from it. When a level is merged,
//! the services and resources with such a value are taken out, and the phases that come go on with the rest; that
//! they exist is remembered, so that whoever names one of them is not told that there is none.

use crate::source::Origin;
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
    /// Takes out every member of a section that has a faulty value anywhere.
    pub fn take_out(&mut self, model: &mut Node) {
        for section in project_sections() {
            let Some(node) = model.get_mut(section) else { continue };
            let is_faulty = node.is_faulty();
            match &mut node.value {
                Value::Null => {}
                Value::Map(members) if !is_faulty => members.retain(|name, member| {
                    let stays = !is_within(member);
                    if !stays {
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

/// Marks the members of sections about which `check` has something to say; it is asked with a model in which there
/// is one of them and nothing else. For where something was said of the whole.
pub fn mark(model: &mut Node, check: impl Fn(&Node) -> bool) {
    let at = model.origin;
    for section in project_sections() {
        let members = model.get_mut(section).and_then(Node::as_map_mut);
        for (name, slot) in
            members.into_iter().flat_map(Mapping::iter_mut).filter(|(_, slot)| !slot.is_faulty())
        {
            let origin = slot.origin;
            let mut alone = Mapping::new();
            alone.put(name, std::mem::replace(slot, Node::null(origin)));
            let mut model = Mapping::new();
            model.put(section, Node::map(alone, at));
            let mut model = Node::map(model, at);
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
