//! What the help of each rule proposes is pasted, and the finding is gone.

use super::{CASES, Case, about, base, is_newer, policy, without_swap};
use crate::diagnostic::Code;
use crate::policy::fixture::{Fixture, Outcome};
use crate::policy::rules::{CATALOGUE, find};

/// The fields of a case once the remedy is carried out. A remedy that begins with "Remove" needs no row: nothing is left
/// of the fields. `None` where it is not about a file.
const MENDED: &[(&str, Option<&str>)] = &[
    ("no-new-privileges", Some("security_opt: [\"no-new-privileges:true\"]")),
    ("unknown-capability", Some("cap_drop: [NET_RAW]")),
    ("cap-drop", Some("cap_drop: [ALL]")),
    ("foreign-container", Some("pid: \"service:x\" }\n  x: { image: \"x:1\", user: \"1:1\"")),
    ("shared-namespace", Some("networks: [n] }\nnetworks:\n  n: { internal: true")),
    // What is written for the user is what the case then has.
    ("user-root", Some("init: true")),
    ("sensitive-mount", Some("volumes: [\"./mine:/host:ro\"]")),
    ("home-mount", Some("secrets: [k] }\nsecrets:\n  k: { file: ./key")),
    ("mount-target", Some("volumes: [\"/srv/x:/srv/own\"]")),
    (
        "copied-into-mount",
        Some("volumes: [\"/srv/x:/x\"], configs: [{ source: c, target: /y }] }\nconfigs:\n  c: { content: z"),
    ),
    ("volume-device", Some("volumes: [\"/srv/x:/v\"]")),
    ("volume-remote", Some("volumes: [\"v:/v\"] }\nvolumes:\n  v: { labels: { a: b }")),
    ("volume-external", Some("volumes: [\"v:/v\"] }\nvolumes:\n  v: { labels: { a: b }")),
    (
        "volumes-from",
        Some(
            "volumes: [\"data:/v\"] }\n  b: { image: \"x:1\", volumes: [\"data:/v\"] }\nvolumes:\n  data: {",
        ),
    ),
    ("egress", Some("networks: [n] }\nnetworks:\n  n: { internal: true")),
    ("network-external", Some("networks: [n] }\nnetworks:\n  n: { internal: true")),
    ("network-mode", Some("network_mode: none")),
    ("port-all-interfaces", Some("ports: [\"127.0.0.1:8080:80\"]")),
    ("privileged-port", Some("ports: [\"127.0.0.1:8080:80\"]")),
    ("pids-limit", Some("pids_limit: 1024")),
    ("limits-not-enforced", None),
    ("memory-limit", Some("mem_limit: 1g")),
    ("cpu-limit", Some("cpus: 1.0")),
    ("read-only-root", Some("read_only: true")),
    ("unlimited-ulimit", Some("ulimits: { memlock: 65536 }")),
    ("shm-size", Some("shm_size: 64m")),
    ("replicas", Some("scale: 3")),
    ("restart-always", Some("restart: on-failure:5")),
    (
        "pre-start",
        Some(
            "depends_on: { b: { condition: service_completed_successfully } } }\n  b: { image: \"x:1\", user: \"1:1\"",
        ),
    ),
    ("hook-root", Some("pre_stop: [{ command: [x], user: \"1:1\" }]")),
    ("logging", Some("logging: { driver: json-file }")),
    ("image-latest", Some("init: true")),
    ("unjudged-key", Some("init: true")),
];

fn run(case: &Case, fields: &'static str, waiver: &str) -> Outcome {
    let rule = find(case.rule).unwrap();
    let other = Case { base: fields, ..*case };
    // A case after the overlays of its posture is one that they do not put right.
    let is_late = !rule.overlays.is_empty() && rule.id != "egress";
    let fixture = if is_late {
        let over =
            format!("services:\n  a: {{ {} }}\n", fields.replace("cap_drop: ", "cap_drop: !override "));
        Fixture::new("services:\n  a: { image: \"x:1\", user: \"1:1\" }\n").file("over.yaml", &over)
    } else {
        Fixture::new(&base(&other))
    };
    let fixture = if is_newer(case) { fixture.beyond() } else { fixture };
    let fixture = if rule.id == "limits-not-enforced" { fixture.engine(without_swap()) } else { fixture };
    fixture.policy(&policy(rule, waiver)).run()
}

/// The waiver at the end of a help text, as it is written there.
fn proposed(help: &str) -> &str {
    help.split_once("Or waive it: ").unwrap_or_else(|| panic!("no waiver in {help:?}")).1
}

