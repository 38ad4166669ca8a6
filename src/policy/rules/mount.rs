//! What of the host ends up in a container.

use std::path::{Path, PathBuf};

use crate::yaml::Node;

use super::Service;

/// A bind mount, or the file of a secret or config.
#[derive(Debug)]
pub struct Mount<'v> {
    pub node: &'v Node,
    pub source: &'v str,
    pub read_only: bool,
    /// As written, and where that leads.
    pub places: Vec<PathBuf>,
}

impl Mount<'_> {
    pub fn leads_to(&self, place: &Path) -> String {
        if place == Path::new(self.source) {
            String::new()
        } else {
            format!(" (that is {})", place.display())
        }
    }
}

pub fn find<'v>(service: &Service<'v>) -> Vec<Mount<'v>> {
    let mut found = Vec::new();
    let mut add = |node: &'v Node, read_only: bool| {
        if let Some(source) = node.as_str() {
            found.push(Mount { node, source, read_only, places: service.view.ways.both(source) });
        }
    };
    for volume in service.list("volumes") {
        let kind = volume.get("type").and_then(Node::as_str).unwrap_or_default();
        if let Some(source) = volume.get("source").filter(|_| matches!(kind, "bind" | "npipe")) {
            add(source, volume.get("read_only").and_then(Node::as_bool) == Some(true));
        }
    }
    for section in ["secrets", "configs"] {
        for reference in service.list(section) {
            let name = reference.get("source").and_then(Node::as_str).unwrap_or_default();
            if let Some(file) = service.view.model.root.at(&[section, name, "file"]) {
                add(file, true);
            }
        }
    }
    found
}
