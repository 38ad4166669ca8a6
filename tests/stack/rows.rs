//! Every row of the table, without an engine: kept, translated or refused by name.

use std::collections::BTreeSet;
use std::io::Write;

use seaworthy::reach::table::{self, Verdict};
use serde_json::Value;

use crate::cases::{CASES, Want};
use crate::project::{Outcome, Project};

use Want::{Container, Nothing, Object, Placed, Refused, Spec};

pub const STACK: &str = "sw-rows";

const PREPARED: &str = "version: 1\nposture: observe\nwaivers:\n  \
    - { service: a, rule: not-enforceable, allow: [\"swarm.volumes=prepared\"], reason: it is there }\n...\n";

/// A whole file, or fields of `a` beside an image, with a service `b`.
pub fn compose(yaml: &str) -> String {
    if yaml.contains("services:") {
        return yaml.to_owned();
    }
    format!("services:\n  a: {{ image: 'example.org/a:1', {yaml} }}\n  b: {{ image: 'example.org/b:1' }}\n")
}

fn project(yaml: &str) -> Project {
    Project::new(&compose(yaml))
        .file("labels", "of=file\n")
        .file("s", "content\n")
        .file("p.json", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}")
        .file("more.yaml", "services: { more: { image: 'x:1' } }\n")
        .folder("state")
}

fn specs(project: &Project) -> Outcome {
    project.run(["--compose-version", "5.5", "--profile", "*", "stack", "config", "--specs", STACK])
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What is wrong with what came of a case.
fn fault(want: &Want, outcome: &Outcome, plain: &str) -> Option<String> {
    if let Refused(key) = want {
        let is_named = outcome.status == 77
            && outcome.stdout.is_empty()
            && outcome.stderr.contains("error[not-enforceable]")
            && outcome.stderr.contains(" cannot be enforced on Swarm: ")
            && outcome.stderr.contains(&format!("[\"swarm.{key}\"]"))
            && outcome.stderr.contains(" --> compose.yaml:");
        return (!is_named).then(|| format!("{key} is not refused by name: {outcome}"));
    }
    if outcome.status != 0 {
        return Some(outcome.to_string());
    }
    let all = value(&outcome.stdout);
    let service = &all["services"][0];
    let container = &service["TaskTemplate"]["ContainerSpec"];
    let (found, wanted) = match want {
        Container(pointer, json) | Placed(pointer, json) => (container.pointer(pointer), json),
        Spec(pointer, json) => (service.pointer(pointer), json),
        Object(kind, at, pointer, json) => (all[kind][at].pointer(pointer), json),
        Nothing => {
            let same = value(plain)["services"] == all["services"];
            return (!same).then(|| format!("it is not the same as without it: {outcome}"));
        }
        Refused(_) => unreachable!(),
    };
    let found = found.cloned().unwrap_or_default();
    (found != value(wanted)).then(|| format!("found {found}, not {wanted}"))
}

fn run(yaml: &str, want: &Want) -> Outcome {
    let project = project(yaml);
    if matches!(want, Placed(..)) {
        specs(&project.file("seaworthy.yaml", PREPARED))
    } else {
        specs(&project)
    }
}

#[test]
fn every_row_is_kept_translated_or_refused_by_name() {
    let plain = specs(&project("hostname: ''")).output();
    let mut faults = Vec::new();
    for (place, yaml, want) in CASES {
        if let Some(fault) = fault(want, &run(yaml, want), &plain) {
            faults.push(format!("{place}: {yaml}: {fault}"));
        }
    }
    let _ = writeln!(std::io::stderr(), "{} cases of {} rows", CASES.len(), table::rows().count());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_row_has_a_case_of_its_verdict() {
    let known: BTreeSet<&str> = table::rows().map(|row| row.place).collect();
    let stale: Vec<_> =
        CASES.iter().map(|(place, ..)| place).filter(|place| !known.contains(*place)).collect();
    assert!(stale.is_empty(), "{stale:?}");
    let lacking: Vec<&str> = table::rows()
        .filter(|row| {
            !CASES.iter().any(|(place, _, want)| {
                let is_refused = matches!(want, Refused(_));
                *place == row.place && is_refused == (row.api == Verdict::Refused)
            })
        })
        .map(|row| row.place)
        .collect();
    assert!(lacking.is_empty(), "no case for {lacking:?}");
}

#[test]
fn a_file_that_its_user_could_not_read_is_refused() {
    let with = |user: &str, entry: &str| {
        let text = format!(
            "services: {{ a: {{ image: 'x:1', user: '{user}', secrets: [{{ source: s, {entry} }}] }} }}\nsecrets: {{ s: {{ file: ./s }} }}\n"
        );
        specs(&project(&text))
    };
    let refused = with("1000:1000", "mode: 0400");
    assert_eq!(refused.status, 73, "{refused}");
    assert!(
        refused.stderr.contains(
            "services.a.secrets: /run/secrets/s would belong to 0:0 with mode 0400, and the user 1000:1000 could not read it"
        ),
        "{refused}"
    );
    for (user, entry) in [
        ("0:0", "mode: 0400"),
        ("1000:1000", "mode: 0444"),
        ("1000:1000", "mode: 0400, uid: '1000'"),
        ("1000:1000", "mode: 0440, gid: '1000'"),
        ("node", "mode: 0400"),
    ] {
        with(user, entry).output();
    }
}

#[test]
fn what_is_refused_is_waived_by_service_and_key_alone() {
    let refused = CASES.iter().filter_map(|(place, yaml, want)| match want {
        // Without what it names there is nothing to run.
        Refused(key) if !matches!(*key, "image" | "provider") => Some((place, yaml, key)),
        _ => None,
    });
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (place, yaml, key) in refused {
        tried += 1;
        let waivers: Vec<String> = ["a", "\"*\""]
            .iter()
            .map(|service| {
                format!("  - {{ service: {service}, rule: not-enforceable, allow: [\"swarm.{key}\"], reason: held elsewhere }}\n")
            })
            .collect();
        let policy = format!("version: 1\nposture: observe\nwaivers:\n{}...\n", waivers.concat());
        let outcome = specs(&project(yaml).file("seaworthy.yaml", &policy));
        let others = outcome.stderr.matches("cannot be enforced on Swarm").count();
        if outcome.stderr.contains(&format!("[\"swarm.{key}\"]"))
            || others == 0 && !outcome.stderr.contains("held elsewhere")
        {
            faults.push(format!("{place}: {key}: {outcome}"));
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
