//! The system calls that no safe crate offers.
#![allow(unsafe_code)] // none of these has a safe wrapper

use std::io;
use std::os::fd::{AsFd, AsRawFd};
#[cfg(target_env = "gnu")]
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Tells the allocator that about so many bytes will be needed soon.
///
/// The heap then grows once instead of in steps of 128 KiB and is backed by huge pages: a large project
/// is otherwise spending a fifth of its time on page faults. Nothing but speed depends on it.
#[cfg(target_env = "gnu")]
pub fn expect_memory(bytes: usize) {
    const HUGE_PAGE: usize = 2 << 20;
    const MOST: usize = 512 << 20;
    /// More than the heap has left, less than what is mapped apart from it.
    const STEP: usize = 1 << 20;
    const APART: libc::c_int = 32 << 20;
    let bytes = bytes.min(MOST).next_multiple_of(HUGE_PAGE);
    let Ok(pad) = libc::c_int::try_from(bytes) else { return };
    EXPECTED.store(bytes, Ordering::Relaxed);
    // SAFETY: these set parameters of the allocator, and touch no memory of ours.
    unsafe {
        libc::mallopt(libc::M_TOP_PAD, pad);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_MMAP_THRESHOLD, APART);
    }
    // Makes the heap grow, by the size set above.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(STEP)));
    // SAFETY: an increment of zero asks where the heap ends.
    let end = unsafe { libc::sbrk(0) }.addr();
    let start = end.saturating_sub(bytes).next_multiple_of(HUGE_PAGE);
    if start < end {
        // SAFETY: advice changes how memory is backed, never what it holds; that the range is not
        // mapped is an error code.
        unsafe { libc::madvise(std::ptr::without_provenance_mut(start), end - start, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_env = "gnu"))]
pub fn expect_memory(_bytes: usize) {}

/// So many bytes of a further thread's heap are backed by huge pages; 0 where nobody expects much.
#[cfg(target_env = "gnu")]
static EXPECTED: AtomicUsize = AtomicUsize::new(0);

/// As [`expect_memory`] did for the first thread, for a thread that shares its work. To be called from it.
#[cfg(target_env = "gnu")]
pub fn expect_memory_here() {
    /// The allocator reserves this much for each further heap, at a multiple of it.
    const HEAP: usize = 64 << 20;
    let bytes = EXPECTED.load(Ordering::Relaxed).min(HEAP);
    if bytes == 0 {
        return;
    }
    // Gives the thread a heap, if it has none, and tells where that is. Something small could be of another
    // thread's heap, given back by this one.
    let block = std::hint::black_box(Vec::<u8>::with_capacity(4096));
    let start = block.as_ptr().addr() & !(HEAP - 1);
    // SAFETY: as in `expect_memory`.
    unsafe { libc::madvise(std::ptr::without_provenance_mut(start), bytes, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_env = "gnu"))]
pub fn expect_memory_here() {}

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
