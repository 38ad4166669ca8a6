//! `seaworthy snapshot check` beside `docker compose config`, in turns so that a busy machine is unfair to both.
//!
//! `cargo bench --bench snapshot` prints the ratio of the shortest times on a generated project of 1,000 services, and
//! fails below what is promised.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up cannot be measured")]

#[path = "support/generated.rs"]
mod generated;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const SERVICES: usize = 1_000;
const TURNS: usize = 7;
const PROMISED: f64 = 30.0;

fn main() -> ExitCode {
    let scratch = tempfile::tempdir().unwrap();
    let project = scratch.path();
    fs::write(project.join("compose.yaml"), generated::generated(SERVICES)).unwrap();
    run(seaworthy(&["snapshot", "write"]), project).expect("the snapshot can be written");
    let (mut check, mut config, mut theirs) = (None, None, None);
    for _ in 0..TURNS {
        shorter(&mut check, run(seaworthy(&["snapshot", "check"]), project));
        shorter(&mut config, run(seaworthy(&["config"]), project));
        let mut docker = Command::new("docker");
        docker.args(["compose", "config"]);
        shorter(&mut theirs, run(docker, project));
    }
    let check = check.expect("the snapshot is what was written");
    let Some(theirs) = theirs else {
        println!("{SERVICES} services: {check:?}; docker compose cannot be run here");
        return ExitCode::SUCCESS;
    };
    let ratio = theirs.as_secs_f64() / check.as_secs_f64();
    println!(
        "{SERVICES} services: snapshot check {:.1} ms, config {:.1} ms, docker compose config {:.1} ms: {ratio:.1} times faster",
        check.as_secs_f64() * 1e3,
        config.unwrap_or_default().as_secs_f64() * 1e3,
        theirs.as_secs_f64() * 1e3,
    );
    if ratio < PROMISED {
        println!("promised are {PROMISED} times");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn seaworthy(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.args(words);
    command
}

fn shorter(best: &mut Option<Duration>, run: Option<Duration>) {
    *best = match (*best, run) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

/// One run with its output in a file; nothing where it fails.
fn run(mut command: Command, project: &Path) -> Option<Duration> {
    let output = File::create(project.join("output")).unwrap();
    let start = Instant::now();
    let status = command.current_dir(project).stdout(output).stderr(Stdio::null()).status().ok()?;
    status.success().then(|| start.elapsed())
}
