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
        for listed in ["/", "/etc"].into_iter().map(PathBuf::from).chain(home) {
            watch.add(&listed, false);
            for entry in fs::read_dir(&listed).into_iter().flatten().flatten() {
                // Controls that run meanwhile make these with plain Compose.
                if !entry.file_name().to_string_lossy().starts_with("sw-test-") {
                    watch.add(&entry.path(), false);
                }
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
