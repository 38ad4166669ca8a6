//! Each version of Compose is read as it reads: the small projects of the field, release by release, and the table of
//! what changed, which must have a case for each of its rows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seaworthy::compose::table;
use seaworthy::reader::{Habit, Reader};

/// The releases whose loader is another one, as the matrix has them.
const RELEASES: [&str; 8] = ["2.40.3", "5.0.0", "5.0.2", "5.1.2", "5.1.4", "5.2.0", "5.3.0", "5.5.0"];

fn cases() -> Option<PathBuf> {
    let corpus = std::env::var_os("SEAWORTHY_CORPUS").map(PathBuf::from);
    let shared = corpus
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), |cases| cases.join("../.."));
    let cases = shared.join("field/compose-5/cases");
    let is_there = cases.is_dir();
    assert!(
        is_there || std::env::var_os("CI").is_none_or(|value| value.is_empty()),
        "the cases by release are missing; SEAWORTHY_CORPUS names their neighbour"
    );
    is_there.then_some(cases)
}

/// What a release answers, as the matrix tells them apart: `refused`, `A`, `B`.
fn matrix(cases: &Path) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(cases.join("matrix.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    rows.map(|mut row| (row.remove(0), row.split_off(1))).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is printed, or nothing where it is refused.
fn answer(case: &Path, release: &str) -> Option<String> {
    let project = tempfile::tempdir().unwrap();
    let folder = project.path().join("project");
    copy(&case.join("project"), &folder);
    let variables = fs::read_to_string(case.join("env")).unwrap_or_default();
    let variables = variables.replace("@DIR@", &folder.display().to_string());
    let words = fs::read_to_string(case.join("words")).unwrap_or_else(|_| "config".to_owned());
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .args(["--compose-version", release])
        .args(words.split_whitespace())
        .current_dir(&folder)
        .env_clear()
        .env("HOME", "/home/user")
        .envs(variables.lines().filter_map(|line| line.split_once('=')))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| text.replace(&folder.display().to_string(), "@DIR@"))
}

/// What each release answers to a case: one of the field, or `own/NAME`, which is about the command line.
fn answers(cases: &Path, name: &str) -> Vec<Option<String>> {
    let case = match name.strip_prefix("own/") {
        Some(name) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/versions").join(name),
        None => cases.join(name),
    };
    RELEASES.iter().map(|release| answer(&case, release)).collect()
}

#[test]
fn every_row_of_the_matrix_is_answered_as_each_release_answers_it() {
    let Some(cases) = cases() else { return };
    let mut wrong = Vec::new();
    for (name, row) in matrix(&cases) {
        let found = answers(&cases, &name);
        // Either answer of a release that has two is right.
        let settled = |at: usize| row[at] != "A/other";
        for (at, release) in RELEASES.iter().enumerate() {
            let refused = row[at] == "refused";
            let other = (0..at).find(|other| settled(*other) && row[*other] == row[at]);
            let as_told =
                found[at].is_none() == refused && other.is_none_or(|other| found[other] == found[at]);
            let apart = row[at] != "refused"
                && (0..at).any(|b| settled(b) && row[b] != row[at] && found[b] == found[at]);
            if !as_told || apart && settled(at) {
                wrong.push(format!("{name} as {release}: {:?}", found[at].as_deref().unwrap_or("refused")));
            }
        }
        for (release, at) in [("2.40", 0), ("5.5", 7)] {
            let recorded = fs::read_to_string(cases.join(&name).join(format!("answer-{release}.yaml")));
            if let Ok(recorded) = recorded
                && settled(at)
                && found[at].as_ref() != Some(&recorded)
            {
                wrong.push(format!("{name} as {release} is not what was recorded"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_change_has_a_case_whose_answer_changes_exactly_there() {
    let Some(cases) = cases() else { return };
    let releases: Vec<Reader> = RELEASES.iter().map(|release| release.parse().unwrap()).collect();
    let habits = Habit::ALL.iter().flat_map(|row| {
        let ends = [row.since, row.until].into_iter().flatten();
        ends.map(move |at| (row.id.to_owned(), at, row.cases))
    });
    let fields = table::dated().into_iter().map(|one| (one.place, one.since, one.cases));
    for (name, since, named) in habits.chain(fields) {
        assert!(!named.is_empty(), "{name} has no case");
        let at = releases.iter().position(|release| *release == since);
        let at = at.unwrap_or_else(|| panic!("{name}: {since} is no release with another loader"));
        for case in named {
            let found = answers(&cases, case);
            assert_ne!(found[at - 1], found[at], "{name}: {case} is answered alike before and after {since}");
        }
    }
}
