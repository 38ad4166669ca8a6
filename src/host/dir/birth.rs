//! A name for what is not finished yet: what is made here gets its own name only with its owner, mode and
//! content. A run that is killed meanwhile leaves nothing under that name.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::{Dir, DirError, Kind, Stat};
use crate::host::access::{Access, is_denied};

const PREFIX: &str = ".sw-new-";
const SUFFIX: &str = ".tmp";

/// What is younger than this may still be in the making, although nobody holds it yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A name in a directory that nobody else uses.
pub fn name() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    PathBuf::from(format!("{PREFIX}{:x}-{count:x}-{time:x}{SUFFIX}", std::process::id()))
}

/// When something with this name was begun; `None` where it is not a name of ours.
fn begun(name: &str) -> Option<Duration> {
    let mut parts = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split('-');
    let numbers =
        [parts.next()?, parts.next()?, parts.next()?].map(|part| u64::from_str_radix(part, 16).ok());
    let [Some(_), Some(_), Some(time)] = numbers else { return None };
    parts.next().is_none().then(|| Duration::from_nanos(time))
}

/// Keeps [`sweep`] of other runs away, for as long as the descriptor is open.
pub fn hold(descriptor: &impl AsFd) -> rustix::io::Result<()> {
    match flock(descriptor, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(Errno::BUSY),
        // Some filesystems have no locks, and then nobody sweeps there either.
        _ => Ok(()),
    }
}

/// Gives the finished thing its name. `false` where something else has that name by now.
pub fn finish(directory: &Dir, temporary: &Path, name: &Path) -> rustix::io::Result<bool> {
    let flags = match renameat_with(directory, temporary, directory, name, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(true),
        Err(Errno::EXIST) => return Ok(false),
        // Some network filesystems cannot refuse to replace; there, looking first has to do.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => RenameFlags::empty(),
        Err(errno) => return Err(errno),
    };
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(false),
        Err(Errno::NOENT) => renameat_with(directory, temporary, directory, name, flags).map(|()| true),
        Err(errno) => Err(errno),
    }
}

/// Whether a name still means what a descriptor has open: who may write in the directory may exchange it.
pub fn is_same(directory: &Dir, name: &Path, descriptor: &impl AsFd) -> rustix::io::Result<bool> {
    let named = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let open = rustix::fs::fstat(descriptor)?;
    Ok((named.st_dev, named.st_ino) == (open.st_dev, open.st_ino))
}

/// Removes what killed runs left unfinished here: empty directories, and files that nobody holds. What is
/// somebody else's to see or to remove stays.
///
/// # Errors
/// Where the directory, or something in it, cannot be looked at although that is permitted.
pub fn sweep(directory: &Dir) -> Result<(), DirError> {
    let failed = |errno| DirError::io(&directory.path, "look for what killed runs left there", errno);
    // The descriptor itself may only hold the directory.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let entries = match rustix::fs::openat(directory, c".", flags, Mode::empty()) {
        Ok(open) => rustix::fs::Dir::new(open).map_err(failed)?,
        Err(Errno::ACCESS) if is_denied(directory, c".", Access::READ) => return Ok(()),
        Err(errno) => return Err(failed(errno)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let now = UNIX_EPOCH.elapsed().unwrap_or_default();
        if begun(name).is_none_or(|time| now.saturating_sub(time) < YOUNG) {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let failed = |errno| DirError::io(&directory.path.join(name), "remove it", errno);
        let open = match rustix::fs::openat(directory, name, flags, Mode::empty()) {
            Ok(open) => open,
            // Another run was faster, or it is nothing of ours.
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => continue,
            Err(Errno::ACCESS) if is_denied(directory, name, Access::READ) => continue,
            Err(errno) => return Err(failed(errno)),
        };
        if flock(&open, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        let flags = match Stat::of(&open).map_err(failed)?.kind {
            Kind::Directory => AtFlags::REMOVEDIR,
            Kind::File => AtFlags::empty(),
            _ => continue,
        };
        match rustix::fs::unlinkat(directory, name, flags) {
            // In a directory like /tmp it is its owner's alone; and something may have been put into it.
            Ok(()) | Err(Errno::NOENT | Errno::PERM | Errno::ACCESS | Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::owner::is_root;
    use crate::host::{Credentials, Owner, run_as};

    #[test]
    fn only_what_a_run_left_long_ago_is_swept() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        let old = format!("{PREFIX}1-0-1{SUFFIX}");
        let full = format!("{PREFIX}2-0-1{SUFFIX}");
        let held = format!("{PREFIX}3-0-1{SUFFIX}");
        let half = format!("{PREFIX}4-0-1{SUFFIX}");
        let young = name();
        for name in [old.as_str(), &full, &held, young.to_str().unwrap(), ".sw-new-mine.tmp"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at(&full).join("kept"), "").unwrap();
        fs::write(at(&half), "half").unwrap();
        let open = fs::File::open(at(&held)).unwrap();
        hold(&open).unwrap();
        sweep(&Dir::open(temp.path()).unwrap()).unwrap();
        for (name, stays) in [(old.as_str(), false), (&half, false), (&full, true), (&held, true)] {
            assert_eq!(at(name).exists(), stays, "{name}");
        }
        assert!(at(young.to_str().unwrap()).exists() && at(".sw-new-mine.tmp").exists());
    }

    #[test]
    fn what_may_not_be_listed_is_not_swept_and_that_is_no_error() {
        if !is_root() {
            return; // only root can act as another
        }
        let temp = tempfile::tempdir().unwrap();
        let left = temp.path().join(format!("{PREFIX}1-0-1{SUFFIX}"));
        fs::write(&left, "").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o600)).unwrap();
        let directory = Dir::open(temp.path()).unwrap();
        let who = Credentials::plain(Owner::new(3001, 3001));
        // Not to be listed; to be listed, with something in it that is not to be read.
        for mode in [0o733, 0o777] {
            fs::set_permissions(temp.path(), fs::Permissions::from_mode(mode)).unwrap();
            run_as(&who, || sweep(&directory)).unwrap().unwrap();
            assert!(left.exists());
        }
    }

    #[test]
    fn what_has_a_name_is_never_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let directory = Dir::open(temp.path()).unwrap();
        for name in ["new", "there"] {
            fs::create_dir(temp.path().join(name)).unwrap();
        }
        assert!(!finish(&directory, Path::new("new"), Path::new("there")).unwrap());
        assert!(finish(&directory, Path::new("new"), Path::new("named")).unwrap());
        assert!(temp.path().join("named").exists() && !temp.path().join("new").exists());
    }
}
