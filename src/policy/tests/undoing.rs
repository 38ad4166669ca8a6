//! Ways to undo a mandatory leaf. Plain Compose takes every one of them without a word.

use crate::diagnostic::Label;
use crate::policy::fixture::Outcome;

use super::*;

const BASE: &str = "services:\n  a: { image: \"x:1\", command: [run], ports: [\"127.0.0.1:8080:80\"] }\nnetworks: { default: }\n";

pub(super) const OVERLAY: &str = r#"services:
  "*":
    read_only: true
    privileged: false
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true", "seccomp=strict.json"]
    pids_limit: 100
    mem_limit: 256m
    cpus: 0.5
    init: true
    ipc: private
  a:
    user: "1000:1000"
    restart: "no"
    stop_grace_period: 5s
    tmpfs: ["/tmp:noexec,nosuid"]
    environment: { SAFE: "1", HTTPS_PROXY: "http://proxy:3128" }
    labels: { guard: "on" }
    logging: { driver: json-file, options: { max-size: 1m } }
    ulimits: { nofile: 100, nproc: { soft: 10, hard: 20 } }
    healthcheck: { test: [CMD, check], interval: 10s }
    entrypoint: [guard, "--"]
    dns: ["127.0.0.1"]
    extra_hosts: ["metadata=127.0.0.1"]
    volumes:
      - { type: bind, source: ./data, target: /data, read_only: true }
    deploy: { replicas: 1, restart_policy: { condition: none } }
    ports: !reset
    command: !override [run, "--safe"]
    hostname: guarded
    network_mode: ""
networks:
  default: { internal: true, driver_opts: { com.docker.network.bridge.enable_icc: "false" } }
...
"#;

const POLICY: &str = "posture: hardened\nuser: { default: \"1000:1000\" }\noverlays: [{ file: o.yaml }]\n";

fn project() -> Fixture {
    Fixture::new(BASE).with("o.yaml", OVERLAY).policy(POLICY)
}

/// One service `a` in a later file.
pub(super) fn later(fields: &str) -> Fixture {
    project().file("later.yaml", &format!("services:\n  a: {{ {fields} }}\n"))
}

#[test]
fn the_overlay_alone_holds() {
    project().run().assert_passes();
    // What only says it again, or is tighter, undoes nothing.
    for fields in [
        "read_only: true",
        "pids_limit: 50",
        "mem_limit: 128m",
        "cap_drop: [all, NET_RAW]",
        "security_opt: [label=level:s0]",
        "environment: [SAFE=1, OTHER=2]",
        "stop_grace_period: 5000ms",
        "tmpfs: /run",
        "volumes: [\"./more:/more:ro\"]",
        "command: !override [run, \"--safe\"]",
    ] {
        let outcome = later(fields).run();
        assert!(outcome.passes(), "{fields}\n{}", outcome.text());
    }
}

