//! `"*"` in an overlay: a copy for every service, or network, of the project.

use crate::compose::{self, table::Spec};
use crate::diagnostic::Sink;
use crate::model::resource;
use crate::model::uses::Uses;
use crate::yaml::{Document, Mapping, Node, Path, Tag, Value};

use super::adapt::Surroundings;
use super::overlay::Scope;

/// What `"*"` stands for.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub services: Vec<String>,
    /// Without external ones, of which a project cannot set anything.
    pub networks: Vec<String>,
}

impl Names {
    /// Those of a whole model.
    pub fn of(root: &Node) -> Self {
        let keys = |section: &str, keep: &dyn Fn(&Node) -> bool| {
            let map = compose::section(root, section).into_iter().flat_map(Mapping::iter);
            map.filter(|(_, node)| keep(node)).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        };
        Self {
            services: keys("services", &|_| true),
            networks: keys("networks", &|node| !resource::EXTERNAL.is_on(node)),
        }
    }

    /// The names on which an overlay is laid.
    #[must_use]
    pub fn within(self, scope: &Scope, uses: &Uses) -> Self {
        if scope.is_everywhere() {
            return self;
        }
        let keep = |names: Vec<String>, section: &str| -> Vec<String> {
            let mut names = names;
            names.retain(|name| scope.covers_place(&format!("{section}.{name}"), uses));
            names
        };
        Self { services: keep(self.services, "services"), networks: keep(self.networks, "networks") }
    }

    fn section(&self, section: &str) -> &[String] {
        if section == "services" { &self.services } else { &self.networks }
    }
}

/// The sections in which `"*"` is understood.
const SECTIONS: [&str; 2] = ["services", "networks"];

/// The changes that waivers make in the copies of `"*"`.
pub struct Choice<'a> {
    /// Whether a key is left out: section, name, key.
    pub leaves_out: &'a dyn Fn(&str, &str, &str) -> bool,
    /// The capabilities that a service keeps where the overlay drops all.
    pub gives: &'a dyn Fn(&str) -> Option<Node>,
}

/// The document with every `"*"` replaced. Where `surroundings` are given, copies are fitted to what
/// the project has already, so that Compose takes them.
pub fn expand(
    document: &Document,
    names: &Names,
    choice: &Choice<'_>,
    mut surroundings: Option<&mut Surroundings<'_>>,
    sink: &mut Sink,
) -> Document {
    let mut document = document.clone();
    let Some(root) = document.root.as_map_mut() else { return document };
    for section in SECTIONS {
        let Some(map) = root.get_mut(section).and_then(Node::as_map_mut) else { continue };
        let spec = compose::table::PROJECT.child(section).and_then(|spec| spec.child("a"));
        if let Some(star) = map.remove_entry("*") {
            for name in names.section(section) {
                let mut copy = star.value.clone();
                if let Some(fields) = copy.as_map_mut() {
                    fields.retain(|key, _| !(choice.leaves_out)(section, name, key));
                    if section == "services"
                        && fields.contains("cap_drop")
                        && let Some(capabilities) = (choice.gives)(name)
                    {
                        fields.put("cap_add", capabilities);
                    }
                }
                if section == "services"
                    && let Some(surroundings) = surroundings.as_deref_mut()
                {
                    surroundings.fit(name, &mut copy, map.get(name));
                }
                match map.get_mut(name) {
                    Some(own) => {
                        let specific = std::mem::replace(own, Node::null(star.key));
                        *own = over(copy, specific, spec, name, sink);
                    }
                    None => {
                        map.insert(name.as_str(), star.key, copy);
                    }
                }
            }
        }
        if section == "services"
            && let Some(surroundings) = surroundings.as_deref_mut()
        {
            for (name, service) in map.iter_mut() {
                surroundings.note(name, service);
            }
        }
    }
    document
}

/// `specific` merged over `star`, with the tags of both in effect.
fn over(star: Node, specific: Node, spec: Option<&Spec>, name: &str, sink: &mut Sink) -> Node {
    if specific.tag.is_some() || specific.is_null() && !star.is_null() {
        // A null says nothing, except with a tag.
        return if specific.tag.is_some() { specific } else { star };
    }
    let tag = star.tag;
    let mut merged = match (star.value, specific.value) {
        (Value::Map(star_map), Value::Map(specific_map)) => {
            let mut into = star_map;
            for (key, entry) in specific_map {
                let child = spec.and_then(|spec| spec.child(&key));
                match into.get_mut(&key) {
                    Some(slot) => {
                        let old = std::mem::replace(slot, Node::null(entry.key));
                        *slot = over(old, entry.value, child, name, sink);
                    }
                    None => {
                        into.insert(key, entry.key, entry.value);
                    }
                }
            }
            Node::map(into, star.origin)
        }
        (star_value, specific_value) => {
            let star = Node::new(star_value, star.origin);
            let specific = Node::new(specific_value, specific.origin);
            if tag == Some(Tag::Reset) {
                specific
            } else {
                let services = Path::ROOT.key("services");
                compose::merge(star, specific, spec, &services.key(name), sink)
            }
        }
    };
    // What a reset emptied and a specific entry fills again replaces what the base has.
    merged.tag = tag.map(|_| Tag::Override);
    merged
}
