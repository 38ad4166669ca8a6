//! As in `faults`, the calls of the threads that a launch begins, and of its children until they are other
//! programs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use nix::errno::Errno;
use nix::libc;

use crate::bed::Bed;
use crate::faults::{Count, sum};
use crate::scenario::{Ended, Scenario, Whole};
use crate::tracer::{Place, run};

const CALLS: &[(libc::c_long, &str)] = &[
    (libc::SYS_write, "write"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_fdatasync, "fdatasync"),
    (libc::SYS_rename, "rename"),
    (libc::SYS_renameat, "renameat"),
    (libc::SYS_renameat2, "renameat2"),
    (libc::SYS_open, "open"),
    (libc::SYS_openat, "openat"),
    (libc::SYS_openat2, "openat2"),
    (libc::SYS_mkdirat, "mkdirat"),
    (libc::SYS_fchmod, "fchmod"),
    (libc::SYS_fchown, "fchown"),
    (libc::SYS_fchownat, "fchownat"),
    (libc::SYS_clone, "clone"),
    (libc::SYS_clone3, "clone3"),
    (libc::SYS_fork, "fork"),
    (libc::SYS_vfork, "vfork"),
    (libc::SYS_execve, "execve"),
    (libc::SYS_pipe2, "pipe2"),
    (libc::SYS_socket, "socket"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_setsockopt, "setsockopt"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_poll, "poll"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_read, "read"),
    (libc::SYS_getdents64, "getdents64"),
];

const ERRORS: &[Errno] = &[Errno::ENOSPC, Errno::EIO, Errno::EACCES];

#[test]
fn no_fault_of_a_thread_or_a_child_weakens_a_launch_or_halves_a_file() {
    let next = Mutex::new(Scenario::all().filter(|scenario| scenario.launches));
    let total = Mutex::new(BTreeMap::<&str, Count>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(scenario) = next.lock().unwrap().next() else { break };
                    let count = run_out(scenario);
                    total.lock().unwrap().insert(scenario.name, count);
                }
            });
        }
    });
    let all = sum(total.into_inner().unwrap());
    assert!(all.injected() > 100, "{all}");
}

/// How often a fault is tried where the call is not made this time.
const TRIES: u32 = 10;

/// What comes through a pipe or a socket comes in as many parts as it happens to. Every other call is made again.
const IN_PIECES: [&str; 2] = ["read", "recvfrom"];

/// Which of several threads takes a piece of work, and in how many pieces something comes through a pipe, is
/// different in each run. What was made once is made again, in one of the next runs or, rarely, in none.
fn run_out(scenario: &Scenario) -> Count {
    let bed = Bed::new();
    let whole = Whole::of(&bed, scenario);
    (scenario.prepare)(&bed);
    let traced = run(&bed, scenario.words, None);
    assert!(traced.ended.success && whole.is_done(&bed), "{}: {}", scenario.name, traced.ended.stderr);
    let mut count = Count::default();
    for ((line, call), times) in traced.counts {
        let known = CALLS.iter().find(|(number, _)| u64::try_from(*number) == Ok(call));
        let Some((_, name)) = known.filter(|_| !line.is_empty()) else { continue };
        for at in 1..=times {
            for error in scenario.errors(ERRORS, at as usize) {
                let place = Place { line: line.clone(), call, at };
                let what =
                    format!("{}, {name} number {at} of thread {line:?} fails with {error}", scenario.name);
                let tried = (0..TRIES).any(|_| {
                    (scenario.prepare)(&bed);
                    let traced = run(&bed, scenario.words, Some((&place, error)));
                    if traced.injected {
                        let is_refused = whole.judge(&bed, &traced.ended, &what);
                        count.add(is_refused, what.clone());
                    } else {
                        let Ended { success, stderr, .. } = &traced.ended;
                        assert!(*success && whole.is_done(&bed), "{what}: it was not made: {stderr}");
                    }
                    traced.injected
                });
                if !tried {
                    assert!(IN_PIECES.contains(name), "{what}: it was not made in {TRIES} runs");
                    count.miss(what);
                }
            }
        }
    }
    count
}
