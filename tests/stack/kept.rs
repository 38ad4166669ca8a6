//! What is asked of a real swarm is what it has, field by field; and what `docker stack deploy` makes of the same keys.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use seaworthy::reach::table::{self, Client, Verdict};
use serde_json::Value;

use crate::cases::{CASES, Want};
use crate::project::Project;
use crate::swarm::{Stack, Swarm};

/// No node has it: tasks are asked for, and none is made.
const NOWHERE: &str = "deploy: { placement: { constraints: [node.labels.nowhere == x] } }";

/// Every field that says something, by its path.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), found));
        }
        Value::Null | Value::Bool(false) => {}
        Value::Number(number) if number.as_f64() == Some(0.0) => {}
        Value::Number(number) => {
            found.insert(path.to_owned(), format!("{:.4}", number.as_f64().unwrap()));
        }
        Value::String(text) if text.is_empty() => {}
        other => {
            found.insert(path.to_owned(), other.to_string());
        }
    }
}

fn fields(value: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    leaves(value, "", &mut found);
    found
}

/// The spec of a service as the swarm has it, with names where it has ids.
fn service(swarm: &Swarm, name: &str) -> BTreeMap<String, String> {
    let mut spec = swarm.get(&format!("/services/{name}"))["Spec"].clone();
    let networks = spec["TaskTemplate"]["Networks"].as_array_mut();
    for network in networks.into_iter().flatten() {
        let id = network["Target"].as_str().unwrap().to_owned();
        network["Target"] = swarm.inspect(&["network", "inspect", &id])["Name"].clone();
    }
    let mut found = fields(&spec);
    found.retain(|path, _| !path.ends_with("/SecretID") && !path.ends_with("/ConfigID"));
    found
}

/// Inline cases that Swarm takes, each as a service of one project.
fn together() -> (String, usize) {
    let mut text = String::from("services:\n  b: { image: sw-node }\n");
    let mut count = 0;
    for (at, (_, yaml, want)) in CASES.iter().enumerate() {
        if yaml.contains("services:") || matches!(want, Want::Refused(_)) {
            continue;
        }
        count += 1;
        // A port is one service's.
        let yaml = yaml.replace("8080", &(18_000 + at).to_string());
        text.push_str(&format!("  s{at}: {{ image: sw-node, {yaml} }}\n"));
    }
    (text, count)
}

fn elsewhere(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.map(|name| format!("  {name}: {{ {NOWHERE} }}\n")).collect();
    format!("services:\n{}", all.concat())
}

fn project(swarm: &Swarm, compose: &str, services: &[String]) -> Project {
    let project = Project::new(compose)
        .file("compose.override.yaml", elsewhere(services.iter().cloned()))
        .file("labels", "of=file\n")
        .file("s", "content\n")
        .file("p.json", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}")
        .file("more.yaml", "services: { more: { image: 'sw-node' } }\n")
        .file("seaworthy.yaml", "version: 1\nposture: observe\nwaivers:\n  - { service: \"*\", rule: not-enforceable, allow: [\"swarm.volumes=prepared\"], reason: it is there }\n  - { service: a, rule: not-enforceable, allow: [\"swarm.volumes=prepared\"], reason: it is there }\n...\n")
        .folder("state");
    swarm.runs(project)
}

/// Deploys, and compares every object with what was printed before. The number of fields that were compared.
fn deployed(stack: &Stack<'_>, project: &Project, faults: &mut Vec<String>, case: &str) -> usize {
    let swarm = stack.swarm;
    let printed = project
        .run(["--compose-version", "5.5", "--profile", "*", "stack", "config", "--specs", stack.name])
        .output();
    let printed = printed.replace("[DIR]", &project.path("").display().to_string());
    let wanted: Value = serde_json::from_str(&printed).unwrap();
    let outcome = stack.deploy(project, &["--detach"]);
    if outcome.status != 0 {
        faults.push(format!("{case}: {outcome}"));
        return 0;
    }
    let mut count = 0;
    for spec in wanted["services"].as_array().unwrap() {
        let name = spec["Name"].as_str().unwrap();
        let (wanted, found) = (fields(spec), service(swarm, name));
        count += wanted.len();
        if wanted != found {
            let all: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
            let differs = all.into_iter().filter(|path| wanted.get(*path) != found.get(*path));
            let differs: Vec<String> = differs
                .map(|path| format!("{path}: {:?}, not {:?}", found.get(path), wanted.get(path)))
                .collect();
            faults.push(format!("{case}: {name}: {}", differs.join("; ")));
        }
    }
    for spec in wanted["networks"].as_array().unwrap() {
        let live = swarm.inspect(&["network", "inspect", spec["Name"].as_str().unwrap()]);
        for (path, value) in fields(spec) {
            count += 1;
            if fields(&live).get(&path) != Some(&value) {
                faults.push(format!("{case}: network: {path} is not {value}: {live}"));
            }
        }
    }
    for (kind, plural) in [("secret", "secrets"), ("config", "configs")] {
        for spec in wanted[plural].as_array().unwrap() {
            let live = swarm.inspect(&[kind, "inspect", spec["Name"].as_str().unwrap()])["Spec"].clone();
            let (mut wanted, mut live) = (fields(spec), fields(&live));
            if kind == "secret" {
                wanted.remove("/Data");
                live.remove("/Data");
            }
            count += wanted.len();
            if wanted != live {
                faults.push(format!("{case}: {kind}: {live:?}, not {wanted:?}"));
            }
        }
    }
    count
}

