//! Which folder holds the rendered file: one that no container of the project can write.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use sha2::{Digest, Sha256};

use crate::host::Owner;
use crate::ownership::bind::Reach;

/// The folder, with the project or, where the caller may not write there or a container may, among what the
/// caller's programs keep for themselves. `None` where containers may write in both.
pub fn folder(directory: &Path, reach: &Reach) -> Option<PathBuf> {
    let own = directory.join(".seaworthy");
    let is_safe = |folder: &PathBuf| !reach.holds(folder);
    if is_ours(&own) && is_safe(&own) {
        return Some(own);
    }
    // Where nothing can be kept elsewhere, whoever opens our own says what is wrong with it.
    elsewhere(directory).filter(is_safe).or_else(|| Some(own).filter(is_safe))
}

/// Whether the private folder of a project can be made or used. What is there but is no folder is for
/// whoever opens it to refuse.
fn is_ours(folder: &Path) -> bool {
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => metadata.uid() == Owner::current().uid && is_writable(folder),
        Ok(_) => true,
        Err(_) => folder.parent().is_some_and(is_writable),
    }
}

fn is_writable(folder: &Path) -> bool {
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

/// A folder for this project in what the caller's programs keep.
fn elsewhere(directory: &Path) -> Option<PathBuf> {
    Some(kept()?.join(name(directory)))
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
    kept().filter(|folder| {
        folder.ancestors().find(|one| one.symlink_metadata().is_ok()).is_some_and(is_writable)
    })
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
