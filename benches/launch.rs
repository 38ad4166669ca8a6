//! `seaworthy up -d` beside `docker compose up -d` of the file that it renders, on a real engine, in turns.
//!
//! `cargo bench --bench launch [-- TURNS]` prints the medians and their ratio for one service, with every
//! setting that the posture `hardened` asks for, under `hardened` and under `observe`. The engine is the one
//! that `docker` finds; the image is the one that `scripts/engine` makes. Everything is removed again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what cannot be set up cannot be measured"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PROJECT: &str = "sw-bench-launch";

/// With the posture, how much longer a launch may take.
const BOUNDS: [(&str, f64); 2] = [("hardened", 1.25), ("observe", 1.10)];

const SERVICE: &str = r#"services:
  s:
    image: sw-busybox
    user: "10001:10001"
    command: [sleep, "600"]
    init: true
    network_mode: none
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    pids_limit: 64
    mem_limit: 64m
"#;

/// A folder with the project, whose containers go with it.
struct Bed {
    folder: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Bed {
    fn new(posture: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join(PROJECT);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("compose.yaml"), SERVICE).unwrap();
        fs::write(folder.join("seaworthy.yaml"), format!("version: 1\nposture: {posture}\n...\n")).unwrap();
        Self { folder, _scratch: scratch }
    }

    fn rendered(&self) -> PathBuf {
        self.folder.join(".seaworthy").join(format!("{PROJECT}.yaml"))
    }

    fn clear(&self) {
        let mut down = compose(&self.folder.join("compose.yaml"));
        down.args(["down", "--timeout", "0", "--remove-orphans"]);
        let _ = down.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.clear();
    }
}

fn compose(file: &Path) -> Command {
    let mut command = Command::new("docker");
    command.args(["compose", "-p", PROJECT, "-f"]).arg(file);
    command
}

fn timed(mut command: Command, folder: &Path) -> Duration {
    command.args(["up", "-d"]).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let time = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let turns = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(15);
    let known = Command::new("docker").args(["image", "inspect", "sw-busybox"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!("no engine with the image sw-busybox: scripts/engine up, eval \"$(scripts/engine env)\"");
        return;
    }
    for (posture, bound) in BOUNDS {
        let bed = Bed::new(posture);
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for turn in 0..=turns {
            let launched = timed(Command::new(env!("CARGO_BIN_EXE_seaworthy")), &bed.folder);
            bed.clear();
            let plain = timed(compose(&bed.rendered()), &bed.folder);
            bed.clear();
            // The first turn reads programs and image from the disk.
            if turn > 0 {
                ours.push(launched);
                theirs.push(plain);
            }
        }
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{posture}: {:.0} ms against {:.0} ms, {:.2} times docker compose; the bound is {bound:.2}",
            ours.as_secs_f64() * 1e3,
            theirs.as_secs_f64() * 1e3,
            ours.as_secs_f64() / theirs.as_secs_f64(),
        );
    }
}
