//! Every system call that can fail, made to fail: the N-th write, flush, rename, open, mkdir and spawn,
//! for every N that occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::bed::{Bed, said};
use crate::scenario::{EVERYTHING, Ended, Scenario, Whole};

const STRACE: &str = "/usr/bin/strace";
const CALLS: &[&str] = &[
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "linkat",
    "open",
    "openat",
    "openat2",
    "creat",
    "mkdir",
    "mkdirat",
    "fchmod",
    "fchown",
    "fchownat",
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "pipe2",
    "socket",
    "connect",
    "setsockopt",
    "sendto",
    "sendmsg",
    "recvfrom",
    "recvmsg",
    "poll",
    "ppoll",
];
/// Where one launch shows it all, and each of them is made often.
const READS: &[&str] = &["read", "pread64", "getdents64"];
const ERRORS: &[&str] = &["ENOSPC", "EIO", "EACCES"];
/// How often a fault is tried where the call is not made.
const TRIES: usize = 3;

#[derive(Debug, Default)]
pub struct Count {
    injected: usize,
    refused: usize,
    /// Of calls that were made before `main`, and that the loader and the C library do without.
    early: usize,
    /// It ended well all the same.
    went_on: Vec<String>,
    /// The call was made in one run, and in none of those in which it was to fail.
    missed: Vec<String>,
}

impl Count {
    pub fn injected(&self) -> usize {
        self.injected
    }

    pub fn add(&mut self, is_refused: bool, what: String) {
        self.injected += 1;
        self.refused += usize::from(is_refused);
        self.went_on.extend((!is_refused).then_some(what));
    }

    pub fn miss(&mut self, what: String) {
        self.missed.push(what);
    }

    fn merge(&mut self, other: Self) {
        self.injected += other.injected;
        self.refused += other.refused;
        self.early += other.early;
        self.went_on.extend(other.went_on);
        self.missed.extend(other.missed);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { injected, refused, early, went_on, missed } = self;
        write!(f, "{injected} faults, {refused} refused with a message, {} went on", went_on.len())?;
        if !missed.is_empty() {
            write!(f, ", {} were not met again", missed.len())?;
        }
        write!(f, "; besides, {early} in what the loader and the C library do before `main`")
    }
}

/// The calls that were made to fail. Where threads interleave, a call is on two lines.
fn injected(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or(("", line));
        if let Some(beginning) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, beginning);
        } else if call.contains("(INJECTED)") {
            let beginning = if call.contains(" resumed>") { begun.remove(thread) } else { None };
            found.push(format!("{thread} {}{call}", beginning.unwrap_or_default()));
        }
    }
    found
}

/// The calls that this scenario makes at all.
fn made(scenario: &Scenario) -> BTreeSet<String> {
    let bed = Bed::new();
    (scenario.prepare)(&bed);
    let trace = bed.at("trace");
    let calls: Vec<&str> = CALLS.iter().chain(READS).copied().collect();
    let mut strace = Command::new(STRACE);
    strace.args(["-f", "-qq", "-b", "execve", "-e", &format!("trace={}", calls.join(",")), "-o"]).arg(&trace);
    strace.arg(env!("CARGO_BIN_EXE_seaworthy"));
    let output = bed.through(strace, scenario.words).output().unwrap();
    assert!(output.status.success(), "{}: {}", scenario.name, said(&output));
    let trace = fs::read_to_string(trace).unwrap();
    let names = trace.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// How many calls of this kind are made before `main` begins: those of a run that has nothing to do, until
/// it prints what it was asked for. They are the loader's and the C library's, which looks at the stack.
fn before_main(call: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let calls = format!("trace={call},write");
    let mut strace = Command::new(STRACE);
    strace.args(["-f", "-qq", "-b", "execve", "-e", &calls, "-o"]).arg(&trace);
    strace.args([env!("CARGO_BIN_EXE_seaworthy"), "--version"]).env_clear();
    assert!(strace.output().unwrap().status.success());
    let trace = fs::read_to_string(trace).unwrap();
    let calls = trace.lines().map(|line| line.split_once(' ').unwrap().1.trim_start());
    let early: Vec<&str> = calls.take_while(|line| !line.starts_with("write(")).collect();
    // What they read is what they opened; and they look whether the three standard streams are there.
    let known =
        ["\"/proc/self/maps\"", "\"/etc/ld.so", "\"/lib", "\"/usr/lib", "read(", "pread64(", "poll([{fd=0"];
    let early = early.into_iter().filter(|line| !line.starts_with("execve("));
    early.inspect(|line| assert!(known.iter().any(|path| line.contains(path)), "an own call? {line}")).count()
}

#[test]
fn no_fault_of_the_system_weakens_a_launch_or_halves_a_file() {
    if !Path::new(STRACE).exists() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: scripts/test installs it");
        println!("skipped: strace is not installed");
        return;
    }
    let jobs: Vec<(&Scenario, &str)> = Scenario::all()
        .flat_map(|scenario| {
            let shows_reads = !scenario.launches || scenario.name == EVERYTHING || scenario.has_engine;
            let reads = READS.iter().filter(move |_| shows_reads);
            let made = made(scenario);
            let calls = CALLS.iter().chain(reads).copied().filter(move |call| made.contains(*call));
            calls.map(move |call| (scenario, call))
        })
        .collect();
    let early: BTreeMap<&str, usize> =
        CALLS.iter().chain(READS).map(|call| (*call, before_main(call))).collect();
    let next = Mutex::new(jobs.iter());
    let total = Mutex::new(BTreeMap::<&str, Count>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((scenario, call)) = next.lock().unwrap().next() else { break };
                    let count = run_out(scenario, call, early[call]);
                    total.lock().unwrap().entry(scenario.name).or_default().merge(count);
                }
            });
        }
    });
    let all = sum(total.into_inner().unwrap());
    assert!(all.injected > 300, "{all}");
}

