//! What CI systems are given: it can be read, names commands that exist, and does what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::agent_pod;
use super::project::Project;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// Whether seaworthy knows the words of a command.
fn exists(words: &str) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command.args(words.split(' ')).arg("--help").output().unwrap().status.success()
}

#[test]
fn the_hooks_of_pre_commit_run_commands_that_exist() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        let entry = hook["entry"].as_str().unwrap().strip_prefix("seaworthy ").unwrap();
        assert!(exists(entry), "{entry}");
        assert_eq!(
            (hook["language"].as_str(), hook["pass_filenames"].as_bool()),
            (Some("rust"), Some(false))
        );
    }
    assert!(!exists("snapshot nothing"));
}

#[test]
fn the_example_for_gitlab_runs_commands_that_exist() {
    let file = yaml("examples/ci/gitlab-ci.yml");
    let job = &file["seaworthy"];
    let lines = ["script", "after_script"].iter().flat_map(|key| job[key].as_array().unwrap());
    let mut commands = 0;
    for line in lines.filter_map(Value::as_str) {
        let Some(words) = line.strip_prefix(".cargo/bin/seaworthy ") else { continue };
        let words: Vec<&str> =
            words.split(' ').take_while(|word| !word.starts_with(['-', '|', '>'])).collect();
        assert!(exists(&words.join(" ")), "{line}");
        commands += 1;
    }
    assert_eq!(commands, 3);
}

#[test]
fn the_action_gives_its_script_everything_it_is_asked_for() {
    let action = yaml("action.yml");
    let step = action["runs"]["steps"].as_array().unwrap().last().unwrap().clone();
    let script = std::fs::read_to_string(root().join("scripts/action")).unwrap();
    for (name, value) in step["env"].as_object().unwrap() {
        let used = script.contains(&format!("${{{name}:-")) || step["run"].as_str().unwrap().contains(name);
        assert!(used, "{name} is not used");
        let input = value.as_str().unwrap().split('.').nth(1).unwrap().trim_end_matches([' ', '}']);
        assert!(action["inputs"].get(input).is_some(), "there is no input {input}");
    }
    let used = yaml("examples/ci/github-workflow.yml");
    let with = used["jobs"]["reviewed"]["steps"][1]["with"].as_object().unwrap().clone();
    assert!(with.keys().all(|input| action["inputs"].get(input).is_some()));
}

/// The script of the action in a project, as a runner calls it.
fn act(project: &Project, more: &[(&str, &str)]) -> (Output, PathBuf, PathBuf) {
    let (summary, sarif) = (project.path("summary.md"), project.path("sarif"));
    let mut command = Command::new(root().join("scripts/action"));
    command
        .current_dir(project.path(""))
        .env("SEAWORTHY", env!("CARGO_BIN_EXE_seaworthy"))
        .env("SEAWORTHY_SARIF", &sarif)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_WORKSPACE", project.path(""))
        .envs(more.iter().copied());
    (command.output().unwrap(), summary, sarif)
}

#[test]
fn the_action_passes_what_was_reviewed_and_fails_on_what_was_not() {
    let project = agent_pod();
    project.run(["snapshot", "write"]).output();
    let (output, summary, sarif) = act(&project, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(std::fs::read_to_string(&summary).unwrap().contains("What would run is what was reviewed."));
    assert!(sarif.join("check.sarif").exists() && sarif.join("snapshot.sarif").exists());

    let project = project.file("compose.override.yaml", "services: {agent: {pid: host}}\n");
    let (output, summary, sarif) = act(&project, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    // Both commands ran: the rule that is broken, and the difference.
    assert!(text.contains("::error title=rule-violated,file=compose.override.yaml,line=1"), "{text}");
    assert!(text.contains("::error title=snapshot-weakens,file=compose.override.yaml,line=1"), "{text}");
    assert!(std::fs::read_to_string(&summary).unwrap().contains("`services.agent.pid`"));
    let snapshot = std::fs::read_to_string(sarif.join("snapshot.sarif")).unwrap();
    assert!(snapshot.contains("snapshot-weakens"));

    let (output, ..) = act(&project, &[("SEAWORTHY_ARGUMENTS", "-f compose.yaml")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let (output, ..) = act(&project, &[("SEAWORTHY_ARGUMENTS", "-f nothing.yaml")]);
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn the_example_is_as_it_was_reviewed() {
    let project = agent_pod();
    project.run(["snapshot", "write"]).output();
    let path = root().join("examples/agent-pod/seaworthy.snapshot.yaml");
    let current = project.read("seaworthy.snapshot.yaml");
    if std::env::var("SEAWORTHY_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, &current).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == current,
        "examples/agent-pod/seaworthy.snapshot.yaml is out of step; SEAWORTHY_BLESS=1 writes it anew"
    );
}
