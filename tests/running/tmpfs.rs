//! A tmpfs inside a bind has the mode that it is to have, at each launch.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::{Compose, Project, Seaworthy, Tool};

const TMPFS: &str = "command: [sleep, '600']\nuser: '1000:1000'\n\
    volumes: ['./b:/b', {type: tmpfs, target: /b/long, tmpfs: {mode: 448}}]\n\
    tmpfs: ['/b/open', '/b/own:mode=0700,uid=1000', '/b/small:size=1m,gid=1000']";

/// Mode and owner of each, and whether the service can write the open one.
fn seen(project: &Project, tool: Tool) -> String {
    let script = "cd /b; stat -c '%n %a %u:%g' long open own small; touch open/x own/x && echo wrote";
    project.run(tool, &["up", "-d"]).ok();
    let output = project.run(tool, &["exec", "-T", "s", "sh", "-c", script]);
    project.compose(&["down", "-t", "0"]).ok();
    output.stdout
}

const WANTED: &str = "long 700 0:0\nopen 1777 0:0\nown 700 1000:0\nsmall 1777 0:1000\nwrote\n";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_tmpfs_inside_a_bind_has_its_mode_at_each_launch() {
    let control = Project::of_service(TMPFS);
    assert_eq!(seen(&control, Compose), WANTED);
    assert_ne!(seen(&control, Compose), WANTED, "the engine takes the mode of what it made itself");
    for policy in ["", "observe", "baseline", "hardened"] {
        let project = Project::of_service(TMPFS);
        if !policy.is_empty() {
            project.file(
                "seaworthy.yaml",
                &format!("version: 1\nposture: {policy}\nbinds: {{roots: [.]}}\n...\n"),
            );
        }
        for _ in 0..2 {
            assert_eq!(seen(&project, Seaworthy), WANTED, "{policy}");
        }
    }
    // What Compose made is put right.
    control.seaworthy(&["plan"]).ok().says("set mode");
    assert_eq!(seen(&control, Seaworthy), WANTED);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_mount_point_with_something_in_it_is_left_and_with_a_policy_refused() {
    let project = Project::of_service(TMPFS);
    let path = project.file("b/open/left", "");
    let open = path.parent().unwrap();
    fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    let said = "the tmpfs at /b/open of service `s` will be closed to its user";
    project.seaworthy(&["up", "-d"]).ok().says(said);
    project.compose(&["down", "-t", "0"]).ok();
    project.file("seaworthy.yaml", "version: 1\nposture: observe\n...\n");
    project.seaworthy(&["plan"]).ok().says(said);
    project.file("seaworthy.yaml", "version: 1\nposture: baseline\n...\n");
    for words in [&["plan"][..], &["up", "-d"]] {
        project.seaworthy(words).ends(73).says(said);
    }
    assert_eq!(fs::metadata(open).unwrap().permissions().mode() & 0o7777, 0o755);
    assert!(project.ids().is_empty());
}

/// What is in a volume beforehand would keep the engine from filling it.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_volume_that_the_engine_fills_is_filled_with_a_mount_point_in_it() {
    let compose = |directory: &str| {
        format!(
            "services:\n  s:\n    image: sw-node\n    user: '1000:1000'\n    network_mode: none\n    \
             volumes: ['vol:/etc', '/etc/sub']\n    command: [ls, /etc]\n\
             volumes:\n  vol: {{driver_opts: {{type: none, o: bind, device: {directory}}}}}\n"
        )
    };
    let list = |tool: Tool| {
        let project = Project::new("services: {}\n");
        project.file("v/.keep", "");
        fs::remove_file(project.path("v/.keep")).unwrap();
        project.file("compose.yaml", &compose(project.path("v").to_str().unwrap()));
        project.run(tool, &["run", "--rm", "-T", "s"]).ok().stdout
    };
    let control = list(Compose);
    assert!(control.contains("passwd"), "{control}");
    assert_eq!(list(Seaworthy), control);
}
