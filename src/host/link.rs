//! Symbolic links of ours in directories that belong to somebody else.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Nothing,
    /// A symbolic link, and what is written in it.
    Link(PathBuf),
    /// Anything else.
    Other,
}

/// # Errors
/// Where it cannot be looked at.
pub fn named(path: &Path) -> io::Result<Named> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => Ok(Named::Link(std::fs::read_link(path)?)),
        Ok(_) => Ok(Named::Other),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Named::Nothing)
        }
        Err(error) => Err(error),
    }
}

/// Makes `at` a link to `to`, in one step: whoever looks sees the old entry or the link.
///
/// # Errors
/// Where it cannot be made; the old entry is then still there.
pub fn replace_by_link(at: &Path, to: &Path) -> io::Result<()> {
    let folder = at.parent().unwrap_or(Path::new("/"));
    let made = tempfile::Builder::new().prefix(".sw-").make_in(folder, |path| symlink(to, path))?;
    made.persist(at).map(drop).map_err(|failed| failed.error)
}

/// Gives a file a second name, from which [`put_back`] restores it.
///
/// # Errors
/// Where it cannot be made, also where that name is taken.
pub fn second_name(of: &Path, at: &Path) -> io::Result<()> {
    std::fs::create_dir_all(at.parent().unwrap_or(Path::new("/")))?;
    std::fs::hard_link(of, at)
}

/// Moves `from` to `to`, over what is there, in one step.
///
/// # Errors
/// Where it cannot be moved.
pub fn put_back(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// # Errors
/// Where it cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// # Errors
/// Where it cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Removes a directory if nothing is in it; anything else is left alone.
pub fn remove_if_empty(path: &Path) {
    let _ = std::fs::remove_dir(path);
}
