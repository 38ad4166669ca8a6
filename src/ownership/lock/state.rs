//! Which directories and volumes are a service's state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compose::{Model, section};
use crate::host::Kind;
use crate::model::place::clean;
use crate::model::volume::{self, Kind as Storage, Volume, key_of};
use crate::model::{mount, resource};
use crate::ownership::kind;
use crate::ownership::root::{Roots, Standing, nearest};
use crate::yaml::{Mapping, Node};

/// Where state may lie.
pub struct StateRoots {
    roots: Declared,
    /// By the key in the model.
    volumes: BTreeMap<String, StateVolume>,
}

/// The declared roots; the project's directory where none are.
enum Declared {
    Here(Roots),
    /// On another machine, so known by their names alone.
    There(Vec<PathBuf>),
}

/// A volume that the engine keeps in a directory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVolume {
    /// As the engine calls it.
    pub name: String,
    /// It is made elsewhere, and not the project's.
    pub is_external: bool,
    /// The directory on the engine's machine, once it is known that it is there.
    pub at: Option<PathBuf>,
}

impl StateRoots {
    pub fn new(model: &Model, declared: &[PathBuf]) -> Self {
        let roots = match declared {
            [] => Roots::new([model.directory.as_path()]),
            declared => Roots::new(declared.iter().map(PathBuf::as_path)),
        };
        Self { roots: Declared::Here(roots), volumes: volumes(model) }
    }

    /// Roots of another machine.
    pub fn elsewhere(model: &Model, declared: &[PathBuf]) -> Self {
        let roots = if declared.is_empty() { vec![model.directory.clone()] } else { declared.to_vec() };
        Self { roots: Declared::There(roots), volumes: volumes(model) }
    }

    /// With the places of those volumes that are there, by their keys.
    #[must_use]
    pub fn with_volumes(mut self, places: &BTreeMap<String, PathBuf>) -> Self {
        for (key, volume) in &mut self.volumes {
            volume.at = places.get(key).cloned();
        }
        self
    }

    pub fn is_elsewhere(&self) -> bool {
        matches!(self.roots, Declared::There(_))
    }

    /// A volume that can be state.
    pub fn volume(&self, key: &str) -> Option<&StateVolume> {
        self.volumes.get(key)
    }

    /// The directory that is there and the way below it, where `path` is inside a root and not behind a
    /// link that leads out; of a volume its own directory.
    pub fn inside(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        if let Some(key) = key_of(path) {
            let inside = path.iter().skip(1).collect();
            return self.volume(key)?.at.clone().map(|at| (at, inside));
        }
        let roots = match &self.roots {
            Declared::Here(roots) => roots,
            Declared::There(roots) => return nearest(roots, path),
        };
        let existing = path.ancestors().find(|path| path.symlink_metadata().is_ok())?;
        match roots.standing(path, existing) {
            Standing::Inside { anchor, relative } => Some((anchor, relative)),
            Standing::BehindLink(_) | Standing::BelowUnmade(_) | Standing::Outside => None,
        }
    }
}

fn volumes(model: &Model) -> BTreeMap<String, StateVolume> {
    let all = section(&model.root, "volumes").into_iter().flat_map(Mapping::iter);
    let volume = |(key, node): (&str, &Node)| {
        let is_external = resource::EXTERNAL.is_on(node);
        // What an external one is kept in, only the engine knows.
        if !is_external && Volume::of(node).kind != Storage::Directory {
            return None;
        }
        let name = resource::name(model, node, key);
        Some((key.to_owned(), StateVolume { name, is_external, at: None }))
    };
    all.filter_map(volume).collect()
}

/// What a service may write and is its own, in order, each once: its bind mounts that are not read-only,
/// below the roots, and the project's volumes.
pub fn state_paths(service: &Node, roots: &StateRoots) -> Vec<PathBuf> {
    let is_own = |place: &PathBuf| key_of(place).is_none_or(|key| is_own(roots, key));
    written_places(service, roots).into_iter().filter(is_own).collect()
}

fn is_own(roots: &StateRoots, key: &str) -> bool {
    roots.volume(key).is_some_and(|volume| !volume.is_external)
}

/// The same with volumes that are not the project's.
pub(in crate::ownership) fn written_places(service: &Node, roots: &StateRoots) -> Vec<PathBuf> {
    let is_written = |mount: &&Node| !mount::READ_ONLY.is_on(mount);
    let places = mounts(service).filter(is_written).filter_map(source);
    let mut paths: Vec<PathBuf> = places
        .filter(|path| match key_of(path) {
            Some(key) => roots.volume(key).is_some(),
            None => is_directory(path, roots) && roots.inside(path).is_some(),
        })
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// What is mounted in a service of the host, or of the engine under a name.
pub(crate) fn mounts(service: &Node) -> impl Iterator<Item = &Node> {
    let volumes = mount::VOLUMES.items(service).iter();
    volumes.filter(|mount| matches!(mount::TYPE.str(mount), Some("bind" | "volume")))
}

/// Where a mount's content lies: a path of the host, or a volume; `None` for a volume without a name.
pub(crate) fn source(mount: &Node) -> Option<PathBuf> {
    let source = mount::SOURCE.str(mount)?;
    if mount::TYPE.str(mount) != Some("volume") {
        return Some(PathBuf::from(source));
    }
    let inside = mount::SUBPATH.str(mount).map(clean);
    let names = inside.iter().flat_map(|inside| inside.split('/')).filter(|name| !name.is_empty());
    Some(names.fold(volume::place(source), |place, name| place.join(name)))
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

/// For people: `volume data` in place of `volume:data`, and a path as it is.
pub fn shown(path: &Path) -> String {
    match path.to_str().and_then(|path| path.strip_prefix("volume:")) {
        Some(key) => format!("volume {key}"),
        None => path.display().to_string(),
    }
}
