//! What is gone since is asked for where something is started, and not where it runs on.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::harness::{Compose, Project, Seaworthy};

const GONE: &str = "command: [sleep, '600']\nsecrets: [token]\nconfigs: [{source: conf, target: /conf}]\nvolumes:\n\
    - {type: bind, source: ./boot, target: /srv/boot, bind: {create_host_path: false}}\n\
    - vol:/vol";

/// With a secret, a config, a directory and one behind a volume that are all there.
fn project(posture: &str) -> Project {
    let project = Project::of_service(GONE);
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    let more = format!(
        "secrets: {{token: {{file: ./token}}}}\nconfigs: {{conf: {{file: ./conf}}}}\n\
         volumes: {{vol: {{driver_opts: {{type: none, o: bind, device: {}}}}}}}\n",
        project.path("vol").display()
    );
    let other =
        "  other: {image: sw-node, network_mode: none, stop_grace_period: 0s, command: [sleep, '600']}\n";
    project.file("compose.yaml", &(text + other + &more));
    project.file("token", "x");
    project.file("conf", "x");
    project.file("boot/.keep", "");
    project.file("vol/f", "");
    for directory in ["boot", "vol"] {
        fs::set_permissions(project.path(directory), fs::Permissions::from_mode(0o777)).unwrap();
    }
    if !posture.is_empty() {
        project.file("seaworthy.yaml", &format!("version: 1\nposture: {posture}\n...\n"));
    }
    project
}

fn remove(project: &Project) {
    for file in ["token", "conf"] {
        fs::remove_file(project.path(file)).unwrap();
    }
    for directory in ["boot", "vol"] {
        fs::remove_dir_all(project.path(directory)).unwrap();
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_service_that_runs_on_does_not_need_what_it_was_started_with() {
    for posture in ["", "observe"] {
        let project = project(posture);
        project.seaworthy(&["up", "-d"]).ok();
        let ids = project.ids();
        remove(&project);
        for words in [&["up", "-d"][..], &["up", "-d", "--no-recreate"], &["start"], &["scale", "s=1"]] {
            project.run(Compose, words).ok();
            project.run(Seaworthy, words).ok().says("Its container runs and is left as it is");
            assert_eq!(project.ids(), ids, "{posture} {words:?}");
        }
        project.seaworthy(&["plan"]).ok();
        project.seaworthy(&["up", "-d", "other"]).ok();
        project.becomes("running");
        // What would be made or started would fail.
        for words in [
            &["up", "-d", "--force-recreate"][..],
            &["up", "-d", "--scale", "s=2"],
            &["scale", "s=2"],
            &["restart", "-t", "0"],
            &["run", "--rm", "-T", "s", "true"],
        ] {
            project.seaworthy(words).refuses(73, "bind-missing");
            assert_eq!(project.ids(), ids, "{posture} {words:?}");
        }
        let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
        project.file("compose.yaml", &text.replacen("'600'", "'601'", 1));
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-missing");
        project.file("compose.yaml", &text);
        project.seaworthy(&["stop", "-t", "0"]).ok();
        for words in [&["up", "-d"][..], &["start"]] {
            project.compose(words).ends(1);
            project.seaworthy(words).refuses(73, "bind-missing");
        }
    }
}

/// Compose looks for them where it makes a container.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_env_file_that_is_gone_is_missed_where_a_container_is_made() {
    for posture in ["", "observe", "hardened"] {
        let project = Project::of_service("command: [sleep, '600']\nuser: '1000:1000'\nenv_file: [app.env]");
        let env = project.file("app.env", "A=1\n");
        if !posture.is_empty() {
            project.file("seaworthy.yaml", &format!("version: 1\nposture: {posture}\n...\n"));
        }
        project.seaworthy(&["up", "-d"]).ok();
        fs::remove_file(env).unwrap();
        for words in [&["restart", "-t", "0"][..], &["stop", "-t", "0"], &["start"]] {
            project.compose(words).ok();
            project.seaworthy(words).ok();
        }
        project.becomes("running");
        project.compose(&["up", "-d"]).ends(1);
        project.seaworthy(&["up", "-d"]).refuses(78, "app.env");
    }
}

/// Whoever holds the files to a posture is told before the next start fails.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn from_baseline_on_what_is_gone_is_refused() {
    let project = project("baseline");
    project.file("seaworthy.yaml", "version: 1\nposture: baseline\nbinds: {roots: [.]}\n...\n");
    project.seaworthy(&["up", "-d"]).ok();
    fs::remove_file(project.path("token")).unwrap();
    project.seaworthy(&["up", "-d"]).refuses(73, "bind-missing");
}

/// A service that uses what is there no more, started by itself beside one that lacks something.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_dependency_that_runs_on_does_not_stop_another_service() {
    let project = project("");
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    project.file("compose.yaml", &text.replace("  other: {", "  other: {depends_on: [s], "));
    project.seaworthy(&["up", "-d"]).ok();
    remove(&project);
    project.seaworthy(&["run", "--rm", "-T", "other", "true"]).ok();
    project.seaworthy(&["up", "-d", "other"]).ok();
    project.compose(&["stop", "-t", "0"]).ok();
    project.seaworthy(&["up", "-d", "--no-deps", "other"]).ok();
}
