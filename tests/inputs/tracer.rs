//! Makes one system call of one thread fail. strace's own injection counts the calls of each thread apart and
//! fails the N-th of all of them, so that behind the first thread, which fails first, none is ever reached.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::bed::Bed;
use crate::scenario::Ended;

/// A thread or a child: the numbers, each in the order of its parent, of those that began it. The same in
/// every run, whatever comes first.
pub type Line = Vec<u32>;

/// The N-th call of a number by one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: Line,
    pub call: u64,
    pub at: u32,
}

#[derive(Default)]
struct Task {
    line: Line,
    children: u32,
    counts: HashMap<u64, u32>,
    is_inside: bool,
    fails: bool,
}

pub struct Traced {
    pub ended: Ended,
    pub injected: bool,
    /// How often each of them made each call.
    pub counts: BTreeMap<(Line, u64), u32>,
}

/// `PTRACE_EVENT_STOP`, with which a new task begins.
const STOP: i32 = 128;

/// Runs the program in the project; where a place is given, the call there fails. What the program starts
/// itself is left alone from the moment that it is another program.
pub fn run(bed: &Bed, words: &[&str], fault: Option<(&Place, Errno)>) -> Traced {
    let messages = bed.at("messages");
    let mut shell = Command::new("/bin/sh");
    // Stopped until it is traced.
    shell.args(["-c", "kill -STOP $$; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_seaworthy")]);
    let mut shell = bed.through(shell, words);
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&messages).unwrap());
    let first = Pid::from_raw(i32::try_from(shell.spawn().unwrap().id()).unwrap());
    // Only what this thread began: other tests have children of their own.
    let mine = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
    waitpid(first, Some(WaitPidFlag::WUNTRACED | mine)).unwrap();
    let followed = Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACEFORK | Options::PTRACE_O_TRACEVFORK;
    let options =
        followed | Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_EXITKILL;
    ptrace::seize(first, options).unwrap();
    kill(first, Signal::SIGCONT).unwrap();

    let mut tasks = HashMap::from([(first, Task::default())]);
    // Those whose parent has not said yet that it began them.
    let mut early = HashSet::new();
    let (mut began, mut injected, mut success) = (false, false, false);
    let mut counts = BTreeMap::new();
    // A task may be killed meanwhile, which the next wait tells.
    let go_on = |pid, signal: Option<Signal>| match ptrace::syscall(pid, signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("{error}"),
    };
    loop {
        match waitpid(Pid::from_raw(-1), Some(mine)) {
            Err(Errno::ECHILD) => break,
            Err(error) => panic!("{error}"),
            Ok(WaitStatus::Exited(pid, status)) => {
                forget(&mut tasks, pid, &mut counts);
                success |= pid == first && status == 0;
            }
            Ok(WaitStatus::Signaled(pid, ..)) => forget(&mut tasks, pid, &mut counts),
            Ok(WaitStatus::PtraceEvent(pid, _, STOP)) => {
                if tasks.contains_key(&pid) {
                    go_on(pid, None);
                } else {
                    early.insert(pid);
                }
            }
            Ok(WaitStatus::PtraceEvent(pid, _, event)) if event == libc_event_exec() => {
                if pid == first && !began {
                    began = true;
                    tasks.insert(first, Task { is_inside: true, ..Task::default() });
                    go_on(pid, None);
                } else {
                    forget(&mut tasks, pid, &mut counts);
                    // Where it is the first one, the launch has begun.
                    success |= pid == first;
                    let _ = ptrace::detach(pid, None);
                    if pid == first {
                        success = waitpid(first, Some(mine)) == Ok(WaitStatus::Exited(first, 0));
                    }
                }
            }
            Ok(WaitStatus::PtraceEvent(pid, ..)) => {
                let child = Pid::from_raw(i32::try_from(ptrace::getevent(pid).unwrap()).unwrap());
                let parent = tasks.get_mut(&pid).unwrap();
                parent.children += 1;
                let line = parent.line.iter().copied().chain([parent.children]).collect();
                tasks.insert(child, Task { line, ..Task::default() });
                if early.remove(&child) {
                    go_on(child, None);
                }
                go_on(pid, None);
            }
            Ok(WaitStatus::PtraceSyscall(pid)) => {
                let task = tasks.get_mut(&pid).unwrap();
                task.is_inside = !task.is_inside;
                if began {
                    injected |= step(pid, task, fault);
                }
                go_on(pid, None);
            }
            Ok(WaitStatus::Stopped(pid, signal)) => go_on(pid, Some(signal)),
            Ok(other) => panic!("{other:?}"),
        }
    }
    let stderr = std::fs::read_to_string(messages).unwrap();
    Traced { ended: Ended { success, stderr, is_mute: false }, injected, counts }
}

const fn libc_event_exec() -> i32 {
    ptrace::Event::PTRACE_EVENT_EXEC as i32
}

fn forget(tasks: &mut HashMap<Pid, Task>, pid: Pid, counts: &mut BTreeMap<(Line, u64), u32>) {
    if let Some(task) = tasks.remove(&pid) {
        let line = task.line;
        counts.extend(task.counts.into_iter().map(|(call, count)| ((line.clone(), call), count)));
    }
}

/// At the beginning and at the end of a call; whether it fails now.
fn step(pid: Pid, task: &mut Task, fault: Option<(&Place, Errno)>) -> bool {
    let Ok(mut registers) = ptrace::getregs(pid) else { return false };
    if task.is_inside {
        let count = task.counts.entry(registers.orig_rax).or_default();
        *count += 1;
        task.fails = fault.is_some_and(|(place, _)| {
            place.line == task.line && place.call == registers.orig_rax && place.at == *count
        });
        if task.fails {
            // No such call: nothing is done.
            registers.orig_rax = u64::MAX;
            ptrace::setregs(pid, registers).unwrap();
        }
        return false;
    }
    if let Some((_, error)) = fault.filter(|_| task.fails) {
        registers.rax = (-i64::from(error as i32)).cast_unsigned();
        ptrace::setregs(pid, registers).unwrap();
        task.fails = false;
        return true;
    }
    false
}
