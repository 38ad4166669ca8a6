//! Which files are read, and what is said where they cannot be.

use crate::project::Project;
use crate::snapshot::snapshot;

const ONE: &str = "services: {a: {image: x}}\n";

#[test]
fn a_missing_file_is_named() {
    snapshot!(Project::new(ONE).run(["-f", "compose.yaml", "-f", "gone.yaml", "config"]).refused());
}

#[test]
fn a_directory_is_no_file() {
    snapshot!(Project::new(ONE).folder("sub").run(["-f", "sub", "config"]).refused());
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    snapshot!(Project::empty().file("compose.yaml", b"services:\n  a: \xff\xfe\n").run(["config"]).refused());
}

#[test]
fn no_compose_file_is_found() {
    snapshot!(
        Project::empty().run(["config"]).refused().to_string().lines().take(3).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_file_is_found_in_a_parent_directory() {
    let project = Project::new(ONE).folder("deep/er");
    assert_eq!(project.run_in("deep/er", ["config", "--services"]).output(), "a\n");
}

#[test]
fn two_candidates_are_a_warning() {
    let outcome = Project::new(ONE).file("docker-compose.yml", ONE).run(["config", "--services"]);
    assert_eq!(outcome.status, 0);
    snapshot!(outcome);
}

#[test]
fn an_empty_project_is_refused() {
    snapshot!(Project::new("# nothing\n").run(["config"]).refused());
}

#[test]
fn standard_input_is_a_file_too() {
    let project = Project::empty().stdin("services: {piped: {image: x}}\n");
    assert_eq!(project.run(["-f", "-", "config", "--services"]).output(), "piped\n");
    assert_eq!(project.run(["-f", "-", "-f", "-", "config", "--services"]).output(), "piped\n");
}

#[test]
fn a_remote_source_is_not_fetched() {
    let file = "include: ['oci://registry.example/x:1']\nservices: {a: {image: x}}\n";
    snapshot!(Project::new(file).run(["config"]).refused());
}

#[test]
fn a_project_name_must_be_normal() {
    snapshot!(Project::new(ONE).run(["-p", "Flag", "config"]).refused());
}

#[test]
fn a_name_that_renders_empty_is_underlined() {
    snapshot!(Project::new("name: ${NOTHING:-}\nservices: {a: {image: x}}\n").run(["config"]).refused());
}
