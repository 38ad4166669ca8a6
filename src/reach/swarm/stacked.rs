//! A project under the name of its stack.

use crate::compose::{Model, text};
use crate::model::resource;
use crate::yaml::{Mapping, Node, Value};

/// The model with the stack's name in the place of the project's: in its own name, and in those of networks, volumes,
/// secrets and configs that follow from it.
pub fn stacked(model: &Model, stack: &str) -> Model {
    let mut model = model.clone();
    let project = std::mem::replace(&mut model.name, stack.to_owned());
    if let Some(name) = model.root.get_mut("name") {
        name.value = Value::String(stack.into());
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        let Some(map) = model.root.get_mut(section).and_then(Node::as_map_mut) else { continue };
        for (key, node) in map.iter_mut() {
            if resource::EXTERNAL.is_on(node) {
                continue;
            }
            let origin = node.origin;
            if node.is_null() {
                node.value = Value::Map(Mapping::new());
            }
            let Some(fields) = node.as_map_mut() else { continue };
            let written = fields.get("name").map(text).unwrap_or_default();
            if written.is_empty() || written == format!("{project}_{key}") {
                fields.put("name", Node::string(format!("{stack}_{key}"), origin));
            }
        }
    }
    model
}
