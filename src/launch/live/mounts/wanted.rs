//! The mounts that the model gives a service: `volumes`, secrets, configs, the engine's socket.

use crate::launch::live::Scope;
use crate::launch::live::field::Fields;
use crate::model::field::{Field, Number};
use crate::model::place::{clean, target_of_file};
use crate::model::{mount, resource};
use crate::yaml::Node;

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
            mount::VOLUMES.items(fields.service).iter().map(|node| Self::volume(node, scope)).collect();
        for section in [mount::SECRETS, mount::CONFIGS] {
            let files = section.items(fields.service).iter();
            all.extend(files.filter_map(|node| Self::file(node, section.path(), scope)));
        }
        if mount::API_SOCKET.is_on(fields.service) {
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
        let source = mount::SOURCE.text(node).unwrap_or_default();
        let kind = match (mount::TYPE.or_empty(node), source.is_empty()) {
            ("bind", _) => Kind::Bind,
            ("volume", true) => Kind::Anonymous,
            ("volume", false) => Kind::Volume,
            ("tmpfs", _) => Kind::Tmpfs,
            (other, _) => Kind::Other(other.to_owned()),
        };
        let source = if kind == Kind::Volume { volume_name(&source, scope) } else { source };
        let number = |field: Field<Number>| field.number(node).map(whole);
        Self {
            kind,
            source,
            target: clean(mount::TARGET.or_empty(node)),
            read_only: mount::READ_ONLY.is_on(node),
            propagation: mount::PROPAGATION.text(node).unwrap_or_default(),
            subpath: mount::SUBPATH.text(node).unwrap_or_default(),
            size: number(mount::MEMORY_SIZE).unwrap_or(0),
            mode: number(mount::MEMORY_MODE).filter(|mode| *mode > 0),
        }
    }

    /// A secret or config that is a file of the host. Others are copied in, and are no mounts.
    fn file(node: &Node, section: &str, scope: &Scope<'_>) -> Option<Self> {
        let name = mount::FILE_SOURCE.text(node)?;
        let source = resource::FILE.text(scope.resource(section, &name)?)?;
        Some(Self::bind(&source, &target_of_file(section, node), true))
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
    scope.name_of("volumes", key)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size or a mode, cut to its range"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
