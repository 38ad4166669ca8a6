//! Letting several users write one tree without giving anything away: by a group that all of them are in,
//! or by access control lists.
//!
//! The same care as in [`hand_over`](super::hand_over): each entry is judged by its descriptor and changed
//! through it, only what belongs to a known user is touched, and nothing outside the tree can be reached.
//! Directories also say what will be made in them, so that a process with a careless umask does no harm.

mod list;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use rustix::fs::{AtFlags, CWD, Gid, Mode, XattrFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Summary, Why};
use crate::host::access::acl::{ACCESS, Acl, DEFAULT, read_named};
use crate::host::owner::is_machines_root;
use crate::host::{Dir, DirError, Kind, Stat};

/// Who shares a tree, and how; in the host's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub by: By,
    /// Owners whose entries are shared. Root is never one of them, whatever this says.
    pub from: BTreeSet<u32>,
    /// Owners whom the directory itself may have besides: nobody can have put it there.
    pub top: BTreeSet<u32>,
    /// Groups that directories keep their setgid bit with.
    pub groups: BTreeSet<u32>,
    /// Look, and change nothing.
    pub dry_run: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Everything is of this group, which may do what the owner may.
    Group(u32),
    /// These users may do what the owner may; those with `false` only read.
    List(BTreeMap<u32, bool>),
}

/// Shares `relative`, a directory below `root`, and everything in it. Doing so again after it was
/// interrupted does the rest. `seen` counts entries while it goes on; in the summary, what was changed
/// counts as opened.
///
/// # Errors
/// Where the directory itself cannot be found; what goes wrong below it is in the summary.
pub fn share(root: &Dir, relative: &Path, share: &Share, seen: &AtomicU64) -> Result<Summary, DirError> {
    let top = root.enter(relative)?;
    let stat = top.stat()?;
    let descriptor =
        way::open_directory(&top, c".").map_err(|errno| DirError::io(top.path(), "open it", errno))?;
    let mut walk = way::Way::new(share, seen, top.path(), &descriptor, &stat);
    walk.run();
    Ok(walk.summary)
}

/// What is not as it should be of one entry.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    gid: Option<u32>,
    access: Option<Acl>,
    default: Option<Acl>,
    /// All of the mode; only where no list says it.
    mode: Option<u32>,
}

enum Verdict {
    Right,
    Change(Change),
    Leave(Why),
}

/// An entry that is held open, as a name that stands for that very file.
struct Held(PathBuf);

impl Held {
    fn new(descriptor: impl AsFd) -> Self {
        Self(format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd()).into())
    }
}

impl Share {
    /// By what a descriptor says of the entry.
    fn judge(&self, held: &Held, stat: &Stat, is_top: bool) -> Result<Verdict, (&'static str, Errno)> {
        // Nobody is asked whether a link may be followed.
        if stat.kind == Kind::Symlink {
            return Ok(Verdict::Right);
        }
        let change = self.change_of(held, stat)?;
        if change == Change::default() {
            return Ok(Verdict::Right);
        }
        match stat.kind {
            Kind::File if stat.links != 1 => return Ok(Verdict::Leave(Why::HardLinked)),
            Kind::File | Kind::Directory => {}
            kind => return Ok(Verdict::Leave(Why::Special(kind))),
        }
        let uid = stat.owner.uid;
        let is_known = self.from.contains(&uid) || is_top && self.top.contains(&uid);
        if !is_known || is_machines_root(uid) {
            return Ok(Verdict::Leave(Why::Owner(stat.into())));
        }
        Ok(Verdict::Change(change))
    }

    fn change_of(&self, held: &Held, stat: &Stat) -> Result<Change, (&'static str, Errno)> {
        let is_directory = stat.kind == Kind::Directory;
        let group = if let By::Group(gid) = self.by { Some(gid) } else { None };
        let read = |name| match read_named(&held.0, name) {
            // Where there are no lists, a group has to do without; `None` says that.
            Err(Errno::NOTSUP) if group.is_some() => Ok(None),
            result => result.map(Some).map_err(|errno| ("read its access control list", errno)),
        };
        let is_other = |now: &Option<Acl>, wanted: &Acl| {
            now.clone().map(list::effective) != Some(list::effective(wanted.clone()))
        };
        let mut change = Change { gid: group.filter(|gid| *gid != stat.owner.gid), ..Change::default() };
        let now = read(ACCESS)?.flatten();
        let wanted = list::access(self, stat, now.as_ref());
        let mode = list::mode(stat.mode, &wanted, group.is_some() && is_directory);
        if now.is_none() && wanted.is_minimal() {
            change.mode = Some(mode).filter(|mode| *mode != stat.mode);
        } else if is_other(&now, &wanted) {
            change.access = Some(wanted);
        } else if mode & 0o2000 != stat.mode & 0o2000 {
            change.mode = Some(stat.mode | 0o2000);
        }
        if is_directory && let Some(now) = read(DEFAULT)? {
            let wanted = list::default(self, now.as_ref());
            change.default = is_other(&now, &wanted).then_some(wanted);
        }
        Ok(change)
    }

    /// Changes an entry through its descriptor.
    fn change(
        &self,
        descriptor: impl AsFd,
        held: &Held,
        stat: &Stat,
        change: &Change,
    ) -> Result<(), (&'static str, Errno)> {
        if self.dry_run {
            return Ok(());
        }
        if let Some(gid) = change.gid {
            rustix::fs::chownat(&descriptor, c"", None, Some(Gid::from_raw(gid)), AtFlags::EMPTY_PATH)
                .map_err(|errno| ("change its group", errno))?;
        }
        let set = |name: &str, list: &Option<Acl>| match list {
            Some(list) => rustix::fs::setxattr(&held.0, name, &list.encode(), XattrFlags::empty())
                .map_err(|errno| ("set its access control list", errno)),
            None => Ok(()),
        };
        // First what is to come, so that nothing is made meanwhile that has to be looked at again.
        set(DEFAULT, &change.default)?;
        set(ACCESS, &change.access)?;
        // A list takes the bit away where the group is not ours.
        let sets_group = stat.kind == Kind::Directory
            && (stat.mode & 0o2000 != 0 || matches!(self.by, By::Group(_)))
            && (change.access.is_some() || change.gid.is_some());
        let mode = match change.mode {
            // What others may write is not to run as its owner.
            Some(mode) if stat.kind == Kind::File => Some(mode & !0o6000),
            Some(mode) => Some(mode),
            None if sets_group => {
                let now = Stat::of(&descriptor).map_err(|errno| ("look at it", errno))?;
                Some(now.mode | 0o2000).filter(|mode| *mode != now.mode)
            }
            None => None,
        };
        match mode {
            Some(mode) => rustix::fs::chmodat(CWD, &held.0, Mode::from_raw_mode(mode), AtFlags::empty())
                .map_err(|errno| ("change its mode", errno)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
