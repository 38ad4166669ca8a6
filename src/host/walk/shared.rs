//! A directory whose entries several workers settle; the last of them gives the directory itself.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::look::Place;
use super::{Handover, Summary, as_path};

/// Directories that are shared at once, at most: each is open until all in it is done.
const SHARED: usize = 128;

pub(super) struct Shared<'a> {
    directory: OwnedFd,
    mount: Option<u64>,
    above: Above<'a>,
    _seat: Seat<'a>,
}

pub(super) enum Above<'a> {
    /// Nothing: it is the top, which was found by this path.
    Path(PathBuf),
    Directory(Arc<Shared<'a>>, CString),
}

/// One of those that may be shared at once.
pub(super) struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    /// `None` where too many are taken.
    pub fn take(taken: &'a AtomicUsize) -> Option<Self> {
        let more = |taken| (taken < SHARED).then_some(taken + 1);
        taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(taken))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Shared<'a> {
    pub fn new(directory: OwnedFd, mount: Option<u64>, above: Above<'a>, seat: Seat<'a>) -> Self {
        Self { directory, mount, above, _seat: seat }
    }

    pub fn place(&self) -> Place<'_> {
        Place { directory: self.directory.as_fd(), mount: self.mount }
    }

    /// For messages.
    pub fn path(&self) -> PathBuf {
        let (mut names, mut here) = (Vec::new(), self);
        let mut path = loop {
            match &here.above {
                Above::Path(path) => break path.clone(),
                Above::Directory(above, name) => {
                    names.push(name);
                    here = above;
                }
            }
        };
        path.extend(names.iter().rev().map(|name| as_path(name)));
        path
    }

    /// One worker is done with it. Whoever is the last gives it, and is then done with the one above.
    pub fn release(shared: Arc<Self>, handover: &Handover, summary: &mut Summary) {
        let mut next = Some(shared);
        while let Some(shared) = next.and_then(Arc::into_inner) {
            let outcome = handover.settle_directory(&shared.directory);
            summary.count(outcome, || shared.path());
            next = match shared.above {
                Above::Path(_) => None,
                Above::Directory(above, _) => Some(above),
            };
        }
    }
}
