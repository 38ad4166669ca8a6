//! Making one directory or file, as it was decided.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use super::Receipt;
use crate::host::access::{Access, is_denied};
use crate::host::{Birth, Created, Dir, DirError, FileSystem, Kind, Owner, Stat, Turn};
use crate::ownership::step::Place;
use crate::ownership::{HostStep, command};

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Host(#[from] DirError),
    #[error("it must belong to {wanted}, and user {ours} may not give it away")]
    MayNotGive { wanted: Owner, ours: Owner },
    /// Not there when it was decided, there now, and not as it was to be.
    #[error("{}", Self::foreign(found.kind, found.owner))]
    Foreign { found: Stat },
}

impl StepError {
    pub(super) fn foreign(kind: Kind, owner: Owner) -> String {
        format!("somebody else made it meanwhile: it is {} of {owner}", kind.describe())
    }
}

/// How often, and after what pause, a thing that somebody else is just making is looked at again.
const PATIENCE: (u32, Duration) = (100, Duration::from_millis(10));

pub(super) fn carry_out(step: &HostStep, receipt: &mut Receipt) -> Result<(), StepError> {
    let _turn = take_turn(&step.place().root)?;
    carry_out_in_turn(step, receipt)
}

/// The same for whoever was sent by somebody who has the turn.
pub(super) fn carry_out_in_turn(step: &HostStep, receipt: &mut Receipt) -> Result<(), StepError> {
    let place = step.place();
    let root = Dir::open(&place.root)?;
    let mut created = Vec::new();
    let result = make(step, &root, &mut created).and_then(|()| verify(step, &root, &created));
    if result.is_ok() && created.is_empty() {
        receipt.already += 1;
    }
    let done = match step {
        HostStep::SetMode { .. } => &mut receipt.modes,
        _ => &mut receipt.created,
    };
    done.append(&mut created);
    result
}

/// Launches of one project take turns, so that none looks at what another has made by half. Somebody who
/// holds the lock for long is not waited for, and where a directory may be used and not read there is none:
/// without it a launch may fail, but does nothing wrong.
pub(super) fn take_turn(root: &Path) -> Result<Option<File>, DirError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match rustix::fs::openat(CWD, root, flags, Mode::empty()) {
        Ok(directory) => File::from(directory),
        Err(Errno::ACCESS) if is_denied(CWD, root, Access::READ) => return Ok(None),
        Err(errno) => return Err(DirError::io(root, "lock it", errno)),
    };
    if Turn::is_ours(&directory) {
        return Ok(None);
    }
    let (tries, pause) = PATIENCE;
    for _ in 0..tries {
        if flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(Some(directory));
        }
        std::thread::sleep(pause);
    }
    Ok(None)
}

fn make(step: &HostStep, root: &Dir, created: &mut Vec<Created>) -> Result<(), StepError> {
    let place = step.place();
    if let HostStep::SetMode { .. } = step {
        return set_mode(place, root, created);
    }
    if root.find(&place.path)?.is_some() {
        return Ok(());
    }
    may_give(place)?;
    let born = |as_owner| Birth { mode: place.mode, owner: place.owner, as_owner };
    match create(step, root, &born(false), created) {
        // Where root is nobody, or may not give away, only the owner can make what is the owner's.
        Err(error)
            if place.owner.is_some()
                && Owner::current().uid == 0
                && is_refusal(&error, root, &place.path) =>
        {
            create(step, root, &born(true), created).map_err(|_| error.into())
        }
        result => result.map_err(StepError::from),
    }
}

fn create(step: &HostStep, root: &Dir, birth: &Birth, created: &mut Vec<Created>) -> Result<(), DirError> {
    let path = &step.place().path;
    match step {
        HostStep::CreateDirectory { .. } | HostStep::SetMode { .. } => {
            root.create_directories(path, birth, created).map(drop)
        }
        HostStep::CreateFile { content, .. } => {
            if let Some(parent) = path.parent() {
                root.create_parents(parent, birth, created)?;
            }
            match root.create_file(path, birth, content.as_bytes(), created) {
                // Somebody was faster; the look afterwards judges what they made.
                Err(DirError::Exists(_)) => Ok(()),
                result => result,
            }
        }
    }
}

/// An empty directory gets its mode; one that is gone is made anew by whoever needs it.
fn set_mode(place: &Place, root: &Dir, changed: &mut Vec<Created>) -> Result<(), StepError> {
    let found = root.find(&place.path)?.map(|entry| entry.stat);
    if found.is_some_and(|stat| stat.mode != place.mode) {
        root.set_empty_mode(&place.path, place.mode)?;
        let stat = root.enter(&place.path)?.stat()?;
        let path = place.full_path();
        changed.push(Created { path, kind: stat.kind, owner: stat.owner, mode: stat.mode });
    }
    Ok(())
}

