//! What Compose does itself reaches it word for word.

use crate::project::Project;
use crate::snapshot::snapshot;
use crate::stub::Stub;

#[track_caller]
fn passes_on(words: &[&str], expected: &[&str]) {
    let project = Project::empty().docker();
    let outcome = project.run(words.iter().copied());
    assert_eq!(outcome.stdout, "the answer of docker\n", "{outcome}");
    assert_eq!(project.called_with(), expected);
}

#[test]
fn a_command_of_compose_is_passed_on_as_typed() {
    passes_on(&["-f", "x", "logs", "-f", "web"], &["compose", "-f", "x", "logs", "-f", "web"]);
    passes_on(&["ps", "--format=json", "-a"], &["compose", "ps", "--format=json", "-a"]);
    passes_on(
        &["exec", "-T", "web", "sh", "-c", "ls -l"],
        &["compose", "exec", "-T", "web", "sh", "-c", "ls -l"],
    );
    passes_on(&["stop", "--", "-odd"], &["compose", "stop", "--", "-odd"]);
}

/// The engine is asked beforehand where the project's rendered file lies; that it says nothing stops nothing.
#[test]
fn down_is_passed_on_as_typed_whatever_the_engine_says() {
    let project = Project::empty().docker();
    let outcome = project.run(["-p", "name", "down", "-v", "-t0"]);
    assert_eq!(outcome.stdout, "the answer of docker\n", "{outcome}");
    assert!(
        project.called_with().ends_with(&["compose", "-p", "name", "down", "-v", "-t0"].map(str::to_owned))
    );
    // Where there is no project either, nobody is asked.
    let project = Project::empty().docker();
    project.run(["down"]);
    assert_eq!(project.called_with(), ["compose", "down"]);
}

#[test]
fn what_needs_a_registry_is_passed_on() {
    passes_on(
        &["-f", "x", "config", "--resolve-image-digests", "-q", "web"],
        &["compose", "-f", "x", "config", "--resolve-image-digests", "-q", "web"],
    );
    passes_on(&["config", "--lock-image-digests"], &["compose", "config", "--lock-image-digests"]);
}

#[test]
fn a_listing_does_not_need_the_registry() {
    let project = Project::new("services: {a: {image: x}}\n").docker();
    assert_eq!(project.run(["config", "--services", "--lock-image-digests"]).output(), "a\n");
    assert!(project.called_with().is_empty());
}

#[test]
fn the_status_of_docker_is_ours() {
    assert_eq!(Project::empty().docker().variable("STUB_STATUS", "43").run(["down"]).status, 43);
}

#[test]
fn without_docker_the_reason_is_said() {
    let outcome = Project::empty().run(["ps"]);
    assert_eq!(outcome.status, 69);
    snapshot!(outcome);
}

#[test]
fn docker_learns_what_the_plugin_is() {
    let text = Project::empty().run(["docker-cli-plugin-metadata"]).output();
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(metadata["SchemaVersion"], "0.1.0");
    assert_eq!(metadata["Version"], env!("CARGO_PKG_VERSION"));
    assert!(metadata["Vendor"].is_string() && metadata["ShortDescription"].is_string());
}
