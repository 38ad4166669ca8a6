//! `config -o FILE`.

use std::os::unix::fs::PermissionsExt;

use crate::project::Project;
use crate::snapshot::snapshot;

fn project() -> Project {
    Project::new("services: {a: {image: x}}\n")
}

#[test]
fn the_model_goes_to_the_file() {
    let project = project();
    let printed = project.run(["config"]).output();
    assert_eq!(project.run(["config", "-o", "out.yaml"]).output(), "");
    assert_eq!(project.read("out.yaml").replace(&project.path("").display().to_string(), "[DIR]"), printed);
}

#[test]
fn a_refused_project_leaves_the_old_file() {
    let project = project().file("out.yaml", "old\n").file("compose.yaml", "services: [\n");
    assert_eq!(project.run(["config", "-o", "out.yaml"]).status, 78);
    assert_eq!(project.read("out.yaml"), "old\n");
}

#[test]
fn the_old_file_keeps_its_mode_and_a_link_stays_a_link() {
    let project = project().file("real.yaml", "old\n");
    let real = project.path("real.yaml");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("real.yaml", project.path("out.yaml")).unwrap();
    project.run(["config", "-o", "out.yaml"]).output();
    assert!(project.path("out.yaml").is_symlink());
    assert!(project.read("real.yaml").contains("image: x"));
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_device_is_written_to() {
    assert_eq!(project().run(["config", "-o", "/dev/null"]).output(), "");
}

#[test]
fn a_listing_is_printed_all_the_same() {
    let project = project();
    assert_eq!(project.run(["config", "--services", "-o", "out.yaml"]).output(), "a\n");
    assert!(!project.path("out.yaml").exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let outcome = project().run(["config", "-o", "gone/out.yaml"]);
    assert_eq!(outcome.status, 73);
    // Behind it stands a name that differs from run to run.
    snapshot!(outcome.to_string().split(" at path").next().unwrap_or_default());
}
