//! The control of [`super::undoing`]: plain Compose takes each of those ways without a word.

use std::process::{Command, Output};
use std::sync::Mutex;

use super::undoing::{LATER, OVERLAY, later, ways};
use super::*;

/// Compose's own answer for a fixture, with the overlay behind the base as one would give it by hand.
/// Compose knows no `"*"`: what it says is said of the one service there is.
fn compose(fixture: &Fixture) -> Output {
    let by_hand = OVERLAY.replacen("  a:\n", "", 1).replacen("\"*\"", "a", 1);
    std::fs::write(fixture.path().join("o.yaml"), by_hand).unwrap();
    let mut command = Command::new("docker");
    command.arg("compose");
    let (base, rest) = fixture.list().split_first().unwrap();
    for file in [base.as_str(), "o.yaml"].into_iter().chain(rest.iter().map(String::as_str)) {
        command.args(["-f", file]);
    }
    command.args(["config", "--format", "json"]).current_dir(fixture.path());
    command.env("WEAK_RO", "false").envs(fixture.environment().iter().cloned()).output().unwrap()
}

#[test]
fn plain_compose_takes_every_way_of_undoing() {
    let version = Command::new("docker").args(["compose", "version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "docker compose is missing: scripts/test installs it");
        println!("skipped: docker compose is not installed");
        return;
    }
    let whole = compose(&later("x-nothing: 1"));
    let whole = String::from_utf8(whole.stdout).unwrap().replace("\"x-nothing\": 1", "");
    let mut cases: Vec<(String, Fixture)> =
        LATER.iter().map(|fields| ((*fields).to_owned(), later(fields))).collect();
    cases.extend(ways().into_iter().map(|(what, fixture)| (what.to_owned(), fixture)));
    let (next, faults) = (Mutex::new(cases.iter()), Mutex::new(Vec::new()));
    let silent = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((what, fixture)) = next.lock().unwrap().next() else { break };
                    let output = compose(fixture);
                    let text = String::from_utf8_lossy(&output.stdout);
                    let error = String::from_utf8_lossy(&output.stderr);
                    if !output.status.success() {
                        faults.lock().unwrap().push(format!("{what}: refused: {error}"));
                    } else if text.replace("\"x-nothing\": 1", "") == whole {
                        faults.lock().unwrap().push(format!("{what}: nothing is undone"));
                    } else if error.is_empty() {
                        *silent.lock().unwrap() += 1;
                    }
                }
            });
        }
    });
    let (faults, silent) = (faults.into_inner().unwrap(), silent.into_inner().unwrap());
    println!(
        "{} ways, taken by plain Compose: {}, of these without a word: {silent}",
        cases.len(),
        cases.len() - faults.len()
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
