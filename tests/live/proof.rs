//! No process runs in a container that is weaker than the model.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::{PATIENCE, Project, docker, poll};

/// A project under the hardened posture, whose service writes down that it ran.
pub fn hardened(service: &str) -> Project {
    let project = Project::new(&format!(
        "services:\n  s:\n    image: sw-busybox\n    user: \"10001:10001\"\n    network_mode: none\n    \
         stop_grace_period: 0s\n    init: true\n{}\n",
        textwrap::indent(service, "    ")
    ));
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    fs::create_dir(project.path("state")).unwrap();
    fs::set_permissions(project.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    project
}

const RAN: &str = "command: [sh, -c, 'echo ran > /state/ran; exec sleep 600']\nvolumes: [./state:/state]";

/// Puts a `docker` before the real one in `PATH` that hands Compose another file for everything but `config`.
fn with_another_compose(project: Project, edit: &str) -> Project {
    let path = std::env::var("PATH").unwrap();
    let real =
        std::env::split_paths(&path).map(|folder| folder.join("docker")).find(|path| path.is_file()).unwrap();
    let script = format!(
        r#"#!/bin/sh
real='{}'
case " $* " in *" config "*) exec "$real" "$@";; *" compose "*) ;; *) exec "$real" "$@";; esac
seen=
for word; do
    shift
    if [ "$seen" = -f ]; then
        {edit} "$word" > "$word.other.yaml"
        set -- "$@" "$word.other.yaml"
    else
        set -- "$@" "$word"
    fi
    seen=$word
