//! `config` where a policy is in force: the model that would be launched, or nothing.

use serde_json::Value;

use crate::project::Project;

const COMPOSE: &str = "name: p
services:
  web: {image: 'demo:1', environment: {GREETING: '${GREETING:-hello}'}, volumes: ['./data:/data']}
  db: {image: 'demo:1', user: '7:7', profiles: [more]}
";

const POLICY: &str = "version: 1
posture: {default: hardened, services: {db: baseline}}
user: {default: '10001:10001'}
overlays: [{file: ops/log.yaml}]
...
";

const OVERLAY: &str = "services:\n  \"*\": {init: true}\n  log: {image: 'log:1', user: '8:8'}\n...\n";

fn project() -> Project {
    Project::new(COMPOSE).file("seaworthy.yaml", POLICY).file("ops/log.yaml", OVERLAY).folder("data")
}

fn json(project: &Project, words: &[&str]) -> Value {
    let words = ["config", "--format", "json"].iter().chain(words).copied();
    serde_json::from_str(&project.run(words).output()).unwrap()
}

#[test]
fn users_and_overlays_are_in_what_is_printed() {
    let model = json(&project(), &[]);
    let web = &model["services"]["web"];
    assert_eq!(web["user"], "10001:10001");
    assert_eq!(web["cap_drop"], serde_json::json!(["ALL"]));
    assert_eq!((&web["init"], &web["pids_limit"]), (&Value::from(true), &Value::from(1024)));
    assert_eq!(model["services"]["log"]["user"], "8:8");
    assert_eq!(model["services"]["db"], Value::Null, "its profile is not active");
    let db = &json(&project(), &["db"])["services"]["db"];
    assert_eq!((&db["user"], &db["cap_drop"]), (&Value::from("7:7"), &Value::Null));
    let yaml = project().run(["config"]).output();
    assert!(
        yaml.contains("    cap_drop:\n      - ALL\n") && yaml.contains("    user: 10001:10001\n"),
        "{yaml}"
    );
}

#[test]
fn the_files_alone_are_what_plain_compose_makes_of_them() {
    let plain = Project::new(COMPOSE).folder("data");
    for words in [
        &["config"][..],
        &["config", "--format", "json"],
        &["config", "--images"],
        &["config", "--no-interpolate"],
    ] {
        let ungoverned: Vec<&str> = words.iter().copied().chain(["--no-policy"]).collect();
        assert_eq!(
            project().run(ungoverned).output(),
            plain.run(words.iter().copied()).output(),
            "{words:?}"
        );
        assert_ne!(project().run(words.iter().copied()).output(), plain.run(words.iter().copied()).output());
    }
    // Without a policy the flag changes nothing.
    assert_eq!(plain.run(["config", "--no-policy"]).output(), plain.run(["config"]).output());
    // It looks past what a launch would refuse, and past a policy that cannot be read.
    let broken = project().file("seaworthy.yaml", "version: 1\nposture: hardend\n...\n");
    assert_eq!(broken.run(["config", "--no-policy"]).output(), plain.run(["config"]).output());
}

#[test]
fn the_flags_of_compose_hold_for_it() {
    let project = project();
    let lines = |words: &[&str]| {
        let mut lines: Vec<String> =
            project.run(words.iter().copied()).output().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&["config", "--services"]), ["log", "web"]);
    assert_eq!(lines(&["config", "--images"]), ["demo:1", "log:1"]);
    assert_eq!(lines(&["config", "--profiles"]), ["more"]);
    assert_eq!(lines(&["config", "--networks"]), ["default"]);
    assert_eq!(lines(&["config", "--variables", "--no-policy"]), lines(&["config", "--variables"]));
    let hashes = |words: &[&str]| lines(&[&["config", "--hash", "*"], words].concat());
    assert_eq!(hashes(&[]).len(), 2);
    assert!(hashes(&["--no-policy"]).iter().all(|hash| !hashes(&[]).contains(hash)));
    assert_eq!(lines(&["config", "-q"]), [""; 0]);
    let raw = project.run(["config", "--no-interpolate"]).output();
    assert!(
        raw.contains("${GREETING:-hello}") && raw.contains("10001:10001") && raw.contains("pids_limit"),
        "{raw}"
    );
    let relative = project.run(["config", "--no-path-resolution"]).output();
    assert!(relative.contains("source: ./data") && relative.contains("10001:10001"), "{relative}");
    let lean = project.run(["config", "--no-normalize"]).output();
    assert!(!lean.contains("networks:") && lean.contains("10001:10001"), "{lean}");
    project.run(["config", "-o", "out.yaml"]).output();
    let directory = project.path("").display().to_string();
    let written = project.read("out.yaml").replace(directory.trim_end_matches('/'), "[DIR]");
    assert_eq!(written, project.run(["config"]).output());
    let annotated = project.run(["config", "--annotate"]).output();
    for (key, place) in [
        ("user: 10001:10001", "seaworthy.yaml:3"),
        ("init: true", "ops/log.yaml:2"),
        ("image: demo:1", "compose.yaml:3"),
    ] {
        let is_it = |line: &&str| line.contains(key) && line.contains(place);
        assert!(annotated.lines().any(|line| is_it(&line)), "{key} {place}\n{annotated}");
    }
}

#[test]
fn what_would_be_refused_is_not_printed() {
    for (compose, words) in [
        ("name: p\nservices: {a: {image: x, privileged: true}}\n", "rule privileged"),
        (
            "name: p\nservices: {a: {image: x, volumes: [{type: bind, source: /no/such, target: /x, bind: {create_host_path: false}}]}}\n",
            "/no/such",
        ),
        ("name: p\nservices: {a: {image: x, imag: y}}\n", "imag"),
    ] {
        let project = Project::new(compose)
            .file("seaworthy.yaml", POLICY.replace(", services: {db: baseline}", ""))
            .file("ops/log.yaml", OVERLAY);
        let (config, check) = (project.run(["config"]), project.run(["check"]));
        assert_eq!((config.status, check.status), (1, 1), "{config}\n{check}");
        assert_eq!(config.stdout, "", "{config}");
        assert!(config.stderr.contains(words) && config.stderr.contains("nothing was printed"), "{config}");
        assert_eq!(project.run(["config", "--services"]).status, 1);
        // The disk of a runner is not the one that the project will run on.
        assert_eq!(project.run(["config", "--no-host"]).status, i32::from(words != "/no/such"));
    }
    // Warnings stop nothing.
    let warned = project().file(
        "seaworthy.yaml",
        POLICY.replace("hardened", "baseline").replace("}}\n", "}, warn: contained}\n"),
    );
    let outcome = warned
        .file(
            "compose.yaml",
            COMPOSE.replace("'demo:1', environment", "'demo:1', restart: always, environment"),
        )
        .run(["config"]);
    assert_eq!(outcome.status, 0, "{outcome}");
    assert!(
        outcome.stderr.contains("restart-always") && outcome.stdout.contains("restart: always"),
        "{outcome}"
    );
}
