//! Where Compose gets the rendered file from: a place that no container of the project can write.

use std::fs;

use crate::project::{Outcome, Project};
use crate::snapshot::snapshot;

/// Says its version and reads the file for `config`; for anything else it notes which file it got, and what that held.
const DOCKER: &str = r#"
[ "$*" = 'compose version --short' ] && echo 2.40.3 && exit 0
for word in "$@"; do
  [ "$previous" = -f ] && file=$word
  [ "$word" = config ] && verb=config
  previous=$word
done
[ "$verb" = config ] && exec /bin/cat "$file"
printf '%s' "$file" > handed
/bin/cat "$file" > content
"#;

fn project(volumes: &str) -> Project {
    let compose = format!("services: {{a: {{image: x, volumes: [{volumes}]}}}}\n");
    Project::new(&compose).folder("data").program("docker", DOCKER)
}

fn launched(project: &Project, words: &[&str]) -> Outcome {
    let outcome = project.run(words.iter().copied());
    assert_eq!(outcome.status, 0, "{outcome}");
    outcome
}

/// What `up` got, without the place of the test.
fn handed(project: &Project) -> String {
    launched(project, &["up", "-d"]);
    assert!(project.read("content").contains("services:"));
    let root = project.path("").parent().unwrap().display().to_string();
    project.read("handed").replace(&root, "")
}

#[test]
fn it_lies_with_the_project_where_no_service_can_write_it() {
    for volumes in ["", "./data:/data", ".:/work:ro", "./data:/data, .:/work:ro"] {
        assert_eq!(handed(&project(volumes)), "/project/.seaworthy/project.yaml", "{volumes}");
    }
}

#[test]
fn it_lies_in_the_state_directory_where_a_service_could() {
    for volumes in [".:/work", "./.seaworthy:/s", "./link:/l"] {
        let project = project(volumes).folder(".seaworthy");
        std::os::unix::fs::symlink(".", project.path("link")).unwrap();
        let path = handed(&project);
        assert!(path.starts_with("/home/.local/state/seaworthy/project-"), "{volumes}: {path}");
        assert!(path.ends_with("/project.yaml"), "{path}");
        let there = project.path("").parent().unwrap().join(path.trim_start_matches('/'));
        assert_eq!(fs::read_to_string(there).unwrap(), project.read("content"));
    }
}

#[test]
fn where_every_place_is_in_reach_it_is_in_none() {
    let project = project("..:/work");
    let path = handed(&project);
    assert!(path.starts_with("/proc/self/fd/"), "{path}");
    let outcome = project.run(["--no-launch", "up", "-d"]);
    assert_eq!(outcome.status, 73, "{outcome}");
    snapshot!(outcome);
}

#[test]
fn whoever_opens_it_is_told_what_to_edit_and_how_to_launch() {
    let project = project("").file("more here.yaml", "services: {a: {environment: {A: b}}}\n");
    launched(&project, &["-f", "compose.yaml", "-f", "more here.yaml", "--profile", "x", "up", "-d"]);
    let text = project.read("content");
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with('#')).collect();
    let place = project.path("").display().to_string();
    snapshot!(head.join("\n").replace(&place, "[DIR]"));
}
