//! Files and directories of the host that a service gets: mounts, copies, variables and labels.

use std::path::{Path, PathBuf};

use crate::model::Volume;
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
    for volume in service.list("volumes") {
        let read_only = volume.get("read_only").and_then(Node::as_bool) == Some(true);
        let Some(source) = volume.get("source") else { continue };
        match volume.get("type").and_then(Node::as_str).unwrap_or_default() {
            "bind" | "npipe" => add("mounts", source, read_only),
            "volume" => {
                let name = source.as_str().unwrap_or_default();
                let Some(declared) = service.view.model.root.at(&["volumes", name]) else { continue };
                let device = declared.at(&["driver_opts", "device"]);
                if let Some(device) = device.filter(|_| Volume::of(declared).device.is_some()) {
                    add("mounts", device, read_only);
                }
            }
            _ => {}
        }
    }
    let build_secrets = service.get("build").and_then(|build| build.get("secrets")).and_then(Node::as_seq);
    let references = [
        ("secrets", service.list("secrets")),
        ("configs", service.list("configs")),
        ("secrets", build_secrets.unwrap_or_default()),
    ];
    for (section, references) in references {
        for reference in references {
            let name = reference.get("source").and_then(Node::as_str).unwrap_or_default();
            if let Some(file) = service.view.model.root.at(&[section, name, "file"]) {
                add("mounts", file, true);
            }
        }
    }
    for file in service.list("env_file") {
        if let Some(path) = file.get("path") {
            add("takes its environment from", path, true);
        }
    }
    service.list("label_file").iter().for_each(|file| add("takes labels from", file, true));
    if let Some(file) = service.get("credential_spec").and_then(|spec| spec.get("file")) {
        add("takes its credential spec from", file, true);
    }
    found
}
