use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::Kind;

/// Why a tree could not be looked at or added to.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    #[error("{}: no such file or directory", .0.display())]
    Missing(PathBuf),
    #[error("{} is already there", .0.display())]
    Exists(PathBuf),
    #[error("{} is a symbolic link, which is not followed", .0.display())]
    Symlink(PathBuf),
    #[error("{} is {}, not a directory", path.display(), kind.describe())]
    NotADirectory { path: PathBuf, kind: Kind },
    #[error("{} does not stay below {}", path.display(), root.display())]
    Outside { root: PathBuf, path: PathBuf },
    #[error("{} is not empty", .0.display())]
    Filled(PathBuf),
    /// What we had just made is not what stands there.
    #[error("{} was just created, but {what}", path.display())]
    NotOurs { path: PathBuf, what: String },
    #[error("{}: cannot {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: io::Error },
    #[error("{}: cannot act as its future owner: {reason}", path.display())]
    Switch { path: PathBuf, reason: String },
}

impl DirError {
    pub(crate) fn io(path: &Path, action: &'static str, errno: Errno) -> Self {
        Self::Io { path: path.to_owned(), action, source: errno.into() }
    }

    /// The system's error number, where the system refused.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Io { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }
}