done
exec "$real" "$@"
"#,
        real.display()
    );
    fs::create_dir(project.path("bin")).unwrap();
    let stub = project.file("bin/docker", &script);
    fs::set_permissions(stub, fs::Permissions::from_mode(0o755)).unwrap();
    let search = format!("{}:{path}", project.path("bin").display());
    project.with("PATH", &search)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_compose_that_creates_something_else_than_it_shows_is_caught_before_anything_ran() {
    for (edit, field) in [
        ("sed -e '/cap_drop:/,+1d'", "HostConfig.CapDrop is [], not [ALL]"),
        ("sed -e '/user: /d'", "Config.User is not set, not 10001:10001"),
        ("sed -e 's/network_mode: none/network_mode: bridge/'", "HostConfig.NetworkMode is bridge, not none"),
        ("sed -e 's/no-new-privileges:true/no-new-privileges:false/'", "HostConfig.SecurityOpt"),
        ("sed -e 's/pids_limit: .*/privileged: true/'", "HostConfig.Privileged is true, not false"),
        ("sed -e 's#source: .*/state#source: /usr/share#'", "bind /usr/share:/state:rw"),
    ] {
        let project = with_another_compose(hardened(RAN), edit);
        let output = project.seaworthy(&["up", "-d"]).refuses(77, "live-posture");
        output.says(field).says("removed before any of its processes ran").says("compose.yaml");
        assert!(!project.path("state/ran").exists(), "{edit}: a process ran");
        assert_eq!(project.ids(), [""; 0], "{edit}: the container is still there");
        // The stub does what a bad Compose would do: without the proof the container starts.
        let rendered = project.rendered();
        project.compose(&["-f", rendered.to_str().unwrap(), "up", "-d"]).ok();
        let ran = || project.path("state/ran").exists().then_some(());
        assert!(edit.contains("source") || poll(PATIENCE, ran).is_some(), "{edit}: the stub does nothing");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_compose_that_starts_what_it_shall_only_create_is_caught() {
    let project = with_another_compose(hardened(RAN), "cat");
    let stub = fs::read_to_string(project.path("bin/docker")).unwrap();
    let eager = stub.replace(
        "set -- \"$@\" \"$word\"\n",
        "[ \"$word\" = --no-start ] && word=-d\n        set -- \"$@\" \"$word\"\n",
    );
    assert_ne!(stub, eager);
    project.file("bin/docker", &eager);
    project
        .seaworthy(&["up", "-d"])
        .refuses(77, "live-posture")
        .says("it was started before it was inspected");
    assert_eq!(project.ids(), [""; 0]);
}

/// Two services that write down that they ran, one waiting for the health of the other.
fn dependent() -> Project {
    let service = |name: &str, rest: &str| {
        format!(
            "  {name}:\n    image: sw-busybox\n    user: \"10001:10001\"\n    network_mode: none\n    \
             stop_grace_period: 0s\n    command: [sh, -c, 'echo {name} >> /state/ran; exec sleep 600']\n    \
             volumes: [./state:/state]\n{rest}"
        )
    };
    let project = Project::new(&format!(
        "services:\n{}{}",
        service("db", "    healthcheck: {test: [CMD, 'true'], interval: 200ms}\n"),
        service("s", "    depends_on: {db: {condition: service_healthy}}\n"),
    ));
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    fs::create_dir(project.path("state")).unwrap();
    fs::set_permissions(project.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    project
}

const WITHOUT_DROP: &str = "sed -e '/cap_drop:/,+1d'";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn every_command_that_makes_containers_is_proved_before_anything_ran() {
    for words in [
        &["up"][..],
        &["up", "-d"],
        &["up", "--wait"],
        &["up", "--no-start"],
        &["up", "-d", "--scale", "s=2"],
        &["up", "-d", "db"],
        &["up", "-d", "--no-deps", "s"],
        &["create"],
        &["scale", "s=2"],
        &["run", "-T", "--rm", "s", "true"],
        &["run", "-T", "--no-deps", "s", "true"],
    ] {
        let project = with_another_compose(dependent(), WITHOUT_DROP);
        project.seaworthy(words).refuses(77, "live-posture").says("HostConfig.CapDrop");
        assert!(!project.path("state/ran").exists(), "{words:?}: a process ran");
        assert_eq!(project.ids(), [""; 0], "{words:?}: a container is still there");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_that_is_made_anew_is_proved_like_a_new_one() {
    let project = dependent();
    project.seaworthy(&["up", "-d"]).ok();
    let ran = || fs::read_to_string(project.path("state/ran")).unwrap_or_default();
    assert!(poll(PATIENCE, || ran().contains('s').then_some(())).is_some());
    fs::remove_file(project.path("state/ran")).unwrap();
    let file = fs::read_to_string(project.path("compose.yaml")).unwrap();
    project.file("compose.yaml", &file.replace("sleep 600", "sleep 500"));
    let project = with_another_compose(project, WITHOUT_DROP);
    project
        .seaworthy(&["up", "-d"])
        .refuses(77, "live-posture")
        .says("removed before any of its processes ran");
    assert!(!project.path("state/ran").exists(), "a process ran");
    assert_eq!(project.ids(), [""; 0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_image_that_cannot_be_inspected_is_not_launched() {
    let own = |project: &Project| format!("{}-image", project.name);
    let project = hardened(RAN);
    let image = own(&project);
    docker(&["tag", "sw-busybox", &image]).ok();
    let file = fs::read_to_string(project.path("compose.yaml")).unwrap();
    project.file("compose.yaml", &file.replace("sw-busybox", &image));
    // Somebody takes the name away as soon as the container was made.
    let project = with_another_compose(project, "cat");
    let stub = fs::read_to_string(project.path("bin/docker")).unwrap();
    let taking = stub.replace(
        "exec \"$real\" \"$@\"\n",
        &format!(
            "\"$real\" \"$@\"; status=$?; case $* in *--no-start*) \"$real\" rmi {image} >/dev/null ;; esac; exit $status\n"
        ),
    );
    assert_ne!(taking, stub);
    project.file("bin/docker", &taking);
    let output = project.seaworthy(&["up", "-d"]);
    docker(&["rmi", &image]);
    output.refuses(77, "live-posture").says(&image).says("cannot be inspected");
    assert!(!project.path("state/ran").exists(), "a process ran");
    assert_eq!(project.ids(), [""; 0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_hardened_service_is_confined_seen_from_inside() {
    let project = hardened("command: [sleep, '600']\nread_only: true\ntmpfs: [/tmp]\nmem_limit: 64m");
    project.seaworthy(&["up", "-d"]).ok();
    let inside = |script: &str| project.seaworthy(&["exec", "-T", "s", "sh", "-c", script]).ok().stdout;
    let status = inside("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'");
    assert_eq!(status, "CapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n");
    assert_eq!(inside("id -u; id -g"), "10001\n10001\n");
    assert_eq!(
        inside("touch /x 2>&1 || echo refused; touch /tmp/x && echo written"),
        "touch: /x: Read-only file system\nrefused\nwritten\n"
    );
    let limit = inside("cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null || :");
    assert_eq!(limit.lines().next(), Some("1024"));
    project.seaworthy(&["attest"]).ok().says("as verified");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_old_container_that_is_not_hardened_is_not_started() {
    let project = hardened(RAN);
    project.compose(&["create"]).ok();
    let before = project.ids();
    for words in [&["start"][..], &["restart"], &["start", "s"], &["up", "-d", "--no-recreate"]] {
        let output = project.seaworthy(words).refuses(77, "live-posture");
        output.says("HostConfig.CapDrop").says("The container was there before this launch");
        assert_eq!(project.ids(), before, "what was there before is left alone: {words:?}");
    }
    assert!(!project.path("state/ran").exists(), "a process ran");
    // `up` makes it anew, as Compose does where the settings differ.
    project.seaworthy(&["up", "-d"]).ok();
    assert_ne!(project.ids(), before);
    project.becomes("running");
    project.seaworthy(&["stop"]).ok();
    project.seaworthy(&["start"]).ok();
    project.becomes("running");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_network_with_a_route_and_a_volume_that_is_a_directory_of_the_host_are_found() {
    let project = Project::new(
        "services:\n  s:\n    image: sw-busybox\n    user: \"10001:10001\"\n    command: [sleep, '600']\n    \
         stop_grace_period: 0s\n    networks: [inner]\n    volumes: [data:/data]\n\
         networks: {inner: {internal: true}}\nvolumes: {data: {}}\n",
    );
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    let labelled = |kind: &str, name: &str, rest: &[&str]| {
        let label = format!("com.docker.compose.project={}", project.name);
        let which = format!("com.docker.compose.{kind}={name}");
        let full = format!("{}_{name}", project.name);
        let words = [&[kind, "create", "--label", &label, "--label", &which], rest, &[&full]].concat();
        docker(&words).ok();
    };
    // As somebody would make them beforehand: Compose takes them for its own, whatever they are.
    labelled("network", "inner", &[]);
    labelled("volume", "data", &["-o", "type=none", "-o", "o=bind", "-o", "device=/etc"]);
    // The volume is refused before Compose is asked, which would offer to make it anew.
    project.seaworthy(&["up", "-d"]).refuses(77, "live-posture").says("device=/etc");
    docker(&["volume", "rm", &format!("{}_data", project.name)]).ok();
    project.seaworthy(&["up", "-d"]).refuses(77, "live-posture").says("Internal is false, not true");
    assert_eq!(project.ids(), [""; 0]);
}

/// `container:NAME` may name the project's own container; one of another project under that name is not it.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_joined_by_its_name_must_be_the_projects_own() {
    let tunnel = format!("sw-tunnel-{}", std::process::id());
    let compose = |vpn: &str, app: &str| {
        format!(
            "services:\n  vpn:\n    image: sw-busybox\n    container_name: {tunnel}\n    command: [sleep, '600']\n    \
             init: true\n    stop_grace_period: 0s\n{vpn}  app:\n    image: sw-busybox\n    network_mode: \
             container:{tunnel}\n    command: [sleep, '600']\n    init: true\n    stop_grace_period: 0s\n{app}"
        )
    };
    // Compose knows an order only where one is declared.
    let project = Project::new(&compose("", "    depends_on: [vpn]\n"));
    project.file("seaworthy.yaml", "version: 1\nposture: baseline\n...\n");
    project.seaworthy(&["up", "-d"]).ok();
    let joined = project.container("app")["HostConfig"]["NetworkMode"].as_str().unwrap().to_owned();
    assert!(joined.starts_with("container:"), "{joined}");
    project.seaworthy(&["attest"]).ok();
    project.seaworthy(&["down"]).ok();
    docker(&["run", "-d", "--init", "--name", &tunnel, "--network", "none", "sw-busybox", "sleep", "600"]);
    project.file("compose.yaml", &compose("    profiles: [never]\n", ""));
    let refused = project.seaworthy(&["up", "-d"]);
    docker(&["rm", "-f", &tunnel]);
    refused.refuses(77, "live-posture").says("HostConfig.NetworkMode");
}
