//! What tells one content of a file from the next, without reading it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A file as it is now. Whatever replaces it, or is written into it, has another stamp: the kernel sets the time of
/// the last change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// In bytes.
    size: u64,
    /// Seconds and nanoseconds since 1970-01-01 UTC.
    written: (i64, i64),
    /// The same of the last change to the file or to what is known of it.
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file that a path leads to.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let known = std::fs::metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: known.dev(),
            inode: known.ino(),
            size: known.size(),
            written: (known.mtime(), known.mtime_nsec()),
            changed: (known.ctime(), known.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_content_of_the_same_length_has_another_stamp() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let old = std::fs::File::open(&path).unwrap().metadata().unwrap().modified().unwrap();
        let first = Stamp::of(&path).unwrap();
        assert_eq!(Stamp::of(&path).unwrap(), first);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "two").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        assert_ne!(Stamp::of(&path).unwrap(), first);
    }
}
