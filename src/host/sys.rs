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

/// While it lives, INT, TERM and HUP wait: **this thread**, and those that it starts, do not get them. What
/// came meanwhile acts when it is dropped.
pub struct Deferred(libc::sigset_t);

/// Lets signals that would end the program wait until something is put in order again.
pub fn defer_signals() -> Deferred {
    // SAFETY: a set of signals is plain numbers, for which zeros are a value; the calls fill the two sets of
    // ours, and fail only for numbers that are no signals.
    unsafe {
        let (mut wanted, mut before): (libc::sigset_t, libc::sigset_t) =
            (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut wanted);
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            libc::sigaddset(&raw mut wanted, signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const wanted, &raw mut before);
        Deferred(before)
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        // SAFETY: the set is the one that the kernel gave us.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}
