//! Variables, `.env` and env files.

use crate::project::Project;
use crate::snapshot::snapshot;

#[test]
fn a_required_variable_is_underlined_with_its_message() {
    let file = "services:\n  a:\n    image: x:${TAG:?set it to a release}\n";
    snapshot!(Project::new(file).run(["config"]).refused());
}

#[test]
fn a_required_variable_that_is_empty_is_refused_as_well() {
    let project = Project::new("services: {a: {image: 'x:${TAG:?}'}}\n").variable("TAG", "");
    project.run(["config"]).refused();
    assert_eq!(project.variable("TAG", "1").run(["config", "--images"]).output(), "x:1\n");
}

#[test]
fn a_malformed_expression_is_underlined() {
    snapshot!(Project::new("services:\n  a:\n    image: x:${TAG\n").run(["config"]).refused());
}

#[test]
fn one_unset_variable_is_a_warning_with_its_place() {
    let outcome = Project::new("services:\n  a:\n    image: x${TAG}\n").run(["config", "--images"]);
    assert_eq!(outcome.status, 0);
    snapshot!(outcome);
}

#[test]
fn several_unset_variables_are_one_summary() {
    let file = "services:\n  a:\n    image: x${TAG}\n    user: $WHO\n    hostname: h${TAG}\n";
    let outcome = Project::new(file).run(["config", "-q"]);
    assert_eq!(outcome.status, 0);
    snapshot!(outcome);
}

#[test]
fn a_fault_in_the_default_env_file_is_underlined() {
    let project = Project::new("services: {a: {image: x}}\n").file(".env", "GOOD=1\nBAD VALUE=2\n");
    snapshot!(project.run(["config"]).refused());
}

#[test]
fn an_env_file_named_must_exist() {
    let project = Project::new("services: {a: {image: x}}\n");
    snapshot!(project.run(["--env-file", "gone.env", "config"]).refused());
}

#[test]
fn a_services_env_file_must_exist() {
    let project = Project::new("services:\n  a:\n    image: x\n    env_file: gone.env\n");
    snapshot!(project.run(["config"]).refused());
}

#[test]
fn a_fault_in_a_services_env_file_is_underlined_there() {
    let project =
        Project::new("services:\n  a:\n    image: x\n    env_file: a.env\n").file("a.env", "A=1\nB=\"open\n");
    snapshot!(project.run(["config"]).refused());
}
