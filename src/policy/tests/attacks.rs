//! Attacks by class, and what must still be possible: `tests/data/attacks`.
//!
//! A class is a file with two lists. Each entry has the fields of a service `service`, what stands `beside` the
//! services, and the `posture`; a refused one names the `rule` that refuses it.

use std::fmt::Write;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class {
    refused: Vec<Case>,
    accepted: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    what: String,
    rule: Option<String>,
    posture: String,
    service: String,
    #[serde(default)]
    beside: String,
    /// Further lines of the policy.
    #[serde(default)]
    policy: String,
}

impl Case {
    fn fixture(&self) -> Fixture {
        let service = textwrap::indent(&self.service, "    ");
        let image = if self.service.contains("image:") || self.service.contains("build:") {
            ""
        } else {
            "    image: \"x:1\"\n"
        };
        let base = format!("services:\n  a:\n{image}{service}\n{}", self.beside);
        let policy = format!("posture: {}\nuser: {{ default: \"1:1\" }}\n{}", self.posture, self.policy);
        Fixture::new(&base).policy(&policy)
    }
}

fn classes() -> Vec<(String, Class)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/attacks");
    let mut all: Vec<(String, Class)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let class = serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap());
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, class.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn every_attack_of_a_class_is_refused_for_its_reason() {
    let mut faults = String::new();
    for (class, cases) in classes() {
        assert!(cases.refused.len() >= 4, "{class}: an example is not a class");
        for case in &cases.refused {
            let outcome = case.fixture().run();
            let rule = format!("rule {}:", case.rule.as_deref().expect("a refused case names its rule"));
            let errors = outcome.errors();
            if !errors.iter().any(|finding| finding.message.starts_with(&rule)) {
                let _ =
                    writeln!(faults, "{class}: {} is not refused by {rule}\n{}", case.what, outcome.text());
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn all_that_must_still_be_possible_is_accepted() {
    let mut faults = String::new();
    for (class, cases) in classes() {
        for case in &cases.accepted {
            let outcome = case.fixture().run();
            if !outcome.passes() {
                let _ = writeln!(faults, "{class}: {} is refused\n{}", case.what, outcome.text());
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}
