//! What is set around a launch changes what is launched, and is judged with it.

use super::harness::{Output, Project};
use super::proof::hardened;

fn refused(output: Output, place: &str) {
    output.refuses(77, "rule-violated").says("rule privileged").says(place);
}

const WEAK: &str = "services: {s: {privileged: true}}\n";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn variables_that_change_what_is_launched_are_judged_with_it() {
    let project = || hardened("command: [sleep, '600']");
    // The list of files.
    let listed = project().with("COMPOSE_FILE", "compose.yaml:weak.yaml");
    listed.file("weak.yaml", WEAK);
    refused(listed.seaworthy(&["up", "-d"]), "weak.yaml");
    let listed = project();
    listed.file("weak.yaml", WEAK);
    listed.file(".env", "COMPOSE_FILE=compose.yaml:weak.yaml\n");
    refused(listed.seaworthy(&["up", "-d"]), "weak.yaml");
    let listed = project().with("COMPOSE_FILE", "compose.yaml/weak.yaml").with("COMPOSE_PATH_SEPARATOR", "/");
    listed.file("weak.yaml", WEAK);
    refused(listed.seaworthy(&["up", "-d"]), "weak.yaml");
    let beside = project();
    beside.file("compose.override.yaml", WEAK);
    refused(beside.seaworthy(&["up", "-d"]), "compose.override.yaml");
    // Values.
    let filled = hardened("command: [sleep, '600']\nprivileged: ${SW_WEAK:-false}");
    filled.seaworthy(&["create"]).ok();
    refused(filled.with("SW_WEAK", "true").seaworthy(&["up", "-d"]), "compose.yaml");
    let filled = hardened("command: [sleep, '600']\nprivileged: ${SW_WEAK:-false}");
    filled.file("more.env", "SW_WEAK=true\n");
    refused(filled.with("COMPOSE_ENV_FILES", "more.env").seaworthy(&["up", "-d"]), "compose.yaml");
    // Services that a profile enables, and those that it does not.
    for profiles in ["debug", ""] {
        let hidden = project().with("COMPOSE_PROFILES", profiles);
        let file = std::fs::read_to_string(hidden.path("compose.yaml")).unwrap();
        let debug = "  d: {image: sw-busybox, user: '1:1', profiles: [debug], privileged: true}\n";
        hidden.file("compose.yaml", &(file + debug));
        refused(hidden.seaworthy(&["up", "-d"]), "compose.yaml");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_name_that_a_variable_gives_is_the_one_that_is_proved() {
    let project = hardened("command: [sleep, '600']");
    let other = format!("{}-other", project.name);
    project.file(".env", &format!("COMPOSE_PROJECT_NAME={other}\n"));
    // Made weaker, under that name, before.
    project.compose(&["create"]).ok();
    let clear = Clear(&project, other.clone());
    project.seaworthy(&["start"]).refuses(77, "live-posture").says(&format!("{other}-s-1"));
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["attest"]).ok().says(&format!("{other}-s-1"));
    drop(clear);
}

/// Takes away what was launched under another name.
struct Clear<'p>(&'p Project, String);

impl Drop for Clear<'_> {
    fn drop(&mut self) {
        self.0.compose(&["-p", &self.1, "down", "-t", "0"]);
    }
}

/// Compose takes no engine from `.env`, so neither is it launched elsewhere nor proved elsewhere.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_named_in_dot_env_is_not_used_and_one_of_the_environment_is_the_one_that_is_asked() {
    let project = hardened("command: [sleep, '600']");
    project.file(".env", "DOCKER_HOST=unix:///nonexistent/docker.sock\nDOCKER_CONTEXT=nonexistent\n");
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["attest"]).ok().says("as verified");
    let elsewhere = project.with("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    elsewhere.seaworthy(&["up", "-d"]).ends(69);
    elsewhere.seaworthy(&["attest"]).refuses(69, "engine-unavailable");
}
