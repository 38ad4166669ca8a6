//! `seaworthy --version` beside `/bin/true`, and beside `docker compose version` where there is one, in turns.
//!
//! `cargo bench --bench startup [-- PROGRAM]` prints the medians and their ratios; PROGRAM is what a package installs,
//! and without it the program of this build. Fails where a start takes more than a few times that of `/bin/true`, which
//! is dynamic and does nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what cannot be set up cannot be measured")]

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const TURNS: usize = 300;
const PROMISED: f64 = 4.0;

fn main() -> ExitCode {
    let program = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let program = program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_seaworthy"));
    let mut times: [Vec<Duration>; 3] = Default::default();
    for turn in 0..TURNS {
        times[0].extend(timed("/bin/true", &[]));
        times[1].extend(timed(program, &["--version"]));
        // It takes far longer.
        if turn % 10 == 0 {
            times[2].extend(timed("docker", &["compose", "version"]));
        }
    }
    let [nothing, ours, theirs] = times.map(median);
    let (Some(nothing), Some(ours)) = (nothing, ours) else {
        println!("{program} or /bin/true cannot be run");
        return ExitCode::FAILURE;
    };
    let ratio = ours.as_secs_f64() / nothing.as_secs_f64();
    println!("/bin/true {nothing:.2?}, seaworthy --version {ours:.2?}: {ratio:.2} times");
    if let Some(theirs) = theirs {
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        println!("docker compose version {theirs:.2?}: {ratio:.1} times seaworthy --version");
    }
    if ratio > PROMISED {
        println!("promised are {PROMISED} times /bin/true");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn timed(program: &str, words: &[&str]) -> Option<Duration> {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    command.status().ok()?.success().then(|| start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}
