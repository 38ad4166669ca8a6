//! The lock as text.

use super::{Entry, Lock, VERSION};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value, to_yaml_lossless};

const HEADER: &str = "\
# Written by seaworthy: who each service runs as. Keep this file in version control.
# A user that differs from it stops a launch; `seaworthy repair --migrate SERVICE` carries it over.
";

/// Closes the file, so that one cut short is told from a whole one.
pub(super) const END: &str = "\n...\n";

const HERE: Origin = Origin::Default("lock");

impl Lock {
    /// The whole file. The same lock always gives the same text.
    pub fn text(&self) -> String {
        let mut root = Mapping::new();
        root.put("version", Node::new(Value::Int(VERSION), HERE));
        let mut services = Mapping::new();
        for (name, entry) in &self.services {
            services.put(name, node(entry));
        }
        root.put("services", Node::map(services, HERE));
        let body = to_yaml_lossless(&Node::map(root, HERE));
        format!("{HEADER}{}{END}", body.trim_end())
    }
}

fn node(entry: &Entry) -> Node {
    let text = |text: &str| Node::string(text, HERE);
    let mut map = Mapping::new();
    map.put("user", text(&entry.user.to_string()));
    map.put("from", text(entry.from.name()));
    if let Some(image) = &entry.image {
        map.put("image", text(image));
    }
    if !entry.previous.is_empty() {
        map.put(
            "previous",
            Node::seq(entry.previous.iter().map(|owner| text(&owner.to_string())).collect(), HERE),
        );
    }
    if !entry.state.is_empty() {
        map.put("state", Node::seq(entry.state.iter().map(|path| text(path)).collect(), HERE));
    }
    Node::map(map, HERE)
}
