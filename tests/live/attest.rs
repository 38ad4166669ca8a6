//! `attest` compares what runs with what was verified.

use serde_json::Value;

use super::harness::{Project, docker};
use super::proof::hardened;

#[track_caller]
fn report(project: &Project, status: i32) -> Value {
    let output = project.seaworthy(&["attest", "--format", "json"]).ends(status);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_limit_that_was_taken_away_is_named() {
    let project = hardened("command: [sleep, '600']\nmem_limit: 64m");
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(report(&project, 0)["holds"], true);
    let id = project.ids().remove(0);
    docker(&["update", "--pids-limit", "-1", "--memory", "128m", "--memory-swap", "256m", &id]).ok();
    let report = report(&project, 1);
    let fields: Vec<&str> = report["containers"][0]["weaknesses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|weakness| weakness["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["HostConfig.PidsLimit", "HostConfig.Memory", "HostConfig.MemorySwap"]);
    assert!(report["containers"][0]["weaknesses"][1]["place"].as_str().unwrap().starts_with("compose.yaml:"));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn containers_made_by_hand_under_the_projects_name_are_named() {
    let project = hardened("command: [sleep, '600']");
    project.seaworthy(&["up", "-d"]).ok();
    let own = format!("com.docker.compose.project={}", project.name);
    let make = |name: &str, service: &str, one_off: &str| {
        let service = format!("com.docker.compose.service={service}");
        let one_off = format!("com.docker.compose.oneoff={one_off}");
        let name = format!("{}-{name}", project.name);
        let labels = ["--label", &own, "--label", &service, "--label", &one_off];
        docker(
            &[&["create", "--name", &name][..], &labels, &["--privileged", "sw-busybox", "sleep", "1"]]
                .concat(),
        )
        .ok();
    };
    make("twin", "s", "False");
    make("stranger", "x", "False");
    make("aside", "s", "True");
    let output = project.seaworthy(&["attest"]).ends(1);
    for text in ["-twin", "-stranger", "-aside", "HostConfig.Privileged: true, not false", "the service x"] {
        assert!(output.stdout.contains(text), "{text}\n{output}");
    }
    assert!(output.stdout.contains("as verified"), "the real one holds\n{output}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_was_launched_without_a_posture_is_compared_with_the_model_too() {
    let project = Project::of_service("command: [sleep, '600']\nports: []\nenvironment: {A: b}");
    project.seaworthy(&["up", "-d"]).ok();
    report(&project, 0);
    project.file(
        "compose.yaml",
        "services: {s: {image: sw-node, network_mode: none, command: [sleep, '600'], cap_drop: [ALL], environment: {A: c}}}\n",
    );
    let report = report(&project, 1);
    let weaknesses = report["containers"][0]["weaknesses"].to_string();
    assert!(
        weaknesses.contains("HostConfig.CapDrop") && weaknesses.contains("A with another value"),
        "{weaknesses}"
    );
    assert!(!weaknesses.contains("A=c"), "values of variables are not shown: {weaknesses}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_does_not_answer_is_not_taken_for_nothing_running() {
    let project = hardened("command: [sleep, '600']").with("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    project.seaworthy(&["attest"]).refuses(69, "engine-unavailable");
}
