//! The system calls that no safe crate offers.
#![allow(unsafe_code)] // setfsuid and setfsgid have no safe wrapper

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
