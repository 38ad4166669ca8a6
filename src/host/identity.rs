//! Which file or directory something is, whatever it is called.

use std::fs::{Metadata, metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2};

/// A file or directory among all that the kernel has: two names that lead to the same have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Of what a path leads to. Links are followed, as the engine follows them.
    ///
    /// # Errors
    /// Where nothing is there, or it may not be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        metadata(path).map(|metadata| Self::from(&metadata))
    }

    /// Of what a process has at an absolute path of its own root directory.
    ///
    /// # Errors
    /// Where the process has ended, or may not be looked at by us.
    pub fn inside(process: u32, path: &Path) -> io::Result<Self> {
        let root = std::fs::File::open(format!("/proc/{process}/root"))?;
        // A link of the image is resolved in the image.
        let flags = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let found = openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), flags)?;
        let stat = fstat(found)?;
        Ok(Self { device: stat.st_dev, inode: stat.st_ino })
    }
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_more_is_the_same_and_another_one_in_its_place_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let (one, two) = (temp.path().join("one"), temp.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        std::os::unix::fs::symlink(&one, &two).unwrap();
        let before = Identity::of(&one).unwrap();
        assert_eq!(Identity::of(&two).unwrap(), before);
        assert_eq!(Identity::inside(std::process::id(), &one.canonicalize().unwrap()).unwrap(), before);
        std::fs::rename(&one, temp.path().join("old")).unwrap();
        std::fs::create_dir(&one).unwrap();
        assert_ne!(Identity::of(&one).unwrap(), before);
        assert!(Identity::of(&temp.path().join("none")).is_err());
    }
}
