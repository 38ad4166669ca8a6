//! The repair of a tree beside `chown -R` of GNU coreutils on the same tree and with the same effect (owner and
//! group), in turns so that a busy machine is unfair to both. Needs root.
//!
//! `cargo bench --bench repair [-- ENTRIES [FOLDER]]` makes a tree, of a million entries in the temporary folder
//! unless said otherwise; `-- tree PATH` takes one that is there, all of it of user and group 3001.
//!
//! Four lines come of it: everything must change and nothing must, each with what is looked at in memory
//! already (warm) and with nothing of it there (cold). The ratio that a line names, and that is to be compared
//! with what was asked for (3 where everything must change, 5 where nothing must), is that of the shortest
//! times, warm and cold each by itself; that of the medians follows. A line also says what processor time an
//! entry took: where that of the change is little more than that of the same system calls alone, the rest is
//! the number of processors.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what cannot be set up cannot be measured"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::lchown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use seaworthy::host::{Dir, Handover, Owner, hand_over};

const OLD: u32 = 3001;
const NEW: u32 = 3002;

/// As trees of state have it: many small directories, some large ones.
const FILES_IN_EACH: usize = 40;

const TURNS: usize = 5;
const COLD_TURNS: usize = 3;

/// What one run took.
#[derive(Clone, Copy)]
struct Run {
    time: Duration,
    processor: Duration,
    kibibytes: u64,
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.first().is_some_and(|word| word == "walk") {
        return walk(Path::new(&words[1]), words[2].parse().unwrap());
    }
    if !rustix::process::geteuid().is_root() {
        println!("only root can give files away: nothing was measured");
        return;
    }
    if words.first().is_some_and(|word| word == "tree") {
        let tree = fs::canonicalize(&words[1]).unwrap();
        return compare(&tree, count(&tree));
    }
    let entries: usize = words.first().map_or(1_000_000, |word| word.parse().unwrap());
    let folder = words.get(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::Builder::new().prefix("sw-bench-").tempdir_in(folder).unwrap();
    let tree = scratch.path().join("state");
    let made = grow(&tree, entries);
    compare(&tree, made);
    // Removing is not measured, and `rm` is quick at it.
    let _ = Command::new("rm").arg("-rf").arg(&tree).status();
}

fn compare(tree: &Path, entries: usize) {
    let processors = std::thread::available_parallelism().unwrap();
    println!("{entries} entries in {}, {processors} processors", tree.display());
    let ours = |to: u32| {
        run(Command::new(std::env::current_exe().unwrap()).args([
            "walk".as_ref(),
            tree.as_os_str(),
            to.to_string().as_ref(),
        ]))
    };
    let theirs = |to: u32| {
        run(Command::new("chown").args(["-R".as_ref(), format!("{to}:{to}").as_ref(), tree.as_os_str()]))
    };
    for (name, turns) in [("warm", TURNS), ("cold", COLD_TURNS)] {
        let before = || if name == "cold" { forget() } else { settle() };
        // So that the first is as warm as the others.
        theirs(OLD);
        let (mut changing, mut resting): ([Vec<Run>; 2], [Vec<Run>; 2]) = Default::default();
        for _ in 0..turns {
            // Each finds the tree as the other left it, and then as it was left by itself.
            let turn = |list: &mut Vec<Run>, run: &dyn Fn(u32) -> Run, to| {
                before();
                list.push(run(to));
            };
            turn(&mut changing[0], &ours, NEW);
            turn(&mut resting[0], &ours, NEW);
            turn(&mut changing[1], &theirs, OLD);
            turn(&mut resting[1], &theirs, OLD);
        }
        tell(&format!("everything must change, {name}"), &changing, entries);
        tell(&format!("nothing must change, {name}"), &resting, entries);
    }
}

/// What the one before left to be written is not the next one's affair.
fn settle() {
    rustix::fs::sync();
}

/// The kernel keeps nothing of the tree in memory.
fn forget() {
    settle();
    fs::write("/proc/sys/vm/drop_caches", "3").unwrap();
}

fn tell(what: &str, [ours, theirs]: &[Vec<Run>; 2], entries: usize) {
    let sorted = |runs: &[Run]| {
        let mut times: Vec<f64> = runs.iter().map(|run| run.time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        (times[0], times[times.len() / 2])
    };
    let ((our_best, our_median), (their_best, their_median)) = (sorted(ours), sorted(theirs));
    #[allow(clippy::cast_precision_loss, reason = "a number of entries is small")]
    let processor = |runs: &[Run]| {
        let least = runs.iter().map(|run| run.processor).min().unwrap_or_default();
        least.as_secs_f64() * 1e6 / entries as f64
    };
    println!(
        "{what}: {our_best:.0} ms against {their_best:.0} ms of chown -R, {:.2} times faster (medians {our_median:.0} \
         and {their_median:.0} ms, {:.2} times); {:.2} and {:.2} µs of processor for an entry; {:.1} and {:.1} MiB",
        their_best / our_best,
        their_median / our_median,
        processor(ours),
        processor(theirs),
        mebibytes(ours),
        mebibytes(theirs),
    );
}

/// The peak.
fn mebibytes(runs: &[Run]) -> f64 {
    let most = runs.iter().map(|run| run.kibibytes).max().unwrap_or(0);
    f64::from(u32::try_from(most).unwrap_or(u32::MAX)) / 1024.0
}

/// One run of ours, in a process of its own.
fn walk(tree: &Path, to: u32) {
    let from = if to == NEW { OLD } else { NEW };
    let handover = Handover {
        to: Owner::new(to, to),
        from: BTreeSet::from([from]),
        groups: BTreeSet::from([from]),
        takes: seaworthy::host::Takes::Known,
        dry_run: false,
    };
    let root = Dir::open(tree.parent().unwrap()).unwrap();
    let summary =
        hand_over(&root, Path::new(tree.file_name().unwrap()), &handover, &AtomicU64::new(0)).unwrap();
    assert!(summary.errors.is_empty() && summary.left_in_all == 0, "{:?}", summary.errors);
}

#[allow(
    unsafe_code,
    clippy::zombie_processes,
    reason = "the standard library does not tell a child's peak memory"
)]
fn run(command: &mut Command) -> Run {
    let start = Instant::now();
    let child = command.spawn().expect("a program to measure");
    let id = libc::pid_t::try_from(child.id()).unwrap();
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers lead to values of ours; the child is waited for here alone.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
    let time = start.elapsed();
    assert!(waited == id && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{command:?} failed");
    let duration = |time: libc::timeval| {
        Duration::from_micros(u64::try_from(time.tv_sec * 1_000_000 + time.tv_usec).unwrap_or(0))
    };
    let processor = duration(usage.ru_utime) + duration(usage.ru_stime);
    Run { time, processor, kibibytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) }
}

fn count(path: &Path) -> usize {
    let mut entries = 1;
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        entries += if entry.file_type().unwrap().is_dir() { count(&entry.path()) } else { 1 };
    }
    entries
}

/// Makes a tree of about this many entries, all of the old user; says how many.
fn grow(tree: &Path, entries: usize) -> usize {
    let mut made = 1;
    fs::create_dir(tree).unwrap();
    // A tenth lies flat in one directory.
    let flat = tree.join("flat");
    fs::create_dir(&flat).unwrap();
    for at in 0..entries / 10 {
        fs::write(flat.join(at.to_string()), "").unwrap();
        made += 1;
    }
    let mut directory = 0;
    while made < entries {
        let path = tree.join(format!("{}/{}/{directory}", directory % 16, directory % 256));
        fs::create_dir_all(&path).unwrap();
        for at in 0..FILES_IN_EACH {
            fs::write(path.join(at.to_string()), "").unwrap();
        }
        made += FILES_IN_EACH + 1;
        directory += 1;
    }
    own(tree);
    made
}

fn own(path: &Path) {
    lchown(path, Some(OLD), Some(OLD)).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path());
        }
    }
}
