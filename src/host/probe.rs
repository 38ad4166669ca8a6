//! Trying out whether a user can really write in a directory.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::access::{Access, is_denied};
use super::dir::Stat;
use super::{Credentials, Dir, DirError, FileSystem, Owner, SwitchError, run_as};

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Switch,
    Place,
    Open,
    Create,
    Write,
    Rename,
    Remove,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Switch => "be acted for",
            Self::Place => "find out what filesystem there is",
            Self::Open => "open the directory itself",
            Self::Create => "create a file",
            Self::Write => "write to a file",
            Self::Rename => "rename a file",
            Self::Remove => "remove a file",
        })
    }
}

/// What the write probe found.
#[derive(Debug)]
pub enum Probe {
    /// All attempts succeeded. The owner is the one that the new file was seen with; a filesystem
    /// that maps users shows another than the one who wrote.
    Writable { seen_as: Owner },
    Refused {
        attempt: Attempt,
        source: io::Error,
        /// The probe's own file, where neither the user nor we could remove it: an append-only directory.
        left_behind: Option<PathBuf>,
    },
    /// It could not be tried; the reason.
    Unknown(String),
}

/// Creates, writes, renames and removes one file in the directory, as the user given. The directory
/// itself is reached with our own rights: an engine reaches a bind source with its own, whatever the
/// directories above it allow.
pub fn probe_write(path: &Path, who: &Credentials) -> Probe {
    match Dir::open(path) {
        Ok(directory) => probe_write_in(&directory, who),
        // Not being allowed to look says nothing of the user; a failing disk does.
        Err(DirError::Io { source, .. })
            if source.kind() != io::ErrorKind::PermissionDenied
                || !is_denied(CWD, path, Access::default()) =>
        {
            Probe::Refused { attempt: Attempt::Open, source, left_behind: None }
        }
        Err(error) => Probe::Unknown(error.to_string()),
    }
}

/// The same, in a directory that is open already.
pub fn probe_write_in(directory: &Dir, who: &Credentials) -> Probe {
    let names = [name(), name()];
    let [first, second] = &names;
    match run_as(who, || attempt(directory, first, second)) {
        Ok(Ok(seen_as)) => Probe::Writable { seen_as },
        Ok(Err((attempt, errno))) => {
            let left_behind = if attempt == Attempt::Create { None } else { clean_up(directory, &names) };
            Probe::Refused { attempt, source: errno.into(), left_behind }
        }
        Err(error @ SwitchError::NotPermitted(_)) => Probe::Unknown(error.to_string()),
        Err(error) => {
            let source = io::Error::other(error.to_string());
            Probe::Refused { attempt: Attempt::Switch, source, left_behind: None }
        }
    }
}

/// What the user could not remove, we may be able to. Says what is still there.
fn clean_up(directory: &Dir, names: &[String]) -> Option<PathBuf> {
    let stays = |name: &&String| {
        let removed = rustix::fs::unlinkat(directory, name.as_str(), AtFlags::empty());
        !matches!(removed, Ok(()) | Err(Errno::NOENT))
    };
    names.iter().find(stays).map(|name| directory.path().join(name))
}

fn attempt(directory: &Dir, first: &str, second: &str) -> Result<Owner, (Attempt, Errno)> {
    let failed = |attempt| move |errno| (attempt, errno);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(directory, first, flags, Mode::RUSR | Mode::WUSR)
        .map_err(failed(Attempt::Create))?;
    rustix::io::write(&file, b"seaworthy\n").map_err(failed(Attempt::Write))?;
    // Where another machine writes, its refusal and its full disk show only at the flush.
    let system = FileSystem::of_descriptor(directory)
        .map_err(|error| (Attempt::Place, Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    if system.is_foreign() {
        rustix::fs::fdatasync(&file).map_err(failed(Attempt::Write))?;
    }
    let seen_as = Stat::of(&file).map_err(failed(Attempt::Write))?.owner;
    drop(file);
    rename(directory.as_fd(), first, second).map_err(failed(Attempt::Rename))?;
    rustix::fs::unlinkat(directory, second, AtFlags::empty()).map_err(failed(Attempt::Remove))?;
    Ok(seen_as)
}

/// Renames without replacing anything, where the filesystem can promise that.
fn rename(directory: rustix::fd::BorrowedFd<'_>, from: &str, to: &str) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::renameat(directory, from, directory, to),
        result => result,
    }
}

/// A name that nobody else uses.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!(".sw-probe-{}-{now:x}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;
    use crate::host::owner::is_root;

    fn ourselves() -> Credentials {
        let groups = rustix::process::getgroups().unwrap().into_iter().map(rustix::process::Gid::as_raw);
        Credentials { groups: groups.collect(), ..Credentials::plain(Owner::current()) }
    }

    fn refusal(probe: &Probe) -> Option<(Attempt, Option<i32>)> {
        match probe {
            Probe::Refused { attempt, source, .. } => Some((*attempt, source.raw_os_error())),
            _ => None,
        }
    }

    #[test]
    fn our_own_directory_is_writable_and_left_as_it_was() {
        let temp = tempfile::tempdir().unwrap();
        let probe = probe_write(temp.path(), &ourselves());
        assert!(matches!(probe, Probe::Writable { seen_as } if seen_as == Owner::current()), "{probe:?}");
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_directory_is_unknown() {
        let temp = tempfile::tempdir().unwrap();
        assert!(matches!(probe_write(&temp.path().join("none"), &ourselves()), Probe::Unknown(_)));
    }

    #[test]
    fn each_user_is_held_to_the_mode_of_the_directory() {
        if !is_root() {
            return; // only root may act as others
        }
        let temp = tempfile::tempdir().unwrap(); // 0700 of root: in the way of others, but not in question
        let state = temp.path().join("state");
        fs::create_dir(&state).unwrap();
        chown(&state, Some(3001), Some(3002)).unwrap();
        let plain = |uid, gid| Credentials::plain(Owner::new(uid, gid));
        let set = |mode| fs::set_permissions(&state, fs::Permissions::from_mode(mode)).unwrap();
        let writable = |who: &Credentials| matches!(probe_write(&state, who), Probe::Writable { .. });

        set(0o755);
        assert!(writable(&plain(3001, 3001)));
        assert_eq!(
            refusal(&probe_write(&state, &plain(3003, 3003))),
            Some((Attempt::Create, Some(libc::EACCES)))
        );
        assert!(refusal(&probe_write(&state, &plain(0, 0))).is_some(), "root without capabilities");
        assert!(writable(&Credentials { dac_override: true, ..plain(0, 0) }));
        set(0o770);
        assert!(writable(&plain(3003, 3002)));
        assert!(writable(&Credentials { groups: vec![5, 3002], ..plain(3003, 3003) }));
        assert!(refusal(&probe_write(&state, &plain(3003, 3003))).is_some());
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
    }

    #[test]
    fn one_without_the_privilege_to_switch_learns_nothing() {
        if !is_root() {
            let other = Credentials::plain(Owner::new(Owner::current().uid + 1, 1));
            let temp = tempfile::tempdir().unwrap();
            assert!(matches!(probe_write(temp.path(), &other), Probe::Unknown(_)));
        }
    }
}
