//! Giving a tree to another user, taking only from users who are known.
//!
//! Each entry is opened, judged by what its descriptor says and changed through that descriptor, so that
//! whoever may write in the tree cannot have anything else changed: not by a link, not by a name swapped at
//! the right moment, not by a mount. What is to stay as it is by what its name says is not opened at all. A
//! directory is given away after what is in it. Whatever is not plainly ours to give is left alone, with the
//! reason.

mod descend;
mod joint;
mod look;
mod names;
mod pool;
pub mod share;
mod summary;

use std::collections::BTreeSet;
use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, ResolveFlags, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::owner::is_machines_root;
use super::{Dir, DirError, Kind, Owner, Stat};

pub use summary::{Left, NAMED, Summary, Theirs, WalkError, Why};

/// From whom something is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// From those who are named, and never from root.
    #[default]
    Known,
    /// From those who are named, root among them.
    KnownAndRoot,
    /// From everybody: nobody but an image has put anything there.
    All,
}

/// Who gives and who gets, in the host's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    pub to: Owner,
    /// Owners whose files are given.
    pub from: BTreeSet<u32>,
    pub takes: Takes,
    /// Groups that become the new owner's; any other group stays.
    pub groups: BTreeSet<u32>,
    /// Look, and change nothing.
    pub dry_run: bool,
}

/// Gives `relative`, a directory below `root`, and everything in it. Doing so again after it was
/// interrupted does the rest. `seen` counts entries while it goes on.
///
/// # Errors
/// Where the directory itself cannot be found; what goes wrong below it is in the summary.
pub fn hand_over(
    root: &Dir,
    relative: &Path,
    handover: &Handover,
    seen: &AtomicU64,
) -> Result<Summary, DirError> {
    let top = root.enter(relative)?;
    let io = |errno| DirError::io(top.path(), "open it", errno);
    // One that cannot be listed can still be looked at and given.
    let descriptor = match open_entry(&top, c".", OFlags::RDONLY | OFlags::DIRECTORY) {
        Err(Errno::ACCESS) => rustix::io::fcntl_dupfd_cloexec(&top, 0),
        result => result,
    };
    let descriptor = descriptor.map_err(io)?;
    let mount = look::Look::at(&descriptor).map_err(io)?.mount;
    Ok(pool::run(handover, top.path(), descriptor, mount, seen))
}

/// What becomes of one entry.
enum Verdict {
    Right,
    Change { owner: Option<Owner>, mode: Option<u32> },
    Leave(Why),
}

impl Handover {
    /// By what a descriptor says of the entry.
    fn judge(&self, stat: &Stat) -> Verdict {
        let takes_group = self.takes == Takes::All || self.groups.contains(&stat.owner.gid);
        let gid = if takes_group { self.to.gid } else { stat.owner.gid };
        let wanted = Owner::new(self.to.uid, gid);
        let owner = (stat.owner != wanted).then_some(wanted);
        // The user has to get in and read what is theirs; whatever else the mode says was somebody's
        // decision.
        let needed = match stat.kind {
            Kind::Directory => 0o700,
            Kind::File => 0o400,
            _ => 0,
        };
        let mode = (stat.mode & needed != needed).then_some(stat.mode | needed);
        if owner.is_none() && mode.is_none() {
            return Verdict::Right;
        }
        match stat.kind {
            Kind::File if stat.links != 1 => return Verdict::Leave(Why::HardLinked),
            Kind::File | Kind::Directory | Kind::Symlink => {}
            kind => return Verdict::Leave(Why::Special(kind)),
        }
        let is_taken = match self.takes {
            Takes::Known => !is_machines_root(stat.owner.uid) && self.from.contains(&stat.owner.uid),
            Takes::KnownAndRoot => self.from.contains(&stat.owner.uid),
            Takes::All => true,
        };
        let is_own = !is_machines_root(stat.owner.uid) && stat.owner.uid == self.to.uid;
        if !is_taken && !is_own {
            return Verdict::Leave(Why::Owner(stat.into()));
        }
        Verdict::Change { owner, mode }
    }

    /// Changes an entry through its descriptor.
    fn change(
        &self,
        descriptor: impl AsFd,
        owner: Option<Owner>,
        mode: Option<u32>,
    ) -> Result<(), (&'static str, Errno)> {
        if self.dry_run {
            return Ok(());
        }
        if let Some(owner) = owner {
            let (uid, gid) = (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)));
            rustix::fs::chownat(&descriptor, c"", uid, gid, AtFlags::EMPTY_PATH)
                .map_err(|errno| ("change its owner", errno))?;
        }
        if let Some(mode) = mode {
            // A descriptor that only holds its file cannot be asked to change the mode, but its name in
            // /proc stands for that very file.
            let held = format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd());
            rustix::fs::chmodat(CWD, held, Mode::from_raw_mode(mode), AtFlags::empty())
                .map_err(|errno| ("change its mode", errno))?;
        }
        Ok(())
    }
}

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
