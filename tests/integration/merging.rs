//! Faults between files: merging, `extends`, `include`.

use crate::project::Project;
use crate::snapshot::snapshot;

#[test]
fn values_of_different_kinds_show_both_places() {
    let project = Project::new("services:\n  a:\n    image: x\n    cap_add: [A]\n")
        .file("over.yaml", "services:\n  a:\n    cap_add: {B: 1}\n");
    snapshot!(project.run(["-f", "compose.yaml", "-f", "over.yaml", "config"]).refused());
}

#[test]
fn an_extended_service_must_exist() {
    let file = "services:\n  base: {image: x}\n  a:\n    extends: {service: bas}\n";
    snapshot!(Project::new(file).run(["config"]).refused());
}

#[test]
fn an_extended_file_must_exist() {
    let file = "services:\n  a:\n    extends: {file: gone.yaml, service: base}\n";
    snapshot!(Project::new(file).run(["config"]).refused());
}

#[test]
fn a_cycle_of_extends_is_drawn() {
    let file = "services:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n";
    snapshot!(Project::new(file).run(["config"]).refused());
}

#[test]
fn a_fault_in_an_extended_file_is_shown_there() {
    let project = Project::new("services:\n  a:\n    extends: {file: base.yaml, service: base}\n")
        .file("base.yaml", "services:\n  base:\n    image: x\n    prots: []\n");
    snapshot!(project.run(["config"]).refused());
}

#[test]
fn an_included_file_must_exist() {
    snapshot!(Project::new("include: [gone.yaml]\nservices: {a: {image: x}}\n").run(["config"]).refused());
}

#[test]
fn an_included_service_may_not_be_defined_twice() {
    let project = Project::new("include: [part.yaml]\nservices:\n  a: {image: x}\n")
        .file("part.yaml", "services:\n  a: {image: y}\n");
    snapshot!(project.run(["--compose-version", "2.40", "config"]).refused());
    assert!(project.run(["--compose-version", "5.5", "config"]).output().contains("image: x"));
}

#[test]
fn a_cycle_of_includes_is_drawn() {
    let project = Project::new("include: [part.yaml]\nservices: {a: {image: x}}\n")
        .file("part.yaml", "include: [compose.yaml]\n");
    snapshot!(project.run(["config"]).refused());
}