/// Only root may make things that belong to somebody else. Another group is tried: it may be one of ours.
fn may_give(place: &Place) -> Result<(), StepError> {
    let ours = Owner::current();
    match place.owner {
        Some(wanted) if ours.uid != 0 && wanted.uid != ours.uid => {
            Err(StepError::MayNotGive { wanted, ours })
        }
        _ => Ok(()),
    }
}

/// Whether a filesystem with other ideas about root is in the way. What was made and then was not ours
/// can also be the work of somebody else: only where another machine decides who we are, it is a refusal.
fn is_refusal(error: &DirError, root: &Dir, path: &Path) -> bool {
    let is_foreign = || FileSystem::of_descriptor(root).is_ok_and(|system| system.is_foreign());
    match error.errno() {
        None => matches!(error, DirError::NotOurs { .. }) && is_foreign(),
        // On a filesystem of this machine root is denied nothing, unless it lacks the capability for it.
        Some(libc::EACCES) => is_foreign() || is_closed(root, path),
        Some(errno) => matches!(errno, libc::EPERM | libc::EINVAL | libc::EOPNOTSUPP),
    }
}

/// Whether this process may make nothing in the last directory on the way that is there.
fn is_closed(root: &Dir, path: &Path) -> bool {
    let wanted = Access { write: true, execute: true, read: false };
    let existing = path.ancestors().skip(1).find_map(|way| root.enter(way).ok());
    existing.is_none_or(|directory| is_denied(&directory, c".", wanted))
}

/// Looks at what stands there in the end.
fn verify(step: &HostStep, root: &Dir, created: &[Created]) -> Result<(), StepError> {
    let place = step.place();
    let (tries, pause) = PATIENCE;
    let mut tries = tries;
    loop {
        let found = root.find(&place.path)?.map(|entry| entry.stat);
        match found {
            Some(stat) if is_as_decided(step, &stat) => return Ok(()),
            // Another launch of the same project makes it, and has not given it its owner yet.
            Some(stat) if tries > 0 && created.is_empty() && stat.kind == step.kind() => {
                tries -= 1;
                std::thread::sleep(pause);
            }
            Some(found) => return Err(StepError::Foreign { found }),
            None => return Err(DirError::Missing(place.full_path()).into()),
        }
    }
}

fn is_as_decided(step: &HostStep, stat: &Stat) -> bool {
    let has_mode = !matches!(step, HostStep::SetMode { .. }) || stat.mode == step.place().mode;
    has_mode && stat.kind == step.kind() && step.place().owner.is_none_or(|owner| owner == stat.owner)
}

/// What to do about it.
pub(super) fn remedy(step: &HostStep, error: &StepError) -> String {
    let place = step.place();
    let path = step.full_path();
    match error {
        StepError::MayNotGive { wanted, .. } => {
            format!("Run it once as root: {}", command::make(&path, step.kind(), *wanted, place.mode))
        }
        StepError::Foreign { found } if found.kind == step.kind() => match place.owner {
            Some(owner) => format!("Correct its owner: {}", command::give(&path, step.kind(), owner)),
            None => "Look at what stands there.".to_owned(),
        },
        StepError::Foreign { .. } => "Move away what stands there.".to_owned(),
        StepError::Host(DirError::Symlink(link)) => {
            format!("Replace the link {} by what it points to, or declare that as a root.", link.display())
        }
        StepError::Host(error) => match (FileSystem::of(&place.root), FileSystem::decides_at(&place.root)) {
            (Ok(system), _) if system.is_read_only => {
                format!("{} is mounted read-only.", place.root.display())
            }
            (Ok(system), Some(why)) => format!(
                "{why}: create {} there as its owner{}.",
                path.display(),
                if system.is_network() { ", or export it with no_root_squash" } else { "" }
            ),
            _ if error.errno() == Some(libc::EPERM) && place.owner.is_some() => {
                let owner = place.owner.unwrap_or_else(Owner::current);
                format!("Run it once as root: {}", command::make(&path, step.kind(), owner, place.mode))
            }
            _ if error.errno() == Some(libc::EACCES) => {
                format!("Make the directory above it writable for user {}.", Owner::current().uid)
            }
            _ => "Correct the cause and run again; what was created stays.".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
