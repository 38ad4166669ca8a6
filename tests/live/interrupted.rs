//! Looking into an image makes a container for a moment; an interruption leaves none behind.

use std::time::Duration;

use rustix::process::Signal;

use super::harness::{Background, Project, Seaworthy, docker};

/// The containers for looking that this process made; other tests make theirs meanwhile.
fn made_by(process: u32) -> Vec<String> {
    let filter = ["--filter", "label=io.seaworthy.purpose=look", "--format", "{{.Names}}"];
    let output = docker(&[&["ps", "-a"][..], &filter].concat()).ok();
    let word = format!("-{process}-");
    output.stdout.lines().filter(|name| name.contains(&word)).map(str::to_owned).collect()
}

/// Interrupted after each of many delays. Says how often something was left.
fn left_after(signal: Signal) -> Vec<u32> {
    // A user by name is looked up in the image.
    let project = Project::of_service("user: node\ncommand: [sleep, '600']");
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    let mut left = Vec::new();
    for turn in 0..12 {
        let running = Background::start(project.command(Seaworthy, &["plan"]));
        std::thread::sleep(Duration::from_millis(20 + 30 * turn));
        let process = running.running.0.id();
        // To the group, as Ctrl-C does it; it may have ended by then.
        let pid = rustix::process::Pid::from_child(&running.running.0);
        let _ = rustix::process::kill_process_group(pid, signal);
        running.end();
        if !made_by(process).is_empty() {
            left.push(process);
        }
    }
    project.seaworthy(&["plan"]).ok();
    let still: Vec<String> = left.iter().flat_map(|process| made_by(*process)).collect();
    assert!(still.is_empty(), "the next run leaves {still:?}");
    left
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_interruption_waits_until_the_container_is_gone() {
    let left = left_after(Signal::INT);
    assert!(left.len() <= 1, "{left:?}: only what the engine made after it was told to forget it");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_a_kill_leaves_is_swept_by_the_next_run() {
    let left = left_after(Signal::KILL);
    assert!(!left.is_empty(), "no kill came while a container was there");
}
