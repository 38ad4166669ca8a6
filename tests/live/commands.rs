//! Everything that Compose's commands do, they also do under a posture that is proved.

use super::harness::{Background, End, Project, alike, docker};
use super::proof::hardened;

const TWO: &str = "services:
  db:
    image: sw-busybox
    user: \"10001:10001\"
    network_mode: none
    stop_grace_period: 0s
    command: [sh, -c, 'sleep 1; touch /tmp/ready; exec sleep 600']
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 500ms, retries: 20}
  web:
    image: sw-busybox
    user: \"10001:10001\"
    network_mode: none
    stop_grace_period: 0s
    command: [sh, -c, 'echo hello; exit 3']
    depends_on: {db: {condition: service_healthy}}
";

fn two() -> Project {
    let project = Project::new(TWO);
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn attached_exit_codes_and_output_are_composes_own() {
    let did = alike(two, |project, tool| {
        let output = project.run(tool, &["up", "--exit-code-from", "web", "--no-color"]);
        let lines: Vec<String> =
            output.stdout.lines().filter(|line| line.starts_with("web-1")).map(str::to_owned).collect();
        (output.end, lines)
    });
    assert_eq!(did.1, ["web-1  | hello"]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn waiting_for_health_works() {
    alike(two, |project, tool| project.run(tool, &["up", "--wait", "db"]).end);
    alike(two, |project, tool| project.run(tool, &["up", "--wait"]).end);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn containers_stay_the_same_between_the_steps_and_between_launches() {
    let project = two();
    project.seaworthy(&["create"]).ok();
    let created = project.ids();
    assert_eq!(created.len(), 2);
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(project.ids(), created);
    project.seaworthy(&["up", "-d", "--force-recreate", "-V", "--no-deps", "db"]).ok();
    let now = project.ids();
    assert_eq!(now.iter().filter(|id| created.contains(id)).count(), 1, "one was asked to be made anew");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn scale_goes_up_and_down() {
    let project = hardened("command: [sleep, '600']");
    for (words, count) in [
        (&["up", "-d", "--scale", "s=3"][..], 3),
        (&["scale", "s=4"], 4),
        (&["scale", "s=1"], 1),
        (&["up", "-d", "--scale", "s=0"], 0),
    ] {
        project.seaworthy(words).ok();
        let states = project.states();
        assert_eq!(states.len(), count, "{words:?}: {states:?}");
        assert!(states.iter().all(|(_, state, _)| state == "running"), "{words:?}: {states:?}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn run_leaves_nothing_but_its_own_container() {
    let project = two();
    let output = project.seaworthy(&["run", "-T", "web", "sh", "-c", "echo hi; exit 7"]).ends(7);
    assert_eq!(output.stdout, "hi\n");
    let services: Vec<_> = project.states().into_iter().map(|(service, state, _)| (service, state)).collect();
    assert_eq!(services, [("db".into(), "running".into()), ("web".into(), "exited".into())]);
    project.seaworthy(&["attest"]).ok().says("exited, by run");
    project.seaworthy(&["run", "--rm", "-T", "web", "true"]).ok();
    assert_eq!(project.ids().len(), 2);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn interrupted_while_attached_it_stops_as_compose_does() {
    // It ends by its own hand: killed at once, its status would be a matter of chance.
    let make = || {
        let trapped = "command: [sh, -c, 'trap \"exit 7\" TERM; echo up; while :; do sleep 0.1; done']";
        let project = hardened(trapped);
        let file = std::fs::read_to_string(project.path("compose.yaml")).unwrap();
        project.file("compose.yaml", &file.replace("stop_grace_period: 0s", "stop_grace_period: 60s"));
        project
    };
    alike(make, |project, tool| {
        let running = Background::start(project.command(tool, &["up"]));
        running.shows("up");
        running.running.signal_group(rustix::process::Signal::INT);
        (running.end().end, project.states())
    });
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_compose_cannot_create_ends_with_its_own_status() {
    // The name is taken by a container of nobody's.
    let make = || {
        let project = hardened("command: [sleep, '600']");
        let file = std::fs::read_to_string(project.path("compose.yaml")).unwrap();
        project.file("compose.yaml", &format!("{file}    container_name: {}-taken\n", project.name));
        let label = format!("com.docker.compose.project={}", project.name);
        docker(&["create", "--name", &format!("{}-taken", project.name), "--label", &label, "sw-busybox"])
            .ok();
        project
    };
    let end = alike(make, |project, tool| project.run(tool, &["up", "-d"]).end);
    assert_eq!(end, End::Code(1));
}
