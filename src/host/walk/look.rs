//! What is said of one entry, by its name or by a descriptor, and what is done about it.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, Statx, StatxFlags};
use rustix::io::Errno;

use super::{Handover, Verdict, Why, open_entry};
use crate::host::{Kind, Owner, Stat};

/// What the kernel says of a file, and in which mount it was found; `None` where the kernel is too old to say.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub stat: Stat,
    pub mount: Option<u64>,
}

impl Look {
    pub fn at(descriptor: impl AsFd) -> rustix::io::Result<Self> {
        Self::new(descriptor, c"", AtFlags::EMPTY_PATH)
    }

    fn by_name(directory: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<Self> {
        Self::new(directory, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
    }

    fn new(descriptor: impl AsFd, name: &CStr, flags: AtFlags) -> rustix::io::Result<Self> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let stat: Statx = rustix::fs::statx(descriptor, name, flags, wanted)?;
        let has_mount = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::MNT_ID);
        Ok(Self {
            mount: has_mount.then_some(stat.stx_mnt_id),
            stat: Stat {
                kind: Kind::from_mode(stat.stx_mode.into()).ok_or(Errno::NOTSUP)?,
                owner: Owner::new(stat.stx_uid, stat.stx_gid),
                mode: u32::from(stat.stx_mode) & 0o7777,
                dev: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
                ino: stat.stx_ino,
                links: stat.stx_nlink.into(),
                size: stat.stx_size,
            },
        })
    }
}

/// What became of an entry.
pub(super) enum Outcome {
    Right,
    Given,
    Opened,
    Left(Why),
    Failed(&'static str, Errno),
    /// Removed since it was listed.
    Gone,
    /// Is gone into, not settled like this.
    Directory,
}

/// A directory whose entries are settled.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub directory: BorrowedFd<'a>,
    pub mount: Option<u64>,
}

impl Place<'_> {
    /// Settles an entry that is no directory. `expects_change` is a guess that only saves time.
    pub fn settle(self, handover: &Handover, name: &CStr, expects_change: bool) -> Outcome {
        if (handover.dry_run || !expects_change) && self.mount.is_some() {
            match self.look(handover, name) {
                // What an answer by name leads to must not be a change: the name may stand for something
                // else by now.
                Outcome::Given | Outcome::Opened if !handover.dry_run => {}
                outcome => return outcome,
            }
        }
        let descriptor = match self.open(name) {
            Ok(descriptor) => descriptor,
            Err(errno) => return Outcome::not_opened(errno),
        };
        match Look::at(&descriptor) {
            Ok(look) if look.mount != self.mount => Outcome::Left(Why::Mounted),
            Ok(look) if look.stat.kind == Kind::Directory => Outcome::Directory,
            Ok(look) => handover.settle(&descriptor, &look.stat),
            Err(errno) => Outcome::Failed("look at it", errno),
        }
    }

    /// What would become of it, by its name.
    fn look(self, handover: &Handover, name: &CStr) -> Outcome {
        match Look::by_name(self.directory, name) {
            Ok(look) if look.mount != self.mount => Outcome::Left(Why::Mounted),
            Ok(look) if look.stat.kind == Kind::Directory => Outcome::Directory,
            Ok(look) => handover.judge(&look.stat).into(),
            Err(Errno::NOENT) => Outcome::Gone,
            Err(errno) => Outcome::Failed("look at it", errno),
        }
    }

    /// A name without a slash leads through nothing, and a link is opened itself. Only a mount may be in
    /// the way, and whether one was is seen by what the descriptor then says. Where it will not say, the
    /// kernel is asked to refuse.
    fn open(self, name: &CStr) -> rustix::io::Result<OwnedFd> {
        if self.mount.is_none() || name.to_bytes().contains(&b'/') {
            return open_entry(self.directory, name, OFlags::PATH);
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(self.directory, name, flags, Mode::empty())
    }
}

impl Outcome {
    pub fn not_opened(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Gone,
            Errno::XDEV => Self::Left(Why::Mounted),
            errno => Self::Failed("open it", errno),
        }
    }
}

impl Handover {
    /// Judges by what the descriptor said, and changes through that descriptor.
    pub(super) fn settle(&self, descriptor: impl AsFd, stat: &Stat) -> Outcome {
        let verdict = self.judge(stat);
        if let Verdict::Change { owner, mode } = verdict
            && let Err((action, errno)) = self.change(descriptor, owner, mode)
        {
            return Outcome::Failed(action, errno);
        }
        verdict.into()
    }

    /// The same for a directory, by what its descriptor says when all in it is done.
    pub(super) fn settle_directory(&self, descriptor: impl AsFd) -> Outcome {
        match Look::at(&descriptor) {
            Ok(look) => self.settle(descriptor, &look.stat),
            Err(errno) => Outcome::Failed("look at it", errno),
        }
    }
}

impl From<Verdict> for Outcome {
    /// If all goes well.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Right => Self::Right,
            Verdict::Leave(why) => Self::Left(why),
            Verdict::Change { owner: Some(_), .. } => Self::Given,
            Verdict::Change { owner: None, .. } => Self::Opened,
        }
    }
}
