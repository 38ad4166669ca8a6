//! The way through a tree that is shared: one directory open at a time besides the top, whatever the depth.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{Held, Share, Verdict};
use crate::host::walk::{Summary, Why, as_path, open_entry};
use crate::host::{Kind, Stat};

/// A directory on the way from the top to where the walk is.
struct Frame {
    name: CString,
    identity: (u64, u64),
    /// Directories in it that are still to be done.
    directories: Vec<CString>,
}

pub(super) struct Way<'a> {
    share: &'a Share,
    seen: &'a AtomicU64,
    pub summary: Summary,
    /// For messages.
    path: &'a Path,
    top: &'a OwnedFd,
    /// The first one is the top itself.
    frames: Vec<Frame>,
}

/// Opens a directory to be listed, or at least to be held.
pub(super) fn open_directory(at: impl AsFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    match open_entry(&at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK) {
        Err(Errno::ACCESS) => open_entry(&at, name, OFlags::PATH | OFlags::DIRECTORY),
        result => result,
    }
}

/// Opens the directory that holds this one.
fn open_above(directory: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    let open = |flags| rustix::fs::openat2(directory, c"..", flags, Mode::empty(), resolve);
    match open(flags | OFlags::RDONLY) {
        Err(Errno::ACCESS) => open(flags | OFlags::PATH),
        result => result,
    }
}

impl<'a> Way<'a> {
    pub fn new(share: &'a Share, seen: &'a AtomicU64, path: &'a Path, top: &'a OwnedFd, stat: &Stat) -> Self {
        let first =
            Frame { name: CString::default(), identity: (stat.dev, stat.ino), directories: Vec::new() };
        Self { share, seen, summary: Summary::default(), path, top, frames: vec![first] }
    }

    pub fn run(&mut self) {
        let top = self.top;
        self.whole(top);
        // `None` stands for the top, which is held anyway.
        let mut here: Option<OwnedFd> = None;
        while let Some(frame) = self.frames.last_mut() {
            match frame.directories.pop() {
                Some(name) => {
                    if let Some(inside) = self.enter(here.as_ref().unwrap_or(top), name) {
                        here = Some(inside);
                    }
                }
                None => {
                    self.frames.pop();
                    here = self.back(here.as_ref());
                }
            }
        }
    }

    /// The innermost directory and what is in it, but for the directories.
    fn whole(&mut self, directory: &OwnedFd) {
        self.apply(directory, None);
        let directories = self.list(directory);
        if let Some(frame) = self.frames.last_mut() {
            frame.directories = directories;
        }
    }

    /// One directory further down.
    fn enter(&mut self, from: &OwnedFd, name: CString) -> Option<OwnedFd> {
        let found = open_directory(from, &name).and_then(|found| Ok((Stat::of(&found)?, found)));
        match found {
            Ok((stat, directory)) => {
                self.frames.push(Frame { name, identity: (stat.dev, stat.ino), directories: Vec::new() });
                self.whole(&directory);
                Some(directory)
            }
            Err(errno) => {
                self.not_opened(&name, errno);
                None
            }
        }
    }

    /// Back to the innermost directory that is left. Where the one we come from was moved away meanwhile, it
    /// is found again from the top, or given up with what is left in it.
    fn back(&mut self, from: Option<&OwnedFd>) -> Option<OwnedFd> {
        let is = |descriptor: &OwnedFd, frame: &Frame| {
            Stat::of(descriptor).is_ok_and(|stat| (stat.dev, stat.ino) == frame.identity)
        };
        let above = from.and_then(|from| open_above(from).ok());
        if self.frames.len() > 1
            && let (Some(above), Some(frame)) = (above, self.frames.last())
            && is(&above, frame)
        {
            return Some(above);
        }
        while self.frames.len() > 1 {
            let mut found: Option<OwnedFd> = None;
            let is_whole = self.frames.iter().skip(1).all(|frame| {
                let at = found.as_ref().unwrap_or(self.top);
                let next = open_directory(at, &frame.name).ok().filter(|next| is(next, frame));
                found = next;
                found.is_some()
            });
            if is_whole {
                return found;
            }
            let path = self.path(None);
            self.summary.leave(path, Why::Moved);
            self.frames.pop();
        }
        None
    }

    /// Shares what is in a directory; the directories in it are returned for later.
    fn list(&mut self, directory: &OwnedFd) -> Vec<CString> {
        let mut directories = Vec::new();
        let entries = match rustix::fs::Dir::read_from(directory) {
            Ok(entries) => entries,
            // Held by `O_PATH` because it may not be read.
            Err(Errno::BADF) => {
                self.fail(None, "list it", Errno::ACCESS);
                return directories;
            }
            Err(errno) => {
                self.fail(None, "list it", errno);
                return directories;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => {
                    self.fail(None, "list it", errno);
                    break;
                }
            };
            let name = entry.file_name().to_owned();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.seen.fetch_add(1, Ordering::Relaxed);
            if entry.file_type() == FileType::Directory {
                directories.push(name);
                continue;
            }
            match open_entry(directory, &name, OFlags::PATH) {
                // Not every filesystem says beforehand what an entry is.
                Ok(held) if Stat::of(&held).is_ok_and(|stat| stat.kind == Kind::Directory) => {
                    directories.push(name);
                }
                Ok(held) => self.apply(&held, Some(&name)),
                Err(errno) => self.not_opened(&name, errno),
            }
        }
        directories
    }

    /// Judges, changes through the descriptor, and counts.
    fn apply(&mut self, descriptor: &OwnedFd, name: Option<&CString>) {
        let is_top = name.is_none() && self.frames.len() == 1;
        let outcome = Stat::of(descriptor).map_err(|errno| ("look at it", errno)).and_then(|stat| {
            let held = Held::new(descriptor);
            let verdict = self.share.judge(&held, &stat, is_top)?;
            if let Verdict::Change(change) = &verdict {
                self.share.change(descriptor, &held, &stat, change)?;
            }
            Ok(verdict)
        });
        match outcome {
            Ok(Verdict::Right) => self.summary.right += 1,
            Ok(Verdict::Change(_)) => self.summary.opened += 1,
            Ok(Verdict::Leave(why)) => {
                let path = self.path(name);
                self.summary.leave(path, why);
            }
            Err((action, errno)) => self.fail(name, action, errno),
        }
    }

    fn not_opened(&mut self, name: &CString, errno: Errno) {
        let why = match errno {
            // Removed since it was listed.
            Errno::NOENT => return,
            Errno::XDEV => Why::Mounted,
            // Something else by now.
            Errno::NOTDIR | Errno::LOOP => Why::Moved,
            errno => return self.fail(Some(name), "open it", errno),
        };
        let path = self.path(Some(name));
        self.summary.leave(path, why);
    }

    fn path(&self, name: Option<&CString>) -> PathBuf {
        let names = self.frames.iter().skip(1).map(|frame| &frame.name).chain(name);
        let mut path = self.path.to_owned();
        path.extend(names.map(|name| as_path(name)));
        path
    }

    fn fail(&mut self, name: Option<&CString>, action: &str, errno: Errno) {
        let path = self.path(name);
        self.summary.fail(path, action, errno);
    }
}
