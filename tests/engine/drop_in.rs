//! Either tool can be used on what the other one started, from the original files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use super::harness::{
    Background, Compose, End, Project, Seaworthy, Tool, alike, bare, label, owner_and_mode, run,
};

/// A bit of everything that ends up in a container, and so in what Compose compares.
const RICH: &str = r#"
x-common: &common
  image: sw-node
  init: true
  stop_grace_period: 0s
  restart: "no"
  logging: {driver: json-file, options: {max-size: 1m}}
services:
  web:
    <<: *common
    command: ["sh", "-c", "echo \"it's $$HOME and ${WORD:-nothing}\" && exec sleep 600"]
    environment:
      PLAIN: text
      NUMBER: 010
      DOLLAR: "a$$b"
      LONG: |
        two
        lines
      INHERITED:
    env_file: [web.env, {path: absent.env, required: false}]
    labels: [one=1, "two=b c"]
    ports: ["127.0.0.1::80", "127.0.0.1::53/udp"]
    expose: ["9000"]
    volumes:
      - ./data:/data
      - ./data:/again:ro
      - state:/state
      - type: tmpfs
        target: /scratch
        tmpfs: {size: 1m, mode: 0700}
    tmpfs: [/run/x]
    configs: [{source: inline, target: /etc/inline}]
    secrets: [from_env, {source: from_file, target: renamed}]
    healthcheck: {test: [CMD, "true"], interval: 1m30s, retries: 2}
    ulimits: {core: 0, nofile: {soft: 1000, hard: 2000}}
    sysctls: {net.ipv4.ip_unprivileged_port_start: 0}
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    security_opt: ["no-new-privileges:true"]
    extra_hosts: ["here:host-gateway", "there=10.0.0.1"]
    networks: {front: {aliases: [www]}, default: {}}
    depends_on: {store: {condition: service_started}}
    mem_limit: 64m
    pids_limit: 50
    shm_size: 8mb
    hostname: web-host
    working_dir: /tmp
  store:
    <<: *common
    command: [sleep, "600"]
    user: "1000:1000"
    read_only: true
    networks: [default]
    stop_signal: SIGUSR1
    deploy: {resources: {limits: {cpus: "0.5"}}}
configs: {inline: {content: "key = ${WORD:-nothing}\n"}}
secrets: {from_env: {environment: TOKEN}, from_file: {file: ./token}}
networks: {front: {labels: {a: b}}}
volumes: {state: {}}
"#;

fn rich() -> Project {
    let project = Project::new(RICH).with("INHERITED", "from outside");
    project.file(".env", "WORD='from dot env'\nTOKEN=secret\n");
    project.file("web.env", "FROM_FILE=\"quoted $WORD\"\nEMPTY=\n");
    project.file("token", "t");
    project.file("data/file", "");
    project
}

/// A service that runs until it is stopped.
const PLAIN: &str = "services: {s: {image: sw-node, network_mode: none, stop_grace_period: 0s, init: true, command: [sleep, '600']}}\n";

fn plain() -> Project {
    Project::new(PLAIN)
}

