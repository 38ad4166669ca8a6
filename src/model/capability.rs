//! Capabilities: what is added, and what is dropped.

use super::field::fields;
use crate::compose::text;
use crate::yaml::Node;

fields! {
    ADDED: Texts = "cap_add";
    DROPPED: Texts = "cap_drop";
}

/// The name of a capability in its one spelling: upper case, without the prefix.
pub fn name(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

/// What is added, by names.
pub(crate) fn added(service: &Node) -> Vec<String> {
    ADDED.items(service).iter().map(|node| name(&text(node))).collect()
}

/// What is dropped, by names.
pub(crate) fn dropped(service: &Node) -> Vec<String> {
    DROPPED.items(service).iter().map(|node| name(&text(node))).collect()
}

/// Whether all are dropped, but for what is added.
pub(crate) fn drops_all(service: &Node) -> bool {
    dropped(service).iter().any(|name| name == "ALL")
}
