//! Launches with a Docker Compose that prints otherwise than the installed one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::harness::{Project, docker};

/// A plug-in that says to be 5.5.0 and prints `create_host_path` only where it is false, as versions from 5.0 on do.
/// All else the real one does.
const PLUGIN: &str = r#"#!/bin/sh
for word in "$@"; do
  case $word in
  version) echo "$STAND_IN_VERSION"; exit ;;
  config)
    out=$("$REAL" "$@") || exit
    printf '%s\n' "$out" | awk '
      function flush() { if (held != "") print held; held = "" }
      /^ *bind: \{\}$/ { flush(); sub(/ \{\}$/, ""); print; match($0, /^ */); printf "%*screate_host_path: false\n", RLENGTH + 2, ""; next }
      /^ *bind:$/ { flush(); held = $0; next }
      /^ *create_host_path: true$/ { if (held != "") print held " {}"; held = ""; next }
      { flush(); print }
      END { flush() }'
    exit ;;
  esac
done
exec "$REAL" "$@"
"#;

const BINDS: &str = "services:
  s:
    image: sw-busybox
    command: [sleep, '600']
    network_mode: none
    stop_grace_period: 0s
    volumes: ['./data:/data']
";

/// With the stand-in as Docker's plug-in.
fn with_version(project: Project, version: &str) -> Project {
    let plugin = project.beside("config/cli-plugins/docker-compose");
    fs::create_dir_all(plugin.parent().unwrap()).unwrap();
    fs::write(&plugin, PLUGIN).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let real = docker(&[
        "info",
        "--format",
        "{{range .ClientInfo.Plugins}}{{if eq .Name \"compose\"}}{{.Path}}{{end}}{{end}}",
    ]);
    let config = project.beside("config").display().to_string();
    project
        .with("DOCKER_CONFIG", &config)
        .with("REAL", real.ok().stdout.trim())
        .with("STAND_IN_VERSION", version)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn compose_5_launches_a_project_with_a_bind_mount() {
    for policy in [None, Some("version: 1\nposture: hardened\nuser: {default: '10001:10001'}\n...\n")] {
        let project = with_version(Project::new(BINDS), "5.5.0");
        if let Some(policy) = policy {
            project.file("seaworthy.yaml", policy);
        }
        project.seaworthy(&["up", "-d"]).ok();
        project.seaworthy(&["create"]).ok();
        project.seaworthy(&["restart"]).ok();
        project.seaworthy(&["scale", "s=2"]).ok();
        project.seaworthy(&["run", "--rm", "-T", "s", "true"]).ok();
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn compose_5_runs_the_hardened_example() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agent-pod");
    let read = |name: &str| fs::read_to_string(example.join(name)).unwrap();
    let project = Project::new(&read("compose.yaml").replace("name: agent-pod\n", ""));
    for name in ["seaworthy.yaml", "ops/limits.yaml", "ops/egress.yaml", "config/agent.json"] {
        fs::create_dir_all(project.path(name).parent().unwrap()).unwrap();
        project.file(name, &read(name));
    }
    // Compose's builder keeps a folder beside the plug-ins.
    let project = with_version(project, "5.5.0").changing("config");
    let again: [&[&str]; 6] = [
        &["up", "-d"],
        &["create"],
        &["run", "--rm", "-T", "store", "true"],
        &["restart", "-t", "0"],
        &["scale", "store=2"],
        &["build", "--dry-run"],
    ];
    for words in again {
        project.seaworthy(words).ok();
    }
    let plan = project.seaworthy(&["plan"]).ok().stdout;
    assert!(plan.contains("read as Docker Compose 5.5.0"), "{plan}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_source_that_must_not_be_created_is_not_under_any_version() {
    let compose = BINDS.replace(
        "['./data:/data']",
        "[{type: bind, source: ./missing, target: /m, bind: {create_host_path: false}}]",
    );
    for version in ["2.40.3", "5.5.0"] {
        let project = Project::new(&compose);
        let project = if version == "5.5.0" { with_version(project, version) } else { project };
        // It is gone between the check and the start, as a mount that has vanished is.
        fs::create_dir(project.path("missing")).unwrap();
        project.seaworthy(&["create"]).ok();
        let rendered = fs::read_to_string(project.rendered()).unwrap();
        assert!(rendered.contains("create_host_path: false"), "{version}: {rendered}");
        fs::remove_dir(project.path("missing")).unwrap();
        let ended = project.docker(&["start", &project.ids().remove(0)]);
        assert!(!ended.stderr.is_empty(), "{version}: {ended}");
        assert!(!project.path("missing").exists(), "{version}: the engine made it");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_version_that_cannot_be_told_or_is_too_old_is_refused() {
    for (version, says) in
        [("garbage", "is not a version of Docker Compose"), ("2.20.3", "is older than 2.40.0")]
    {
        let project = with_version(Project::new(BINDS), version);
        project.seaworthy(&["up", "-d"]).refuses(69, "compose-version").says(says);
        assert!(project.ids().is_empty());
    }
}
