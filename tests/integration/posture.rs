//! The catalogue as it is printed, and policies that are wrong: nothing is launched by them.

use crate::project::Project;

const HARDENED: &str = "version: 1\nposture: hardened\n";

fn project() -> Project {
    Project::new("name: p\nservices: {a: {image: 'x:1', user: '1:1', cap_add: [CHOWN]}}\n")
}

#[test]
fn the_catalogue_is_printed_whole() {
    let lines = Project::empty().run(["check", "--rules"]).output();
    let json = Project::empty().run(["check", "--rules", "--format", "json"]).output();
    let rules: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(lines.lines().count(), rules.len());
    assert!(rules.len() >= 70, "{}", rules.len());
    for (rule, line) in rules.iter().zip(lines.lines()) {
        let text = |key: &str| rule[key].as_str().unwrap();
        assert!(line.starts_with(text("id")) && line.contains(text("forbids")), "{line}");
        for key in ["why", "model", "live", "fix"] {
            assert!(!text(key).is_empty(), "{key} of {line}");
        }
        for item in rule["cis"]["items"].as_array().unwrap() {
            assert!(line.contains(&format!("CIS {}", item.as_str().unwrap())), "{line}");
        }
        let postures = rule["postures"].as_array().unwrap();
        assert!(!postures.is_empty() || !rule["overlays"].as_array().unwrap().is_empty(), "{line}");
    }
    assert_eq!(rules[0]["id"], "privileged");
    assert_eq!(rules[0]["postures"], serde_json::json!(["baseline", "hardened", "contained"]));
    assert_eq!(rules[0]["cis"]["benchmark"], "CIS Docker Benchmark 1.6.0");
}

/// There is no docker in the `PATH` of these: it is not even looked for.
#[test]
fn a_policy_that_is_wrong_launches_nothing_and_says_why() {
    let waiver = |text: &str| format!("{HARDENED}waivers:\n  - {{{text}}}\n...\n");
    for (policy, status, words) in [
        (waiver("service: a, rule: cap-ad, allow: [CHOWN], reason: r"), 78, "Did you mean `cap-add`?"),
        (waiver("service: a, rule: cap-add, allow: [CHOWN]"), 78, "reason"),
        (waiver("service: a, rule: cap-add, allow: [CHOWN], reason: ' '"), 78, "reason"),
        (waiver("service: a, rule: cap-add, reason: r"), 78, "must say what it allows"),
        (waiver("service: a, rule: cap-add, allow: [CHOWNE], reason: r"), 78, "Did you mean `CHOWN`?"),
        (waiver("service: a, rule: cap-add, allow: [CHOWN], reason: r, expires: 2020-01-01"), 77, "expired"),
        (waiver("service: a, rule: privileged, allow: [x], reason: r"), 78, "nothing to allow in part"),
        ("version: 1\nposture: hardned\n...\n".to_owned(), 78, "Did you mean `hardened`?"),
        (format!("{HARDENED}overlays: [{{builtin: hardning}}]\n...\n"), 78, "Did you mean `hardening`?"),
    ] {
        for command in [&["up", "-d"][..], &["run", "a"], &["create"]] {
            let outcome = project().file("seaworthy.yaml", &policy).run(command.iter().copied());
            assert_eq!(outcome.status, status, "{policy}\n{}", outcome.stderr);
            assert!(outcome.stderr.contains(words), "{policy}\n{}", outcome.stderr);
        }
    }
    let both = format!("{HARDENED}overlays: [{{file: one.yaml}}, {{file: two.yaml}}]\n...\n");
    let outcome = Project::new("name: p\nservices: {a: {image: 'x:1', user: '1:1'}}\n")
        .file("seaworthy.yaml", both)
        .file("one.yaml", "services: {a: {init: true}}\n...\n")
        .file("two.yaml", "services: {a: {init: false}}\n...\n")
        .run(["up", "-d"]);
    assert_eq!(outcome.status, 77, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("one.yaml and two.yaml contradict each other"), "{}", outcome.stderr);
}

