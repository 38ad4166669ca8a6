//! Which folder holds the rendered file: one that no container of the project can write.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::host::{Owner, PrivateDirError, ensure_private_dir, ensure_served_dir, may_write};
use crate::ownership::bind::Reach;

/// Where what is kept of a project lies.
#[derive(Clone, Copy, Debug)]
pub struct Home<'h> {
    /// The project's directory.
    pub directory: &'h Path,
    /// `--state-dir`, absolute.
    pub state: Option<&'h Path>,
}

/// A folder that can be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub path: PathBuf,
    /// Whether it was chosen: on a file server that shows us as somebody else, too.
    is_chosen: bool,
}

impl Home<'_> {
    /// The folders that no container of the project can write, the best first: the one that was asked for and no other;
    /// else with the project, where the caller may write there, and then among what the caller's programs keep for
    /// themselves.
    pub fn folders(&self, reach: &Reach) -> Vec<Folder> {
        let all = self.candidates();
        all.into_iter().filter(|folder| !reach.holds(&folder.path)).collect()
    }

    /// Wherever a launch may have kept something, also where this process may not.
    pub fn places(&self) -> Vec<PathBuf> {
        let own = self.directory.join(".seaworthy");
        let kept = kept().map(|kept| kept.join(name(self.directory)));
        let state = self.state.map(|state| state.join(name(self.directory)));
        [Some(own), kept, state].into_iter().flatten().collect()
    }

    fn candidates(&self) -> Vec<Folder> {
        let folder = |path: PathBuf, is_chosen| Folder { path, is_chosen };
        match self.state {
            Some(state) => vec![folder(state.join(name(self.directory)), true)],
            None => {
                let own = self.directory.join(".seaworthy");
                let kept = kept().map(|kept| kept.join(name(self.directory)));
                let usable = Some(own).filter(|own| is_ours(own));
                let last = usable.clone();
                let all = usable.into_iter().chain(kept).map(|path| folder(path, false));
                all.chain(last.map(|own| folder(own, true))).collect()
            }
        }
    }
}

impl Folder {
    /// Makes it where it is missing: 0700, ours, no link, not seen by git.
    ///
    /// # Errors
    /// Where it cannot be made or used.
    pub fn ensure(&self) -> Result<(), PrivateDirError> {
        let path = self.path.as_path();
        make_parents(path).map_err(|source| PrivateDirError::Io {
            path: path.to_owned(),
            action: "create it",
            source,
        })?;
        let ensured = if self.is_chosen { ensure_served_dir(path) } else { ensure_private_dir(path) };
        ensured.map(drop)
    }
}

/// Whether the private folder of a project can be made or used. What is there but is no folder is for
/// whoever opens it to refuse.
fn is_ours(folder: &Path) -> bool {
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => metadata.uid() == Owner::current().uid && may_write(folder),
        Ok(_) => true,
        Err(_) => folder.parent().is_some_and(may_write),
    }
}

/// What this program keeps in the caller's `XDG_STATE_HOME`. There is none where that is another user's,
/// as the home often is under sudo, or where the home is not there.
pub fn kept() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let in_home = || Some(variable("HOME").filter(|home| home.is_dir())?.join(".local/state"));
    let home = variable("XDG_STATE_HOME").or_else(in_home)?;
    let existing = home.ancestors().find_map(|folder| folder.metadata().ok())?;
    (existing.uid() == Owner::current().uid).then(|| home.join("seaworthy"))
}

/// The same where it is there to be written, or can be made.
pub fn kept_writable() -> Option<PathBuf> {
    kept()
        .filter(|folder| folder.ancestors().find(|one| one.symlink_metadata().is_ok()).is_some_and(may_write))
}

/// Tells projects apart: their last name for people, a digest of the whole path for certainty.
fn name(directory: &Path) -> String {
    let last = directory.file_name().unwrap_or_default().to_string_lossy();
    let digest = Sha256::digest(directory.as_os_str().as_bytes());
    let digest = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{last}-{digest:016x}")
}

pub fn make_parents(folder: &Path) -> io::Result<()> {
    folder
        .parent()
        .map_or(Ok(()), |parent| std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_of_one_name_have_folders_of_their_own() {
        let (a, b) = (name(Path::new("/a/app")), name(Path::new("/b/app")));
        assert!(a.starts_with("app-") && b.starts_with("app-") && a != b);
        assert_eq!(a, name(Path::new("/a/app")));
    }

    #[test]
    fn a_folder_that_can_be_made_is_ours_and_so_is_what_must_be_refused() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join(".seaworthy");
        assert!(is_ours(&folder));
        std::fs::write(&folder, "").unwrap();
        assert!(is_ours(&folder));
        assert!(!is_ours(&temp.path().join("absent/.seaworthy")));
    }

    #[test]
    fn a_folder_of_somebody_else_is_not_ours() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join(".seaworthy");
        std::fs::create_dir(&folder).unwrap();
        assert!(is_ours(&folder));
        if Owner::current().uid == 0 {
            std::os::unix::fs::chown(&folder, Some(1), Some(1)).unwrap();
            assert!(!is_ours(&folder));
        }
    }
}
