//! The way through a tree of any depth and width, with a bounded number of open directories and of names
//! in memory.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::joint::{Above, Joint, Seat};
use super::look::{Look, Outcome, Place};
use super::names::{Names, read_names};
use super::pool::{Job, Pool};
use super::{Summary, Why, as_path, open_entry};

/// Directories that one worker holds open at most; deeper trees are opened again on the way back.
const OPEN: usize = 32;

/// Bytes of a directory's listing that are read at once.
const LISTING: usize = 128 << 10;

/// Fewer entries than twice this are not worth to be done by two.
const FEW: usize = 64;

/// A directory on the way from the top to where the walk is.
struct Frame<'a> {
    name: CString,
    /// Which directory it was when it was first opened.
    identity: (u64, u64),
    mount: Option<u64>,
    held: Held<'a>,
    /// Directories that were listed and are still to be done.
    directories: Names,
    /// Whether there may be more to list.
    has_more: bool,
}

enum Held<'a> {
    Open(OwnedFd),
    /// By several workers.
    Joint(Arc<Joint<'a>>),
    /// To keep the number of open ones down.
    Closed,
}

impl Frame<'_> {
    fn place(&self) -> Option<Place<'_>> {
        match &self.held {
            Held::Open(descriptor) => Some(Place { directory: descriptor.as_fd(), mount: self.mount }),
            Held::Joint(joint) => Some(joint.place()),
            Held::Closed => None,
        }
    }
}

pub(super) struct Descent<'p, 'a> {
    pool: &'p Pool<'a>,
    summary: &'p mut Summary,
    /// The first one is where the job begins, and always joint.
    frames: Vec<Frame<'a>>,
    /// What was listed in the innermost directory and is no directory.
    entries: Names,
    /// Whether the last entry had to be changed: then the next one is likely to be, too.
    changes: bool,
    buffer: Vec<u8>,
}

impl<'p, 'a> Descent<'p, 'a> {
    pub fn new(pool: &'p Pool<'a>, summary: &'p mut Summary, job: Job<'a>) -> Self {
        let Job { directory, entries, directories, has_more } = job;
        let mount = directory.place().mount;
        let held = Held::Joint(directory);
        let top = Frame { name: CString::default(), identity: (0, 0), mount, held, directories, has_more };
        let buffer = Vec::with_capacity(LISTING);
        Self { pool, summary, frames: vec![top], entries, changes: false, buffer }
    }

    pub fn run(mut self) {
        while let Some(at) = self.frames.len().checked_sub(1) {
            self.settle_entries(at);
            let Some(frame) = self.frames.last_mut() else { return };
            if let Some(name) = frame.directories.last().map(CStr::to_owned) {
                frame.directories.pop();
                if self.pool.is_hungry() {
                    self.share();
                }
                self.enter(name);
            } else if !frame.has_more {
                self.leave_directory();
            } else if self.here().is_none() {
                self.give_up();
            } else {
                self.list(at);
            }
        }
    }

    /// Of something in the last of so many frames, or of that one itself.
    fn path(&self, frames: usize, name: Option<&CStr>) -> PathBuf {
        let mut path = match self.frames.first() {
            Some(Frame { held: Held::Joint(top), .. }) => top.path(),
            _ => PathBuf::new(),
        };
        let names = self.frames.iter().take(frames).skip(1).map(|frame| frame.name.as_c_str());
        path.extend(names.chain(name).map(as_path));
        path
    }

    fn count(&mut self, outcome: Outcome, frames: usize, name: Option<&CStr>) {
        match outcome {
            Outcome::Left(_) | Outcome::Failed(..) => {
                let path = self.path(frames, name);
                self.summary.count(outcome, || path);
            }
            // These need no path.
            _ => self.summary.count(outcome, PathBuf::new),
        }
    }

    /// Reads the next part of a directory's listing.
    fn list(&mut self, at: usize) {
        let Some(place) = self.frames.get(at).and_then(Frame::place) else { return };
        let (mut entries, mut directories) = (std::mem::take(&mut self.entries), Names::default());
        let listed =
            read_names(place.directory, self.buffer.spare_capacity_mut(), &mut entries, &mut directories);
        let count = entries.len() + directories.len();
        self.pool.seen.fetch_add(count as u64, Ordering::Relaxed);
        entries.sort();
        directories.sort();
        self.entries = entries;
        if let Some(frame) = self.frames.get_mut(at) {
            frame.has_more = count > 0 && listed.is_ok();
            frame.directories.add(directories);
        }
        if let Err(errno) = listed {
            self.count(Outcome::Failed("list it", errno), at + 1, None);
        }
    }

    /// Settles what was listed in a directory and is none itself.
    fn settle_entries(&mut self, at: usize) {
        let mut entries = std::mem::take(&mut self.entries);
        while let Some(name) = entries.last() {
            let Some(place) = self.frames.get(at).and_then(Frame::place) else {
                return self.count(Outcome::Left(Why::Moved), at + 1, None);
            };
            match place.settle(self.pool.handover, name, self.changes) {
                // The listing did not say so.
                Outcome::Directory => {
                    if let Some(frame) = self.frames.get_mut(at) {
                        frame.directories.push(name, 0);
                    }
                }
                outcome => {
                    self.changes = matches!(outcome, Outcome::Given | Outcome::Opened);
                    self.count(outcome, at + 1, Some(name));
                }
            }
            entries.pop();
            if entries.len().is_multiple_of(FEW) && self.pool.is_hungry() && !self.share() {
                self.share_entries(at, &mut entries);
            }
        }
        self.entries = entries;
    }

