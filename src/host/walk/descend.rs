//! The way through a tree of any depth and width, with a bounded number of open directories and of names
//! in memory.

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use rustix::fs::{AtFlags, FileType, OFlags, RawDir, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::pool::{Job, Part, Pool};
use super::{Summary, Verdict, Why, as_path, open_entry};
use crate::host::{Kind, Owner, Stat};

/// Directories that one worker holds open at most; deeper trees are opened again on the way back.
const OPEN: usize = 64;

/// Bytes of a directory's listing that are read at once.
const LISTING: usize = 32 << 10;

/// One entry as its directory lists it.
pub(super) struct Name {
    name: CString,
    is_directory: bool,
}

/// A directory on the way from the top to where the walk is.
struct Frame {
    name: CString,
    /// Which directory it was when it was first opened.
    identity: (u64, u64),
    /// `None` where it was closed to keep the number of open ones down.
    descriptor: Option<OwnedFd>,
    /// What was listed and is still to be done.
    names: Vec<Name>,
    /// Whether there may be more to list.
    has_more: bool,
    /// Whether the directory itself is given when all in it is done.
    is_given: bool,
}

pub(super) struct Descent<'a> {
    pool: &'a Pool<'a>,
    summary: &'a mut Summary,
    /// For messages.
    top: PathBuf,
    /// The first one is the top itself.
    frames: Vec<Frame>,
    /// Whether the last entry had to be changed: then the next one is likely to be, too.
    changes: bool,
    buffer: Vec<u8>,
}

impl<'a> Descent<'a> {
    pub fn new(pool: &'a Pool<'a>, summary: &'a mut Summary, job: Job) -> Self {
        let Job { directory, path, part } = job;
        let buffer = Vec::with_capacity(LISTING);
        let mut descent = Self { pool, summary, top: path, frames: Vec::new(), changes: false, buffer };
        match part {
            Part::Whole(stat) => descent.push(CString::default(), directory, &stat),
            Part::Names(names) => descent.frames.push(Frame {
                name: CString::default(),
                identity: (0, 0),
                descriptor: Some(directory),
                names,
                has_more: false,
                is_given: false,
            }),
        }
        descent
    }

    pub fn run(mut self) {
        while let Some(frame) = self.frames.last_mut() {
            match frame.names.pop() {
                Some(Name { name, is_directory: true }) => self.directory(name),
                Some(Name { name, .. }) => self.entry(name),
                None if frame.has_more => self.list(),
                None => self.leave_directory(),
            }
        }
    }

    fn path(&self, name: Option<&CString>) -> PathBuf {
        let names = self.frames.iter().skip(1).map(|frame| &frame.name).chain(name);
        let mut path = self.top.clone();
        path.extend(names.map(|name| as_path(name)));
        path
    }

    fn fail(&mut self, name: &CString, action: &str, errno: Errno) {
        let path = self.path(Some(name).filter(|name| !name.is_empty()));
        self.summary.fail(path, action, errno);
    }

