//! Taking a directory away: first out of its name, then for good, through descriptors.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

use super::{Dir, DirError, Entry};

/// Directories within one another that are held open at once; what is deeper is moved up first.
const DEEPEST: usize = 64;

/// How often a tree that somebody goes on filling is emptied.
const ROUNDS: usize = 1000;

impl Dir {
    /// The names in it, in order.
    pub fn names_in(&self) -> Result<Vec<OsString>, DirError> {
        let names = readable(self, c".").and_then(|directory| list(&directory));
        let mut names = names.map_err(|errno| DirError::io(self.path(), "list it", errno))?;
        names.sort();
        Ok(names.into_iter().map(|name| OsString::from_vec(name.into_bytes())).collect())
    }

    /// Whoever has this has the directory for himself, as far as everybody asks. `None` where another has it.
    pub fn alone(&self) -> Result<Option<OwnedFd>, DirError> {
        let failed = |errno| DirError::io(self.path(), "lock it", errno);
        let held = readable(self, c".").map_err(failed)?;
        match rustix::fs::flock(&held, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(held)),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// Gives an entry another name in the same directory. What has that name already stays.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), DirError> {
        rustix::fs::renameat_with(self, from, self, to, RenameFlags::NOREPLACE)
            .map_err(|errno| DirError::io(&self.path().join(from), "rename it", errno))
    }

    /// Removes a file, or a link itself.
    pub fn remove_file(&self, name: &OsStr) -> Result<(), DirError> {
        rustix::fs::unlinkat(self, name, AtFlags::empty())
            .map_err(|errno| DirError::io(&self.path().join(name), "remove it", errno))
    }

    /// Removes the directory that is held as `entry` and has this name, with all that is in it: through no
    /// link and into no other mount. It goes on past what cannot be removed.
    ///
    /// # Errors
    /// The first thing that could not be removed.
    pub fn remove_tree(&self, name: &OsStr, entry: &Entry) -> Result<(), DirError> {
        // The name that it was found by is the one that people know.
        let path = entry.path();
        let failed = |errno| DirError::io(path, "remove it", errno);
        let tree = readable(entry, c".").map_err(|errno| DirError::io(path, "open it", errno))?;
        let mut removal = Removal { top: tree.as_fd(), path, moved: 0, failed: None };
        for round in 0.. {
            let before = removal.moved;
            removal.empty(tree.as_fd(), Path::new(""), 0);
            if removal.moved == before || removal.failed.is_some() || round == ROUNDS {
                break;
            }
        }
        if let Some(failed) = removal.failed {
            return Err(failed);
        }
        // The name may stand for something else by now; only an empty directory can be taken away by it.
        rustix::fs::unlinkat(self, name, AtFlags::REMOVEDIR).map_err(failed)
    }
}

struct Removal<'t> {
    top: BorrowedFd<'t>,
    path: &'t Path,
    moved: u32,
    failed: Option<DirError>,
}

impl Removal<'_> {
    fn empty(&mut self, directory: BorrowedFd<'_>, relative: &Path, depth: usize) {
        let names = match list(directory) {
            Ok(names) => names,
            Err(errno) => return self.fail(relative, "list it", errno),
        };
        for name in names {
            let inside = relative.join(OsStr::from_bytes(name.to_bytes()));
            match rustix::fs::unlinkat(directory, &name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                // A directory; filesystems differ in how they say so.
                Err(Errno::ISDIR | Errno::PERM) => self.directory(directory, &name, &inside, depth),
                Err(errno) => self.fail(&inside, "remove it", errno),
            }
        }
    }

    fn directory(&mut self, above: BorrowedFd<'_>, name: &CStr, inside: &Path, depth: usize) {
        if depth >= DEEPEST {
            return match self.move_up(above, name) {
                Ok(()) => self.moved += 1,
                Err(errno) => self.fail(inside, "move it up", errno),
            };
        }
        match readable(above, name) {
            Ok(below) => self.empty(below.as_fd(), inside, depth + 1),
            Err(Errno::NOENT) => return,
            // It was no directory after all, and may not be removed.
            Err(Errno::NOTDIR | Errno::LOOP) => return self.fail(inside, "remove it", Errno::PERM),
            Err(errno) => return self.fail(inside, "open it", errno),
        }
        match rustix::fs::unlinkat(above, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => {}
            // What is in it was moved up, or could not be removed, which was said.
            Err(Errno::NOTEMPTY | Errno::EXIST) if self.failed.is_some() => {}
            Err(errno) => self.fail(inside, "remove it", errno),
        }
    }

    /// To the top of the tree, under a name that is free.
    fn move_up(&self, above: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<()> {
        for number in self.moved..self.moved.saturating_add(1000) {
            let free = format!(".deep-{number}");
            match rustix::fs::renameat_with(above, name, self.top, free, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => {}
                result => return result,
            }
        }
        Err(Errno::EXIST)
    }

    fn fail(&mut self, relative: &Path, action: &'static str, errno: Errno) {
        let path =
            if relative.as_os_str().is_empty() { self.path.to_owned() } else { self.path.join(relative) };
        self.failed.get_or_insert(DirError::io(&path, action, errno));
    }
}