/// A setting of a later file, each undoing another leaf or undoing it in another way.
pub(super) const LATER: &[&str] = &[
    "read_only: false",
    "read_only: !reset true",
    "read_only: !override false",
    "read_only: \"false\"",
    "read_only: \"${UNSET_RO:-false}\"",
    "read_only: \"${WEAK_RO}\"",
    "privileged: true",
    "privileged: \"true\"",
    "privileged: \"${UNSET:-true}\"",
    "cap_drop: !reset",
    "cap_drop: !override []",
    "cap_drop: !override [MKNOD]",
    "cap_drop: !reset [ALL]",
    "cap_add: [ALL]",
    "cap_add: [cap_all]",
    "cap_add: [SYS_ADMIN]",
    "cap_add: [CAP_NET_RAW]",
    "security_opt: [\"no-new-privileges:false\"]",
    "security_opt: [\"no-new-privileges=false\"]",
    "security_opt: [\"no-new-privileges=0\"]",
    "security_opt: [\"seccomp=unconfined\"]",
    "security_opt: [\"seccomp:unconfined\"]",
    "security_opt: [\"apparmor=unconfined\"]",
    "security_opt: [\"label=disable\"]",
    "security_opt: [\"systempaths=unconfined\"]",
    "security_opt: [\"seccomp=loose.json\"]",
    "security_opt: !reset",
    "security_opt: !override [\"label=level:s0\"]",
    "pids_limit: -1",
    "pids_limit: 0",
    "pids_limit: 101",
    "pids_limit: !reset",
    "pids_limit: \"5000\"",
    "mem_limit: 0",
    "mem_limit: 100g",
    "mem_limit: !reset",
    "mem_limit: !reset 1, memswap_limit: -1",
    "cpus: 2",
    "cpus: !reset",
    "init: false",
    "init: !reset",
    "ipc: host",
    "ipc: shareable",
    "user: root",
    "user: \"0:0\"",
    "user: \"\"",
    "user: !reset",
    "user: \"${UNSET_UID}:${UNSET_GID}\"",
    "restart: always",
    "stop_grace_period: 1h",
    "tmpfs: !reset",
    "tmpfs: !override [\"/tmp:exec\"]",
    "environment: { SAFE: \"0\" }",
    "environment: [SAFE=0]",
    "environment: [SAFE]",
    "environment: !reset",
    "environment: { HTTPS_PROXY: !reset }",
    "labels: { guard: \"off\" }",
    "labels: [guard=off]",
    "logging: { driver: none }",
    "logging: { driver: syslog }",
    "logging: { options: { max-size: 100g } }",
    "logging: !reset",
    "ulimits: { nofile: 1000000 }",
    "ulimits: { nofile: { soft: 100, hard: 100000 } }",
    "ulimits: { nproc: -1 }",
    "ulimits: !reset",
    "healthcheck: { test: [CMD, \"true\"] }",
    "healthcheck: { interval: 24h }",
    "healthcheck: !override { disable: true }",
    "entrypoint: [sh]",
    "entrypoint: [sh, guard, \"--\"]",
    "entrypoint: sh -c 'exec guard --'",
    "entrypoint: !reset",
    "dns: !override [8.8.8.8]",
    "extra_hosts: [\"metadata=169.254.169.254\"]",
    "extra_hosts: !reset",
    "volumes: [\"./data:/data\"]",
    "volumes: [\"./elsewhere:/data:ro\"]",
    "volumes: [{ type: volume, target: /data }]",
    "volumes: !reset",
    "deploy: { replicas: 5 }",
    "deploy: { restart_policy: { condition: any } }",
    "deploy: !reset",
    "deploy: !override { replicas: 1 }",
    "ports: [\"0.0.0.0:80:80\"]",
    "ports: !override [\"127.0.0.1:9000:90\"]",
    "command: [run]",
    "command: run --safe --unsafe",
    "command: !reset",
    "hostname: other",
    "hostname: !reset",
    "sysctls: [net.ipv4.ip_forward=1]",
    "network_mode: host",
    "pid: host",
    "userns_mode: host",
    "uts: host",
    "cgroup: host",
    "volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]",
    "volumes: [\"/:/host\"]",
    "use_api_socket: true",
    "devices: [/dev/sda]",
    "provider: { type: evil }",
    "post_start: [{ command: [sh], privileged: true, user: \"1:1\" }]",
];

