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
        let entry = hook["entry"].as_str().unwrap().strip_prefix("scripts/hook ").unwrap();
        assert!(exists(entry), "{entry}");
        assert_eq!(
            (hook["language"].as_str(), hook["pass_filenames"].as_bool()),
            (Some("script"), Some(false))
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

/// A release of the program under test, as scripts/package lays it out, and the checksum of its archive.
fn release(folder: &Path, version: &str) -> String {
    let name = format!("seaworthy-{version}-{}-linux", std::env::consts::ARCH);
    let place = folder.join(format!("v{version}"));
    let content = place.join(&name);
    std::fs::create_dir_all(&content).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_seaworthy"), content.join("seaworthy")).unwrap();
    let run = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).current_dir(&place).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let archive = format!("{name}.tar.gz");
    run("tar", &["-czf", &archive, &name]);
    let sums = run("sha256sum", &[&archive]);
    std::fs::write(place.join("SHA256SUMS"), &sums).unwrap();
    sums.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_released_program_is_used_only_if_its_checksum_is_right() {
    let temp = tempfile::tempdir().unwrap();
    let sum = release(temp.path(), env!("CARGO_PKG_VERSION"));
    let releases = format!("file://{}", temp.path().display());
    let fetch = |sum: &str, into: &str| {
        let mut command = Command::new(root().join("scripts/fetch"));
        command.arg(concat!("v", env!("CARGO_PKG_VERSION"))).arg(temp.path().join(into)).arg(sum);
        command.env("SEAWORTHY_RELEASES", &releases).output().unwrap()
    };
    for (sum, into) in [(sum.as_str(), "named"), ("", "from-sums")] {
        let output = fetch(sum, into);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(temp.path().join(into).join("seaworthy").exists());
    }
    let refused = fetch(&"0".repeat(64), "wrong");
    assert_eq!(refused.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it was not installed"));
    assert!(!temp.path().join("wrong").exists());

    // The hook fetches it where none of the version is installed, and then keeps it.
    let hook = |path: &str, releases: &str| {
        let mut command = Command::new(root().join("scripts/hook"));
        command.arg("--version").env("PATH", path).env("XDG_CACHE_HOME", temp.path().join("cache"));
        let output = command.env("SEAWORTHY_RELEASES", releases).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let version = concat!("seaworthy ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(hook("/usr/bin:/bin", &releases), version);
    assert_eq!(hook("/usr/bin:/bin", "file:///nowhere"), version);
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

/// The edit that docs/ci.md shows.
const OVERRIDE: &str =
    "services:\n  agent:\n    image: sw-node:2\n    ports: [\"8080:80\"]\n  store:\n    cpus: 0.5\n";

#[test]
fn the_guide_shows_what_is_really_printed() {
    let guide = std::fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let project = agent_pod();
    let written = project.run(["snapshot", "write"]).output();
    let policy = project.read("seaworthy.yaml").replace("10001:10001", "10002:10002");
    let project = project.file("compose.override.yaml", OVERRIDE).file("seaworthy.yaml", policy);
    let check = project.run(["snapshot", "check"]);
    let github = project.run(["snapshot", "check", "--format", "github"]).stdout;
    let markdown = project.run(["snapshot", "diff", "--format", "markdown"]).stdout;
    let table: Vec<&str> =
        markdown.lines().skip_while(|line| !line.starts_with("#### weakens")).take(6).collect();
    let written_now = project.read("seaworthy.snapshot.yaml");
    let users: Vec<&str> = written_now.lines().skip_while(|line| *line != "users:").take(5).collect();
    let shown = [
        ("what was written", written.as_str()),
        ("the differences", check.stdout.as_str()),
        ("the first annotation", github.lines().next().unwrap()),
        ("a table", &table.join("\n")),
        ("the edit", OVERRIDE),
        ("a part of the file", &users.join("\n")),
        ("the workflow", &std::fs::read_to_string(root().join("examples/ci/github-workflow.yml")).unwrap()),
    ];
    for (what, text) in shown {
        assert!(guide.contains(text), "docs/ci.md does not show {what}:\n{text}");
    }
}
