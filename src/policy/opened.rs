//! Networks that an overlay opens by name, which `no-egress` then leaves alone.

use crate::compose::section;
use crate::model::resource;
use crate::yaml::{Mapping, Value};

use super::Rank;
use super::overlay::{Kind, Overlay};

/// The networks that mandatory overlays name with `internal: false`.
#[derive(Debug, Default)]
pub struct Opened(Vec<(String, Rank)>);

pub fn networks(mandatory: &[Overlay]) -> Opened {
    let mut opened = Vec::new();
    for overlay in mandatory.iter().filter(|overlay| !overlay.is_builtin()) {
        for document in &overlay.documents {
            for (name, network) in section(&document.root, "networks").into_iter().flat_map(Mapping::iter) {
                if resource::INTERNAL
                    .node(network)
                    .is_some_and(|node| matches!(node.value, Value::Bool(false)))
                {
                    opened.push((name.to_owned(), overlay.rank));
                }
            }
        }
    }
    Opened(opened)
}

impl Opened {
    /// Whether the network was opened by the project or, where only the host may, by the host.
    pub fn has(&self, network: &str, by: Rank) -> bool {
        self.0.iter().any(|(name, rank)| name == network && *rank <= by)
    }

    /// Whether a built-in overlay leaves a key of a network alone.
    pub fn covers(&self, overlay: &Overlay, section: &str, name: &str, key: &str) -> bool {
        matches!(overlay.kind, Kind::Builtin(_))
            && section == "networks"
            && key == "internal"
            && self.has(name, overlay.rank)
    }
}
