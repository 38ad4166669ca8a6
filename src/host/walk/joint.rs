//! A directory whose entries several workers settle; the last of them gives the directory itself.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::look::Place;
use super::{Handover, Summary, as_path};

/// Directories below the top that are joint at once, at most: each is open until all in it is done.
const JOINT: usize = 128;

pub(super) struct Joint<'a> {
    directory: OwnedFd,
    mount: Option<u64>,
    above: Above<'a>,
}

pub(super) enum Above<'a> {
    /// Nothing: it is the top, which was found by this path.
    Path(PathBuf),
    /// That one, in which it has this name.
    Directory { above: Arc<Joint<'a>>, name: CString, _seat: Seat<'a> },
}

/// The right to be one of them.
pub(super) struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    /// `None` where too many are taken.
    pub fn take(taken: &'a AtomicUsize) -> Option<Self> {
        let more = |taken| (taken < JOINT).then_some(taken + 1);
        taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Self(taken))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Joint<'a> {
    pub fn new(directory: OwnedFd, mount: Option<u64>, above: Above<'a>) -> Self {
        Self { directory, mount, above }
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
                Above::Directory { above, name, .. } => {
                    names.push(name);
                    here = above;
                }
            }
        };
        path.extend(names.iter().rev().map(|name| as_path(name)));
        path
    }

    /// One worker is done with it. Whoever is the last gives it, and is then done with the one above.
    pub fn release(joint: Arc<Self>, handover: &Handover, summary: &mut Summary) {
        let mut next = Some(joint);
        while let Some(joint) = next.and_then(Arc::into_inner) {
            let outcome = handover.settle_directory(&joint.directory);
            summary.count(outcome, || joint.path());
            next = match joint.above {
                Above::Path(_) => None,
                Above::Directory { above, .. } => Some(above),
            };
        }
    }
}
