//! The system calls that no safe crate offers.
#![allow(unsafe_code)] // setfsuid, setfsgid, mount_setattr and unshare have no safe wrapper

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Sets the user whom the kernel judges this **thread**'s file operations by, and says whether it is
/// now the one asked for.
///
/// Unlike `setresuid`, this leaves the user whom signals and debuggers are judged by as it is: a
/// process of that user gets no hold on ours meanwhile.
pub fn set_filesystem_user(uid: u32) -> bool {
    // SAFETY: the call takes an integer, touches no memory of ours, and cannot fail in any other way
    // than by leaving the identity as it was. Neither glibc nor musl spreads it to other threads.
    unsafe { libc::setfsuid(uid) };
    // The return value is the old identity, whether or not the call did anything; an invalid id (-1)
    // changes nothing and so asks for the present one.
    // SAFETY: as above.
    let now = unsafe { libc::setfsuid(u32::MAX) };
    now.cast_unsigned() == uid
}

/// The same for the group.
pub fn set_filesystem_group(gid: u32) -> bool {
    // SAFETY: as in `set_filesystem_user`.
    unsafe { libc::setfsgid(gid) };
    // SAFETY: as above.
    let now = unsafe { libc::setfsgid(u32::MAX) };
    now.cast_unsigned() == gid
}

/// Of `linux/mount.h`.
#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// Gives a mount that is not attached yet the map of a user namespace, and keeps what is mounted elsewhere
/// out of it.
pub fn map_mount(mount: impl AsFd, users: impl AsFd) -> io::Result<()> {
    let attributes = MountAttributes {
        set: MOUNT_ATTR_IDMAP,
        clear: 0,
        propagation: libc::MS_PRIVATE,
        user_namespace: u64::try_from(users.as_fd().as_raw_fd()).unwrap_or(u64::MAX),
    };
    // SAFETY: the path is an empty string that lives as long as the program, the structure is what the
    // call takes and lives until it returns, and its size is given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Moves this process, which must have one thread only, into a new user namespace without a map.
pub fn leave_user_namespace() -> io::Result<()> {
    // SAFETY: the call takes a number; with several threads it fails.
    if unsafe { libc::unshare(libc::CLONE_NEWUSER) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
