//! What a service has mounted, and where.

use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::compose::bind::creates_source;
use crate::model::{Place, mount, place, program, resource};
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
    let mut mounts: Vec<Mount> =
        mount::VOLUMES.items(service).iter().filter_map(|node| volume(model, node, sources)).collect();
    for (field, role) in [(mount::SECRETS, Role::Secret), (mount::CONFIGS, Role::Config)] {
        let files = field.items(service).iter();
        mounts.extend(files.filter_map(|node| file(model, field.path(), role, node)));
    }
    for place in mount::TMPFS.items(service).iter().filter_map(place::tmpfs).filter(Place::is_absolute) {
        mounts.push(Mount::without_source(&place.target, place.entry.origin));
    }
    if let Some(node) = program::WORKING_DIR.node(service)
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
    let (kind, named) = (mount::TYPE.str(node), mount::SOURCE.str(node));
    let target = mount::TARGET.str(node).filter(|target| target.starts_with('/'))?;
    let read_only = mount::READ_ONLY.is_on(node);
    let source = mount::SOURCE.node(node);
    let origin = source.map_or(node.origin, |source| source.origin);
    let source = match kind {
        Some("bind") => {
            let path = named.filter(|path| path.starts_with('/'))?;
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
        Some("volume") => named.and_then(|name| bound(model, name, node)),
        _ => None,
    };
    let volume = named.filter(|_| kind == Some("volume")).map(str::to_owned);
    Some(Mount { source, volume, target: clean(target), read_only, is_mounted: true, origin })
}

/// Whether one of the fields of a short form ends with a slash.
fn ends_with_slash(written: &str) -> bool {
    written.split(':').take(2).any(|field| field.len() > 1 && field.ends_with('/'))
}

/// The directory that a named volume binds.
fn bound(model: &Model, name: &str, mount: &Node) -> Option<Source> {
    let volume = model.root.at(&["volumes", name])?;
    let device = crate::model::Volume::of(volume).device?;
    let nocopy = mount::NOCOPY.is_on(mount);
    Some(Source {
        role: Role::Volume,
        path: clean(&device),
        engine_creates: false,
        copies_up: !nocopy,
        has_slash: true,
        written: String::new(),
        name: Some(name.to_owned()),
    })
}

/// A secret or config that is a file of the host. Others are copied in.
fn file(model: &Model, section: &str, role: Role, node: &Node) -> Option<Mount> {
    let name = mount::FILE_SOURCE.str(node)?;
    let file = resource::FILE.node(model.root.at(&[section, name])?)?;
    let path = file.as_str().filter(|path| path.starts_with('/'))?;
    let target = place::target_of_file(section, node);
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