    /// Reads the next part of the innermost directory's listing.
    fn list(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let listed = match self.here() {
            Some(here) => read_names(here, buffer.spare_capacity_mut()),
            None => return self.give_up(),
        };
        self.buffer = buffer;
        match listed {
            Ok(names) => {
                self.pool.seen.fetch_add(names.len() as u64, Ordering::Relaxed);
                let Some(frame) = self.frames.last_mut() else { return };
                frame.has_more = !names.is_empty();
                frame.names = names;
                self.share();
            }
            Err(errno) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.has_more = false;
                }
                let path = self.path(None);
                self.summary.fail(path, "list it", errno);
            }
        }
    }

    /// Leaves half of what was just listed to whoever has nothing to do.
    fn share(&mut self) {
        if !self.pool.is_hungry() {
            return;
        }
        let path = self.path(None);
        let Some(frame) = self.frames.last_mut().filter(|frame| frame.names.len() > 1) else { return };
        let again = frame.descriptor.as_ref().map(|held| open_entry(held, c".", OFlags::PATH));
        if let Some(Ok(directory)) = again {
            let names = frame.names.split_off(frame.names.len() / 2);
            self.pool.leave(Job { directory, path, part: Part::Names(names) });
        }
    }

    fn directory(&mut self, name: CString) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let found = match self.here() {
            Some(here) => match open_entry(here, &name, flags) {
                Err(Errno::ACCESS) => open_entry(here, &name, OFlags::PATH | OFlags::DIRECTORY),
                result => result,
            },
            None => return self.give_up(),
        };
        let descriptor = match found {
            Ok(descriptor) => descriptor,
            // Something else by now.
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let path = self.path(Some(&name));
                return self.summary.leave(path, Why::Moved);
            }
            Err(errno) => return self.not_opened(&name, errno),
        };
        match Stat::of(&descriptor) {
            Ok(stat) if self.pool.is_hungry() => {
                let path = self.path(Some(&name));
                self.pool.leave(Job { directory: descriptor, path, part: Part::Whole(stat) });
            }
            Ok(stat) => self.push(name, descriptor, &stat),
            Err(errno) => self.fail(&name, "look at it", errno),
        }
    }

    fn push(&mut self, name: CString, descriptor: OwnedFd, stat: &Stat) {
        // The top stays open: everything else is found again from there.
        if let Some(at) = self.frames.len().checked_sub(OPEN).filter(|at| *at > 0) {
            self.close(at);
        }
        self.frames.push(Frame {
            name,
            identity: (stat.dev, stat.ino),
            descriptor: Some(descriptor),
            names: Vec::new(),
            has_more: true,
            is_given: true,
        });
    }

    /// Closes a directory for now; where its listing had got to is lost with it, so the rest is read first.
    fn close(&mut self, at: usize) {
        let Some(frame) = self.frames.get_mut(at) else { return };
        let Some(descriptor) = frame.descriptor.take() else { return };
        while frame.has_more {
            match read_names(descriptor.as_fd(), self.buffer.spare_capacity_mut()) {
                Ok(names) => {
                    self.pool.seen.fetch_add(names.len() as u64, Ordering::Relaxed);
                    frame.has_more = !names.is_empty();
                    frame.names.extend(names);
                }
                Err(errno) => {
                    frame.has_more = false;
                    let names = self.frames.iter().take(at + 1).skip(1).map(|frame| as_path(&frame.name));
                    let mut path = self.top.clone();
                    path.extend(names);
                    return self.summary.fail(path, "list it", errno);
                }
            }
        }
    }

    fn entry(&mut self, name: CString) {
        let expects_change = self.changes;
        let handover = self.pool.handover;
        let Some(here) = self.here() else { return self.give_up() };
        if !expects_change {
            // Nothing is changed by this answer, so it needs no descriptor.
            match look(here, &name) {
                Ok(Some(stat)) if matches!(handover.judge(&stat), Verdict::Right) => {
                    self.summary.right += 1;
                    return;
                }
                Err(Errno::NOENT) => return,
                _ => {}
            }
        }
        let descriptor = match open_entry(here, &name, OFlags::PATH) {
            Ok(descriptor) => descriptor,
            Err(errno) => return self.not_opened(&name, errno),
        };
        match Stat::of(&descriptor) {
            // Where the listing did not say so.
            Ok(stat) if stat.kind == Kind::Directory => self.directory(name),
            Ok(stat) => self.apply(&descriptor, &stat, Some(&name)),
            Err(errno) => self.fail(&name, "look at it", errno),
        }
    }

    fn not_opened(&mut self, name: &CString, errno: Errno) {
        match errno {
            // Removed since it was listed.
            Errno::NOENT => {}
            Errno::XDEV => {
                let path = self.path(Some(name));
                self.summary.leave(path, Why::Mounted);
            }
            errno => self.fail(name, "open it", errno),
        }
    }

    /// Judges, changes through the descriptor, and counts.
    fn apply(&mut self, descriptor: &OwnedFd, stat: &Stat, name: Option<&CString>) {
        let handover = self.pool.handover;
        let verdict = handover.judge(stat);
        self.changes = matches!(verdict, Verdict::Change { .. });
        match verdict {
            Verdict::Right => self.summary.right += 1,
            Verdict::Leave(why) => {
                let path = self.path(name);
                self.summary.leave(path, why);
            }
            Verdict::Change { owner, mode } => match handover.change(descriptor, owner, mode) {
                Ok(()) if owner.is_some() => self.summary.given += 1,
                Ok(()) => self.summary.opened += 1,
                Err((action, errno)) => {
                    let path = self.path(name);
                    self.summary.fail(path, action, errno);
                }
            },
        }
    }

    /// Everything in it is done: now the directory itself.
    fn leave_directory(&mut self) {
        if self.here().is_none() {
            return self.give_up();
        }
        let Some(mut frame) = self.frames.pop() else { return };
        let Some(descriptor) = frame.descriptor.take().filter(|_| frame.is_given) else { return };
        // What it is, is another question for the files than for the directories.
        let changes = self.changes;
        let name = Some(&frame.name).filter(|name| !name.is_empty());
        match Stat::of(&descriptor) {
            Ok(stat) => self.apply(&descriptor, &stat, name),
            Err(errno) => self.fail(&frame.name, "look at it", errno),
        }
        self.changes = changes;
    }

    fn give_up(&mut self) {
        let path = self.path(None);
        self.frames.pop();
        self.summary.leave(path, Why::Moved);
    }

    /// The innermost directory, opened again where it was closed.
    fn here(&mut self) -> Option<BorrowedFd<'_>> {
        if self.frames.last().is_some_and(|frame| frame.descriptor.is_none()) {
            self.reopen();
        }
        self.frames.last().and_then(|frame| frame.descriptor.as_ref()).map(AsFd::as_fd)
    }

    /// Goes down from the top again and keeps the last part open. What is not the same directory any
    /// more is not gone into.
    fn reopen(&mut self) {
        let keep_from = self.frames.len().saturating_sub(OPEN / 2);
        let mut above: Option<OwnedFd> = None;
        let mut parent = 0;
        for at in 1..self.frames.len() {
            let Some(frame) = self.frames.get(at) else { return };
            let held = match above.as_ref() {
                Some(above) => Some(above.as_fd()),
                None => self.frames.get(parent).and_then(|frame| frame.descriptor.as_ref()).map(AsFd::as_fd),
            };
            let Some(held) = held else { return };
            let Ok(descriptor) = open_entry(held, &frame.name, OFlags::PATH | OFlags::DIRECTORY) else {
                return;
            };
            let same = Stat::of(&descriptor).is_ok_and(|stat| (stat.dev, stat.ino) == frame.identity);
            if !same {
                return;
            }
            if at < keep_from {
                above = Some(descriptor);
                continue;
            }
            above = None;
            parent = at;
            if let Some(frame) = self.frames.get_mut(at) {
                frame.descriptor = Some(descriptor);
            }
        }
    }
}

