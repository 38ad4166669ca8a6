//! Containers that were proved are started as Compose starts them, by whoever does it.

use super::harness::{End, Project, Tool, alike, poll};

fn chain() -> Project {
    let service = |rest: &str| {
        format!(
            "{{image: sw-busybox, user: '10001:10001', stop_grace_period: 0s, command: [sleep, '600'], {rest}}}"
        )
    };
    let project = Project::new(&format!(
        "services:\n  a: {}\n  b: {}\n  c: {}\n",
        service("network_mode: 'service:b'"),
        service("network_mode: none, depends_on: [c], scale: 1"),
        service("network_mode: none, scale: 2"),
    ));
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_detached_launch_starts_everything_in_its_order_and_says_so() {
    let said = alike(chain, |project, tool| {
        let output = project.run(tool, &["up", "-d"]).ok();
        let name = format!("{}-", project.name);
        let mut lines: Vec<String> =
            output.stderr.lines().map(|line| line.replace(&name, "").trim_end().to_owned()).collect();
        lines.sort();
        lines.dedup();
        let mut states = project.states();
        states.sort();
        (lines, states)
    });
    assert!(said.0.iter().any(|line| line == " Container a-1  Started"), "{said:?}");
    let project = chain();
    project.seaworthy(&["up", "-d"]).ok();
    let mut started: Vec<(String, String)> = project
        .containers()
        .iter()
        .map(|container| {
            let at = container["State"]["StartedAt"].as_str().unwrap().to_owned();
            (at, super::harness::label(container, "service").to_owned())
        })
        .collect();
    started.sort();
    let order: Vec<&str> = started.iter().map(|(_, service)| service.as_str()).collect();
    assert_eq!(order, ["c", "c", "b", "a"]);
    // Again: nothing is left to start.
    let before = project.ids();
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["stop", "a"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(project.ids(), before);
    assert!(project.states().iter().all(|(_, state, _)| state == "running"));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_the_engine_refuses_to_start_is_said_as_compose_says_it() {
    let make = || {
        let project = Project::new(
            "services: {s: {image: sw-busybox, user: '10001:10001', network_mode: none, command: [/no-such-program]}}\n",
        );
        project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
        project
    };
    let (end, said) = alike(make, |project, tool: Tool| {
        let output = project.run(tool, &["up", "-d"]);
        let said: Vec<String> =
            output.stderr.lines().filter(|line| line.contains("daemon")).map(str::to_owned).collect();
        (output.end, said)
    });
    assert_eq!(end, End::Code(1));
    assert!(said[0].contains("no-such-program"), "{said:?}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn hooks_health_and_secrets_are_composes_work() {
    let make = || {
        let project = Project::new(
            "services:\n  s:\n    image: sw-busybox\n    user: '10001:10001'\n    network_mode: none\n    \
             stop_grace_period: 0s\n    command: [sleep, '600']\n    tmpfs: ['/tmp:mode=1777']\n    \
             post_start: [{command: [touch, /tmp/hooked], user: '10001:10001'}]\n    secrets: [key]\n\
             secrets: {key: {environment: SW_KEY}}\n",
        );
        project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
        project.with("SW_KEY", "opens")
    };
    let (secret, hooked) = alike(make, |project, tool| {
        project.run(tool, &["up", "-d"]).ok();
        let inside = |words: &[&str]| project.run(tool, &[&["exec", "-T", "s"], words].concat());
        let secret = inside(&["cat", "/run/secrets/key"]).stdout;
        let hooked = poll(super::harness::PATIENCE, || {
            (inside(&["ls", "/tmp/hooked"]).end == End::Code(0)).then_some(())
        });
        (secret, hooked.is_some())
    });
    assert_eq!((secret.as_str(), hooked), ("opens", true));
}
