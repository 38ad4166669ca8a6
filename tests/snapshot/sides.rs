//! A change with two sides gets the class of its worse one.

use super::project::Project;

/// What a service says before and after, and the class of the change. Where a row is about what stands beside the
/// services, the text has lines of its own.
const ROWS: &[(&str, &str, &str)] = &[
    ("image: 'a:2.0.1'", "image: 'other:1@sha256:DIGEST'", "functional"),
    ("image: 'a:1'", "image: 'a:1@sha256:DIGEST'", "strengthens"),
    ("image: 'a:1'", "image: 'a:2'", "functional"),
    ("image: 'a:1@sha256:DIGEST'", "image: 'b:1'", "weakens"),
    ("image: 'r.example:5000/a'", "image: 'r.example:5000/a@sha256:DIGEST'", "strengthens"),
    ("image: x, ports: ['8080:80']", "image: x, ports: ['127.0.0.1:8080:80']", "strengthens"),
    ("image: x, ports: ['8080:80']", "image: x, ports: ['127.0.0.1:8081:80']", "functional"),
    ("image: x, ports: ['8080:80']", "image: x, ports: ['127.0.0.1:22:80']", "weakens"),
    ("image: x, network_mode: host", "image: x, network_mode: 'container:theirs'", "weakens"),
    ("image: x, network_mode: host", "image: x, network_mode: 'service:b'", "functional"),
    ("image: x, network_mode: host", "image: x, network_mode: none", "strengthens"),
    ("image: x, ipc: 'container:theirs'", "image: x, ipc: 'service:b'", "functional"),
    ("image: x, pid: 'service:b'", "image: x, pid: host", "weakens"),
    ("image: x, volumes: ['/var/run/docker.sock:/x']", "image: x, volumes: ['/etc:/x']", "weakens"),
    ("image: x, volumes: ['/srv/a:/x']", "image: x", "functional"),
    ("image: x, volumes: ['./a:/x']", "image: x, volumes: ['./a:/x:ro']", "strengthens"),
    ("image: x, volumes: ['./a:/x:ro']", "image: x, volumes: ['./b:/x:ro']", "functional"),
    ("image: x, volumes: ['./a:/x']", "image: x, volumes: ['./b:/x']", "ownership"),
    ("image: x, build: {context: /srv/x}", "image: x, build: {context: ./y}", "functional"),
    ("image: x, cgroup_parent: limited.slice", "image: x", "functional"),
    ("image: x, sysctls: {net.ipv4.tcp_syncookies: 1}", "image: x", "functional"),
    ("image: x, group_add: ['7']", "image: x", "strengthens"),
    ("image: x, tmpfs: ['/x:exec']", "image: x, tmpfs: ['/x:suid']", "weakens"),
    ("image: x, tmpfs: ['/x:size=1m']", "image: x, tmpfs: ['/x:size=10g']", "weakens"),
    ("image: x, tmpfs: ['/x:exec,size=1m']", "image: x, tmpfs: ['/x:size=10g']", "weakens"),
    (
        "image: x, ulimits: {core: {soft: 0, hard: 0}}",
        "image: x, ulimits: {core: {soft: 0, hard: -1}}",
        "weakens",
    ),
    ("image: x, environment: {A: '1'}", "image: x, environment: {LD_PRELOAD: /x.so}", "weakens"),
    ("image: x, logging: {driver: json-file}", "image: x, logging: {driver: syslog}", "weakens"),
    ("image: x, logging: {driver: none}", "image: x, logging: {driver: gelf}", "weakens"),
    ("image: x, logging: {driver: syslog}", "image: x, logging: {driver: local}", "strengthens"),
    (
        "image: x, post_start: [{command: a, user: root}]",
        "image: x, post_start: [{command: b, user: '5:5'}]",
        "functional",
    ),
    (
        "image: x, security_opt: ['apparmor=unconfined']",
        "image: x, security_opt: ['seccomp=unconfined', 'no-new-privileges:true']",
        "weakens",
    ),
    ("image: x, user: '0:0'", "image: x, user: '5:5'", "ownership"),
    ("image: x, annotations: {a: b}", "image: x, annotations: {a: c}", "weakens"),
    (
        "image: x, networks: [out]}}\nnetworks: {out: , inner: {internal: true}}\nx-a: {b: {c: d",
        "image: x, networks: [inner]}}\nnetworks: {out: , inner: {internal: true}}\nx-a: {b: {c: d",
        "functional",
    ),
    (
        "image: x, configs: [k]}}\nconfigs: {k: {file: /etc/k}}\nx-a: {b: {c: d",
        "image: x, configs: [k]}}\nconfigs: {k: {file: /srv/k}}\nx-a: {b: {c: d",
        "weakens",
    ),
];

fn class(before: &str, after: &str) -> (String, String) {
    let compose = |fields: &str| {
        let digest = "0123456789abcdef".repeat(4);
        format!("services: {{b: {{image: x}}, a: {{{}}}}}\n", fields.replace("DIGEST", &digest))
    };
    let project = Project::new(&compose(before)).variable("COMPOSE_PROJECT_NAME", "p");
    project.run(["snapshot", "write"]).output();
    std::fs::write(project.path("compose.yaml"), compose(after)).unwrap();
    let outcome = project.run(["snapshot", "check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    // What follows for the rules has its own lines, and its own class.
    let own = report["differences"].as_array().into_iter().flatten();
    let own = own.filter(|difference| difference["path"][0] != "posture");
    let classes: Vec<&str> = own.filter_map(|difference| difference["class"].as_str()).collect();
    let order = ["weakens", "ownership", "functional", "strengthens", "cosmetic"];
    let worst = order.into_iter().find(|class| classes.contains(class)).unwrap_or("none");
    (worst.to_owned(), outcome.to_string())
}

#[test]
fn a_change_with_two_sides_gets_the_worse_one() {
    let mut wrong = String::new();
    for (before, after, wanted) in ROWS {
        let (found, text) = class(before, after);
        if found != *wanted {
            wrong.push_str(&format!("{before} -> {after}: {wanted} expected, {found} found\n{text}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn all_that_a_change_means_is_said() {
    let (_, text) = class("image: 'a:2.0.1'", "image: 'other:1@sha256:DIGEST'");
    assert!(text.contains("it runs another image; the image is pinned by its digest"), "{text}");
}
