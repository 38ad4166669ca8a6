//! `config` on every case of the shared corpus, held against what `docker compose config` says.
//!
//! Four checks: the same meaning as the recorded answer, the same bytes as the living one, the same config
//! hashes through the file that a launch hands over, and the gate of a launch up to that file. They run without libtest, because
//! they must say at run time that the corpus or Compose is not here, and because their counts are worth
//! reading: where `CI` is `true` nothing may be missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "corpus/bytes.rs"]
mod bytes;
#[path = "corpus/case.rs"]
mod case;
#[path = "corpus/differences.rs"]
mod differences;
#[path = "corpus/gate.rs"]
mod gate;
#[path = "corpus/hashes.rs"]
mod hashes;
#[path = "corpus/meaning.rs"]
mod meaning;
#[path = "corpus/pool.rs"]
mod pool;
#[path = "corpus/program.rs"]
mod program;

use std::process::ExitCode;
use std::time::Instant;

use case::Case;
use program::Program;

/// What a check found.
pub struct Verdict {
    /// One line with counts.
    pub summary: String,
    /// What is wrong; nothing where the check passed.
    pub faults: Vec<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let wanted = |name: &str| {
        let mut filters = words.iter().filter(|word| !word.starts_with('-')).peekable();
        filters.peek().is_none() || filters.any(|filter| name.contains(filter.as_str()))
    };
    let cases = case::all();
    let compose = Program::compose().ok_or("docker compose is not installed");
    let ours = Program::ours();

    let mut failed = false;
    let mut check = |name: &str, run: &dyn Fn() -> Result<Verdict, &'static str>| {
        if wanted(name) {
            failed |= !report(name, run);
        }
    };
    let with_cases = |run: &dyn Fn(&[Case]) -> Verdict| {
        cases.as_ref().map_or_else(|why| Err(*why), |cases| Ok(run(cases)))
    };
    check("corpus_has_the_same_meaning", &|| with_cases(&|cases| meaning::check(cases, &ours)));
    check("corpus_has_the_same_bytes", &|| {
        let compose = compose.as_ref().map_err(|why| *why)?;
        with_cases(&|cases| bytes::check(cases, &ours, compose))
    });
    check("corpus_keeps_its_config_hashes", &|| {
        let compose = compose.as_ref().map_err(|why| *why)?;
        with_cases(&|cases| hashes::check(cases, compose))
    });
    // The whole takes some minutes, and is there for whoever names it.
    let step =
        if words.iter().any(|word| "corpus_comes_through_the_gate".contains(word.as_str())) { 1 } else { 8 };
    check("corpus_comes_through_the_gate", &|| gate::check(cases.as_ref().map_err(|why| *why)?, step, &ours));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs one check and prints what came of it. Whether all is well.
fn report(name: &str, run: &dyn Fn() -> Result<Verdict, &'static str>) -> bool {
    let start = Instant::now();
    match run() {
        Ok(verdict) => {
            let well = verdict.faults.is_empty();
            let outcome = if well { "ok" } else { "FAILED" };
            println!(
                "test {name} ... {outcome} ({}, {:.0} s)",
                verdict.summary,
                start.elapsed().as_secs_f32()
            );
            for fault in &verdict.faults {
                println!("    {fault}");
            }
            well
        }
        Err(why) if std::env::var("CI").is_ok_and(|value| value == "true") => {
            println!("test {name} ... FAILED ({why}, and CI must not go without)");
            false
        }
        Err(why) => {
            println!("test {name} ... ignored, {why}");
            true
        }
    }
}
