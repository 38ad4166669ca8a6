//! The directory `.seaworthy/`: ours alone, and invisible to git.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

use super::{AtomicError, Dir, FileSystem, Kind, Owner, write_atomic};

/// Why a directory cannot be our private one.
#[derive(Debug, thiserror::Error)]
pub enum PrivateDirError {
    #[error("{} is a symbolic link; seaworthy writes resolved values only into a directory of its own", .0.display())]
    Symlink(PathBuf),
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("{} belongs to user {found}, not to user {expected} who runs seaworthy", path.display())]
    Foreign { path: PathBuf, found: u32, expected: u32 },
    #[error(transparent)]
    Unwritten(#[from] AtomicError),
    #[error("{}: cannot {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },
}

impl PrivateDirError {
    /// Whether another place may be taken: nothing failed, and the directory is somebody else's, as on a file server that
    /// takes root for nobody. Where we may not write at all is known before one is made.
    pub fn may_go_elsewhere(&self) -> bool {
        matches!(self, Self::Foreign { .. })
    }
}

/// Makes sure that `path` is a directory of mode 0700 that belongs to the running user and that ignores
/// itself in git, creating it (but not its parents) where it is missing. Returns it opened.
pub fn ensure_private_dir(path: &Path) -> Result<Dir, PrivateDirError> {
    ensure(path, &|_| false)
}

/// The same where another machine or a program may show us as another user: a directory is ours there if what we make
/// in it belongs to whom it belongs to.
pub fn ensure_served_dir(path: &Path) -> Result<Dir, PrivateDirError> {
    ensure(path, &|directory| is_served_as_ours(directory).unwrap_or(false))
}

fn is_served_as_ours(directory: &OwnedFd) -> io::Result<bool> {
    if !FileSystem::of_descriptor(directory)?.is_foreign() {
        return Ok(false);
    }
    let name = format!(".sw-ours-{:x}", std::process::id());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = rustix::fs::openat(directory, &name, flags, Mode::RUSR | Mode::WUSR)?;
    let owner = rustix::fs::fstat(&made)?.st_uid;
    rustix::fs::unlinkat(directory, &name, AtFlags::empty())?;
    Ok(owner == rustix::fs::fstat(directory)?.st_uid)
}

fn ensure(path: &Path, is_ours: &dyn Fn(&OwnedFd) -> bool) -> Result<Dir, PrivateDirError> {
    let failed = |action: &'static str| {
        move |errno: Errno| PrivateDirError::Io { path: path.to_owned(), action, source: errno.into() }
    };
    let is_new = match rustix::fs::mkdirat(CWD, path, Mode::RWXU) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(errno) => return Err(failed("create it")(errno)),
    };
    let expected = Owner::current().uid;
    let foreign = |found: u32| {
        if is_new {
            // Empty, and of nobody's use.
            let _ = rustix::fs::unlinkat(CWD, path, AtFlags::REMOVEDIR);
        }
        PrivateDirError::Foreign { path: path.to_owned(), found, expected }
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|errno| match errno {
        // A link answers with either, depending on whether "directory" or "no link" is judged first.
        Errno::LOOP | Errno::NOTDIR if is_symlink(path) => PrivateDirError::Symlink(path.to_owned()),
        Errno::NOTDIR => PrivateDirError::NotADirectory(path.to_owned()),
        // The file server gives our directory to another user, who keeps us out.
        Errno::ACCESS => match rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if stat.st_uid != expected => foreign(stat.st_uid),
            _ => failed("open it")(errno),
        },
        errno => failed("open it")(errno),
    })?;
    let stat = rustix::fs::fstat(&directory).map_err(failed("look at it"))?;
    if stat.st_uid != expected && !is_ours(&directory) {
        return Err(foreign(stat.st_uid));
    }
    if stat.st_mode & 0o7777 != 0o700 {
        rustix::fs::fchmod(&directory, Mode::RWXU).map_err(failed("set its mode"))?;
    }
    let ignore = path.join(".gitignore");
    match rustix::fs::statat(&directory, ".gitignore", AtFlags::SYMLINK_NOFOLLOW) {
        // An empty one is what an interrupted run left, and hides nothing; nor does a directory.
        Ok(stat) if stat.st_size > 0 && Kind::from_mode(stat.st_mode) != Some(Kind::Directory) => {}
        Ok(_) | Err(Errno::NOENT) => write_atomic(&ignore, b"*\n", 0o600)?,
        Err(errno) => return Err(failed("look at its .gitignore")(errno)),
    }
    Ok(Dir::from_descriptor(directory, path.to_owned()))
}

fn is_symlink(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;
    use crate::host::owner::is_root;

    #[test]
    fn it_is_created_private_and_ignores_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".seaworthy");
        ensure_private_dir(&path).unwrap();
        ensure_private_dir(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_looser_mode_is_tightened_and_a_gitignore_of_yours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".seaworthy");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path.join(".gitignore"), "*.json\n").unwrap();
        ensure_private_dir(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*.json\n");
    }

    #[test]
    fn an_interrupted_gitignore_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".seaworthy");
        ensure_private_dir(&path).unwrap();
        fs::write(path.join(".gitignore"), "").unwrap();
        ensure_private_dir(&path).unwrap();
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_link_and_a_file_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        symlink(dir.path(), &link).unwrap();
        assert!(matches!(ensure_private_dir(&link), Err(PrivateDirError::Symlink(_))));
        let dangling = dir.path().join("dangling");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert!(matches!(ensure_private_dir(&dangling), Err(PrivateDirError::Symlink(_))));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(ensure_private_dir(&file), Err(PrivateDirError::NotADirectory(_))));
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        if !is_root() {
            return; // only root can make one
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".seaworthy");
        fs::create_dir(&path).unwrap();
        chown(&path, Some(3001), Some(3001)).unwrap();
        assert!(matches!(ensure_private_dir(&path), Err(PrivateDirError::Foreign { found: 3001, .. })));
    }
}
