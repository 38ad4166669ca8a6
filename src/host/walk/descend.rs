//! The way through a tree of any depth with a bounded number of open directories.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Handover, Summary, Why, as_path, open_entry};
use crate::host::{Dir, DirError, Kind, Stat};

/// Directories that are held open at most; deeper trees are opened again on the way back.
const OPEN: usize = 256;

/// A directory on the way from the top to where the walk is.
struct Frame {
    name: CString,
    /// Which directory it was when it was first opened.
    identity: (u64, u64),
    /// `None` where it was closed to keep the number of open ones down.
    descriptor: Option<OwnedFd>,
    /// What is still to be done in it.
    names: Vec<CString>,
}

pub(super) struct Descent<'a> {
    handover: &'a Handover,
    summary: &'a mut Summary,
    top: &'a Dir,
    /// The first one is the top itself.
    frames: Vec<Frame>,
}

impl<'a> Descent<'a> {
    pub fn new(handover: &'a Handover, summary: &'a mut Summary, top: &'a Dir) -> Result<Self, DirError> {
        let stat = top.stat()?;
        let io = |errno| DirError::io(top.path(), "open it", errno);
        let descriptor = open_entry(top, c".", OFlags::PATH | OFlags::DIRECTORY).map_err(io)?;
        let mut descent = Self { handover, summary, top, frames: Vec::new() };
        descent.push(CString::default(), descriptor, &stat);
        Ok(descent)
    }

    pub fn run(mut self) {
        while let Some(frame) = self.frames.last_mut() {
            match frame.names.pop() {
                Some(name) => self.entry(name),
                None => self.leave_directory(),
            }
        }
    }

    fn path(&self, name: Option<&CString>) -> PathBuf {
        let names = self.frames.iter().skip(1).map(|frame| &frame.name).chain(name);
        let mut path = self.top.path().to_owned();
        path.extend(names.map(|name| as_path(name)));
        path
    }

    fn push(&mut self, name: CString, descriptor: OwnedFd, stat: &Stat) {
        let names = match list(&descriptor) {
            Ok(names) => names,
            Err(errno) => {
                let path = self.path(Some(&name).filter(|name| !name.is_empty()));
                self.summary.fail(path, "list it", errno);
                Vec::new()
            }
        };
        let identity = (stat.dev, stat.ino);
        // The top stays open: everything else is found again from there.
        if let Some(at) = self.frames.len().checked_sub(OPEN).filter(|at| *at > 0)
            && let Some(old) = self.frames.get_mut(at)
        {
            old.descriptor = None;
        }
        self.frames.push(Frame { name, identity, descriptor: Some(descriptor), names });
    }

    fn entry(&mut self, name: CString) {
        let found = match self.here() {
            Some(here) => open_entry(here, &name, OFlags::PATH),
            None => return self.give_up(),
        };
        let descriptor = match found {
            Ok(descriptor) => descriptor,
            // Removed since it was listed.
            Err(Errno::NOENT) => return,
            Err(Errno::XDEV) => {
                let path = self.path(Some(&name));
                return self.summary.leave(path, Why::Mounted);
            }
            Err(errno) => {
                let path = self.path(Some(&name));
                return self.summary.fail(path, "open it", errno);
            }
        };
        match Stat::of(&descriptor) {
            Ok(stat) if stat.kind == Kind::Directory => self.push(name, descriptor, &stat),
            Ok(stat) => {
                let path = self.path(Some(&name));
                self.handover.apply(&descriptor, &stat, path, self.summary);
            }
            Err(errno) => {
                let path = self.path(Some(&name));
                self.summary.fail(path, "look at it", errno);
            }
        }
    }

    /// Everything in it is done: now the directory itself.
    fn leave_directory(&mut self) {
        if self.here().is_none() {
            return self.give_up();
        }
        let path = self.path(None);
        if let Some(Frame { descriptor: Some(descriptor), .. }) = self.frames.pop() {
            match Stat::of(&descriptor) {
                Ok(stat) => self.handover.apply(&descriptor, &stat, path, self.summary),
                Err(errno) => self.summary.fail(path, "look at it", errno),
            }
        }
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

/// The names in a directory that is only held by `O_PATH`.
fn list(directory: &OwnedFd) -> rustix::io::Result<Vec<CString>> {
    let readable = open_entry(directory, c".", OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut names = Vec::new();
    for entry in rustix::fs::Dir::new(readable)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
