//! What is advised loses nothing unsaid, and what is said is said once and of what is meant.

use std::fs;

use super::harness::{Project, Seaworthy, bare, run};

fn with_a_volume() -> Project {
    let project = Project::of_service("command: [sleep, '600']\nuser: '1000:1000'\nvolumes: [data:/d]");
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    project.file("compose.yaml", &(text + "volumes: {data: {}}\n"));
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    project.seaworthy(&["up", "-d"]).ok();
    project.compose(&["exec", "-T", "s", "sh", "-c", "echo kept > /d/f"]).ok();
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    let options = "data: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}";
    project.file("compose.yaml", &text.replace("data: {}", options));
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn changed_options_of_a_volume_are_refused_before_compose_asks() {
    let project = with_a_volume();
    for words in [
        &["up", "-d"][..],
        &["create"],
        &["run", "--rm", "-T", "s", "true"],
        &["up", "-d", "--force-recreate"],
    ] {
        let said = project
            .seaworthy(words)
            .refuses(77, "live-posture")
            .says("lose the data")
            .says("Put the options back");
        assert!(!said.stderr.contains("Recreate (data will be lost)"), "{said}");
    }
    project.compose(&["exec", "-T", "s", "grep", "kept", "/d/f"]).ok();
    // Whoever says yes beforehand loses it, as with Compose.
    project.seaworthy(&["up", "-d", "-y"]).ok();
    project.compose(&["exec", "-T", "s", "grep", "kept", "/d/f"]).ends(2);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_that_is_made_anew_loses_what_it_wrote_and_that_is_said() {
    let project = Project::of_service("command: [sleep, '600']\nuser: '1000:1000'");
    project.compose(&["up", "-d"]).ok();
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    let said = project.seaworthy(&["restart", "-t", "0"]).refuses(77, "live-posture");
    let said = said.says("seaworthy up -d --force-recreate s").says("what it wrote outside of its volumes");
    assert!(!said.stderr.contains("seaworthy down"), "{said}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_runs_already_is_said_once() {
    let project = Project::of_service("command: [sleep, '600']\nuser: '1000:1000'");
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    let more =
        "  t: {image: sw-node, user: '1000:1000', network_mode: none, depends_on: [s], command: ['true']}\n";
    project.file("compose.yaml", &(text + more));
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    project.seaworthy(&["up", "-d", "s"]).ok();
    for words in [&["up", "-d", "s"][..], &["up", "-d", "--wait", "s"], &["run", "--rm", "-T", "t", "true"]] {
        let said = project.seaworthy(words).ok();
        let lines: Vec<_> = said.stderr.lines().filter(|line| line.trim_end().ends_with("Running")).collect();
        assert_eq!(lines.len(), 1, "{words:?}: {said}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_directory_of_a_pipe_is_named() {
    let project = Project::new("services: {}\n");
    fs::remove_file(project.path("compose.yaml")).unwrap();
    let launch = |file: &str, words: &str| {
        let mut command = bare("bash");
        let seaworthy = project.command(Seaworthy, &[]);
        let script = format!(
            "{} -f <(printf '%s\\n...\\n' \"{file}\") {words}",
            seaworthy.get_program().to_str().unwrap()
        );
        command.args(["-c", &script]).current_dir(&project.directory);
        command.env("XDG_STATE_HOME", project.beside(".xdg-state"));
        run(command)
    };
    let name = &project.name;
    let file =
        "services: {a: {image: sw-busybox, network_mode: none, command: sleep 9, volumes: ['./d:/d']}}";
    let said = launch(file, &format!("-p {name} up -d"));
    let said = said.says("the project directory is /dev/fd").says("--project-directory .");
    assert!(!said.stderr.contains("character device"), "{said}");
    launch(file, &format!("-p {name} --project-directory . up -d")).ok();
    assert!(project.path("d").is_dir());
    project.clear();
    project.file("seaworthy.yaml", "version: 1\nposture: observe\n...\n");
    launch(file, &format!("-p {name} up -d")).refuses(73, "the project directory is /dev/fd");
    // What names no place there is launched.
    launch(&file.replace(", volumes: ['./d:/d']", ""), &format!("-p {name} up -d")).ok();
}
