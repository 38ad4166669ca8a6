//! A hardened project is launched, proved and taken down.

use super::harness::{Project, Seaworthy, docker, run};

const POLICY: &str = "version: 1\nposture: hardened\nuser: {default: \"10001:10001\"}\n\
                      overlays: [{builtin: read-only}, {builtin: limits}]\nbinds: {roots: [state]}\n...\n";

/// Two services, of which the second one is in the network of the first.
pub fn hardened() -> Project {
    assert!(docker(&["version"]).ok().stdout.contains("Podman Engine"), "these tests are of Podman");
    let service = |more: &str| {
        format!(
            "    image: sw-busybox\n    command: [sleep, \"600\"]\n    stop_grace_period: 0s\n    \
             environment: {{HOME: /tmp}}\n{more}"
        )
    };
    let project = Project::new(&format!(
        "services:\n  a:\n{}  b:\n{}",
        service("    volumes: [\"./state/a:/state\", {type: tmpfs, target: /t, tmpfs: {mode: 01777}}]\n"),
        service("    network_mode: \"service:a\"\n    depends_on: [a]\n")
    ));
    project.file("seaworthy.yaml", POLICY);
    project
}

/// What the kernel says of the first process of a service.
fn status(project: &Project, engine: &[&str], service: &str) -> String {
    let script = "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status | tr -d '\\t'";
    let words = [engine, &["exec", "-T", service, "sh", "-c", script]].concat();
    run(project.command(Seaworthy, &words)).ok().stdout
}

const CONFINED: &str = "CapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n";

#[test]
#[ignore = "needs Podman: run scripts/test --only-engines podman"]
fn hardened_is_proved_before_and_after_it_runs() {
    let project = hardened();
    project.seaworthy(&["up", "-d"]).ok();
    for service in ["a", "b"] {
        assert_eq!(status(&project, &[], service), CONFINED);
    }
    project.seaworthy(&["exec", "-T", "a", "touch", "/state/x", "/t/x"]).ok();
    project.seaworthy(&["attest"]).ok().says("as verified");
    project.seaworthy(&["ids"]).ok().says("10001:10001");
    project.seaworthy(&["repair", "--dry-run"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    // Podman restarts no two containers at once of which one joins the other.
    project.seaworthy(&["restart", "b"]).ok();
    project.seaworthy(&["stop"]).ok();
    // By what Podman handed to the runtime.
    project.seaworthy(&["attest"]).ok().says("exited").says("as verified");
    project.seaworthy(&["start"]).ok();
    project.seaworthy(&["attest"]).ok().says("running");
    project.seaworthy(&["down"]).ok();
    assert!(project.ids().is_empty());
}

#[test]
#[ignore = "needs Podman: run scripts/test --only-engines podman"]
fn the_command_of_podman_is_an_engine() {
    let project = hardened();
    let podman = ["--engine", "podman"];
    // Compose is found by Podman, which writes to the home.
    let run = |words: &[&str]| run(project.command(Seaworthy, &[&podman, words].concat()));
    // Whoever joins another container is looked at once that one runs: that needs the socket.
    run(&["up", "-d"]).refuses(77, "cannot be proved on Podman");
    assert!(project.ids().is_empty());
    run(&["up", "-d", "a"]).ok();
    assert_eq!(status(&project, &podman, "a"), CONFINED);
    run(&["attest"]).ok().says("as verified");
    run(&["doctor"]).says("Podman 5");
    run(&["down"]).ok();
    assert!(project.ids().is_empty());
}
