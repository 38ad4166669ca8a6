//! `snapshot diff --against REF`: what a commit would run is the other side, so that a change brings no proof of its own.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::project::{Outcome, Project};

const COMPOSE: &str =
    "name: p\nservices:\n  web: {image: 'x:1', user: '1:1', ports: ['127.0.0.1:8080:80']}\n";

const POLICY: &str = "version: 1\nposture: hardened\n...\n";

fn program() -> std::path::PathBuf {
    let search = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&search).map(|folder| folder.join("git")).find(|path| path.is_file()).unwrap()
}

/// A repository with one commit, which has a snapshot.
fn repository() -> Project {
    let project = Project::new(COMPOSE).file("seaworthy.yaml", POLICY);
    symlink(program(), project.path("../bin/git")).unwrap();
    project.run(["snapshot", "write"]).output();
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project);
    project
}

fn git(project: &Project, words: &[&str]) {
    let mut command = Command::new(program());
    command.arg("-C").arg(project.path("")).args(["-c", "user.name=a", "-c", "user.email=a@b.c"]).args(words);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(project: &Project) {
    git(project, &["add", "-A"]);
    git(project, &["commit", "-q", "-m", "change"]);
}

fn diff(project: &Project, reference: &str) -> Outcome {
    project.run(["snapshot", "diff", "--against", reference])
}

fn classes(project: &Project, reference: &str) -> Vec<(String, String)> {
    let outcome = project.run(["snapshot", "diff", "--against", reference, "--format", "json"]);
    let found: Value = serde_json::from_str(&outcome.output()).unwrap();
    let found = found["differences"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = |value: &Value| value.as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(".");
    found.iter().map(|one| (text(&one["class"]), path(&one["path"]))).collect()
}

#[test]
fn a_change_that_rewrites_the_snapshot_is_seen() {
    let project = repository().file("compose.yaml", COMPOSE.replace("127.0.0.1:", ""));
    let project = project.file("seaworthy.yaml", POLICY.replace("hardened", "baseline"));
    project.run(["snapshot", "write"]).output();
    commit(&project);
    // The author's own snapshot says that all is well.
    assert_eq!(project.run(["snapshot", "check"]).status, 0);
    let outcome = diff(&project, "HEAD~1");
    assert_eq!(outcome.status, 0, "{outcome}");
    for words in [
        "weakens",
        "it is published to more of the network",
        "less is demanded",
        "seaworthy.snapshot.yaml is up to date.",
    ] {
        assert!(outcome.stdout.contains(words), "{words}: {outcome}");
    }
    assert!(diff(&project, "main").stdout.starts_with("What would run is what main would run.\n"));
    let annotations = project.run(["snapshot", "diff", "--against", "HEAD~1", "--format", "github"]).output();
    assert!(annotations.contains("title=snapshot-weakens,file=compose.yaml,line=3"), "{annotations}");
    // One that forgot its snapshot is told so, and compared all the same.
    let project = project.file("compose.yaml", COMPOSE.replace("x:1", "x:2"));
    let outcome = diff(&project, "HEAD");
    assert!(outcome.stdout.contains("services.web.image"), "{outcome}");
    assert!(outcome.stdout.ends_with("run `seaworthy snapshot write`.\n"), "{outcome}");
}

#[test]
fn a_change_of_the_policy_alone_is_named_first() {
    let project = repository().file("seaworthy.yaml", POLICY.replace("hardened", "baseline"));
    let found = classes(&project, "HEAD");
    assert_eq!(found[0], ("weakens".to_owned(), "policy.posture".to_owned()), "{found:?}");
    assert!(found.len() > 5, "{found:?}");
    let text = diff(&project, "HEAD").stdout;
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words}: {text}"));
    assert!(at("seaworthy.yaml:2") < at("services.web.cap_drop"), "{text}");
}

#[test]
fn a_stale_snapshot_in_the_commit_is_no_base() {
    let project = repository();
    // The base branch has other files than its snapshot says; nothing of that is this change.
    let project = project.file("compose.yaml", COMPOSE.replace("'x:1'", "'x:2', hostname: h"));
    commit(&project);
    let project = project.file("compose.yaml", COMPOSE.replace("'x:1'", "'x:3', hostname: h"));
    assert_eq!(classes(&project, "HEAD"), [("functional".to_owned(), "model.services.web.image".to_owned())]);
    assert_eq!(classes(&project, "HEAD~1").len(), 2);
}

#[test]
fn where_the_files_of_the_commit_cannot_be_read_its_snapshot_counts() {
    let broken = repository().file("compose.yaml", "services: [\n");
    commit(&broken);
    let project = broken.file("compose.yaml", COMPOSE.replace("'x:1'", "'x:1', privileged: true"));
    let outcome = diff(&project, "HEAD");
    assert_eq!(outcome.status, 0, "{outcome}");
    assert!(outcome.stderr.contains("compared with the snapshot that HEAD has"), "{outcome}");
    assert!(outcome.stdout.contains("services.web.privileged"), "{outcome}");
}

#[test]
fn without_a_base_nothing_is_compared_and_that_is_said() {
    let project = repository();
    for reference in ["nowhere", "HEAD~7", "--output=x", ""] {
        let outcome = project.run(["snapshot", "diff", &format!("--against={reference}")]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (78, ""), "{outcome}");
        assert!(outcome.stderr.contains("error[snapshot-base]"), "{outcome}");
    }
    let none = Project::new(COMPOSE);
    symlink(program(), none.path("../bin/git")).unwrap();
    assert!(diff(&none, "HEAD").stderr.contains("not a git repository"));
    let outcome = diff(&Project::new(COMPOSE), "HEAD");
    assert!(outcome.stderr.contains("there is no program \"git\" in PATH"), "{outcome}");
    // A project that is new.
    let project = repository().file("new/compose.yaml", COMPOSE);
    let outcome = project.run_in("new", ["snapshot", "diff", "--against", "HEAD"]);
    assert_eq!(outcome.status, 78, "{outcome}");
}

#[test]
fn the_files_are_found_as_in_the_checkout() {
    let project = repository()
        .file("deep/base.yaml", COMPOSE)
        .file("deep/.gitignore", ".env\n")
        .file("shared/common.yaml", "services: {c: {image: 'c:1'}}\n")
        .file("deep/more.yaml", "services: {web: {extends: {file: ../shared/common.yaml, service: c}}}\n");
    commit(&project);
    // What git ignores is the same on both sides: here it names the files.
    let project = project
        .file("deep/.env", "COMPOSE_FILE=base.yaml:more.yaml\n")
        .file("shared/common.yaml", "services: {c: {image: 'c:1', cap_add: [NET_ADMIN]}}\n");
    let file = project.path("deep/base.yaml").display().to_string();
    let more = project.path("deep/more.yaml").display().to_string();
    for words in [vec![], vec!["-f", "base.yaml", "-f", "more.yaml"], vec!["-f", &file, "-f", &more]] {
        let words: Vec<&str> = words.into_iter().chain(["snapshot", "diff", "--against", "HEAD"]).collect();
        let outcome = project.run_in("deep", words.clone());
        assert_eq!(outcome.status, 0, "{words:?}: {outcome}");
        assert!(
            outcome.stdout.contains("NET_ADMIN") && !outcome.stdout.contains("image"),
            "{words:?}: {outcome}"
        );
        assert_eq!(outcome.stderr, "", "{words:?}");
    }
    // Neither a worktree nor anything else is left in the repository.
    let left = std::fs::read_dir(project.path(".git")).unwrap().flatten();
    assert!(left.into_iter().all(|entry| entry.file_name() != "worktrees"));
}