/// Prints what was counted, and finds nothing that went on.
pub fn sum(counts: BTreeMap<&str, Count>) -> Count {
    let mut all = Count::default();
    for (name, count) in counts {
        println!("{name}: {count}");
        all.merge(count);
    }
    println!("in all: {all}");
    assert!(all.went_on.is_empty(), "went on as if nothing had happened:\n{}", all.went_on.join("\n"));
    assert_eq!(all.refused, all.injected);
    assert!(all.missed.len() * 100 <= all.injected, "too many were not met:\n{}", all.missed.join("\n"));
    all
}

/// One call, at every place of the first thread where it occurs: strace counts for each thread apart, and the
/// first one fails first.
fn run_out(scenario: &Scenario, call: &str, early: usize) -> Count {
    let bed = Bed::new();
    let mut count = Count::default();
    let whole = Whole::of(&bed, scenario);
    // Rust's own beginning ends a program without a word where it cannot see its standard streams.
    let first = if call == "poll" { early + 1 } else { 1 };
    for at in first.. {
        // Of threads that share their work one may have had less of it in one run.
        let mut is_made = false;
        for error in scenario.errors(ERRORS, at) {
            for _ in 0..TRIES {
                (scenario.prepare)(&bed);
                let trace = bed.at("trace");
                let mut strace = Command::new(STRACE);
                // Detached at execve, so that the faults are ours and not those of what we start.
                strace.args(["-f", "-qq", "-b", "execve", "-e", &format!("trace={call}")]);
                strace.args(["-e", &format!("inject={call}:error={error}:when={at}"), "-o"]).arg(&trace);
                strace.arg(env!("CARGO_BIN_EXE_seaworthy"));
                let output = bed.through(strace, scenario.words).output().unwrap();
                let trace = fs::read_to_string(trace).unwrap();
                let faults = injected(&trace);
                if faults.is_empty() {
                    assert!(output.status.success(), "{} {call} {at}: {}", scenario.name, said(&output));
                    assert!(whole.is_done(&bed));
                    continue;
                }
                is_made = true;
                let what = format!(
                    "{}, {call} number {at} fails with {error}:\n{}",
                    scenario.name,
                    faults.join("\n")
                );
                let is_mute = faults.iter().all(|line| line.contains("write(2,"));
                let ended = Ended { success: output.status.success(), stderr: said(&output), is_mute };
                let is_refused = whole.judge(&bed, &ended, &what);
                // The C library goes on without, and the loader looks elsewhere, or says what is missing. Where
                // more than one call failed, there was a call of ours among them.
                let is_early = at <= early && faults.len() == 1;
                if is_early {
                    count.early += 1;
                } else {
                    count.add(is_refused, what);
                }
                break;
            }
        }
        if !is_made {
            break;
        }
    }
    count
}
