//! Text that is not the YAML it should be.

use std::fmt::Write;

use crate::project::Project;
use crate::snapshot::snapshot;

fn refused(text: &str) -> String {
    Project::new(text).run(["config"]).refused().to_string()
}

#[test]
fn malformed_yaml_is_underlined() {
    snapshot!(refused("services:\n  a:\n    image: [x\n  b: {}\n"));
}

/// Brackets take the lines that follow for their own; it is they that are wrong.
#[test]
fn brackets_that_stay_open_are_named_as_such() {
    snapshot!(refused("services:\n  a:\n    command: [a, b\n    image: x\n"));
    snapshot!(refused("services:\n  a:\n    command: - a\n    image: x\n"));
}

#[test]
fn a_tab_on_an_empty_line_is_underlined() {
    snapshot!(refused("services:\n  a:\n    image: x\n\t\n    user: '1'\n"));
}

/// Compose reads it as a line break, and so does seaworthy; where there is a policy nobody may have overlooked it.
#[test]
fn an_invisible_line_break_is_warned_of_and_refused_under_a_policy() {
    let text = "services: {a: {image: 'x:1', labels: {a: 'b\u{2028}c'}}} # end\u{85}x-b: 1\n";
    let plain = Project::new(text).run(["config"]);
    assert!(plain.stdout.contains("x-b: 1") && plain.stderr.contains("yaml-line-break"), "{plain}");
    let policy = "version: 1\nposture: baseline\n...\n";
    let judged = Project::new(text).file("seaworthy.yaml", policy).run(["check"]);
    assert_eq!(judged.status, 1, "{judged}");
    snapshot!(judged.to_string());
    let included = Project::new("include: [b.yaml]\n").file("b.yaml", text).file("seaworthy.yaml", policy);
    let judged = included.run(["check"]);
    assert!(judged.status == 1 && judged.stderr.contains("shown as none"), "{judged}");
}

#[test]
fn a_wrong_indentation_is_underlined() {
    snapshot!(refused("services:\n  a:\n    image: x\n   ports: []\n"));
}

#[test]
fn a_key_written_twice_shows_both_places() {
    snapshot!(refused("services:\n  a:\n    image: x\n    user: me\n    image: y\n"));
}

#[test]
fn an_unknown_anchor_is_underlined() {
    snapshot!(refused("services:\n  a: *gone\n"));
}

#[test]
fn a_key_that_is_a_number_is_refused() {
    snapshot!(refused("services:\n  1:\n    image: x\n"));
}

#[test]
fn an_alias_bomb_is_refused_at_once() {
    let mut text = "x-0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(text, "x-{level}: &a{level} [{items}]");
    }
    snapshot!(refused(&(text + "services: {a: {image: x}}\n")));
}

#[test]
fn deep_nesting_is_refused_at_once() {
    let outcome = refused(&format!("x-deep: {}\n", "[".repeat(100_000)));
    assert!(outcome.contains("yaml-limit"), "{outcome}");
}

#[test]
fn every_fault_is_reported_in_one_go() {
    snapshot!(refused("services:\n  a:\n    imag: x\n    user: [1]\n  b:\n    image: {}\n"));
}
