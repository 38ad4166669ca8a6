//! Services that start as root and become another user: one waiver brings what that takes.

use crate::diagnostic::Code;
use crate::policy::Standing;
use crate::policy::fixture::{Fixture, Outcome};
use crate::policy::rules::FileVariables;
use crate::policy::verdicts;
use crate::yaml::Node;

const BASE: &str = "services:\n  a: { image: \"x:1\" }\n  b: { image: \"x:1\", user: \"1:1\" }\n";

fn run(base: &str, more: Option<&str>, policy: &str) -> Outcome {
    let fixture = Fixture::new(base);
    let fixture = match more {
        Some(text) => fixture.file("more.yaml", text),
        None => fixture,
    };
    fixture.policy(policy).run()
}

fn waiver(allow: &str) -> String {
    format!("waivers: [{{ service: a, rule: user-root, allow: [{allow}], reason: r }}]\n")
}

fn hardened(allow: &str) -> String {
    format!("posture: hardened\n{}", waiver(allow))
}

fn added(outcome: &Outcome, service: &str) -> Vec<String> {
    let model = outcome.model.as_ref().unwrap();
    let list = model.root.at(&["services", service, "cap_add"]).and_then(Node::as_seq).unwrap_or_default();
    list.iter().map(crate::compose::text).collect()
}

#[test]
fn it_brings_what_the_change_takes_and_no_more() {
    let outcome = run(BASE, None, &hardened("entrypoint"));
    outcome.assert_passes();
    assert!(outcome.findings.is_empty(), "{}", outcome.text());
    assert_eq!(added(&outcome, "a"), ["CHOWN", "SETGID", "SETUID"]);
    assert_eq!(outcome.value(&["services", "a", "cap_drop", "0"]), None);
    assert_eq!(added(&outcome, "b"), [""; 0]);
    let outcome = run(BASE, None, &hardened("entrypoint, CAP_KILL, DAC_OVERRIDE"));
    outcome.assert_passes();
    assert!(outcome.findings.is_empty(), "{}", outcome.text());
    assert_eq!(added(&outcome, "a"), ["CHOWN", "DAC_OVERRIDE", "KILL", "SETGID", "SETUID"]);
    // Several add up.
    let two = hardened("entrypoint").replace(
        "waivers: [",
        "waivers: [{ service: \"*\", rule: user-root, allow: [entrypoint, KILL], reason: r }, ",
    );
    let outcome = run(BASE, None, &two);
    outcome.assert_passes();
    assert_eq!(added(&outcome, "a"), ["CHOWN", "KILL", "SETGID", "SETUID"]);
    // Root that is written is root all the same; a group of root is not.
    run("services: { a: { image: \"x:1\", user: root } }\n", None, &hardened("entrypoint")).assert_passes();
    let group = run("services: { a: { image: \"x:1\", user: \"5:0\" } }\n", None, &hardened("entrypoint"));
    assert_eq!(group.codes(), [Code::RuleViolated], "{}", group.text());
}

#[test]
fn what_it_does_not_name_is_still_refused() {
    for (key, passes) in [
        ("cap_add: [SETUID]", true),
        ("cap_add: [NET_RAW]", false),
        ("cap_add: [DAC_OVERRIDE]", false),
        ("cap_add: [ALL]", false),
        ("security_opt: [\"no-new-privileges:false\"]", false),
    ] {
        let later = format!("services: {{ a: {{ {key} }} }}\n");
        let outcome = run(BASE, Some(&later), &hardened("entrypoint"));
        assert_eq!(outcome.passes(), passes, "{key}\n{}", outcome.text());
    }
}

#[test]
fn other_words_beside_it_are_refused() {
    for allow in ["entrypoint, NET_RAW", "entrypoint, SYS_ADMIN", "DAC_OVERRIDE", "\"0:0\", KILL"] {
        let outcome = run(BASE, None, &hardened(allow));
        assert!(
            outcome.findings.iter().any(|one| one.code == Code::WaiverInvalid),
            "{allow}: {}",
            outcome.text()
        );
        assert!(!outcome.passes(), "{allow}");
    }
}

#[test]
fn it_ends_with_its_day_and_with_its_rank() {
    let late = hardened("entrypoint").replace("reason: r", "reason: r, expires: 2001-01-01");
    let outcome = run(BASE, None, &late);
    assert!(!outcome.passes());
    assert_eq!(added(&outcome, "a"), [""; 0]);
    // A project takes nothing from the host's overlay, and waives nothing that the host demands.
    let host = |host: &str| Fixture::new(BASE).system(host).policy(&waiver("entrypoint")).run();
    let outcome = host("posture: hardened\n");
    assert_eq!(outcome.codes(), [Code::PolicyLoosened], "{}", outcome.text());
    let outcome = host("overlays: [{ builtin: hardening }]\n");
    assert_eq!(added(&outcome, "a"), [""; 0], "{}", outcome.text());
    // Nor for a service that keeps its capabilities anyhow.
    let both =
        hardened("entrypoint").replace("waivers: [", "waivers: [{ service: a, rule: cap-drop, reason: r }, ");
    let outcome = run(BASE, None, &both);
    outcome.assert_passes();
    assert_eq!(added(&outcome, "a"), [""; 0]);
}

#[test]
fn what_is_seen_of_the_image_is_what_the_help_proposes() {
    let help = |switches: Option<&[&'static str]>| {
        let mut fixture = Fixture::new(BASE);
        if let Some(needs) = switches {
            fixture = fixture.switches("a", needs);
        }
        let outcome = fixture.policy("posture: hardened\n").run();
        outcome.errors()[0].help.clone().unwrap()
    };
    let ends = |help: &str, end: &str| assert!(help.ends_with(end), "{help}");
    ends(&help(None), "Or waive it: { service: a, rule: user-root, allow: [\"image\"], reason: … }");
    ends(
        &help(Some(&["KILL"])),
        "Or waive it: { service: a, rule: user-root, allow: [\"entrypoint\", \"KILL\"], reason: … }",
    );
}

/// As the snapshot has it, which knows no day.
#[test]
fn the_rules_stand_as_waived() {
    let outcome = run(BASE, None, &hardened("entrypoint"));
    let (policy, model) = (outcome.policy.as_ref().unwrap(), outcome.model.as_ref().unwrap());
    let all = verdicts(Some(policy), model, outcome.arranged.as_ref().unwrap(), &FileVariables::default());
    let waived = all.iter().filter(|verdict| verdict.standing == Standing::Waived);
    let waived: Vec<_> = waived.map(|verdict| (verdict.rule.id, verdict.place.as_str())).collect();
    assert_eq!(waived, [("cap-add", "a"), ("user-root", "a")]);
    assert!(all.iter().all(|verdict| verdict.standing != Standing::Fails));
}