#[test]
fn no_later_setting_undoes_an_overlay() {
    let mut counted = 0;
    let mut failures = Vec::new();
    for fields in LATER {
        let outcome = later(fields).variable("WEAK_RO", "false").run();
        failures.extend(fault(fields, &outcome));
        counted += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(counted >= 60, "{counted}");
}

/// What is wrong with the refusal of a case: it must be for what the case undoes, with where that is
/// and where the overlay or the posture demands it.
fn fault(what: &str, outcome: &Outcome) -> Option<String> {
    let errors = outcome.errors();
    if errors.is_empty() {
        return Some(format!("{what} was let through"));
    }
    for error in errors {
        if !matches!(error.code, Code::AssertionUndone | Code::RuleViolated) {
            return Some(format!("{what}: {}: {}", error.code.name(), error.message));
        }
        let source =
            |label: &Label| outcome.inputs.sources().get(label.span.file).map(|source| source.name.as_str());
        let ours = |name: &str| matches!(name, "o.yaml" | "seaworthy.yaml" | "builtin:hardening");
        let names: Vec<_> = error.labels.iter().chain(error.demanded()).filter_map(source).collect();
        if names.len() != 2 || ours(names[0]) || !ours(names[1]) {
            return Some(format!("{what}: {} shows {names:?}", error.message));
        }
    }
    None
}

/// Ways that need more than one setting: how it gets there, rather than what.
pub(super) fn ways() -> Vec<(&'static str, Fixture)> {
    let weak = "services:\n  a: { image: \"x:1\", read_only: false, privileged: true }\n";
    vec![
        ("a second document", project().file("l.yaml", "services: { a: { hostname: h } }\n---\nservices: { a: { read_only: false } }\n")),
        ("a third document behind an empty one", project().file("l.yaml", "services: { a: { tty: true } }\n---\n{}\n---\nservices: { a: { privileged: true } }\n")),
        ("the third file", project().file("l.yaml", "services: {}\n").file("m.yaml", weak)),
        ("the whole service reset and made again", project().file("l.yaml", "services: { a: !reset }\n").file("m.yaml", weak)),
        ("the whole service overridden", project().file("l.yaml", "services: { a: !override { image: \"x:1\" } }\n")),
        ("all services overridden", project().file("l.yaml", "services: !override { a: { image: \"x:1\" } }\n")),
        ("all services reset and made again", project().file("l.yaml", "services: !reset\n").file("m.yaml", weak)),
        ("extends of a file", project().with("w.yaml", "services: { w: { read_only: false } }\n").file("l.yaml", "services: { a: { extends: { file: w.yaml, service: w } } }\n")),
        ("extends of a file that extends", project().with("v.yaml", "services: { v: { privileged: true } }\n").with("w.yaml", "services: { w: { extends: { file: v.yaml, service: v } } }\n").file("l.yaml", "services: { a: { extends: { file: w.yaml, service: w } } }\n")),
        ("extends within a file", project().file("l.yaml", "services:\n  w: { image: \"x:1\", read_only: false, entrypoint: [guard] }\n  a: { extends: { service: w } }\n")),
        ("an include of the same service", project().with("i.yaml", weak).file("l.yaml", "include: [i.yaml]\n")),
        ("an include of an include", project().with("j.yaml", weak).with("i.yaml", "include: [j.yaml]\n").file("l.yaml", "include: [{ path: i.yaml }]\n")),
        ("an include with a second path", project().with("i.yaml", "services: { a: { image: \"x:1\" } }\n").with("j.yaml", "services: { a: { read_only: false } }\n").file("l.yaml", "include: [{ path: [i.yaml, j.yaml] }]\n")),
        ("a merge key", project().file("l.yaml", "x-w: &w { read_only: false }\nservices: { a: { <<: *w } }\n")),
        ("a merge key of several", project().file("l.yaml", "x-w: &w { privileged: true }\nx-v: &v { tty: true }\nservices: { a: { <<: [*v, *w] } }\n")),
        ("an anchor", project().file("l.yaml", "x-w: &w true\nservices: { a: { privileged: *w } }\n")),
        ("a variable of the environment", project().file("l.yaml", "services: { a: { user: \"${WHO}\" } }\n").variable("WHO", "0:0")),
        ("a variable of .env", project().with(".env", "WHO=0:0\n").file("l.yaml", "services: { a: { user: \"${WHO}\" } }\n")),
        ("a variable inside a list", project().file("l.yaml", "services: { a: { security_opt: [\"no-new-privileges:${NNP:-false}\"] } }\n")),
        ("a service that a profile hides", project().file("l.yaml", "services: { b: { image: \"x:1\", profiles: [p], read_only: false } }\n")),
        ("a service of another case", project().file("l.yaml", "services: { A: { image: \"x:1\", privileged: true } }\n")),
        ("a service from an include", project().with("i.yaml", "services: { b: { image: \"x:1\", cap_drop: !reset } }\n").file("l.yaml", "include: [i.yaml]\nservices: { c: { image: \"x:1\", pids_limit: -1 } }\n")),
        ("an open network", project().file("l.yaml", "networks: { default: { internal: false } }\n")),
        ("a network reset", project().file("l.yaml", "networks: { default: !reset }\n")),
        ("a network overridden", project().file("l.yaml", "networks: { default: !override { driver: bridge } }\n")),
        ("networks overridden", project().file("l.yaml", "networks: !override { default: { name: other } }\n")),
        ("a network's option", project().file("l.yaml", "networks: { default: { driver_opts: { com.docker.network.bridge.enable_icc: \"true\" } } }\n")),
        ("an attribute of a service reset in JSON's clothes", project().file("l.json", "{\"services\": {\"a\": {\"read_only\": false}}}\n")),
        ("a limit under deploy", project().file("l.yaml", "services: { a: { pids_limit: !reset , deploy: { resources: { limits: { pids: 5000, memory: 1m, cpus: 0.1 } } }, mem_limit: !reset , cpus: !reset } }\n")),
    ]
}

#[test]
fn no_way_into_the_model_undoes_an_overlay() {
    let cases = ways();
    let count = cases.len();
    let failures: Vec<_> = cases.iter().filter_map(|(what, fixture)| fault(what, &fixture.run())).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 25, "{count}");
}

