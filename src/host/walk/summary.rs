//! What a walk did, and what it left alone.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::look::Outcome;
use crate::host::access::{Access, permits};
use crate::host::{Credentials, Kind, Owner, Stat};

/// Why something was left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It belongs to somebody who is not known to have been the service's user.
    Owner(Theirs),
    /// It belongs to the operator.
    Operator(Theirs),
    /// It belongs to somebody whom the helper does not have.
    Unmapped(Theirs),
    /// It has other names, maybe outside the tree.
    HardLinked,
    /// Devices, pipes and sockets are not state.
    Special(Kind),
    /// Something else is mounted there.
    Mounted,
    /// Somebody moved or replaced it meanwhile.
    Moved,
}

/// Whose something is, and whom it lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Theirs {
    pub owner: Owner,
    pub kind: Kind,
    pub mode: u32,
}

impl From<&Stat> for Theirs {
    fn from(stat: &Stat) -> Self {
        Self { owner: stat.owner, kind: stat.kind, mode: stat.mode }
    }
}

impl Theirs {
    /// Whether a user may read it; of a directory also go in. Links are followed, and not read.
    pub fn lets_in(&self, who: &Credentials) -> bool {
        let wanted = Access { execute: self.kind == Kind::Directory, ..Access::READ };
        self.kind == Kind::Symlink || permits(self.owner, self.mode, who, wanted)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(theirs) if theirs.owner.uid == 0 => f.write_str("it is root's"),
            Self::Owner(theirs) => {
                write!(f, "it is user {}'s, whom this service is not known to have been", theirs.owner.uid)
            }
            Self::Operator(theirs) => {
                write!(f, "it is user {}'s, who is the operator", theirs.owner.uid)
            }
            Self::Unmapped(_) => f.write_str("the engine's map of users does not have its owner"),
            Self::HardLinked => f.write_str("it has other names, maybe outside"),
            Self::Special(kind) => write!(f, "it is {}", kind.describe()),
            Self::Mounted => f.write_str("something else is mounted there"),
            Self::Moved => f.write_str("it was moved meanwhile"),
        }
    }
}

/// Something that was left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Left {
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub why: Why,
}

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WalkError {
    #[serde(serialize_with = "as_text")]
    pub path: PathBuf,
    pub action: String,
    /// The system's error number.
    pub errno: i32,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = std::io::Error::from_raw_os_error(self.errno);
        write!(f, "{}: cannot {}: {error}", self.path.display(), self.action)
    }
}

/// Names need not be text; what is shown of them is.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// How many of what was left alone, or failed, are named; the others are counted.
pub const NAMED: usize = 1000;

/// What was done, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Given to the new owner.
    pub given: u64,
    /// Were the new owner's already, and could not be read or entered by them.
    pub opened: u64,
    /// Were as they should be already.
    pub right: u64,
    /// The first [`NAMED`] of what was left alone.
    pub left: Vec<Left>,
    pub left_in_all: u64,
    pub errors: Vec<WalkError>,
}

impl Summary {
    pub(super) fn count(&mut self, outcome: Outcome, path: impl FnOnce() -> PathBuf) {
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::Given => self.given += 1,
            Outcome::Opened => self.opened += 1,
            Outcome::Left(why) => self.leave(path(), why),
            Outcome::Failed(action, errno) => self.fail(path(), action, errno),
            Outcome::Gone | Outcome::Directory => {}
        }
    }

    pub(super) fn leave(&mut self, path: PathBuf, why: Why) {
        self.left_in_all += 1;
        if self.left.len() < NAMED {
            self.left.push(Left { path, why });
        }
    }

    pub(super) fn fail(&mut self, path: PathBuf, action: &str, errno: rustix::io::Errno) {
        if self.errors.len() < NAMED {
            self.errors.push(WalkError { path, action: action.to_owned(), errno: errno.raw_os_error() });
        }
    }

    /// Adds what another worker did in the same tree.
    pub(super) fn add(&mut self, other: Self) {
        self.given += other.given;
        self.opened += other.opened;
        self.right += other.right;
        self.left_in_all += other.left_in_all;
        self.left.extend(other.left);
        self.left.sort();
        self.left.truncate(NAMED);
        self.errors.extend(other.errors);
        self.errors.sort();
        self.errors.truncate(NAMED);
    }

    /// Whether anything was changed, or would be.
    pub fn changes(&self) -> bool {
        self.given + self.opened > 0
    }

    /// The same, with the paths of one tree as another has them.
    #[must_use]
    pub fn moved(mut self, from: &Path, to: &Path) -> Self {
        let paths = self
            .left
            .iter_mut()
            .map(|one| &mut one.path)
            .chain(self.errors.iter_mut().map(|one| &mut one.path));
        for path in paths {
            if let Ok(inside) = path.strip_prefix(from) {
                *path = to.join(inside);
            }
        }
        self
    }
}
