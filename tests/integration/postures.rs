//! A posture for each service, in everything that shows it.

use serde_json::Value;

use crate::project::Project;

const COMPOSE: &str = "name: p
services:
  web: {image: 'x:1', user: '1:1', restart: always, ports: ['127.0.0.1:8080:80']}
  plex: {image: 'x:1', user: '1:1', ports: ['81:8081', '82:8082']}
";

const POLICY: &str =
    "version: 1\nposture: {default: hardened, services: {plex: baseline}, warn: contained}\n...\n";

fn project() -> Project {
    Project::new(COMPOSE).file("seaworthy.yaml", POLICY)
}

#[test]
fn the_last_line_of_a_check_counts_what_is_warned_of() {
    let outcome = project().run(["check"]);
    assert_eq!(outcome.status, 0, "{outcome}");
    let last = outcome.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("p: 2 services, posture hardened (plex baseline), contained as warnings, ")
            && last.ends_with(": ok, 5 warnings (5 that contained would refuse)"),
        "{outcome}"
    );
    assert!(
        outcome.stderr.contains("note: posture contained is warned of at seaworthy.yaml:2:64"),
        "{outcome}"
    );
    let concise = project().run(["check", "--format", "concise"]);
    assert_eq!(concise.stdout.lines().count(), 5, "{concise}");
    let json: Value = serde_json::from_str(&project().run(["check", "--format", "json"]).output()).unwrap();
    let ahead = json["findings"].as_array().unwrap().iter().map(|finding| &finding["ahead"]);
    assert!(ahead.into_iter().all(|ahead| ahead == "contained"), "{json:#}");

    let refused =
        Project::new(COMPOSE).file("seaworthy.yaml", POLICY.replace("baseline", "hardened")).run(["check"]);
    assert_eq!(refused.status, 1, "{refused}");
    assert!(
        refused
            .stderr
            .contains("4 errors, 1 warning (1 that contained would refuse); `up` would start nothing"),
        "{refused}"
    );
}

#[test]
fn every_form_of_the_plan_says_it() {
    let plan = |format: &str| project().run(["plan", "--format", format]).stdout;
    let json: Value = serde_json::from_str(&plan("json")).unwrap();
    assert_eq!(
        json["policy"],
        serde_json::json!({
            "file": "seaworthy.yaml", "posture": "hardened", "services": {"plex": "baseline"}, "warn": "contained"
        })
    );
    let files: Vec<&str> =
        json["files"].as_array().unwrap().iter().filter_map(|file| file["name"].as_str()).collect();
    assert_eq!(files, ["compose.yaml", "builtin:hardening", "seaworthy.yaml"]);
    for format in ["human", "markdown", "html"] {
        let text = plan(format);
        assert!(text.contains("hardened (plex baseline), contained as warnings"), "{text}");
        assert!(text.contains("posture baseline"), "{text}");
    }
    let plex =
        &json["services"].as_array().unwrap().iter().find(|one| one["name"] == "plex").unwrap()["posture"];
    assert_eq!(plex, &serde_json::json!(["posture baseline"]));
}

/// What the host demands of a service, and what the project does, are laid on once.
#[test]
fn a_snapshot_says_of_each_service_how_its_rules_stand() {
    let project = project();
    project.run(["snapshot", "write"]).output();
    let snapshot = project.read("seaworthy.snapshot.yaml");
    for text in [
        "    services:\n      plex: baseline\n    warn: contained\n",
        "port-all-interfaces:\n    plex: tolerated\n",
    ] {
        assert!(snapshot.contains(text), "{text}\n{snapshot}");
    }
    let weaker =
        project.file("seaworthy.yaml", POLICY.replace("plex: baseline", "plex: baseline, web: baseline"));
    let outcome = weaker.run(["snapshot", "check"]);
    assert_eq!(outcome.status, 1, "{outcome}");
    assert!(outcome.stdout.contains("policy.posture"), "{outcome}");
    assert!(outcome.stdout.contains("less is demanded"), "{outcome}");
}

#[test]
fn init_lowers_a_service_and_not_the_project() {
    let compose = "services:
  web: {image: 'x:1', user: '1:1'}
  wild:
    image: x:1
    user: '1:1'
    cap_add: [NET_RAW]
    sysctls: {net.ipv4.ip_forward: '1'}
    ports: ['80:80']
    group_add: ['5']
";
    let project = Project::new(compose);
    let init = project.run(["init"]).output();
    let policy = project.read("seaworthy.yaml");
    assert!(init.starts_with("seaworthy.yaml: posture hardened, but wild baseline, "), "{init}");
    assert!(policy.contains("posture:\n  default: hardened\n  services:\n    wild: baseline\n"), "{policy}");
    assert!(policy.contains("# What keeps services from `hardened`:"), "{policy}");
    let check = project.run(["check"]);
    assert_eq!(check.status, 0, "{check}");
    let strict = project.file("seaworthy.yaml", policy.replace("wild: baseline", "wild: hardened"));
    assert_eq!(strict.run(["check"]).status, 1);
}