/// Looks at a name without opening it; `None` where something is mounted there.
fn look(directory: BorrowedFd<'_>, name: &CString) -> rustix::io::Result<Option<Stat>> {
    let stat = rustix::fs::statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)?;
    if stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(None);
    }
    Ok(Some(Stat {
        kind: Kind::from_mode(stat.stx_mode.into()).ok_or(Errno::NOTSUP)?,
        owner: Owner::new(stat.stx_uid, stat.stx_gid),
        mode: u32::from(stat.stx_mode) & 0o7777,
        dev: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        ino: stat.stx_ino,
        links: stat.stx_nlink.into(),
        size: stat.stx_size,
    }))
}

/// The next names of a directory; none where all were read.
fn read_names(directory: BorrowedFd<'_>, buffer: &mut [MaybeUninit<u8>]) -> rustix::io::Result<Vec<Name>> {
    let mut names = Vec::new();
    let mut entries = RawDir::new(directory, buffer);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            // Held by `O_PATH` because it may not be read.
            Err(Errno::BADF) => return Err(Errno::ACCESS),
            entry => entry?,
        };
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            let is_directory = entry.file_type() == FileType::Directory;
            names.push(Name { name: entry.file_name().to_owned(), is_directory });
        }
        // An empty directory lists itself and the one above it, and then there may be more.
        if entries.is_buffer_empty() && !names.is_empty() {
            break;
        }
    }
    Ok(names)
}