#[test]
fn assertions_refuse_in_every_posture() {
    let overlay =
        "services:\n  a: { privileged: false, tty: false, pids_limit: 100, user: \"\", cpus: 0 }\n...\n";
    for fields in ["privileged: true", "tty: true", "pids_limit: -1", "user: root", "cpus: 1"] {
        for posture in ["", "posture: observe\n"] {
            let outcome = Fixture::new("services:\n  a: { image: x }\n")
                .file("later.yaml", &format!("services:\n  a: {{ {fields} }}\n"))
                .with("o.yaml", overlay)
                .policy(&format!("{posture}overlays: [{{ file: o.yaml }}]\n"))
                .run();
            assert_eq!(outcome.codes(), [Code::AssertionUndone], "{fields}\n{}", outcome.text());
            assert_eq!(fault(fields, &outcome), None);
        }
    }
}

#[test]
fn a_reset_is_shown_where_it_was_written() {
    let outcome = later("cap_drop: !reset [ALL]").run();
    let finding = outcome.errors()[0];
    assert_eq!(
        outcome.inputs.sources().describe(finding.labels[0].span).split(':').next(),
        Some("later.yaml")
    );
    assert_eq!(
        finding.message,
        "services.a.cap_drop is gone, which the mandatory overlay builtin:hardening demands"
    );
}

/// What a base file weakens before any overlay: a scalar is put right by the overlay, all else is refused.
#[test]
fn what_the_base_weakens_is_refused_or_undone() {
    let hardened = "posture: hardened\nuser: { default: \"1:1\" }\noverlays: [{ file: o.yaml }]\n";
    let overlay =
        "services:\n  \"*\": { privileged: false, ipc: private, network_mode: none, read_only: true }\n...\n";
    let run = |fields: &str| {
        let base = format!("services:\n  a: {{ image: \"x:1\", {fields} }}\n");
        Fixture::new(&base).with("o.yaml", overlay).policy(hardened).run()
    };
    for fields in ["privileged: true", "ipc: host", "network_mode: host", "read_only: false"] {
        let outcome = run(fields);
        outcome.assert_passes();
        let key = fields.split(':').next().unwrap();
        let value = outcome.value(&["services", "a", key]);
        assert!(value.is_none_or(|value| !fields.ends_with(&value)), "{fields}");
    }
    for fields in [
        "cap_add: [SYS_ADMIN]",
        "security_opt: [seccomp=unconfined]",
        "pid: host",
        "userns_mode: host",
        "devices: [/dev/sda]",
        "volumes: [\"/:/host\"]",
        "ports: [\"80:80\"]",
        "group_add: [docker]",
        "cgroup_parent: /evil",
        "scale: 500",
    ] {
        let outcome = run(fields);
        assert_eq!(outcome.codes().first(), Some(&Code::RuleViolated), "{fields}\n{}", outcome.text());
    }
}