/// Starts with one tool, then again with the other: nothing is recreated.
fn switch(first: Tool, second: Tool) {
    let project = rich();
    project.run(first, &["up", "-d"]).ok();
    let before = project.ids();
    assert_eq!(before.len(), 2);
    let again = project.run(second, &["up", "-d"]).ok();
    assert!(again.stderr.contains("Running") && !again.stderr.contains("Recreate"), "{again}");
    assert_eq!(project.ids(), before);
    // It does tell a change when there is one.
    let project = project.with("WORD", "changed");
    project.run(second, &["up", "-d"]).ok();
    assert_ne!(project.ids(), before);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn compose_goes_on_with_what_seaworthy_started() {
    switch(Seaworthy, Compose);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn seaworthy_goes_on_with_what_compose_started() {
    switch(Compose, Seaworthy);
}

/// What a container is made of, but for what differs from project to project.
fn traits(project: &Project, service: &str) -> Value {
    let mut container = project.container(service);
    let labels = container["Config"]["Labels"].as_object_mut().unwrap();
    labels.retain(|name, _| !name.starts_with("com.docker.compose."));
    // Compose writes these down in any order.
    for list in [
        "/Config/Env",
        "/HostConfig/Binds",
        "/HostConfig/ExtraHosts",
        "/HostConfig/Mounts",
        "/HostConfig/Ulimits",
        "/Mounts",
    ] {
        if let Some(list) = container.pointer_mut(list).and_then(Value::as_array_mut) {
            list.sort_by_key(ToString::to_string);
        }
    }
    let root = project.beside("").display().to_string();
    let id: String = container["Id"].as_str().unwrap().chars().take(12).collect();
    let text = json!([container["Config"], container["HostConfig"], container["Mounts"]]).to_string();
    let text = text.replace(&root, "/root/").replace(&project.name, "PROJECT").replace(&id, "ID");
    serde_json::from_str(&text).unwrap()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn containers_are_made_the_same() {
    alike(rich, |project, tool| {
        project.run(tool, &["up", "-d"]).ok();
        let inside = "env | sort; cat /etc/inline /run/secrets/from_env /run/secrets/renamed; id; stat -c '%A %u %g %s %n' /data/*; pwd";
        let seen = project.compose(&["exec", "-T", "web", "sh", "-c", inside]).ok().stdout;
        (traits(project, "web"), traits(project, "store"), seen)
    });
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_labels_name_the_project_s_own_directory() {
    let project = plain();
    project.seaworthy(&["up", "-d"]).ok();
    let container = project.container("s");
    assert_eq!(label(&container, "project.working_dir"), project.directory.to_str().unwrap());
    assert_eq!(label(&container, "project"), project.name);
    assert_eq!(label(&container, "project.config_files"), project.rendered().to_str().unwrap());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn everyday_commands_of_compose_work_on_what_seaworthy_started() {
    let project = Project::of_service("init: true\ncommand: [sh, -c, 'echo hello from s; exec sleep 600']");
    project.seaworthy(&["up", "-d"]).ok();
    for tool in [Compose, Seaworthy] {
        project.run(tool, &["ps", "--format", "{{.Service}} {{.State}}"]).ok().says("s running");
        project.run(tool, &["logs"]).ok().says("hello from s");
        project.run(tool, &["exec", "-T", "s", "id", "-u"]).ok().says("1000");
        project.run(tool, &["stop"]).ok();
        project.becomes("exited");
        project.run(tool, &["start"]).ok();
        project.becomes("running");
        project.run(tool, &["restart"]).ok();
        project.becomes("running");
        project.run(tool, &["kill"]).ok();
        project.becomes("exited");
        project.run(tool, &["up", "-d"]).ok();
        project.becomes("running");
    }
    project.compose(&["down"]).ok();
    assert_eq!(project.ids(), [""; 0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_way_out_needs_no_readable_project() {
    for tool in [Compose, Seaworthy] {
        let project = plain();
        project.seaworthy(&["up", "-d"]).ok();
        project.file("compose.yaml", "services: [\n");
        project.seaworthy(&["up", "-d"]).refuses(78, "yaml-syntax");
        fs::remove_dir_all(project.path(".seaworthy")).unwrap();
        project.run(tool, &["-p", &project.name, "-f", "/dev/null", "ps"]);
        fs::remove_file(project.path("compose.yaml")).unwrap();
        project.run(tool, &["-p", &project.name, "stop"]).ok();
        project.run(tool, &["-p", &project.name, "start"]).ok();
        project.run(tool, &["-p", &project.name, "restart"]).ok();
        project.becomes("running");
        project.run(tool, &["-p", &project.name, "down"]).ok();
        assert_eq!(project.ids(), [""; 0]);
    }
}

/// Somebody else's compose file lies where the command is typed, or above.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_project_is_named_below_the_files_of_another() {
    for tool in [Compose, Seaworthy] {
        let (project, other) = (plain(), plain());
        other.file("below/empty", "");
        project.seaworthy(&["up", "-d"]).ok();
        let started = || {
            project
                .docker(&["inspect", "--format", "{{.State.StartedAt}}", &project.ids().remove(0)])
                .ok()
                .stdout
        };
        for folder in [".", "below"] {
            let before = started();
            other.run_in(folder, tool, &["-p", &project.name, "restart", "--timeout", "0"]).ok();
            assert_ne!(started(), before, "{tool:?} in {folder}");
            other.run_in(folder, tool, &["-p", &project.name, "stop", "--timeout", "0"]).ok();
            other.run_in(folder, tool, &["-p", &project.name, "start"]).ok();
            project.becomes("running");
        }
        assert!(!other.path(".seaworthy").exists(), "nothing of it is written beside the other's files");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn create_scale_and_pull_do_as_compose_does() {
    alike(plain, |project, tool| {
        project.run(tool, &["create"]).ok();
        let created = project.states();
        project.run(tool, &["scale", "s=3"]).ok();
        let scaled = project.states();
        project.run(tool, &["up", "-d", "--scale", "s=2"]).ok();
        let fewer = project.states();
        let pulled = project.run(tool, &["pull", "--policy", "missing"]).end;
        (created, scaled, fewer, pulled)
    });
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn run_makes_and_removes_a_container_of_its_own() {
    let ended = alike(plain, |project, tool| {
        let output = project
            .run(tool, &["run", "--rm", "-T", "-e", "WORD=given", "s", "sh", "-c", "echo $WORD; id -u"]);
        (output.end, output.stdout, project.states())
    });
    assert_eq!(ended, (End::Code(0), "given\n1000\n".to_owned(), vec![]));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_dry_run_changes_nothing() {
    let project = Project::of_service("command: [sleep, '600']\nvolumes: ['./missing:/data']");
    project.seaworthy(&["--dry-run", "up", "-d"]).ok();
    project.seaworthy(&["up", "-d", "--dry-run"]).ok();
    assert_eq!(project.ids(), [""; 0]);
    assert!(!project.path("missing").exists());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn no_launch_stops_before_compose() {
    let project = plain();
    let shown = project.seaworthy(&["--no-launch", "up", "-d"]).ok().stdout;
    assert!(shown.contains(" compose --project-directory ") && shown.ends_with(" up -d\n"), "{shown}");
    assert_eq!(project.ids(), [""; 0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn two_launches_at_once_agree() {
    let project = plain();
    let started: Vec<_> =
        (0..2).map(|_| Background::start(project.command(Seaworthy, &["create"]))).collect();
    let ends: Vec<_> = started.into_iter().map(Background::end).collect();
    // Of two that create at once, Compose lets one fail on the name; neither is a fault of the rendered file.
    assert!(ends.iter().any(|output| output.end == End::Code(0)));
    for output in &ends {
        assert!(output.end == End::Code(0) || output.stderr.contains("already in use"), "{output}");
    }
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(project.states(), [("s".to_owned(), "running".to_owned(), 0)]);

    // Once it is there, both find it.
    let started: Vec<_> =
        (0..4).map(|_| Background::start(project.command(Seaworthy, &["up", "-d"]))).collect();
    for output in started {
        output.end().ok();
    }
    assert_eq!(project.states().len(), 1);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_project_reached_through_a_link_keeps_the_path_that_was_typed() {
    let described = alike(
        || {
            let mut project = Project::of_service("command: [sleep, '600']\nvolumes: ['./data:/data']");
            project.file("data/file", "");
            project.name.push_str("-linked");
            symlink(&project.directory, project.beside(&project.name)).unwrap();
            project
        },
        |project, tool| {
            let linked = project.beside(&project.name);
            let mut command = project.command(tool, &["up", "-d"]);
            // As a shell does after `cd linked`.
            command.current_dir(&linked).env("PWD", &linked);
            run(command).ok();
            let container = project.container("s");
            let short = |path: &str| path.replace(linked.to_str().unwrap(), "LINK");
            let source = container["Mounts"][0]["Source"].as_str().unwrap();
            (short(label(&container, "project.working_dir")), short(source))
        },
    );
    assert_eq!(described, ("LINK".to_owned(), "LINK/data".to_owned()));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_rendered_file_is_private_and_git_does_not_see_it() {
    let project = plain();
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(owner_and_mode(&project.rendered()).2, 0o600);
    assert_eq!(owner_and_mode(&project.path(".seaworthy")).2, 0o700);
    assert_eq!(fs::read_to_string(project.path(".seaworthy/.gitignore")).unwrap(), "*\n");
    // What lies there is only this: no temporary file stays.
    let mut names: Vec<_> =
        fs::read_dir(project.path(".seaworthy")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".gitignore", &format!("{}.yaml", project.name)]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_rendered_file_is_made_anew_and_a_loose_one_is_made_private() {
    let project = plain();
    let rendered =
        project.file(&format!(".seaworthy/{}.yaml", project.name), "services: {evil: {image: sw-node}}\n");
    fs::set_permissions(&rendered, fs::Permissions::from_mode(0o666)).unwrap();
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(owner_and_mode(&rendered).2, 0o600);
    assert_eq!(project.states(), [("s".to_owned(), "running".to_owned(), 0)]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn nothing_is_made_when_the_project_is_refused() {
    let project =
        Project::of_service("command: [sleep, '600']\nvolumes: ['./missing:/data']\nno_such_key: 1");
    project.seaworthy(&["up", "-d"]).refuses(78, "compose-unknown-key");
    assert_eq!(project.ids(), [""; 0]);
    assert!(!project.path("missing").exists() && !project.path(".seaworthy").exists());
}

/// Compose's own refusal, at the last moment.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_refusal_of_compose_is_passed_on() {
    let refused = alike(
        || Project::new("services: {s: {image: sw-no-such-image, pull_policy: never}}\n"),
        |project, tool| (project.run(tool, &["up", "-d"]).end, project.states()),
    );
    assert_eq!(refused, (End::Code(1), vec![]));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_directory_that_may_not_be_written_launches_all_the_same() {
    if !rustix::process::geteuid().is_root() {
        return; // nothing can be taken from oneself for good
    }
    let project = plain();
    fs::set_permissions(&project.directory, fs::Permissions::from_mode(0o555)).unwrap();
    let state = project.beside("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(1500), Some(1500)).unwrap();
    let binary = project.beside("seaworthy");
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &binary).unwrap();

    let as_other = |words: &[&str]| {
        let mut command = bare("setpriv");
        command.args(["--reuid", "1500", "--regid", "1500"]);
        command.args(["--groups", &socket_group()]).arg(&binary).args(words);
        command.current_dir(&project.directory).env("HOME", &state).env("XDG_STATE_HOME", &state);
        run(command)
    };
    as_other(&["up", "-d"]).ok();
    assert_eq!(project.states(), [("s".to_owned(), "running".to_owned(), 0)]);
    let container = project.container("s");
    assert_eq!(label(&container, "project.working_dir"), project.directory.to_str().unwrap());
    let rendered = label(&container, "project.config_files");
    assert!(rendered.starts_with(state.to_str().unwrap()), "{rendered}");
    assert_eq!(owner_and_mode(rendered.as_ref()), (1500, 1500, 0o600));
    assert_eq!(owner_and_mode(std::path::Path::new(rendered).parent().unwrap()).2, 0o700);
    let before = project.ids();
    project.compose(&["up", "-d"]).ok();
    assert_eq!(project.ids(), before);
}

/// The group that may use the engine's socket.
fn socket_group() -> String {
    use std::os::unix::fs::MetadataExt;
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let path = host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").to_owned();
    fs::metadata(path).unwrap().gid().to_string()
}