    /// Leaves directories to whoever has nothing to do; those nearest the top, which are likely to be
    /// most of what is left.
    fn share(&mut self) -> bool {
        let mut open = self.frames.iter().take_while(|frame| !matches!(frame.held, Held::Closed));
        let Some(at) = open.position(|frame| frame.directories.len() > 0) else { return false };
        let Some(directory) = self.hold(at) else { return false };
        let Some(frame) = self.frames.get_mut(at) else { return false };
        let directories = frame.directories.split();
        self.pool.leave(Job { directory, entries: Names::default(), directories, has_more: false });
        true
    }

    fn share_entries(&mut self, at: usize, entries: &mut Names) {
        if entries.len() >= 2 * FEW
            && let Some(directory) = self.hold(at)
        {
            let (entries, directories) = (entries.split(), Names::default());
            self.pool.leave(Job { directory, entries, directories, has_more: false });
        }
    }

    /// Makes a directory, and so those above it, one that others may have, too.
    fn hold(&mut self, at: usize) -> Option<Arc<Joint<'a>>> {
        let mut above: Option<Arc<Joint<'a>>> = None;
        for frame in self.frames.iter_mut().take(at + 1) {
            let held = match std::mem::replace(&mut frame.held, Held::Closed) {
                Held::Open(directory) => match (above, Seat::take(self.pool.joint)) {
                    (Some(above), Some(seat)) => {
                        let above = Above::Directory { above, name: frame.name.clone(), _seat: seat };
                        Held::Joint(Arc::new(Joint::new(directory, frame.mount, above)))
                    }
                    _ => {
                        frame.held = Held::Open(directory);
                        return None;
                    }
                },
                held => held,
            };
            above = match &held {
                Held::Joint(joint) => Some(Arc::clone(joint)),
                _ => None,
            };
            frame.held = held;
        }
        above
    }

    fn enter(&mut self, name: CString) {
        let Some(place) = self.here() else {
            // The others in it are lost as well.
            return self.give_up();
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let found = match open_entry(place.directory, &name, flags) {
            Err(Errno::ACCESS) => open_entry(place.directory, &name, OFlags::PATH | OFlags::DIRECTORY),
            result => result,
        };
        let outcome = match found {
            Ok(descriptor) => match Look::at(&descriptor) {
                Ok(look) => return self.push(name, descriptor, look),
                Err(errno) => Outcome::Failed("look at it", errno),
            },
            // Something else by now.
            Err(Errno::NOTDIR | Errno::LOOP) => Outcome::Left(Why::Moved),
            Err(errno) => Outcome::not_opened(errno),
        };
        self.count(outcome, self.frames.len(), Some(&name));
    }

    fn push(&mut self, name: CString, descriptor: OwnedFd, look: Look) {
        // The top stays open: everything else is found again from there.
        if let Some(at) = self.frames.len().checked_sub(OPEN).filter(|at| *at > 0) {
            self.close(at);
        }
        self.frames.push(Frame {
            name,
            identity: (look.stat.dev, look.stat.ino),
            mount: look.mount,
            held: Held::Open(descriptor),
            directories: Names::default(),
            has_more: true,
        });
    }

    /// Closes a directory for now; where its listing had got to is lost with it, so the rest is read first.
    fn close(&mut self, at: usize) {
        while self.frames.get(at).is_some_and(|frame| frame.has_more && matches!(frame.held, Held::Open(_))) {
            self.list(at);
            self.settle_entries(at);
        }
        if let Some(frame) = self.frames.get_mut(at)
            && matches!(frame.held, Held::Open(_))
        {
            frame.held = Held::Closed;
        }
    }

    /// Everything in it is done: now the directory itself, or what of that is ours to do.
    fn leave_directory(&mut self) {
        if self.here().is_none() {
            return self.give_up();
        }
        let Some(frame) = self.frames.pop() else { return };
        match frame.held {
            Held::Open(descriptor) => {
                let outcome = self.pool.handover.settle_directory(&descriptor);
                self.count(outcome, self.frames.len(), Some(&frame.name));
            }
            Held::Joint(joint) => Joint::release(joint, self.pool.handover, self.summary),
            Held::Closed => {}
        }
    }

    fn give_up(&mut self) {
        let path = self.path(self.frames.len(), None);
        self.frames.pop();
        self.summary.leave(path, Why::Moved);
    }

    /// The innermost directory, opened again where it was closed.
    fn here(&mut self) -> Option<Place<'_>> {
        if self.frames.last()?.place().is_none() {
            self.reopen();
        }
        self.frames.last()?.place()
    }

    /// Goes down again from the last one that is open, and keeps the last part open. What is not the same
    /// directory any more is not gone into.
    fn reopen(&mut self) {
        let keep_from = self.frames.len().saturating_sub(OPEN / 2);
        let Some(open) = self.frames.iter().rposition(|frame| frame.place().is_some()) else { return };
        let mut above: Option<OwnedFd> = None;
        for at in open + 1..self.frames.len() {
            let Some((before, [frame, ..])) = self.frames.split_at_mut_checked(at) else { return };
            let held = match &above {
                Some(above) => Some(above.as_fd()),
                None => before.last().and_then(Frame::place).map(|place| place.directory),
            };
            let Some(held) = held else { return };
            let Ok(descriptor) = open_entry(held, &frame.name, OFlags::PATH | OFlags::DIRECTORY) else {
                return;
            };
            let same = Look::at(&descriptor).is_ok_and(|look| {
                (look.stat.dev, look.stat.ino) == frame.identity && look.mount == frame.mount
            });
            if !same {
                return;
            }
            if at < keep_from {
                above = Some(descriptor);
            } else {
                above = None;
                frame.held = Held::Open(descriptor);
            }
        }
    }
}
