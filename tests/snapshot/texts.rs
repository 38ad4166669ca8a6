//! What a person reads.

use super::agent_pod;
use super::project::Project;
use super::snapshot::snapshot;

fn project(before: &str, after: &str) -> Project {
    let project = Project::new(before);
    project.run(["snapshot", "write"]).output();
    project.file("compose.yaml", after)
}

const BEFORE: &str = "services:\n  web:\n    image: nginx:1\n    ports: [\"127.0.0.1:8080:80\"]\n    volumes: [\"./data:/data:ro\"]\n    user: \"1000:1000\"\n";
const AFTER: &str = "services:\n  web:\n    image: nginx:2\n    ports: [\"8080:80\"]\n    volumes: [\"./data:/data\"]\n    user: \"1001:1001\"\n    read_only: true\nx-note: new\n";

#[test]
fn the_differences_of_a_project_by_class() {
    let outcome = project(BEFORE, AFTER).run(["snapshot", "check"]);
    assert_eq!(outcome.status, 1);
    snapshot!(outcome);
}

#[test]
fn on_a_terminal_they_are_coloured() {
    let outcome = project(BEFORE, AFTER).run(["--ansi", "always", "snapshot", "diff"]);
    assert_eq!(outcome.status, 0);
    snapshot!(outcome.stdout.escape_debug().to_string().replace("\\n", "\n"));
}

#[test]
fn as_json() {
    snapshot!(project(BEFORE, AFTER).run(["snapshot", "diff", "--format", "json"]));
}

#[test]
fn nothing_differs() {
    let project = agent_pod();
    snapshot!(project.run(["snapshot", "write"]));
    assert_eq!(
        project.run(["snapshot", "check"]).to_string(),
        "exit 0\n--- stdout\nWhat would run is what was reviewed.\n"
    );
    assert_eq!(
        project.run(["snapshot", "write"]).to_string(),
        "exit 0\n--- stdout\nseaworthy.snapshot.yaml is up to date\n"
    );
}

#[test]
fn writing_it_anew_says_what_was_different() {
    let project = project(BEFORE, AFTER);
    let before = project.read("seaworthy.snapshot.yaml");
    let outcome = project.run(["snapshot", "write", "--dry-run"]);
    assert_eq!((outcome.status, project.read("seaworthy.snapshot.yaml")), (0, before));
    snapshot!(outcome);
    project.run(["snapshot", "write"]).output();
    assert_eq!(project.run(["snapshot", "check"]).status, 0);
}

#[test]
fn there_is_none() {
    snapshot!(Project::new(BEFORE).run(["snapshot", "check"]).refused());
}

#[test]
fn it_is_cut() {
    let project = project(BEFORE, BEFORE);
    let text = project.read("seaworthy.snapshot.yaml");
    let project = project.file("seaworthy.snapshot.yaml", &text[..text.len() / 2]);
    let outcome = project.run(["snapshot", "check"]);
    // Half of it is YAML still, and then it differs.
    assert!(matches!(outcome.status, 1 | 78), "{outcome}");
    for cut in 0..text.len() {
        if text.is_char_boundary(cut) && cut % 97 == 0 {
            let project = Project::new(BEFORE).file("seaworthy.snapshot.yaml", &text[..cut]);
            assert_ne!(project.run(["snapshot", "check"]).status, 0, "cut at {cut}");
        }
    }
}

#[test]
fn it_is_of_another_version() {
    snapshot!(
        Project::new(BEFORE)
            .file("seaworthy.snapshot.yaml", "version: 2\nmodel: {}\n")
            .run(["snapshot", "check"])
            .refused()
    );
}

#[test]
fn it_is_somewhere_else() {
    let project = Project::new(BEFORE).folder("review");
    project.run(["snapshot", "write", "--snapshot", "review/web.yaml"]).output();
    assert_eq!(project.run(["snapshot", "check", "--snapshot", "review/web.yaml"]).status, 0);
    assert_eq!(project.run(["snapshot", "check"]).status, 78);
}

#[test]
fn what_comes_through_a_pipe_has_no_name() {
    let project = Project::new("").stdin("services: {a: {image: busybox}}\n");
    project.run(["-f", "-", "snapshot", "write"]).output();
    assert!(project.read("seaworthy.snapshot.yaml").contains("files:\n  - '-'\n"));
    assert_eq!(project.run(["-f", "-", "snapshot", "check"]).status, 0);
}
