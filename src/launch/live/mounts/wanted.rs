//! The mounts that the model gives a service: `volumes`, secrets, configs, the engine's socket.

use crate::compose::text;
use crate::launch::live::Scope;
use crate::launch::live::field::{Fields, as_number};
use crate::model::place::{absolute, clean};
use crate::yaml::Node;

use super::field;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Bind,
    /// With a name.
    Volume,
    Anonymous,
    Tmpfs,
    Other(String),
}

#[derive(Clone, Debug)]
pub struct Mount {
    pub kind: Kind,
    /// A path, or a volume's name.
    pub source: String,
    pub target: String,
    pub read_only: bool,
    /// Empty where the model does not say.
    pub propagation: String,
    pub subpath: String,
    /// 0 where the model does not say.
    pub size: u64,
    pub mode: Option<u64>,
}

impl Mount {
    /// In the order of the model.
    pub fn all(fields: &Fields<'_>, scope: &Scope<'_>) -> Vec<Self> {
        let mut all: Vec<Self> =
            fields.items("volumes").iter().map(|node| Self::volume(node, scope)).collect();
        for (section, directory) in [("secrets", "/run/secrets"), ("configs", "/")] {
            let files = fields.items(section).iter();
            all.extend(files.filter_map(|node| Self::file(node, section, directory, scope)));
        }
        if fields.is_true("use_api_socket") {
            all.push(Self::bind("/var/run/docker.sock", "/var/run/docker.sock", false));
        }
        all
    }

    fn bind(source: &str, target: &str, read_only: bool) -> Self {
        let (source, target) = (source.to_owned(), clean(target));
        let (propagation, subpath) = (String::new(), String::new());
        Self { kind: Kind::Bind, source, target, read_only, propagation, subpath, size: 0, mode: None }
    }

    fn volume(node: &Node, scope: &Scope<'_>) -> Self {
        let source = field(node, &["source"]);
        let kind = match (field(node, &["type"]).as_str(), source.is_empty()) {
            ("bind", _) => Kind::Bind,
            ("volume", true) => Kind::Anonymous,
            ("volume", false) => Kind::Volume,
            ("tmpfs", _) => Kind::Tmpfs,
            (other, _) => Kind::Other(other.to_owned()),
        };
        let source = if kind == Kind::Volume { volume_name(&source, scope) } else { source };
        let number = |keys: &[&str]| node.at(keys).and_then(as_number).map(whole);
        Self {
            kind,
            source,
            target: clean(&field(node, &["target"])),
            read_only: node.get("read_only").and_then(Node::as_bool) == Some(true),
            propagation: field(node, &["bind", "propagation"]),
            subpath: field(node, &["volume", "subpath"]),
            size: number(&["tmpfs", "size"]).unwrap_or(0),
            mode: number(&["tmpfs", "mode"]).filter(|mode| *mode > 0),
        }
    }

    /// A secret or config that is a file of the host. Others are copied in, and are no mounts.
    fn file(node: &Node, section: &str, directory: &str, scope: &Scope<'_>) -> Option<Self> {
        let name = field(node, &["source"]);
        let source = scope.resource(section, &name)?.get("file").map(text)?;
        let target = match field(node, &["target"]) {
            target if target.is_empty() => absolute(directory, &name),
            target => absolute(directory, &target),
        };
        Some(Self::bind(&source, &target, true))
    }

    pub fn shown(&self) -> String {
        let how = if self.read_only { ":ro" } else { "" };
        match self.kind {
            Kind::Anonymous | Kind::Tmpfs => format!("{}{how}", self.target),
            _ => format!("{}:{}{how}", self.source, self.target),
        }
    }
}

/// The name that the engine knows a volume by.
pub fn volume_name(key: &str, scope: &Scope<'_>) -> String {
    let name = scope.resource("volumes", key).and_then(|volume| volume.get("name")).map(text);
    name.unwrap_or_else(|| format!("{}_{key}", scope.model.name))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size or a mode, cut to its range"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
