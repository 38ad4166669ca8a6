//! What a service has mounted, and where.

use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::compose::bind::creates_source;
use crate::ownership::text::written;
use crate::source::{Origin, SourceMap};
use crate::yaml::Node;

use super::Role;
use super::look::clean;

/// Something at a path in the container.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    /// What of the host is mounted; `None` for a volume of the engine or a tmpfs.
    pub source: Option<Source>,
    /// The key of a named volume.
    pub volume: Option<String>,
    /// Absolute and clean.
    pub target: PathBuf,
    pub read_only: bool,
    /// `false` for the working directory, which the engine only makes.
    pub is_mounted: bool,
    /// Where it was written.
    pub origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) struct Source {
    pub role: Role,
    /// Absolute and clean.
    pub path: PathBuf,
    /// Whether the engine makes a directory of what is missing.
    pub engine_creates: bool,
    /// Whether the engine fills an empty directory from the image, and gives it to the image's owner.
    pub copies_up: bool,
    /// Source or target end with a slash.
    pub has_slash: bool,
    /// The text in the file, for messages.
    pub written: String,
    /// The name of a secret, config or volume.
    pub name: Option<String>,
}

impl Mount {
    fn without_source(target: &str, origin: Origin) -> Self {
        Self { source: None, volume: None, target: clean(target), read_only: false, is_mounted: true, origin }
    }
}

/// Everything that is mounted in a service, by target. The working directory is among it: the engine
/// makes it where it is missing.
pub(super) fn of_service(model: &Model, service: &Node, sources: &SourceMap) -> Vec<Mount> {
    let items = |key: &str| service.get(key).and_then(Node::as_seq).into_iter().flatten();
    let mut mounts: Vec<Mount> = items("volumes").filter_map(|node| volume(model, node, sources)).collect();
    for (key, role, directory) in [("secrets", Role::Secret, "/run/secrets/"), ("configs", Role::Config, "/")]
    {
        mounts.extend(items(key).filter_map(|node| file(model, key, role, directory, node)));
    }
    for node in service.get("tmpfs").into_iter().flat_map(|tmpfs| match tmpfs.as_seq() {
        Some(items) => items.iter(),
        None => std::slice::from_ref(tmpfs).iter(),
    }) {
        let target = node.as_str().unwrap_or_default().split(':').next().unwrap_or_default();
        if target.starts_with('/') {
            mounts.push(Mount::without_source(target, node.origin));
        }
    }
    if let Some(node) = service.get("working_dir")
        && let Some(path) = node.as_str().filter(|path| path.starts_with('/'))
    {
        mounts.push(Mount { is_mounted: false, ..Mount::without_source(path, node.origin) });
    }
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    mounts
}

/// The innermost mount below whose target something else lies.
pub(super) fn enclosing<'m>(mounts: &'m [Mount], target: &Path) -> Option<&'m Mount> {
    let around =
        |mount: &&Mount| mount.is_mounted && target != mount.target && target.starts_with(&mount.target);
    mounts.iter().filter(around).max_by_key(|mount| mount.target.components().count())
}

/// The place inside another mount's source over which this one is mounted, where there is one.
pub(super) fn place_of(mounts: &[Mount], inner: &Mount) -> Option<PathBuf> {
    let outer = enclosing(mounts, &inner.target)?;
    let source = outer.source.as_ref().filter(|source| matches!(source.role, Role::Bind | Role::Volume))?;
    Some(source.path.join(inner.target.strip_prefix(&outer.target).ok()?))
}

fn volume(model: &Model, node: &Node, sources: &SourceMap) -> Option<Mount> {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    let target = text("target").filter(|target| target.starts_with('/'))?;
    let read_only = node.get("read_only").and_then(Node::as_bool) == Some(true);
    let source = node.get("source");
    let origin = source.map_or(node.origin, |source| source.origin);
    let source = match text("type") {
        Some("bind") => {
            let path = text("source").filter(|path| path.starts_with('/'))?;
            let written = written(origin, sources).to_owned();
            let has_slash = path.ends_with('/') || ends_with_slash(&written) || target.ends_with('/');
            let engine_creates = creates_source(node, model.reader);
            Some(Source {
                role: Role::Bind,
                path: clean(path),
                engine_creates,
                copies_up: false,
                has_slash,
                written,
                name: None,
            })
        }
        Some("volume") => text("source").and_then(|name| bound(model, name, node)),
        _ => None,
    };
    let volume = text("source").filter(|_| text("type") == Some("volume")).map(str::to_owned);
    Some(Mount { source, volume, target: clean(target), read_only, is_mounted: true, origin })
}

/// Whether one of the fields of a short form ends with a slash.
fn ends_with_slash(written: &str) -> bool {
    written.split(':').take(2).any(|field| field.len() > 1 && field.ends_with('/'))
}

/// The directory that a named volume binds.
fn bound(model: &Model, name: &str, mount: &Node) -> Option<Source> {
    let volume = model.root.at(&["volumes", name])?;
    let options = volume.get("driver_opts")?;
    let option = |key: &str| options.get(key).and_then(Node::as_str);
    let is_local = volume.get("driver").and_then(Node::as_str).is_none_or(|driver| driver == "local");
    let is_bind = option("o").is_some_and(|o| o.split(',').any(|one| matches!(one, "bind" | "rbind")));
    let device = option("device").filter(|device| device.starts_with('/') && is_local && is_bind)?;
    let nocopy = mount.at(&["volume", "nocopy"]).and_then(Node::as_bool) == Some(true);
    Some(Source {
        role: Role::Volume,
        path: clean(device),
        engine_creates: false,
        copies_up: !nocopy,
        has_slash: true,
        written: String::new(),
        name: Some(name.to_owned()),
    })
}

/// A secret or config that is a file of the host. Others are copied in.
fn file(model: &Model, section: &str, role: Role, directory: &str, node: &Node) -> Option<Mount> {
    let name = node.get("source").and_then(Node::as_str)?;
    let file = model.root.at(&[section, name, "file"])?;
    let path = file.as_str().filter(|path| path.starts_with('/'))?;
    let target = node.get("target").and_then(Node::as_str).unwrap_or(name);
    let target = if target.starts_with('/') { target.to_owned() } else { format!("{directory}{target}") };
    let source = Source {
        role,
        path: clean(path),
        engine_creates: false,
        copies_up: false,
        has_slash: false,
        written: String::new(),
        name: Some(name.to_owned()),
    };
    Some(Mount {
        source: Some(source),
        volume: None,
        target: clean(&target),
        read_only: true,
        is_mounted: true,
        origin: file.origin,
    })
}
