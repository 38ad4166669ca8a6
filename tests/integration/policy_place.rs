//! A policy around the project, the caller or one of the files applies, or nothing is launched.

use crate::project::Project;

const BREACH: &str = "services: {a: {image: 'x:1', privileged: true}}\n";
const POLICY: &str = "version: 1\nposture: baseline\n...\n";

#[test]
fn no_variable_and_no_subdirectory_leads_away_from_a_policy() {
    let with = |policies: &[&str]| {
        let project = Project::new(BREACH).file("other/compose.yaml", BREACH).folder("deep/er");
        policies.iter().fold(project, |project, path| project.file(path, POLICY))
    };
    let by_dotenv = |policies: &[&str]| with(policies).file(".env", "COMPOSE_FILE=other/compose.yaml\n");
    // Policies, where the command is typed, its words, the status, and what is said.
    let judged = "privileged";
    let several = "more than one policy could apply";
    for (project, folder, words, status, says) in [
        (with(&[]), "", vec!["check"], 0, ""),
        (with(&["seaworthy.yaml"]), "", vec!["check"], 1, judged),
        (with(&["seaworthy.yaml"]), "deep/er", vec!["check"], 1, judged),
        (with(&["seaworthy.yaml"]), "", vec!["-f", "other/compose.yaml", "check"], 1, judged),
        (with(&["seaworthy.yaml"]), "other", vec!["check"], 1, judged),
        (by_dotenv(&["seaworthy.yaml"]), "", vec!["check"], 1, judged),
        (by_dotenv(&["seaworthy.yaml", "other/seaworthy.yaml"]), "", vec!["check"], 1, several),
        (with(&["seaworthy.yaml", "other/seaworthy.yaml"]), "other", vec!["check"], 1, several),
        (with(&["deep/seaworthy.yaml"]), "deep/er", vec!["check"], 1, "lies elsewhere"),
        (with(&["other/seaworthy.yml"]), "other", vec!["check"], 1, "is not read"),
    ] {
        let outcome = project.run_in(folder, words.clone());
        assert_eq!(outcome.status, status, "{folder} {words:?}: {outcome}");
        assert!(outcome.stderr.contains(says), "{folder} {words:?}: {outcome}");
    }
    let both = with(&["seaworthy.yaml", "other/seaworthy.yaml"]);
    let named = both.run_in("other", ["--policy", "seaworthy.yaml", "check"]);
    assert_eq!(named.status, 1, "the caller may choose: {named}");
}

/// A caller without a home does not get one from a file.
#[test]
fn no_file_of_variables_says_where_the_search_ends() {
    let project = Project::new("").file("seaworthy.yaml", POLICY).file("deep/compose.yaml", BREACH);
    let deep = project.path("deep");
    let project = project.file("deep/.env", format!("HOME={}\n", deep.display()));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .arg("check")
        .current_dir(project.path("deep"))
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("privileged"), "{said}");
}
