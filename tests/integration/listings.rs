//! `config --services` and its like.

use crate::project::Project;
use crate::snapshot::snapshot;

fn project() -> Project {
    Project::new(
        "name: p
services:
  a: {image: 'img:${TAG:-1}', depends_on: [z], networks: [front], profiles: []}
  z: {build: ., depends_on: {k: {condition: service_started, required: false}}, volumes: ['data:/d']}
  k: {image: 'k${KIND+-alt}', env_file: missing.env, models: [llm]}
  off: {image: 'o:${OFF:?needed}', profiles: [two, one], volumes: ['dark:/d']}
networks: {front: , back: }
volumes: {data: , dark: , unused: }
models: {llm: {model: ai/some}}
",
    )
    .variable("OFF", "1")
}

fn list(words: &[&str]) -> String {
    project().run(["--compose-version", "2.40", "config"].into_iter().chain(words.iter().copied())).output()
}

#[test]
fn services_come_after_what_they_depend_on() {
    assert_eq!(list(&["--services"]), "k\nz\na\n");
}

#[test]
fn services_without_dependencies_are_in_the_order_of_their_names() {
    let project = Project::new("services: {c: {image: x}, b: {image: x}, a: {image: x}}\n");
    assert_eq!(project.run(["config", "--services"]).output(), "a\nb\nc\n");
}

#[test]
fn services_that_are_named_do_not_change_the_list_of_services() {
    assert_eq!(list(&["--services", "k", "nothing"]), "k\nz\na\n");
}

#[test]
fn without_interpolation_every_service_is_listed() {
    assert_eq!(list(&["--services", "--no-interpolate"]), "a\nk\noff\nz\n");
}

#[test]
fn used_resources_are_listed_by_key() {
    assert_eq!(list(&["--volumes"]), "data\n");
    assert_eq!(list(&["--networks"]), "default\nfront\n");
}

#[test]
fn models_are_listed_by_what_they_are() {
    assert_eq!(list(&["--models"]), "ai/some\n");
}

#[test]
fn images_include_the_name_of_what_is_built() {
    assert_eq!(list(&["--images"]), "img:1\nk\np-z\n");
    assert_eq!(list(&["--images", "z"]), "k\np-z\n");
    assert_eq!(project().run(["--compatibility", "config", "--images", "z"]).output(), "k\np_z\n");
}

#[test]
fn profiles_of_all_services_are_listed() {
    assert_eq!(list(&["--profiles"]), "one\ntwo\n");
}

#[test]
fn hashes_are_those_that_compose_labels_containers_with() {
    // From `docker compose config --hash`, 2.40.3.
    let project = Project::new(
        "services: {a: {image: x, pull_policy: always}, b: {build: ., image: y, scale: 2, depends_on: [a]}}\n",
    );
    assert_eq!(
        project.run(["config", "--hash", "*"]).output(),
        "a d5457d0b2799957b606d2ac4ed52d85a1e75799490e56229948300b9a59e8953\n\
         b feac2c1f81733e07f63676ddb086e48b42480dd5b1fc467681009441f85b414c\n"
    );
}

#[test]
fn a_hash_of_no_service_is_refused() {
    snapshot!(project().run(["--compose-version", "2.40", "config", "--hash", "k,off,zz"]).refused());
}

#[test]
fn the_environment_is_what_interpolation_sees() {
    let project = project().file(".env", "FROM_FILE=x=y\n").file("missing.env", "");
    let listed = project.run(["config", "--environment"]).output();
    assert_eq!(
        listed,
        "COMPOSE_PROJECT_NAME=p\nFROM_FILE=x=y\nHOME=[HOME]\nLC_ALL=C.UTF-8\nOFF=1\nPATH=[ROOT]/bin\nPWD=[DIR]\n"
    );
}

#[test]
fn variables_are_a_table() {
    snapshot!(project().run(["config", "--variables"]));
}

#[test]
fn variables_are_json_when_asked_for() {
    snapshot!(project().run(["config", "--variables", "--format", "json"]));
}

#[test]
fn variables_are_yaml_when_asked_for() {
    snapshot!(project().run(["config", "--variables", "--format", "yaml"]));
}

#[test]
fn variables_in_another_format_are_a_wrong_use() {
    snapshot!(project().run(["config", "--variables", "--format", "xml"]));
}

#[test]
fn the_first_listing_in_order_wins() {
    let flags =
        ["--environment", "--variables", "--images", "--profiles", "--models", "--networks", "--volumes"];
    let all = [&flags[..], &["--services"]].concat();
    assert_eq!(list(&all), list(&["--services"]));
    for (at, wins) in flags.iter().enumerate().skip(1) {
        assert_eq!(list(&flags[..=at]), list(&[wins]), "{wins}");
    }
    assert_eq!(list(&["--profiles", "--hash", "z"]), list(&["--hash", "z"]));
    assert_eq!(list(&["--hash", "z", "--models"]), list(&["--models"]));
}

#[test]
fn quiet_silences_two_listings_only() {
    let project = project().file("missing.env", "");
    assert_eq!(project.run(["config", "-q", "--services"]).output(), "k\nz\na\n");
    assert_eq!(project.run(["config", "-q", "--environment"]).output(), "");
    assert_eq!(project.run(["config", "-q", "--variables", "--format", "yaml"]).output(), "");
    assert_ne!(project.run(["config", "-q", "--variables"]).output(), "");
}

#[test]
fn listings_do_not_need_env_files() {
    assert_eq!(project().run(["config"]).status, 78);
    for flag in ["--services", "--volumes", "--images", "--profiles"] {
        assert_eq!(project().run(["config", flag]).status, 0, "{flag}");
    }
}

#[test]
fn a_short_form_with_a_variable_cannot_be_listed_uninterpolated() {
    let project = Project::new("services: {a: {image: x, ports: ['${P:-1}:1']}}\n");
    snapshot!(project.run(["config", "--volumes", "--no-interpolate"]).refused());
}
