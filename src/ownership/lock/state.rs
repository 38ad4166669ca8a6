//! Which directories of the host are a service's state.

use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::host::Kind;
use crate::ownership::kind;
use crate::ownership::root::{Roots, Standing, nearest};
use crate::yaml::Node;

/// The declared roots; the project's directory where none are.
pub enum StateRoots {
    Here(Roots),
    /// On another machine, so known by their names alone.
    There(Vec<PathBuf>),
}

impl StateRoots {
    pub fn new(model: &Model, declared: &[PathBuf]) -> Self {
        let roots = match declared {
            [] => Roots::new([model.directory.as_path()]),
            declared => Roots::new(declared.iter().map(PathBuf::as_path)),
        };
        Self::Here(roots)
    }

    /// Roots of another machine.
    pub fn elsewhere(model: &Model, declared: &[PathBuf]) -> Self {
        Self::There(if declared.is_empty() { vec![model.directory.clone()] } else { declared.to_vec() })
    }

    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::There(_))
    }

    /// The directory that is there and the way below it, where `path` is inside a root and not behind a
    /// link that leads out.
    pub fn inside(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let roots = match self {
            Self::Here(roots) => roots,
            Self::There(roots) => return nearest(roots, path),
        };
        let existing = path.ancestors().find(|path| path.symlink_metadata().is_ok())?;
        match roots.standing(path, existing) {
            Standing::Inside { anchor, relative } => Some((anchor, relative)),
            Standing::BehindLink(_) | Standing::Outside => None,
        }
    }
}

/// The directories that a service may write, in order, each once: its bind mounts that are not
/// read-only, below the roots.
pub fn state_paths(service: &Node, roots: &StateRoots) -> Vec<PathBuf> {
    let mounts = binds(service).filter(|mount| mount.get("read_only").and_then(Node::as_bool) != Some(true));
    let mut paths: Vec<PathBuf> = mounts
        .filter_map(|mount| Some(PathBuf::from(mount.get("source")?.as_str()?)))
        .filter(|path| is_directory(path, roots) && roots.inside(path).is_some())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The bind mounts of a service.
pub(in crate::ownership) fn binds(service: &Node) -> impl Iterator<Item = &Node> {
    let volumes = service.get("volumes").and_then(Node::as_seq).into_iter().flatten();
    volumes.filter(|mount| mount.get("type").and_then(Node::as_str) == Some("bind"))
}

/// What is not there yet becomes a directory unless its name says otherwise.
fn is_directory(path: &Path, roots: &StateRoots) -> bool {
    match path.metadata() {
        Ok(metadata) if !roots.is_elsewhere() => metadata.is_dir(),
        _ => kind::of_name(path).is_none_or(|kind| kind == Kind::Directory),
    }
}

/// As the lock writes it: relative to its own directory where it is below, so that two checkouts have
/// the same lock.
pub(super) fn written(path: &Path, directory: &Path) -> String {
    match path.strip_prefix(directory) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => format!("./{}", inside.display()),
        Err(_) => path.display().to_string(),
    }
}
