//! Mounts that show files as another user's than the disk has them.
//!
//! What is on disk stays one user's; through the mount it is another's, and what that one makes there is
//! the first one's on disk. Nothing is given away, so nothing can drift. It takes root, Linux 5.12 and a
//! filesystem that can do it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};
use rustix::mount::{MoveMountFlags, OpenTreeFlags, UnmountFlags, move_mount, open_tree, unmount};

use super::{Owner, sys};

/// The name by which this program only holds a map of users for another process of ours.
pub const HOLDER: &str = "seaworthy-userns";

/// Makes sure that `at` shows the directory `source` with `disk` as `seen`. What is mounted there
/// otherwise is taken away first.
///
/// # Errors
/// Where kernel, filesystem or privileges do not allow it; then nothing is mounted there.
pub fn mount_mapped(source: &Path, at: &Path, disk: Owner, seen: Owner) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(at)?;
    while is_mounted(at)? {
        unmount(at, UnmountFlags::DETACH)?;
    }
    let users = user_namespace(disk, seen)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let tree = open_tree(CWD, source, flags)?;
    sys::map_mount(&tree, &users)?;
    move_mount(&tree, c"", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
    Ok(())
}

/// Tries whether a directory could be shown so, and leaves nothing behind: the mount is never attached.
///
/// # Errors
/// Where kernel, filesystem or privileges do not allow it.
pub fn can_map(source: &Path) -> io::Result<()> {
    let users = user_namespace(Owner::new(1, 1), Owner::new(2, 2))?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    sys::map_mount(open_tree(CWD, source, flags)?, &users)
}

/// Takes such a mount away, and its directory. What is on disk stays, and so does what a running container
/// has open.
///
/// # Errors
/// Where our privileges do not allow it.
pub fn unmount_mapped(at: &Path) -> io::Result<()> {
    while is_mounted(at)? {
        unmount(at, UnmountFlags::DETACH)?;
    }
    fs::remove_dir(at)
}

/// Whether `at` already shows `name` of `source` so: the same file, and with the other owner.
pub fn is_mapped(source: &Path, at: &Path, name: &Path, seen: Owner) -> bool {
    let pair = || -> io::Result<_> {
        Ok((fs::symlink_metadata(source.join(name))?, fs::symlink_metadata(at.join(name))?))
    };
    let is_same = pair().is_ok_and(|(disk, shown)| {
        (disk.dev(), disk.ino()) == (shown.dev(), shown.ino())
            && (shown.uid(), shown.gid()) == (seen.uid, seen.gid)
    });
    is_same && is_mounted(at).unwrap_or(false)
}

fn is_mounted(at: &Path) -> io::Result<bool> {
    let stat = rustix::fs::statx(CWD, at, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)?;
    Ok(stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// A map of users, which exists as long as its descriptor. Only a process of its own can make one.
fn user_namespace(disk: Owner, seen: Owner) -> io::Result<File> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg0(HOLDER)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut made = || -> io::Result<File> {
        let ready = child.stdout.take().map(|mut stdout| stdout.read_exact(&mut [0]));
        ready.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))?;
        let process = Path::new("/proc").join(child.id().to_string());
        // Inside is what the disk has, outside what is shown.
        fs::write(process.join("uid_map"), format!("{} {} 1\n", disk.uid, seen.uid))?;
        fs::write(process.join("gid_map"), format!("{} {} 1\n", disk.gid, seen.gid))?;
        File::open(process.join("ns/user"))
    };
    let result = made();
    drop(child.stdin.take());
    child.wait()?;
    result
}

/// The whole life of the process that holds a map: it makes one, says so, and waits for its end.
///
/// # Errors
/// Where it may not.
pub fn hold() -> io::Result<()> {
    sys::leave_user_namespace()?;
    io::stdout().write_all(b".")?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

/// Whether the program was started for that.
pub fn is_holder(name: Option<&OsString>) -> bool {
    name.is_some_and(|name| name == HOLDER)
}
