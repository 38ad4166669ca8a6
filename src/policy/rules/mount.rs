//! Files and directories of the host that a service gets: mounts, copies, variables and labels.

use std::path::{Path, PathBuf};

use crate::model::{Volume, build, mount, path, resource};
use crate::yaml::Node;

use super::Service;

/// A bind mount, a volume that is bound to a directory, or a file that something of the service is made of.
#[derive(Debug)]
pub struct Mount<'v> {
    pub node: &'v Node,
    pub source: &'v str,
    /// Completes "the service …", before the source.
    pub verb: &'static str,
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
    let mut add = |verb: &'static str, node: &'v Node, read_only: bool| {
        if let Some(source) = node.as_str() {
            found.push(Mount { node, source, verb, read_only, places: service.view.ways.both(source) });
        }
    };
    for volume in mount::VOLUMES.items(service.node) {
        let read_only = mount::READ_ONLY.is_on(volume);
        let Some(source) = mount::SOURCE.node(volume) else { continue };
        match mount::TYPE.or_empty(volume) {
            "bind" | "npipe" => add("mounts", source, read_only),
            "volume" => {
                let name = source.as_str().unwrap_or_default();
                let Some(declared) = service.view.model.root.at(&["volumes", name]) else { continue };
                let device = resource::OPTIONS.entry(declared, "device");
                if let Some(device) = device.filter(|_| Volume::of(declared).device.is_some()) {
                    add("mounts", device, read_only);
                }
            }
            _ => {}
        }
    }
    let references = [
        ("secrets", mount::SECRETS.items(service.node)),
        ("configs", mount::CONFIGS.items(service.node)),
        ("secrets", build::SECRETS.items(service.node)),
    ];
    for (section, references) in references {
        for reference in references {
            let name = mount::FILE_SOURCE.or_empty(reference);
            let declared = service.view.model.root.at(&[section, name]);
            if let Some(file) = declared.and_then(|declared| resource::FILE.node(declared)) {
                add("mounts", file, true);
            }
        }
    }
    for file in path::ENV_FILES.items(service.node) {
        if let Some(path) = path::ENV_FILE.node(file) {
            add("takes its environment from", path, true);
        }
    }
    path::LABEL_FILES.items(service.node).iter().for_each(|file| add("takes labels from", file, true));
    if let Some(file) = path::CREDENTIAL_FILE.node(service.node) {
        add("takes its credential spec from", file, true);
    }
    found
}
