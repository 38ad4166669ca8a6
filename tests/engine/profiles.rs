//! Services that are not enabled are part of the project all the same.

use super::harness::{Compose, End, Project, Seaworthy, Tool, alike};

const PROJECT: &str = r#"
x-run: &run {image: sw-node, network_mode: none, stop_grace_period: 0s, init: true, command: [sleep, "600"]}
services:
  app: {<<: *run}
  debug: {<<: *run, profiles: [debug]}
  tools: {<<: *run, profiles: [tools], depends_on: [helper]}
  helper: {<<: *run, profiles: [tools]}
"#;

fn project() -> Project {
    Project::new(PROJECT)
}

fn running(project: &Project) -> Vec<String> {
    project.states().into_iter().filter(|(_, status, _)| status == "running").map(|(name, ..)| name).collect()
}

/// What runs after these commands, and which of them spoke of orphans.
fn after(project: &Project, tool: Tool, commands: &[&[&str]]) -> (Vec<String>, Vec<bool>) {
    let spoke =
        commands.iter().map(|words| project.run(tool, words).ok().stderr.contains("orphan")).collect();
    (running(project), spoke)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn only_enabled_services_are_launched() {
    let launched = alike(project, |project, tool| after(project, tool, &[&["up", "-d"]]));
    assert_eq!(launched.0, ["app"]);
    let launched =
        alike(project, |project, tool| after(project, tool, &[&["--profile", "debug", "up", "-d"]]));
    assert_eq!(launched.0, ["app", "debug"]);
    let launched = alike(project, |project, tool| after(project, tool, &[&["--profile", "*", "up", "-d"]]));
    assert_eq!(launched.0, ["app", "debug", "helper", "tools"]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_service_that_is_named_needs_no_profile() {
    let launched = alike(project, |project, tool| after(project, tool, &[&["up", "-d", "debug"]]));
    assert_eq!(launched.0, ["debug"]);
    let launched = alike(project, |project, tool| after(project, tool, &[&["up", "-d", "tools"]]));
    assert_eq!(launched.0, ["helper", "tools"]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn run_starts_a_service_that_is_not_enabled() {
    let said = alike(project, |project, tool| {
        let output = project.run(tool, &["run", "--rm", "-T", "tools", "echo", "here"]);
        (output.end, output.stdout, running(project))
    });
    assert_eq!(said, (End::Code(0), "here\n".to_owned(), vec!["helper".to_owned()]));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn removing_orphans_spares_services_that_are_not_enabled() {
    let commands: [&[&str]; 2] = [&["--profile", "debug", "up", "-d"], &["up", "-d", "--remove-orphans"]];
    let (running, spoke) = alike(project, |project, tool| after(project, tool, &commands));
    assert_eq!((running, spoke), (vec!["app".to_owned(), "debug".to_owned()], vec![false, false]));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn removing_orphans_removes_what_the_project_no_longer_has() {
    let (running, spoke) = alike(project, |project, tool| {
        project.run(tool, &["--profile", "debug", "up", "-d"]).ok();
        let without = PROJECT.lines().filter(|line| !line.contains("debug")).collect::<Vec<_>>().join("\n");
        project.file("compose.yaml", &without);
        let (_, spoke) = after(project, tool, &[&["up", "-d"], &["up", "-d", "--remove-orphans"]]);
        (running(project), spoke)
    });
    assert_eq!(running, ["app"]);
    assert!(spoke[0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn profiles_come_from_the_environment_and_from_dot_env() {
    let by_variable = || project().with("COMPOSE_PROFILES", "debug");
    let by_file = || {
        let project = project();
        project.file(".env", "COMPOSE_PROFILES=debug\n");
        project
    };
    let (running, _) = alike(by_variable, |project, tool| after(project, tool, &[&["up", "-d"]]));
    assert_eq!(running, ["app", "debug"]);
    let (running, _) = alike(by_file, |project, tool| after(project, tool, &[&["up", "-d"]]));
    assert_eq!(running, ["app", "debug"]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn down_takes_what_the_other_tool_launched_with_a_profile() {
    for (first, second) in [(Compose, Seaworthy), (Seaworthy, Compose)] {
        let project = project();
        project.run(first, &["--profile", "debug", "up", "-d"]).ok();
        project.run(second, &["--profile", "debug", "down"]).ok();
        assert_eq!(project.ids(), [""; 0]);
    }
}
