//! Each field that a rule's promise is about, taken out of the engine's answer or given another type: nothing is vouched
//! for then.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::harness::{End, Project, docker};
use super::proxy::Proxy;

const COMPOSE: &str = "services:
  a:
    image: sw-busybox
    command: [sleep, '600']
    mem_limit: 64m
    memswap_limit: 64m
    cpus: 0.5
    stop_grace_period: 0s
    restart: on-failure:3
    ports: ['127.0.0.1:0:8080']
    tmpfs: ['/cache:size=1m']
    ulimits: {nofile: 100}
    environment: {A: b}
    dns: [192.0.2.1]
    group_add: ['7']
    extra_hosts: ['api=192.0.2.7']
    sysctls: {net.ipv4.ip_unprivileged_port_start: '0'}
    healthcheck: {test: [CMD, 'true']}
    volumes: ['./data:/data', 'kept:/kept']
    networks: [inner]
networks:
  inner: {internal: true}
volumes:
  kept: {}
";

const POLICY: &str = "version: 1
posture: hardened
user: {default: '10001:10001'}
binds: {roots: [data]}
waivers:
  - {service: a, rule: dns, allow: [192.0.2.1], reason: tested}
  - {service: a, rule: group-add, allow: ['7'], reason: tested}
  - {service: a, rule: extra-hosts, allow: ['api=192.0.2.7'], reason: tested}
  - {service: a, rule: sysctls, allow: [net.ipv4.ip_unprivileged_port_start], reason: tested}
...
";

/// Fields that some engine leaves out where there is nothing in them, or does not know: one that is not there cannot be
/// told from that.
const LEFT_OUT: &[&str] = &[
    "Config.Healthcheck.Test",
    "HostConfig.Annotations",
    "HostConfig.CgroupnsMode",
    "HostConfig.Isolation",
    "HostConfig.Runtime",
    "NetworkSettings.Networks.*.DriverOpts",
];

/// The fields of an inspected container that the catalogue's promises name.
fn promised() -> BTreeSet<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    let promises = page.lines().filter_map(|line| line.strip_prefix("- Live: "));
    let is_of_field = |letter: char| letter.is_ascii_alphanumeric() || ".[]*".contains(letter);
    let words = promises.flat_map(|promise| promise.split(|letter| !is_of_field(letter)));
    let heads = ["HostConfig.", "Config.", "Mounts", "NetworkSettings.", "AppArmorProfile", "Image"];
    let fields = words.filter(|word| heads.iter().any(|head| word.starts_with(head)));
    fields.map(|field| field.trim_end_matches('.').to_owned()).filter(|field| field != "Image").collect()
}

/// The places of a field in an answer: `*` is every key, `[]` and `[*]` every element.
fn places(value: &Value, field: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for step in field.replace("[*]", ".[]").replace("[]", ".[]").split('.').filter(|step| !step.is_empty()) {
        let mut next = Vec::new();
        for place in &found {
            match (value.pointer(place), step) {
                (Some(Value::Array(items)), "[]") => {
                    next.extend((0..items.len()).map(|at| format!("{place}/{at}")));
                }
                (Some(Value::Object(map)), "*" | "[]") => {
                    // The keys of a mapping, and what is in the lists under them.
                    for (key, inner) in map {
                        let place = format!("{place}/{}", key.replace('/', "~1"));
                        match inner {
                            Value::Array(items) => {
                                next.extend((0..items.len()).map(|at| format!("{place}/{at}")));
                            }
                            _ => next.push(place),
                        }
                    }
                }
                (Some(_), step) => next.push(format!("{place}/{step}")),
                (None, _) => {}
            }
        }
        found = next;
    }
    found
}

fn drop_at(value: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    if let Some(map) = value.pointer_mut(parent).and_then(Value::as_object_mut) {
        map.remove(&key.replace("~1", "/"));
    }
}

/// Puts another value in a place that may not be there.
fn put_at(value: &mut Value, place: &str, other: Value) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => drop(map.insert(key.replace("~1", "/"), other)),
        Some(Value::Array(items)) => items[key.parse::<usize>().unwrap()] = other,
        _ => {}
    }
}

/// A running project behind a proxy, and what was not seen.
struct Trial {
    project: Project,
    proxy: Proxy,
    dropped: usize,
    changed: usize,
    failures: Vec<String>,
}

impl Trial {
    /// Drops and changes a field of the answer to a path that ends so.
    fn field(&mut self, of: &str, answer: &Value, field: &str) {
        let places = places(answer, field);
        if places.is_empty() {
            self.failures.push(format!("{field}: nothing of it is in the answer"));
        }
        for place in places {
            let value = answer.pointer(&place).filter(|value| !value.is_null());
            if value.is_some() && !LEFT_OUT.contains(&field) {
                self.dropped += 1;
                let at = place.clone();
                self.attest(of, &format!("{field}: dropped at {place}"), move |value| drop_at(value, &at));
            }
            // Of a type that the field never has.
            let other = if value.is_some_and(Value::is_number) { json!("changed") } else { json!(7) };
            self.changed += 1;
            let at = place.clone();
            let how = format!("{field}: of another type at {place}");
            self.attest(of, &how, move |value| put_at(value, &at, other.clone()));
        }
    }

    fn attest(&mut self, of: &str, how: &str, change: impl Fn(&mut Value) + Send + 'static) {
        let of = of.to_owned();
        self.proxy.change(move |path, value| {
            if path.ends_with(&of) {
                change(value);
            }
        });
        if self.project.seaworthy(&["attest"]).end == End::Code(0) {
            self.failures.push(format!("{how}, and vouched for"));
        }
    }
}

fn inspected(words: &[&str]) -> Value {
    let found: Value = serde_json::from_str(&docker(words).ok().stdout).unwrap();
    found[0].clone()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_promised_field_that_is_dropped_or_of_another_type_is_refused() {
    let project = Project::new(COMPOSE);
    project.file("seaworthy.yaml", POLICY);
    fs::create_dir(project.path("data")).unwrap();
    std::os::unix::fs::chown(project.path("data"), Some(10001), Some(10001)).unwrap();
    let host = std::env::var("DOCKER_HOST").unwrap();
    let proxy = Proxy::new(project.beside("proxy.sock"), Path::new(host.strip_prefix("unix://").unwrap()));
    let project = project.with("DOCKER_HOST", &proxy.address()).changing("proxy.sock");
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["attest"]).ok();
    let id = project.ids().remove(0);
    let (network, volume) = (format!("{}_inner", project.name), format!("{}_kept", project.name));
    let mut trial = Trial { project, proxy, dropped: 0, changed: 0, failures: Vec::new() };
    let container = inspected(&["inspect", &id]);
    for field in promised() {
        trial.field(&format!("/containers/{id}/json"), &container, &field);
    }
    let answer = inspected(&["network", "inspect", &network]);
    for field in ["Driver", "Internal", "Options", "IPAM"] {
        trial.field(&format!("/networks/{network}"), &answer, field);
    }
    let answer = inspected(&["volume", "inspect", &volume]);
    for field in ["Driver", "Options", "Labels"] {
        trial.field(&format!("/volumes/{volume}"), &answer, field);
    }
    trial.proxy.leave();
    trial.project.seaworthy(&["attest"]).ok();
    println!("{} fields dropped, {} changed", trial.dropped, trial.changed);
    let failures = trial.failures;
    assert!(failures.is_empty(), "{} were not seen:\n{}", failures.len(), failures.join("\n"));
}
