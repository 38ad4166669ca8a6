//! `seaworthy config` beside `docker compose config`, in turns so that a busy machine is unfair to both.
//!
//! `cargo bench --bench compare [-- FOLDER]` prints, for generated projects of 1, 1,000 and 10,000
//! services and for a project of one's own, the ratio of the shortest times and of the peak memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what cannot be set up cannot be measured"
)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[path = "support/generated.rs"]
mod generated;

use generated::generated;

const SIZES: [(usize, usize); 3] = [(1, 15), (1_000, 12), (10_000, 3)];

/// Each in its turn: a virtual machine's host takes back memory that is not used, and the first to want it again
/// waits for it.
const TWICE: usize = 2;

/// The best of several runs.
#[derive(Clone, Copy)]
struct Best {
    time: Duration,
    kibibytes: u64,
}

fn main() {
    let folder = std::env::args().skip(1).find(|word| !word.starts_with('-')).map(PathBuf::from);
    let scratch = tempfile::tempdir().unwrap();
    let mut per_service = Vec::new();
    for (services, turns) in SIZES {
        let project = scratch.path().join(services.to_string());
        fs::create_dir(&project).unwrap();
        fs::write(project.join("compose.yaml"), generated(services)).unwrap();
        let ours = compare(&format!("{services} services"), &project, turns);
        per_service.push(ours.time.as_secs_f64() / f64::from(u32::try_from(services).unwrap()));
    }
    if let [_, thousand, ten_thousand] = per_service.as_slice() {
        println!("time per service at 10,000 to that at 1,000: {:.2}", ten_thousand / thousand);
    }
    if let Some(folder) = folder {
        compare(&folder.display().to_string(), &folder, 10);
    }
}

/// Runs both in turns and prints how they compare.
fn compare(name: &str, project: &Path, turns: usize) -> Best {
    let ours = || Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    let theirs = || {
        let mut command = Command::new("docker");
        command.arg("compose");
        command
    };
    let (mut best, mut other): (Option<Best>, Option<Best>) = (None, None);
    for _ in 0..turns {
        (0..TWICE).for_each(|_| better(&mut best, run(ours(), project)));
        (0..TWICE).for_each(|_| better(&mut other, run(theirs(), project)));
    }
    let ours = best.expect("seaworthy can be run");
    let Some(theirs) = other else {
        println!("{name}: {:?}, {} KiB; docker compose cannot be run here", ours.time, ours.kibibytes);
        return ours;
    };
    println!(
        "{name}: {:.1} ms against {:.1} ms, {:.1} times faster; {:.1} MiB against {:.1} MiB, 1/{:.1} of the memory",
        ours.time.as_secs_f64() * 1e3,
        theirs.time.as_secs_f64() * 1e3,
        theirs.time.as_secs_f64() / ours.time.as_secs_f64(),
        mebibytes(ours),
        mebibytes(theirs),
        mebibytes(theirs) / mebibytes(ours),
    );
    ours
}

fn mebibytes(best: Best) -> f64 {
    f64::from(u32::try_from(best.kibibytes).unwrap_or(u32::MAX)) / 1024.0
}

fn better(best: &mut Option<Best>, run: Option<Best>) {
    *best = match (*best, run) {
        (Some(a), Some(b)) => {
            Some(Best { time: a.time.min(b.time), kibibytes: a.kibibytes.min(b.kibibytes) })
        }
        (a, b) => a.or(b),
    };
}

/// One `config` with its output in a file; nothing where it fails.
#[allow(
    unsafe_code,
    clippy::zombie_processes,
    reason = "the standard library does not tell a child's peak memory"
)]
fn run(mut command: Command, project: &Path) -> Option<Best> {
    let output = File::create(project.join("output")).unwrap();
    let start = Instant::now();
    let child =
        command.arg("config").current_dir(project).stdout(output).stderr(Stdio::null()).spawn().ok()?;
    let id = libc::pid_t::try_from(child.id()).ok()?;
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers lead to values of ours; the child is waited for here alone.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
    let time = start.elapsed();
    let well = waited == id && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
    well.then(|| Best { time, kibibytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) })
}