#[test]
#[ignore = "needs a swarm"]
fn every_field_of_every_key_that_is_kept_is_in_the_swarm() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-rows");
    let (compose, cases) = together();
    let names: Vec<String> =
        compose.lines().skip(1).map(|line| line.trim().split(':').next().unwrap().to_owned()).collect();
    let mut faults = Vec::new();
    let mut count = deployed(&stack, &project(&swarm, &compose, &names), &mut faults, "together");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // None of the trials stays.
    let left = swarm.docker(1, &["service", "ls", "--format", "{{.Name}}"]);
    assert!(!left.contains("-trial"), "{left}");
    let listed = swarm.docker(1, &["stack", "ls", "--format", "{{.Name}} {{.Services}}"]);
    assert!(listed.lines().any(|line| line == format!("sw-rows {}", names.len())), "{listed}");
    stack.remove();

    swarm.tries(1, &["network", "create", "--driver", "overlay", "there"]);
    for kind in ["secret", "config"] {
        swarm.tries(1, &[kind, "create", "there", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    }
    let mut alone = 0;
    for (place, yaml, want) in CASES {
        if !yaml.contains("services:") || matches!(want, Want::Refused(_)) {
            continue;
        }
        alone += 1;
        let yaml = yaml.replace("'x:1'", "sw-node");
        let project = project(&swarm, &yaml, &["a".to_owned()]);
        count += deployed(&stack, &project, &mut faults, place);
        stack.remove();
    }
    for kind in ["network", "secret", "config"] {
        swarm.docker(1, &[kind, "rm", "there"]);
    }
    let _ = writeln!(std::io::stderr(), "{cases} cases together and {alone} alone, {count} fields compared");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Keys of a service of which the client says or does this, with what is written for them.
fn of_client(is_meant: impl Fn(Client) -> bool) -> Vec<(&'static str, &'static str)> {
    let inline = CASES.iter().filter(|(place, yaml, want)| {
        !yaml.contains("services:") && place.matches('.').count() == 2 && !matches!(want, Want::Nothing)
    });
    let of = inline.filter(|(place, ..)| {
        table::own_row(place).is_some_and(|row| is_meant(row.client) && row.api != Verdict::Local)
    });
    of.map(|(place, yaml, _)| (*place, *yaml)).collect()
}

#[test]
#[ignore = "needs a swarm"]
fn the_client_drops_what_is_kept_or_refused_here() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-rows-client");
    let refused = of_client(|client| client == Client::Refused);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    let path = file.to_str().unwrap();
    let mut faults = Vec::new();
    for (place, yaml) in &refused {
        std::fs::write(&file, format!("services: {{ a: {{ image: sw-node, {yaml} }} }}\n")).unwrap();
        if swarm.tries(1, &["stack", "config", "-c", path]).0 {
            faults.push(format!("{place}: the client takes {yaml}"));
        }
    }
    let dropped = of_client(|client| matches!(client, Client::Dropped | Client::Lost));
    let mut text = String::from("services:\n  plain: { image: sw-node }\n");
    for (at, (_, yaml)) in dropped.iter().enumerate() {
        text.push_str(&format!("  s{at}: {{ image: sw-node, {yaml} }}\n"));
    }
    std::fs::write(&file, text).unwrap();
    let said = swarm
        .docker(1, &["stack", "deploy", "--detach=true", "--resolve-image", "never", "-c", path, stack.name]);
    let of = |name: &str| {
        let mut found = service(&swarm, &format!("{}_{name}", stack.name));
        found.retain(|path, _| path != "/Name" && !path.contains("/Aliases/"));
        found
    };
    let plain = of("plain");
    for (at, (place, yaml)) in dropped.iter().enumerate() {
        if of(&format!("s{at}")) != plain {
            faults.push(format!("{place}: the client does not drop {yaml}"));
        }
    }
    let _ = writeln!(
        std::io::stderr(),
        "the client refuses {} keys and drops {}; it says: {}",
        refused.len(),
        dropped.len(),
        said.lines().find(|line| line.contains("Ignoring")).unwrap_or_default()
    );
    assert!(refused.len() > 30 && dropped.len() > 12, "{} {}", refused.len(), dropped.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
