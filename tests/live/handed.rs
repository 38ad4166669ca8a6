//! What Compose is given to read is out of the reach of the containers that come of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::harness::{Project, label};
use super::proof::hardened;

/// The path that Compose was given, as it says it of a container.
fn given(project: &Project, service: &str) -> String {
    label(&project.container(service), "project.config_files").to_owned()
}

/// Lets every user write there.
fn open(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

const SLEEP: &str = "command: [sleep, '600']";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_service_that_mounts_the_project_does_not_see_the_rendered_file() {
    let variants = [
        ("volumes: ['.:/work']", ""),
        ("volumes: ['./link:/work']", ""),
        ("volumes: ['./.seaworthy:/work']", ""),
        (
            "volumes: ['whole:/work']",
            "volumes: {whole: {driver_opts: {type: none, o: bind, device: DIRECTORY}}}\n",
        ),
    ];
    for (volumes, rest) in variants {
        let project = hardened(&format!("{SLEEP}\n{volumes}"));
        let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
        project
            .file("compose.yaml", &(text + &rest.replace("DIRECTORY", project.directory.to_str().unwrap())));
        // Whom the folder belongs to is another question than where the file is.
        fs::remove_file(project.path("seaworthy.yaml")).unwrap();
        fs::create_dir(project.path(".seaworthy")).unwrap();
        symlink(".", project.path("link")).unwrap();
        project.seaworthy(&["up", "-d"]).ok();
        let path = given(&project, "s");
        assert!(!path.starts_with(project.directory.to_str().unwrap()), "{volumes}: {path}");
        // A tool that reads the label finds the file as long as the container is there.
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# Rendered by seaworthy"), "{text}");
        let id = &project.ids()[0];
        let name = format!("{}.yaml", project.name);
        let found = project.docker(&["exec", "-u", "0", id, "find", "/work", "-name", &name]).ok();
        assert_eq!(found.stdout, "", "{volumes}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_of_before_counts_although_the_files_no_longer_have_its_mount() {
    let project = hardened(&format!("{SLEEP}\nvolumes: ['.:/work']"));
    open(&project.directory);
    project.seaworthy(&["up", "-d"]).ok();
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    let other = "  t: {image: sw-busybox, user: '1:1', network_mode: none, command: [sleep, '600']}\n";
    project.file("compose.yaml", &(text.replace("volumes: ['.:/work']", "") + other));
    project.seaworthy(&["up", "-d", "t"]).ok();
    let path = given(&project, "t");
    assert!(!path.starts_with(project.directory.to_str().unwrap()), "{path}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn where_containers_write_everywhere_the_file_is_in_memory_for_every_step() {
    let project = hardened(&format!("{SLEEP}\nvolumes: ['..:/work']"));
    open(project.directory.parent().unwrap());
    for words in [&["up", "-d"][..], &["up", "--force-recreate", "-d", "--wait"], &["restart"]] {
        project.seaworthy(words).ok();
    }
    assert!(given(&project, "s").starts_with("/proc/self/fd/"));
    project.seaworthy(&["run", "--rm", "-T", "s", "true"]).ok();
}
