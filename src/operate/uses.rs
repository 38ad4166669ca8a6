//! Directories of this machine that containers have: as mounts, behind volumes, as their project's.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::engine::{Answer, Engine, Inspection, Location, State};
use crate::launch::facts::objects;
use crate::ownership::lock::repair::MOUNTS;

/// A directory that a container has.
#[derive(Clone, Debug)]
pub struct Use {
    /// The container's name, and how it is.
    pub container: String,
    pub state: State,
    /// As the engine has it.
    pub path: PathBuf,
    /// Without links, where it is there.
    pub real: Option<PathBuf>,
    /// Filesystem and number of it and of each directory above it.
    pub identity: Vec<(u64, u64)>,
    /// Whether everything below is the container's, too.
    pub is_mount: bool,
    pub is_writable: bool,
}

/// Those of all containers of the engine, whatever they belong to and whether they run.
pub fn uses(engine: &Engine) -> Answer<Vec<Use>> {
    match engine.location() {
        Location::Here => {}
        Location::VirtualMachine => {
            return Answer::unknown("the engine runs in a virtual machine, which has other paths");
        }
        Location::Elsewhere(reason) => {
            return Answer::Unknown(format!("the engine runs on another machine: {reason}"));
        }
    }
    let found = engine.inspect_all().and_then(|containers| {
        let of_volumes = containers.iter().flat_map(|one| &one.mounts).filter(|mount| mount.kind == "volume");
        let mut volumes: Vec<&String> = of_volumes.map(|mount| &mount.name).collect();
        volumes.sort_unstable();
        volumes.dedup();
        let volumes = objects(engine, "volume", &volumes);
        volumes.and_then(|volumes| containers.iter().map(|one| of_container(one, &volumes)).collect())
    });
    found.map(|found: Vec<Vec<Use>>| found.into_iter().flatten().collect())
}

fn of_container(container: &Inspection, volumes: &[Value]) -> Answer<Vec<Use>> {
    let mut found = Vec::new();
    let mut add = |path: &str, is_mount: bool, is_writable: bool| {
        if path.starts_with('/') {
            found.push(one(container, Path::new(path), is_mount, is_writable));
        }
    };
    for mount in &container.mounts {
        add(&mount.source, true, mount.is_writable);
        let volume =
            volumes.iter().find(|volume| volume.get("Name").and_then(Value::as_str) == Some(&mount.name));
        let device = volume.and_then(|volume| volume.get("Options")?.get("device")?.as_str());
        add(device.unwrap_or_default(), true, mount.is_writable);
    }
    add(container.working_directory(), false, true);
    found.into_iter().collect()
}

fn one(container: &Inspection, path: &Path, is_mount: bool, is_writable: bool) -> Answer<Use> {
    let real = match path.canonicalize() {
        Ok(real) => Some(real),
        // Shown through a mount that only root can look behind.
        Err(error) if path.starts_with(MOUNTS) && error.kind() != std::io::ErrorKind::NotFound => {
            return Answer::Unknown(format!("{} cannot be looked at: {error}", path.display()));
        }
        Err(_) => None,
    };
    let identity = real.iter().flat_map(|real| real.ancestors()).filter_map(identity).collect();
    Answer::Known(Use {
        container: container.name.clone(),
        state: container.state.clone(),
        path: path.to_owned(),
        real,
        identity,
        is_mount,
        is_writable,
    })
}

/// Filesystem and number.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.symlink_metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A directory of which it is asked who has it.
pub struct Wanted<'w> {
    /// As it is written, and without links.
    pub path: &'w Path,
    pub real: &'w Path,
    pub identity: (u64, u64),
    /// Filesystem and number of the directories above it.
    pub above: Vec<(u64, u64)>,
    /// What lies above this and is mounted to be read alone, such as all of the machine for its monitor, is
    /// nobody's directory.
    pub root: &'w Path,
}

impl<'w> Wanted<'w> {
    pub fn new(path: &'w Path, real: &'w Path, identity: (u64, u64), root: &'w Path) -> Self {
        let above = real.ancestors().skip(1).filter_map(self::identity).collect();
        Self { path, real, identity, above, root }
    }

    /// Whether this container has it, something in it, or all of what it is in.
    pub fn is_had_by(&self, by: &Use) -> bool {
        let inside = |path: &Path| path.starts_with(self.path) || path.starts_with(self.real);
        if inside(&by.path) || by.real.as_deref().is_some_and(inside) || by.identity.contains(&self.identity)
        {
            return true;
        }
        let around = |path: &Path| self.path.starts_with(path) || self.real.starts_with(path);
        let is_around = around(&by.path)
            || by.real.as_deref().is_some_and(around)
            || by.identity.first().is_some_and(|own| self.above.contains(own));
        let is_wide = by.real.as_deref().is_some_and(|real| self.root.starts_with(real) && self.root != real);
        by.is_mount && is_around && (by.is_writable || !is_wide)
    }
}

/// Whether something is mounted at a directory or below it.
///
/// # Errors
/// Where the mount table cannot be read.
pub fn is_mounted_in(real: &Path) -> std::io::Result<bool> {
    Ok(crate::host::mounts::mounts()?.iter().any(|mount| mount.point.starts_with(real)))
}
