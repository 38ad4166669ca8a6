//! What is around a project, before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::harness::Project;

/// Owner, mode, kind and size of everything that nobody was allowed to touch.
#[derive(PartialEq, Eq)]
pub struct Surroundings {
    entries: BTreeMap<PathBuf, String>,
    root: PathBuf,
    except: Vec<PathBuf>,
}

/// Beside the project: where programs keep what is their own, with what is noted of launches.
const KEPT: [&str; 2] = [".xdg-state", "home/.local"];

impl Surroundings {
    /// Everything beside the project, and in it but for `except`; the host's top directories; its users.
    pub fn of(project: &Project, except: &[&str]) -> Self {
        let root = project.beside("");
        let except = except.iter().map(|path| project.path(path)).collect();
        let mut seen = Self { entries: BTreeMap::new(), root: root.clone(), except };
        seen.add(&root, true);
        for path in ["/etc/passwd", "/etc/shadow", "/etc/group", "/root", "/home", "/etc", "/tmp"] {
            seen.add(Path::new(path), false);
        }
        for entry in fs::read_dir("/").unwrap().flatten() {
            // What plain Compose makes there in a control that runs meanwhile.
            if !entry.file_name().to_string_lossy().starts_with("sw-test-unset-") {
                seen.add(&entry.path(), false);
            }
        }
        seen
    }

    fn add(&mut self, path: &Path, deep: bool) {
        let is_kept = KEPT.iter().any(|kept| path.starts_with(self.root.join(kept)));
        if is_kept || self.except.iter().any(|except| path.starts_with(except)) {
            return;
        }
        let Ok(metadata) = path.symlink_metadata() else { return };
        // How full a directory is may change with what is excepted; who owns it may not.
        let size = if metadata.is_file() && deep { metadata.len() } else { 0 };
        let text = format!("{}:{} {:o} {size}", metadata.uid(), metadata.gid(), metadata.mode());
        self.entries.insert(path.to_owned(), text);
        if deep && metadata.is_dir() {
            for entry in fs::read_dir(path).unwrap().flatten() {
                self.add(&entry.path(), true);
            }
        }
    }

    /// Fails where anything came, went or changed.
    #[track_caller]
    pub fn are_the_same(&self, project: &Project) {
        let except: Vec<String> = self
            .except
            .iter()
            .map(|path| path.strip_prefix(&project.directory).unwrap().display().to_string())
            .collect();
        let now = Self::of(project, &except.iter().map(String::as_str).collect::<Vec<_>>());
        for (path, before) in &self.entries {
            assert_eq!(now.entries.get(path), Some(before), "{}", path.display());
        }
        for path in now.entries.keys() {
            assert!(self.entries.contains_key(path), "{} is new", path.display());
        }
        assert_eq!(self.root, now.root);
    }
}
