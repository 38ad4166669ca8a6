//! Whatever seaworthy is asked to do, nothing outside a project comes, goes or changes: looked at around every
//! run of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What is around a project.
pub struct Watch {
    directory: PathBuf,
    /// What the policy of the project lets it make outside.
    allowed: Vec<PathBuf>,
    entries: BTreeMap<PathBuf, String>,
}

impl Watch {
    pub fn around(directory: &Path, allowed: &[PathBuf]) -> Self {
        let mut watch =
            Self { directory: directory.to_owned(), allowed: allowed.to_vec(), entries: BTreeMap::new() };
        // What is beside the project is the test's own: all of it, with its content.
        watch.deep(directory.parent().unwrap());
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home != Path::new("/"));
        for entry in fs::read_dir("/").into_iter().flatten().flatten() {
            watch.add(&entry.path(), false);
        }
        // Other programs of the machine write in these two as well, so that single names in them are looked at: those
        // of seaworthy and docker, and those that the tests mount or that say who is who.
        for name in ["seaworthy", "docker", "passwd", "group", "shadow", "subuid", "subgid", "hosts"] {
            watch.add(&Path::new("/etc").join(name), false);
        }
        if let Some(home) = home {
            watch.add(&home, false);
            for name in
                [".gitconfig", ".claude", ".claude.json", ".config", ".docker", ".seaworthy", ".ssh", "data"]
            {
                watch.add(&home.join(name), false);
            }
        }
        for path in ["/home", "/srv", "/opt", "/usr/local", "/var/lib", "/mnt", "/media"] {
            watch.add(Path::new(path), false);
        }
        watch
    }

    fn add(&mut self, path: &Path, with_size: bool) {
        let is_excepted =
            path.starts_with(&self.directory) || self.allowed.iter().any(|one| path.starts_with(one));
        let Ok(metadata) = path.symlink_metadata() else { return };
        if is_excepted {
            return;
        }
        let size = if with_size && metadata.is_file() { metadata.len() } else { 0 };
        let text = format!("{}:{} {:o} {size}", metadata.uid(), metadata.gid(), metadata.mode());
        self.entries.insert(path.to_owned(), text);
    }

    fn deep(&mut self, path: &Path) {
        self.add(path, true);
        if path.is_symlink() || path == self.directory {
            return;
        }
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            self.deep(&entry.path());
        }
    }

    /// Fails where it is not as it was.
    #[track_caller]
    pub fn is_the_same(&self) {
        let now = Self::around(&self.directory, &self.allowed);
        for (path, before) in &self.entries {
            assert_eq!(now.entries.get(path), Some(before), "outside the project: {}", path.display());
        }
        for path in now.entries.keys() {
            assert!(self.entries.contains_key(path), "outside the project, {} is new", path.display());
        }
    }
}
