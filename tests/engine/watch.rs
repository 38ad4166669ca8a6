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
    /// What is in places in which programs that install packages write as well.
    shared: BTreeMap<PathBuf, String>,
    /// How the database of packages looks; it changes around everything that is installed.
    packages: Vec<Option<(i64, i64)>>,
    is_installing: bool,
}

/// Places that everybody of the machine has: each of their entries is looked at. The home of a project's commands is
/// beside the project.
fn shared_places() -> Vec<PathBuf> {
    ["/", "/etc"].map(PathBuf::from).to_vec()
}

impl Watch {
    pub fn around(directory: &Path, allowed: &[PathBuf]) -> Self {
        Self::of(directory, allowed, &shared_places())
    }

    fn of(directory: &Path, allowed: &[PathBuf], places: &[PathBuf]) -> Self {
        let mut watch = Self {
            directory: directory.to_owned(),
            allowed: allowed.to_vec(),
            entries: BTreeMap::new(),
            shared: BTreeMap::new(),
            packages: packages(),
            is_installing: is_installing(),
        };
        // What is beside the project is the test's own: all of it, with its content.
        watch.deep(directory.parent().unwrap());
        let own = std::mem::take(&mut watch.entries);
        for listed in places {
            watch.add(listed, false);
            for entry in fs::read_dir(listed).into_iter().flatten().flatten() {
                // Controls that run meanwhile make these with plain Compose.
                if !entry.file_name().to_string_lossy().starts_with("sw-test-") {
                    watch.add(&entry.path(), false);
                }
            }
        }
        watch.shared = std::mem::replace(&mut watch.entries, own);
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

    /// Fails where it is not as it was. While packages are installed, nobody can tell who wrote in the shared places.
    #[track_caller]
    pub fn is_the_same(&self) {
        self.is_the_same_in(&shared_places());
    }

    #[track_caller]
    fn is_the_same_in(&self, places: &[PathBuf]) {
        let now = Self::of(&self.directory, &self.allowed, places);
        same(&self.entries, &now.entries);
        let installed = self.is_installing || now.is_installing || self.packages != now.packages;
        if !installed {
            same(&self.shared, &now.shared);
        }
    }
}

#[track_caller]
fn same(before: &BTreeMap<PathBuf, String>, now: &BTreeMap<PathBuf, String>) {
    for (path, before) in before {
        assert_eq!(now.get(path), Some(before), "outside the project: {}", path.display());
    }
    for path in now.keys() {
        assert!(before.contains_key(path), "outside the project, {} is new", path.display());
    }
}

fn packages() -> Vec<Option<(i64, i64)>> {
    let places = ["/var/lib/dpkg", "/var/lib/dpkg/status", "/var/lib/dpkg/updates", "/var/lib/dpkg/info"];
    places
        .map(|path| Path::new(path).metadata().ok().map(|found| (found.mtime(), found.mtime_nsec())))
        .to_vec()
}

/// Whether a program that installs packages runs.
fn is_installing() -> bool {
    let programs = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = programs.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    names.into_iter().any(|name| ["dpkg", "apt", "apt-get"].contains(&name.trim()))
}

#[test]
fn a_file_written_in_a_shared_place_is_seen() {
    let (project, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let places = [place.path().to_owned()];
    fs::create_dir(project.path().join("project")).unwrap();
    let mut watch = Watch::of(&project.path().join("project"), &[], &places);
    watch.is_the_same_in(&places);
    fs::write(place.path().join("any-name"), "").unwrap();
    let seen = || std::panic::catch_unwind(|| watch.is_the_same_in(&places)).is_err();
    assert!(seen() || is_installing() || watch.packages != packages());
    watch.is_installing = true;
    watch.is_the_same_in(&places);
}