/// Whether anything in the tree changed within this time. It stops at the first such thing. A time that lies
/// ahead counts as now.
pub fn changed_within(entry: &Entry, limit: Duration) -> Result<bool, DirError> {
    let since = SystemTime::now().checked_sub(limit).unwrap_or(SystemTime::UNIX_EPOCH);
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let is_young = |stat: &rustix::fs::Stat| {
        let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
        #[allow(clippy::useless_conversion)] // the width differs between architectures
        let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
        Duration::new(seconds, nanoseconds) > since
    };
    let mut waiting = vec![PathBuf::new()];
    while let Some(relative) = waiting.pop() {
        let path = entry.path().join(&relative);
        let failed = |errno| DirError::io(&path, "look through it", errno);
        let name = if relative.as_os_str().is_empty() { Path::new(".") } else { &relative };
        let name = CString::new(name.as_os_str().as_bytes()).map_err(|_| failed(Errno::INVAL))?;
        let directory = match readable(entry, &name) {
            Err(Errno::NOENT) if !relative.as_os_str().is_empty() => continue,
            opened => opened.map_err(failed)?,
        };
        if is_young(&rustix::fs::fstat(&directory).map_err(failed)?) {
            return Ok(true);
        }
        for name in list(&directory).map_err(failed)? {
            let stat = match rustix::fs::statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat.map_err(failed)?,
            };
            if is_young(&stat) {
                return Ok(true);
            }
            if super::dir::Kind::from_mode(stat.st_mode) == Some(super::dir::Kind::Directory) {
                waiting.push(relative.join(OsStr::from_bytes(name.to_bytes())));
            }
        }
    }
    Ok(false)
}

/// Opens a directory to list it: through no link and into no other mount.
fn readable(directory: impl AsFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    loop {
        match rustix::fs::openat2(directory.as_fd(), name, flags, Mode::empty(), resolve) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            result => return result,
        }
    }
}

fn list(directory: impl AsFd) -> rustix::io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn remove(root: &Path, name: &str) -> Result<(), DirError> {
        let dir = Dir::open(root).unwrap();
        let entry = dir.find(Path::new(name)).unwrap().unwrap();
        dir.remove_tree(OsStr::new(name), &entry)
    }

    #[test]
    fn a_tree_goes_whole_and_what_its_links_name_stays() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/b/c")).unwrap();
        fs::create_dir(temp.path().join("kept")).unwrap();
        fs::write(temp.path().join("kept/file"), "x").unwrap();
        fs::write(temp.path().join("a/b/file"), "x").unwrap();
        symlink("../../kept", temp.path().join("a/b/link")).unwrap();
        symlink("/etc", temp.path().join("a/etc")).unwrap();
        remove(temp.path(), "a").unwrap();
        assert!(!temp.path().join("a").exists() && temp.path().join("kept/file").exists());
        assert!(Path::new("/etc/passwd").exists());
    }

    #[test]
    fn a_tree_deeper_than_any_path_goes_whole() {
        let temp = tempfile::tempdir().unwrap();
        let name = CString::new("d".repeat(200)).unwrap();
        fs::create_dir(temp.path().join("a")).unwrap();
        let dir = Dir::open(&temp.path().join("a")).unwrap();
        let mut at = readable(&dir, c".").unwrap();
        for _ in 0..300 {
            rustix::fs::mkdirat(&at, &name, Mode::RWXU).unwrap();
            at = readable(&at, &name).unwrap();
        }
        drop(at);
        remove(temp.path(), "a").unwrap();
        assert!(!temp.path().join("a").exists());
    }

    #[test]
    fn a_name_that_stands_for_something_else_now_is_not_emptied() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("a")).unwrap();
        fs::create_dir(temp.path().join("other")).unwrap();
        fs::write(temp.path().join("other/file"), "x").unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let entry = dir.find(Path::new("a")).unwrap().unwrap();
        dir.rename(OsStr::new("a"), OsStr::new("b")).unwrap();
        symlink("other", temp.path().join("a")).unwrap();
        assert!(dir.remove_tree(OsStr::new("a"), &entry).is_err());
        fs::remove_file(temp.path().join("a")).unwrap();
        dir.rename(OsStr::new("other"), OsStr::new("a")).unwrap();
        assert!(dir.remove_tree(OsStr::new("a"), &entry).is_err());
        assert!(temp.path().join("a/file").exists());
    }

    #[test]
    fn whatever_changed_lately_makes_the_tree_young() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/b")).unwrap();
        fs::write(temp.path().join("a/b/file"), "x").unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let young = |limit| {
            let entry = dir.find(Path::new("a")).unwrap().unwrap();
            changed_within(&entry, Duration::from_secs(limit)).unwrap()
        };
        let age = |path: &str, seconds| {
            let at = SystemTime::now() - Duration::from_secs(seconds);
            fs::File::open(temp.path().join(path)).unwrap().set_modified(at).unwrap();
        };
        assert!(young(60));
        for path in ["a/b/file", "a/b", "a"] {
            age(path, 7200);
        }
        assert!(!young(3600) && young(10_000));
        age("a/b/file", 10);
        assert!(young(3600) && !young(5));
    }

    #[test]
    fn what_cannot_be_removed_is_named_and_the_rest_goes() {
        if super::super::owner::is_root() {
            return;
        }
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/closed/x")).unwrap();
        fs::write(temp.path().join("a/file"), "x").unwrap();
        let closed = temp.path().join("a/closed");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        let error = remove(temp.path(), "a").unwrap_err();
        assert!(error.to_string().contains("a/closed/x: cannot remove it"), "{error}");
        assert!(!temp.path().join("a/file").exists());
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    }
}
