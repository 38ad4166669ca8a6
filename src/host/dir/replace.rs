//! Replacing a file of ours as a whole: at every moment there is the old one or the new one.

use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::create::{PASSAGE, take, write_whole};
use super::{Birth, Dir, DirError, Kind, birth};
use crate::host::access::{Access, is_denied};

impl Dir {
    /// Makes `relative` a file with this content and mode, and the directories above it. `false` where it
    /// was so already. What is there and is no file is not replaced, and no link is followed.
    pub fn replace_file(&self, relative: &Path, content: &[u8], mode: u32) -> Result<bool, DirError> {
        let names = self.names(relative)?;
        let path = self.path.join(relative);
        let Some((name, parents)) = names.split_last() else { return Err(DirError::Exists(path)) };
        let ours = |mode| Birth { mode, owner: None, as_owner: false };
        let parents = parents.iter().collect::<PathBuf>();
        let parent = self.create_parents(&parents, &ours(PASSAGE), &mut Vec::new())?;
        let name = Path::new(name);
        match parent.find(name)? {
            Some(entry) if entry.stat.kind == Kind::Symlink => return Err(DirError::Symlink(path)),
            Some(entry) if entry.stat.kind != Kind::File => return Err(DirError::Exists(path)),
            Some(entry) if entry.stat.mode == mode && parent.holds(name, content)? => return Ok(false),
            _ => {}
        }
        birth::sweep(&parent)?;
        let temporary = birth::name();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let io = |action| {
            let path = path.clone();
            move |errno| DirError::io(&path, action, errno)
        };
        let file = rustix::fs::openat(&parent, &temporary, flags, Mode::RUSR | Mode::WUSR)
            .map_err(io("create it"))?;
        let result = birth::hold(&file)
            .and_then(|()| write_whole(&file, content))
            .map_err(io("write it"))
            .and_then(|()| take(&file, &path, Kind::File, &ours(mode)))
            // A name that outlives its content would be worse than none.
            .and_then(|_| rustix::fs::fsync(&file).map_err(io("flush it")))
            .and_then(|()| {
                rustix::fs::renameat(&parent, &temporary, &parent, name).map_err(io("give it its name"))
            });
        if result.is_err() {
            let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
        }
        result.map(|()| true)
    }

    fn holds(&self, name: &Path, content: &[u8]) -> Result<bool, DirError> {
        let failed = |source| DirError::Io { path: self.path.join(name), action: "read it", source };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(self, name, flags, Mode::empty()) {
            Ok(file) => std::fs::File::from(file),
            // Gone since, or written by us for somebody else alone: then it is made anew.
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(false),
            Err(Errno::ACCESS) if is_denied(self, name, Access::READ) => return Ok(false),
            Err(errno) => return Err(failed(errno.into())),
        };
        let mut found = Vec::new();
        let limit = content.len() as u64 + 1;
        file.take(limit).read_to_end(&mut found).map_err(failed)?;
        Ok(found == content)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_only_where_it_differs() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let path = temp.path().join("a/b");
        let replace = |content: &str, mode| root.replace_file(Path::new("a/b"), content.as_bytes(), mode);
        assert!(replace("one", 0o640).unwrap());
        // Held open, so that its number is not given out again.
        let held = fs::File::open(&path).unwrap();
        let first = held.metadata().unwrap();
        assert_eq!(first.mode() & 0o7777, 0o640);
        assert!(!replace("one", 0o640).unwrap());
        assert!(replace("one", 0o600).unwrap() && replace("two", 0o600).unwrap());
        assert_ne!(fs::metadata(&path).unwrap().ino(), first.ino());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(temp.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn links_and_directories_are_not_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::open(temp.path()).unwrap();
        fs::write(temp.path().join("target"), "mine").unwrap();
        symlink("target", temp.path().join("link")).unwrap();
        fs::create_dir(temp.path().join("dir")).unwrap();
        for name in ["link", "dir"] {
            assert!(root.replace_file(Path::new(name), b"x", 0o600).is_err(), "{name}");
        }
        assert_eq!(fs::read_to_string(temp.path().join("target")).unwrap(), "mine");
    }

    #[test]
    fn where_it_fails_the_old_one_stays() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("f"), "old").unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o555)).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let who = crate::host::Credentials::plain(crate::host::Owner::new(3001, 3001));
        if crate::host::owner::is_root() {
            let result = crate::host::run_as(&who, || root.replace_file(Path::new("f"), b"new", 0o600));
            assert!(result.unwrap().is_err());
        } else {
            assert!(root.replace_file(Path::new("f"), b"new", 0o600).is_err());
        }
        assert_eq!(fs::read_to_string(temp.path().join("f")).unwrap(), "old");
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }
}
