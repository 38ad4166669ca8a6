//! `config`: the model and the flags that change how it is read or written.

use crate::project::Project;
use crate::snapshot::snapshot;

fn shop() -> Project {
    Project::new(
        "name: shop
x-note: {price: 5$$}
services:
  web:
    build: ./web
    command: serve --price 5$$
    depends_on: [db]
    env_file: web.env
    ports: ['8080:80', '${EXTRA:-9000:9000}']
    volumes: ['./data:/data', 'cache:/cache']
  db:
    image: postgres:${TAG:-16}
    environment: [PASSWORD=secret, LANG]
  debug:
    image: busybox
    profiles: [debug]
volumes:
  cache:
  unused:
",
    )
    .file("web.env", "FROM_FILE=1\n")
    .variable("LANG", "C")
}

#[test]
fn the_model_is_yaml() {
    snapshot!(shop().run(["config"]));
}

#[test]
fn the_model_is_json_when_asked_for() {
    snapshot!(shop().run(["config", "--format", "json"]));
}

#[test]
fn another_format_is_a_wrong_use() {
    snapshot!(shop().run(["config", "--format", "toml"]));
}

#[test]
fn without_interpolation_variables_stay() {
    snapshot!(shop().run(["config", "--no-interpolate"]));
}

#[test]
fn without_interpolation_services_named_do_not_count() {
    let project = shop();
    let all = project.run(["config", "--no-interpolate"]).output();
    assert_eq!(project.run(["config", "--no-interpolate", "nothing"]).output(), all);
}

#[test]
fn without_normalisation_nothing_is_implied() {
    snapshot!(shop().run(["config", "--no-normalize"]));
}

#[test]
fn compatibility_does_not_normalise_either() {
    let project = shop();
    let plain = project.run(["config", "--no-normalize"]).output();
    assert_eq!(project.run(["--compatibility", "config"]).output(), plain);
}

#[test]
fn without_path_resolution_paths_stay_relative() {
    let text = shop().run(["config", "--no-path-resolution"]).output();
    assert!(text.contains("source: ./data") && text.contains("context: ./web"), "{text}");
}

#[test]
fn without_consistency_a_network_may_be_undefined() {
    let project = Project::new("services: {a: {image: x, networks: [gone]}}\n");
    assert_eq!(project.run(["config"]).status, 78);
    let text = project.run(["config", "--no-consistency"]).output();
    assert!(text.contains("gone: null"), "{text}");
}

#[test]
fn without_consistency_a_container_name_may_be_used_twice() {
    let project =
        Project::new("services: {a: {image: x, container_name: cc}, b: {image: x, container_name: cc}}\n");
    assert_eq!(project.run(["config"]).status, 78);
    assert_eq!(project.run(["config", "--no-consistency"]).status, 0);
}

#[test]
fn env_files_are_read_whatever_is_said() {
    let text = shop().run(["config", "--no-env-resolution"]).output();
    assert!(text.contains("FROM_FILE: \"1\""), "{text}");
}

#[test]
fn quiet_prints_nothing_and_still_judges() {
    assert_eq!(shop().run(["config", "-q"]).output(), "");
    assert_eq!(shop().file("compose.yaml", "services: []\n").run(["config", "-q"]).status, 78);
}

#[test]
fn a_service_named_comes_with_what_it_depends_on() {
    let text = shop().run(["config", "web"]).output();
    assert!(text.contains("  web:\n") && text.contains("  db:\n") && !text.contains("debug"), "{text}");
    let text = shop().run(["config", "d?"]).output();
    assert!(!text.contains("  web:\n") && text.contains("  db:\n"), "{text}");
}

#[test]
fn naming_a_service_enables_its_profile() {
    let project = shop();
    assert!(!project.run(["config"]).output().contains("busybox"));
    assert!(project.run(["config", "debug"]).output().contains("busybox"));
    assert!(project.run(["--profile", "debug", "config"]).output().contains("busybox"));
}

#[test]
fn unused_resources_are_kept_when_asked_for() {
    let project = shop();
    assert!(!project.run(["config"]).output().contains("shop_unused"));
    assert!(project.run(["--all-resources", "config"]).output().contains("shop_unused"));
}