#[test]
fn the_waiver_that_the_help_of_each_rule_proposes_holds_when_it_is_pasted() {
    let mut faults = String::new();
    for case in CASES.iter().filter(|case| case.rule != "egress") {
        let rule = find(case.rule).unwrap();
        let mut waivers = String::new();
        let mut outcome = run(case, case.base, "");
        if about(&outcome, rule).is_empty() {
            faults += &format!("{}: let through\n", rule.id);
        }
        // A second round only where another value of the same rule comes to light.
        for _ in 0..2 {
            let helps = about(&outcome, rule).into_iter().map(|finding| finding.help.clone().unwrap());
            let pasted: String = helps
                .map(|help| format!("  - {}\n", proposed(&help).replace("reason: …", "reason: pasted")))
                .filter(|line| !waivers.contains(line.as_str()))
                .collect();
            if pasted.is_empty() {
                break;
            }
            waivers += &pasted;
            outcome = run(case, case.base, &format!("waivers:\n{waivers}"));
        }
        let is_wrong = |code: Code| matches!(code, Code::WaiverInvalid | Code::PolicySyntax);
        if !about(&outcome, rule).is_empty() || outcome.findings.iter().any(|one| is_wrong(one.code)) {
            faults += &format!("{}:\n{waivers}{}\n", rule.id, outcome.text());
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn the_remedy_of_each_rule_is_one() {
    let mut faults = String::new();
    let mut tried = 0;
    for rule in CATALOGUE.iter() {
        let case = CASES.iter().find(|case| case.rule == rule.id).unwrap();
        let row = MENDED.iter().find(|(id, _)| *id == rule.id).map(|(_, fields)| *fields);
        let fields = match row {
            Some(Some(fields)) => fields,
            Some(None) => continue,
            None if rule.fix.starts_with("Remove") || rule.fix.starts_with("Use only") => "init: true",
            None => {
                faults += &format!("{}: no row for {:?}\n", rule.id, rule.fix);
                continue;
            }
        };
        // What is written in quotes to be pasted is what the row pastes.
        let refused = run(case, case.base, "");
        let help = about(&refused, rule).first().and_then(|finding| finding.help.clone()).unwrap_or_default();
        let remedy = help.split("Or waive it").next().unwrap_or_default();
        let quoted = remedy.split('`').skip(1).step_by(2).filter(|text| text.contains(": "));
        let quoted: Vec<&str> = quoted.filter(|text| !text.contains(['{', 'U', 'N'])).collect();
        let is_there = |text: &&str| text.split(", ").all(|part| fields.contains(part));
        if !remedy.starts_with("Remove") && !quoted.is_empty() && !quoted.iter().any(is_there) {
            faults += &format!("{}: none of {quoted:?} is in {fields:?}\n", rule.id);
        }
        let mended = run(case, fields, "");
        let about_it = about(&mended, rule);
        if !about_it.is_empty() || mended.model.is_none() {
            faults += &format!("{}: {fields}\n{}\n", rule.id, mended.text());
        }
        tried += 1;
    }
    println!("{tried} remedies carried out, {} waivers pasted", CASES.len() - 1);
    assert!(faults.is_empty(), "{faults}");
    for (id, _) in MENDED {
        assert!(find(id).is_some(), "{id} is no rule");
    }
}

#[test]
fn the_address_proposed_for_a_port_is_for_that_port() {
    for (written, proposed) in [
        ("\"8080:80\"", "\"127.0.0.1:8080:80\""),
        ("\"53:53/udp\"", "\"127.0.0.1:53:53/udp\""),
        ("\"80\"", "\"127.0.0.1::80\""),
        ("\"0.0.0.0:9000-9001:9000-9001\"", "\"127.0.0.1:9000:9000\""),
    ] {
        let project = |ports: &str| {
            let base = format!("services:\n  a: {{ image: \"x:1\", user: \"1:1\", ports: [{ports}] }}\n");
            Fixture::new(&base).policy("posture: hardened\n").run()
        };
        let rule = find("port-all-interfaces").unwrap();
        let refused = project(written);
        let found = about(&refused, rule);
        let help = found[0].help.as_deref().unwrap();
        assert!(help.starts_with(&format!("Write the address: {proposed}.")), "{help}");
        let mended = project(proposed);
        assert!(about(&mended, rule).is_empty(), "{}", mended.text());
    }
}
