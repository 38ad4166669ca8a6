//! What no memory holds and what nobody waits for is refused; what is only large is not.

use std::fmt::Write;

use crate::project::Project;
use crate::snapshot::snapshot;

/// Seconds of processor time, which a busy machine does not use up; what goes through everything for each of its parts
/// takes many times as long.
const BOUND: u32 = 60;

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        let _ = writeln!(text, "{}", line(at));
        text
    })
}

#[test]
fn long_lists_are_not_compared_each_with_each() {
    let mounts = list(60_000, |at| format!("{{type: tmpfs, target: /t{at}}}"));
    let hosts = list(20_000, |at| format!("'h{at}:10.0.0.1'"));
    let secrets = list(20_000, |at| format!("{{source: s{at}}}"));
    let defined = lines(20_000, |at| format!("  s{at}: {{file: f}}"));
    Project::new(&format!(
        "services: {{a: {{image: x, volumes: [{mounts}], extra_hosts: [{hosts}], secrets: [{secrets}]}}}}\nsecrets:\n{defined}"
    ))
    .file("more.yaml", format!("services: {{a: {{extra_hosts: [{hosts}]}}}}"))
    .within(BOUND)
    .run(["-f", "compose.yaml", "-f", "more.yaml", "config", "-q"])
    .output();
}

#[test]
fn many_places_are_reset_in_one_go() {
    let set = list(20_000, |at| format!("K{at}: 1"));
    let reset = list(20_000, |at| format!("K{at}: !reset null"));
    let output = Project::new(&format!("services: {{a: {{image: x, environment: {{{set}, LAST: y}}}}}}"))
        .file("more.yaml", format!("services: {{a: {{environment: {{{reset}}}}}}}"))
        .within(BOUND)
        .run(["-f", "compose.yaml", "-f", "more.yaml", "config"])
        .output();
    assert!(output.contains("LAST: \"y\"") && !output.contains("K1:"), "{output}");
}

#[test]
fn names_that_do_not_exist_are_not_looked_for_among_all_that_do() {
    let services = lines(6_000, |at| format!("  s{at}: {{image: x, networks: [other-network-{at}]}}"));
    let networks = lines(6_000, |at| format!("  some-network-{at}: {{}}"));
    let said = Project::new(&format!("services:\n{services}networks:\n{networks}"))
        .within(BOUND)
        .run(["config", "-q"])
        .refused()
        .to_string();
    assert!(said.contains("refers to undefined network other-network-0"), "{said}");
}

#[test]
fn an_env_file_that_is_one_endless_value_is_refused_at_once() {
    snapshot!(
        Project::new("services: {a: {image: x, env_file: endless}}\n")
            .file("endless", format!("A=\"{}", "x\n".repeat(500_000)))
            .within(BOUND)
            .run(["config", "-q"])
            .refused()
    );
}

#[test]
fn services_that_all_extend_the_one_before_are_refused_before_they_are_copied() {
    let base = list(50, |at| format!("A{at}: 1"));
    let chain = lines(2_000, |at| {
        format!("  s{}: {{extends: s{at}, labels: {{l{at}: 1}}, volumes: ['/v{at}']}}", at + 1)
    });
    snapshot!(
        Project::new(&format!("services:\n  s0: {{image: x, environment: {{{base}}}}}\n{chain}"))
            .run(["config", "-q"])
            .refused()
    );
}

#[test]
fn more_documents_than_anybody_writes_are_refused() {
    let documents = "---\nx-a: 1\n".repeat(10_000);
    snapshot!(
        Project::new(&format!("services: {{a: {{image: x}}}}\n{documents}")).run(["config", "-q"]).refused()
    );
}

#[test]
fn an_env_file_for_every_service_fills_no_memory() {
    let services = lines(70, |at| format!("  s{at}: {{image: x, env_file: large}}"));
    snapshot!(
        Project::new(&format!("services:\n{services}"))
            .file("large", format!("A={}\n", "y".repeat(1_000_000)))
            .run(["config", "-q"])
            .refused()
    );
}

#[test]
fn a_variable_for_every_service_fills_no_memory() {
    let services = lines(70, |at| format!("  s{at}: {{image: x, environment: [A]}}"));
    snapshot!(
        Project::new(&format!("services:\n{services}"))
            .file(".env", format!("A={}\n", "y".repeat(1_000_000)))
            .run(["config", "-q"])
            .refused()
    );
}

#[test]
fn inputs_that_are_too_large_together_are_refused() {
    let project = Project::new("services: {a: {image: x}}\n");
    let mut words: Vec<String> = Vec::new();
    for at in 0..3 {
        let name = format!("large-{at}.yaml");
        let file = std::fs::File::create(project.path(&name)).unwrap();
        file.set_len(30 << 20).unwrap();
        words.extend(["-f".to_owned(), name]);
    }
    words.extend(["config".to_owned(), "-q".to_owned()]);
    snapshot!(project.run(words.iter().map(String::as_str)).refused());
}

/// The model grows with each file; only what a file touches is gone through again.
#[test]
fn a_project_of_many_files_is_no_more_than_its_parts() {
    let mut project = Project::empty();
    let mut words: Vec<String> = Vec::new();
    for at in 0..1_000 {
        let name = format!("f{at}.yaml");
        let port = at + 1;
        project = project.file(&name, format!("services: {{s{at}: {{image: x, ports: ['{port}:80']}}}}"));
        words.extend(["-f".to_owned(), name]);
    }
    words.extend(["config".to_owned(), "--services".to_owned()]);
    let output = project.run(words.iter().map(String::as_str)).output();
    assert_eq!(output.lines().count(), 1_000);
}

#[test]
fn an_include_that_is_named_again_is_loaded_once() {
    let services = lines(2_000, |at| format!("  s{at}: {{image: x, labels: {{a: b}}}}"));
    Project::new(&format!("include: [{}]\n", list(900, |_| "parts.yaml".to_owned())))
        .file("parts.yaml", format!("services:\n{services}"))
        .within(BOUND)
        .run(["config", "-q"])
        .output();
}
