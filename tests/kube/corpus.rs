//! Every project of the corpus that Compose takes and that builds nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use crate::case::{self, Case};
use crate::manifests::{documents, pods, text};
use crate::pool;
use crate::program::Program;
use crate::restricted::violations;
use crate::schema::Schemas;

/// What came of one.
enum Outcome {
    Builds,
    Rendered { objects: usize, faults: Vec<String> },
    Refused(Vec<String>),
    Wrong(String),
}

#[test]
fn what_is_not_refused_by_name_is_what_the_api_takes() {
    let cases = match case::all() {
        Ok(cases) => cases,
        Err(why) if std::env::var("CI").is_ok_and(|value| value == "true") => panic!("{why}"),
        Err(why) => return println!("ignored: {why}"),
    };
    let Some(schemas) = Schemas::all() else { return };
    let cases: Vec<&Case> = cases.iter().filter(|case| case.is_accepted).collect();
    let ours = Program::ours();
    let outcomes = pool::map(&cases, |case| run(case, &ours, &schemas));
    let (mut builds, mut rendered, mut objects, mut refused) = (0, 0, 0, 0);
    let mut faults = String::new();
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    for (case, outcome) in cases.iter().zip(outcomes) {
        match outcome {
            Outcome::Builds => builds += 1,
            Outcome::Rendered { objects: count, faults: found } => {
                rendered += 1;
                objects += count;
                for fault in found {
                    let _ = writeln!(faults, "{}: {fault}", case.id);
                }
            }
            Outcome::Refused(found) => {
                refused += 1;
                for key in found {
                    *keys.entry(key).or_default() += 1;
                }
            }
            Outcome::Wrong(what) => {
                let _ = writeln!(faults, "{}: {what}", case.id);
            }
        }
    }
    let mut most: Vec<(String, usize)> = keys.into_iter().collect();
    most.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), key.clone()));
    let most: Vec<String> = most.iter().take(12).map(|(key, count)| format!("{key} {count}")).collect();
    // Past what the test harness holds back: the figures are worth reading.
    let _ = writeln!(
        std::io::stderr(),
        "{} accepted cases, {builds} of them build; {rendered} rendered, {refused} refused by name; {objects} objects \
         validated, each for {}\nrefused most: {}",
        cases.len(),
        crate::schema::VERSIONS.join(" and "),
        most.join(", ")
    );
    assert!(faults.is_empty(), "{faults}");
    assert!(rendered > 150 && refused > 150 && objects > 1000, "{rendered} {refused} {objects}");
}

fn run(case: &Case, ours: &Program, schemas: &[Schemas]) -> Outcome {
    let model: Value = serde_json::from_str(&case.recorded()).unwrap();
    let services =
        model["services"].as_object().map(|map| map.values().cloned().collect()).unwrap_or_default();
    let services: Vec<Value> = services;
    if services.iter().any(|service| service.get("build").is_some_and(|build| !build.is_null())) {
        return Outcome::Builds;
    }
    let mut environment = case.environment.clone();
    // No engine: what is not known without one is refused.
    environment.insert("DOCKER_HOST".to_owned(), "unix:///nonexistent/engine.sock".to_owned());
    let mut words = case.globals();
    words.push("kube".to_owned());
    let output = ours.run(&case.directory, &environment, &words);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => {
            let printed = String::from_utf8(output.stdout).unwrap();
            let again = ours.run(&case.directory, &environment, &words).stdout;
            let documents = documents(&printed);
            let mut faults: Vec<String> = documents
                .iter()
                .flat_map(|object| {
                    let place = format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"));
                    let found = schemas.iter().flat_map(|schemas| schemas.faults(object));
                    found.map(move |fault| format!("{place}: {fault}")).collect::<Vec<_>>()
                })
                .collect();
            if again != printed.as_bytes() {
                faults.push("it is not the same twice".to_owned());
            }
            faults.extend(unfaithful(&documents, services.len()));
            Outcome::Rendered { objects: documents.len(), faults }
        }
        Some(77) if stderr.contains("error[not-enforceable]") => Outcome::Refused(named(&stderr)),
        code => Outcome::Wrong(format!("exit {code:?}: {}", stderr.lines().next().unwrap_or_default())),
    }
}

/// A pod for each service, no two objects of one name, and the level that is promised.
fn unfaithful(documents: &[Value], services: usize) -> Vec<String> {
    let mut faults = Vec::new();
    let pods = pods(documents);
    if pods.len() != services {
        faults.push(format!("{services} services, {} pods", pods.len()));
    }
    let mut names: Vec<(&str, &str)> =
        documents.iter().map(|object| (text(object, "/kind"), text(object, "/metadata/name"))).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    if names.len() != count {
        faults.push("two objects have one name".to_owned());
    }
    let level = text(&documents[0], "/metadata/labels/pod-security.kubernetes.io~1enforce");
    let is_restricted = pods.iter().all(|(_, pod)| violations(pod).is_empty());
    if (level == "restricted") != is_restricted {
        faults.push(format!("level {level}, restricted: {is_restricted}"));
    }
    faults
}

/// The keys that are refused.
fn named(stderr: &str) -> Vec<String> {
    let allowed = stderr.split("allow: [\"kubernetes.").skip(1).filter_map(|rest| rest.split('"').next());
    let mut keys: Vec<String> = allowed.map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    keys
}