#[test]
fn a_capability_that_does_not_exist_is_refused_where_it_is_written() {
    for fields in ["cap_add: [NET_BIND_SERVICEE]", "cap_drop: [ALL, NET_RAWW]"] {
        let outcome =
            Project::new(&format!("name: p\nservices: {{a: {{image: 'x:1', user: '1:1', {fields}}}}}\n"))
                .file("seaworthy.yaml", format!("{HARDENED}...\n"))
                .run(["up", "-d"]);
        assert_eq!(outcome.status, 77, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("which is no capability; did you mean"), "{}", outcome.stderr);
    }
}

/// Compose takes a user of which nothing is left for absent; under a policy that is refused, once.
#[test]
fn a_user_that_an_unset_variable_leaves_blank_is_refused() {
    let outcome = Project::new("name: p\nservices:\n  a:\n    image: x:1\n    user: \"${UID}\"\n")
        .file("seaworthy.yaml", "version: 1\nposture: hardened\nuser: { default: '10001:10001' }\n...\n")
        .run(["up", "-d"]);
    assert_eq!(outcome.status, 78, "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("user-invalid").count(), 1, "{}", outcome.stderr);
    for words in [
        "the user of service `a` is incomplete: it is empty",
        "--> compose.yaml:5:11",
        "nothing is left of it",
    ] {
        assert!(outcome.stderr.contains(words), "{words}\n{}", outcome.stderr);
    }
}

/// A source that is missing and may not be made: the runner of a review has not what the host has.
const MISSING: &str = "name: p\nservices: {a: {image: 'x:1', user: '1:1', volumes: [{type: bind, source: /no/such/place, target: /d, \
                       bind: {create_host_path: false}}]}}\n";

#[test]
fn a_check_without_the_host_judges_the_project_alone() {
    let policy = "version: 1\nposture: baseline\nuser: {default: '1:1'}\n...\n";
    let judged = Project::new(MISSING).file("seaworthy.yaml", policy).run(["check"]);
    assert_eq!(judged.status, 1, "{}", judged.stderr);
    assert!(judged.stderr.contains("bind-missing"), "{}", judged.stderr);
    let left_out = Project::new(MISSING).file("seaworthy.yaml", policy).run(["check", "--no-host"]);
    assert_eq!(left_out.status, 0, "{}", left_out.stderr);
    assert!(left_out.stderr.contains("this machine's disk left out: ok"), "{}", left_out.stderr);
    // Rules, overlays and users are judged all the same.
    let broken = MISSING.replace("user: '1:1'", "privileged: true");
    let broken = Project::new(&broken).file("seaworthy.yaml", policy).run(["check", "--no-host"]);
    assert_eq!(broken.status, 1, "{}", broken.stderr);
    assert!(broken.stderr.contains("rule privileged"), "{}", broken.stderr);
}

#[test]
fn a_service_that_is_only_looked_at_is_refused_for_no_bind() {
    let policy = |posture: &str| format!("version: 1\n{posture}user: {{default: '1:1'}}\n...\n");
    // What the engine itself would fail at is refused as without a policy.
    let compose =
        "name: p\nservices: {a: {image: 'x:1', user: '1:1', volumes: ['/srv/no-such-place/d:/d']}}\n";
    let run = |posture: &str| Project::new(compose).file("seaworthy.yaml", policy(posture)).run(["check"]);
    let watched = run("posture: observe\n");
    assert_eq!(watched.status, 0, "{}", watched.stderr);
    assert!(watched.stderr.contains("warning[bind-outside-roots]"), "{}", watched.stderr);
    let of_service = run("posture: {default: hardened, services: {a: observe}}\n");
    assert_eq!(of_service.status, 0, "{}", of_service.stderr);
    // One that says no posture may be about the disk alone.
    for other in ["", "posture: {services: {}}\n", "posture: {default: observe, services: {a: baseline}}\n"] {
        let refused = run(other);
        assert_eq!(refused.status, 1, "{other}{}", refused.stderr);
    }
}
