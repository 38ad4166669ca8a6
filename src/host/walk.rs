//! Giving a tree to another user, taking only from users who are known.
//!
//! Each entry is opened with `openat2`, judged by what its descriptor says and changed through that
//! descriptor, so that whoever may write in the tree cannot have anything else changed: not by a link,
//! not by a name swapped at the right moment, not by a mount. A directory is given away after what is in
//! it. Whatever is not plainly ours to give is left alone, with the reason.

mod descend;

use std::collections::BTreeSet;
use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::io::Errno;

use super::{Dir, DirError, Kind, Owner, Stat};

/// Who gives and who gets, in the host's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub to: Owner,
    /// Owners whose files are given. Root is never one of them, whatever this says.
    pub from: BTreeSet<u32>,
    /// Groups that become the new owner's; any other group stays.
    pub groups: BTreeSet<u32>,
    /// Look, and change nothing.
    pub dry_run: bool,
}

/// Why something was left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It belongs to somebody who is not known to have been the service's user.
    Owner(u32),
    /// It has other names, maybe outside the tree.
    HardLinked,
    /// Devices, pipes and sockets are not state.
    Special(Kind),
    /// Something else is mounted there.
    Mounted,
    /// Somebody moved or replaced it meanwhile.
    Moved,
}

/// Something that was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub path: PathBuf,
    pub why: Why,
}

/// Something that could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {action}: {source}", path.display())]
pub struct WalkError {
    pub path: PathBuf,
    pub action: &'static str,
    pub source: std::io::Error,
}

/// How many of what was left alone are named; the others are counted.
pub const NAMED: usize = 1000;

/// What was done, or would be.
#[derive(Debug, Default)]
pub struct Summary {
    /// Given to the new owner.
    pub given: u64,
    /// Were the new owner's already.
    pub right: u64,
    /// The first [`NAMED`] of what was left alone.
    pub left: Vec<Left>,
    pub left_in_all: u64,
    pub errors: Vec<WalkError>,
}

impl Summary {
    fn leave(&mut self, path: PathBuf, why: Why) {
        self.left_in_all += 1;
        if self.left.len() < NAMED {
            self.left.push(Left { path, why });
        }
    }

    fn fail(&mut self, path: PathBuf, action: &'static str, errno: Errno) {
        if self.errors.len() < NAMED {
            self.errors.push(WalkError { path, action, source: errno.into() });
        }
    }
}

/// Gives `relative`, a directory below `root`, and everything in it. Doing so again after it was
/// interrupted does the rest.
///
/// # Errors
/// Where the directory itself cannot be found; what goes wrong below it is in the summary.
pub fn hand_over(root: &Dir, relative: &Path, handover: &Handover) -> Result<Summary, DirError> {
    let top = root.enter(relative)?;
    let mut summary = Summary::default();
    descend::Descent::new(handover, &mut summary, &top)?.run();
    Ok(summary)
}

impl Handover {
    /// What becomes of an entry, by what its descriptor says.
    fn judge(&self, stat: &Stat) -> Result<Option<Change>, Why> {
        match stat.kind {
            Kind::File if stat.links != 1 => return Err(Why::HardLinked),
            Kind::File | Kind::Directory | Kind::Symlink => {}
            kind => return Err(Why::Special(kind)),
        }
        // What is right already may have other names as well; what is not a file's only name is never
        // changed, so the order matters only for what is counted.
        let gid = if self.groups.contains(&stat.owner.gid) { self.to.gid } else { stat.owner.gid };
        let wanted = Owner::new(self.to.uid, gid);
        if stat.owner == wanted {
            return Ok(None);
        }
        let is_known = stat.owner.uid == self.to.uid || self.from.contains(&stat.owner.uid);
        if !is_known || stat.owner.uid == 0 {
            return Err(Why::Owner(stat.owner.uid));
        }
        Ok(Some(Change(wanted)))
    }

    /// Judges, changes through the descriptor, and counts.
    fn apply(&self, descriptor: impl AsFd, stat: &Stat, path: PathBuf, summary: &mut Summary) {
        match self.judge(stat) {
            Err(why) => summary.leave(path, why),
            Ok(None) => summary.right += 1,
            Ok(Some(_)) if self.dry_run => summary.given += 1,
            Ok(Some(Change(owner))) => {
                let (uid, gid) = (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)));
                match rustix::fs::chownat(descriptor, c"", uid, gid, AtFlags::EMPTY_PATH) {
                    Ok(()) => summary.given += 1,
                    Err(errno) => summary.fail(path, "change its owner", errno),
                }
            }
        }
    }
}

struct Change(Owner);

/// Opens one name of a directory: through no link and into no other mount. A link is opened itself.
fn open_entry(directory: impl AsFd, name: &CStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
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

fn as_path(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}

#[cfg(test)]
mod tests;
