//! The repair of a tree beside `chown -R` on the same tree, in turns so that a busy machine is unfair to
//! both: when everything must change, and when nothing must. Needs root.
//!
//! `cargo bench --bench repair [-- ENTRIES [FOLDER]]` prints the ratio of the shortest times, and the peak
//! memory of both. A million entries in a temporary folder, unless said otherwise.

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

const TURNS: usize = 3;

/// The best of several runs.
#[derive(Clone, Copy)]
struct Best {
    time: Duration,
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
    let entries: usize = words.first().map_or(1_000_000, |word| word.parse().unwrap());
    let folder = words.get(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let scratch = tempfile::Builder::new().prefix("sw-bench-").tempdir_in(folder).unwrap();
    let tree = scratch.path().join("state");
    let made = grow(&tree, entries);
    println!("{made} entries in {}", scratch.path().display());

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
    let (mut changing, mut resting): ([Option<Best>; 2], [Option<Best>; 2]) = Default::default();
    for _ in 0..TURNS {
        // Each finds the tree as the other left it, and then as it was left by itself.
        better(&mut changing[0], ours(NEW));
        better(&mut resting[0], ours(NEW));
        better(&mut changing[1], theirs(OLD));
        better(&mut resting[1], theirs(OLD));
    }
    tell("everything must change", changing);
    tell("nothing must change", resting);
    // Removing is not measured, and `rm` is quick at it.
    let _ = Command::new("rm").arg("-rf").arg(&tree).status();
}

fn tell(what: &str, [ours, theirs]: [Option<Best>; 2]) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { panic!("{what}: not measured") };
    println!(
        "{what}: {:.0} ms against {:.0} ms of chown -R, {:.1} times faster; {:.1} MiB against {:.1} MiB",
        ours.time.as_secs_f64() * 1e3,
        theirs.time.as_secs_f64() * 1e3,
        theirs.time.as_secs_f64() / ours.time.as_secs_f64(),
        mebibytes(ours),
        mebibytes(theirs),
    );
}

fn mebibytes(best: Best) -> f64 {
    f64::from(u32::try_from(best.kibibytes).unwrap_or(u32::MAX)) / 1024.0
}

fn better(best: &mut Option<Best>, run: Best) {
    *best = Some(best.map_or(run, |best| Best {
        time: best.time.min(run.time),
        kibibytes: best.kibibytes.min(run.kibibytes),
    }));
}

/// One run of ours, in a process of its own.
fn walk(tree: &Path, to: u32) {
    let from = if to == NEW { OLD } else { NEW };
    let handover = Handover {
        to: Owner::new(to, to),
        from: BTreeSet::from([from]),
        groups: BTreeSet::from([from]),
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
fn run(command: &mut Command) -> Best {
    // What the one before left to be written is not this one's affair.
    rustix::fs::sync();
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
    Best { time, kibibytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) }
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
