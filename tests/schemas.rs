//! The schemas in `schemas/` are those that the program prints. With `SEAWORTHY_BLESS=1` they are
//! written anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "harness/project.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod project;

use std::fs;
use std::path::Path;
use std::process::Command;

use project::Project;
use seaworthy::plan::{PlanStep, PlanThen};
use serde_json::{Map, Value};

#[test]
fn the_schema_of_compose_files_is_in_step_with_the_field_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "compose"]).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/compose.schema.json");
    if std::env::var("SEAWORTHY_BLESS").is_ok_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &printed).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == printed, "schemas/compose.schema.json is out of step; SEAWORTHY_BLESS=1 writes it anew");
}

/// Every schema that is kept is printed, and the help for a wrong name lists it.
#[test]
fn each_kept_schema_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let run =
        |name: &str| Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", name]).output().unwrap();
    let wrong = String::from_utf8(run("nothing").stderr).unwrap();
    let mut names: Vec<String> = fs::read_dir(folder.as_path())
        .unwrap()
        .filter_map(|entry| {
            Some(entry.unwrap().file_name().to_str()?.strip_suffix(".schema.json")?.to_owned())
        })
        .collect();
    names.sort();
    assert!(names.iter().any(|name| name == "policy"), "{names:?}");
    for name in &names {
        let kept = fs::read(folder.join(format!("{name}.schema.json"))).unwrap();
        assert!(run(name).stdout == kept, "{name}");
    }
    assert!(wrong.contains(&format!("The schemas are: {}.", names.join(", "))), "{wrong}");
}

#[test]
fn an_unknown_schema_is_a_wrong_use() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "nothing"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

/// The faults of a value by its schema.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(value).map(|error| error.to_string()).collect()
}

/// Properties of objects of the schema that no object of these values has.
fn unseen(schema: &Value, values: &[Value]) -> Vec<String> {
    fn objects<'v>(value: &'v Value, found: &mut Vec<&'v Map<String, Value>>) {
        match value {
            Value::Object(fields) => {
                found.push(fields);
                fields.values().for_each(|child| objects(child, found));
            }
            Value::Array(items) => items.iter().for_each(|child| objects(child, found)),
            _ => {}
        }
    }
    let mut seen = Vec::new();
    values.iter().for_each(|value| objects(value, &mut seen));
    let mut kinds = Vec::new();
    objects(schema, &mut kinds);
    let mut unseen = Vec::new();
    for kind in kinds {
        let (Some(Value::Object(properties)), Some(Value::Array(required))) =
            (kind.get("properties"), kind.get("required"))
        else {
            continue;
        };
        let is_one = |fields: &&&Map<String, Value>| {
            fields.keys().all(|key| properties.contains_key(key))
                && required.iter().all(|key| fields.contains_key(key.as_str().unwrap()))
        };
        let own: Vec<_> = seen.iter().filter(is_one).collect();
        let missing = properties.keys().filter(|key| !own.iter().any(|fields| fields.contains_key(*key)));
        unseen.extend(missing.cloned());
    }
    unseen
}

fn kept_schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(Project::empty().run(["schema", name]).output(), text);
    serde_json::from_str(&text).unwrap()
}

/// Plans that have everything in them that a plan can have.
fn plans() -> Vec<Value> {
    let compose = "services:
  web:
    image: demo
    volumes: [./data:/data, /srv/else:/else:ro, cache:/cache]
    ports: [80]
    privileged: true
  old: {image: demo}
  off: {image: demo, profiles: [never]}
volumes: {cache: {}}
";
    let policy = "version: 1\nposture: {default: baseline, services: {old: observe}, warn: contained}\nuser: {default: '10001:10001'}\n\
                  waivers: [{service: web, rule: privileged, reason: a test}]\n...\n";
    let lock = "version: 1\nservices:\n  old:\n    user: '10001:10001'\n    from: policy\n...\n";
    let project = Project::new(compose).file("seaworthy.yaml", policy).file("seaworthy.lock", lock);
    project.run(["snapshot", "write"]).output();
    let project = project.file("compose.override.yaml", "services: {web: {cap_add: [SYS_ADMIN]}}\n");
    let plain = Project::new("services: {web: {image: demo, volumes: ['./data:/data']}}\n");
    let mut plans: Vec<Value> = [&project, &plain]
        .map(|project| project.run(["plan", "--format", "json"]))
        .iter()
        .map(|outcome| {
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
        })
        .collect();
    // What is to be created is known with an engine only.
    let step = PlanStep {
        step: "create-directory",
        path: "/srv/app/data".to_owned(),
        owner: Some("10001:10001".to_owned()),
        mode: Some("0750".to_owned()),
        service: Some("web".to_owned()),
        how: None,
    };
    plans[1]["steps"] = serde_json::to_value([step]).unwrap();
    let then = PlanThen { user: "1000:1000".to_owned(), by: "PUID".to_owned() };
    plans[1]["services"][0]["user"]["then"] = serde_json::to_value(then).unwrap();
    plans
}

#[test]
fn the_schema_of_a_plan_is_in_step_with_plans() {
    let schema = kept_schema("plan");
    let plans = plans();
    for plan in &plans {
        assert_eq!(faults(&schema, plan), Vec::<String>::new(), "{plan:#}");
    }
    assert_eq!(unseen(&schema, &plans), Vec::<String>::new(), "no plan had these");
    // The check can fail.
    let wrong =
        [("verdict", Value::from("fine")), ("files", Value::from("none")), ("version", Value::from(2))];
    for (field, value) in wrong {
        let mut wrong = plans[0].clone();
        wrong[field] = value;
        assert!(!faults(&schema, &wrong).is_empty(), "{field}");
    }
    let mut short = plans[0].clone();
    short.as_object_mut().unwrap().remove("refused");
    assert!(!faults(&schema, &short).is_empty());
    assert!(!unseen(&schema, &plans[1..2]).is_empty());
}

#[test]
fn the_schema_of_a_diagnosis_is_in_step_with_it() {
    let schema = kept_schema("doctor");
    // Where there is no engine and no Compose, everything that there can be is in it.
    let outcome = Project::new("services: {web: {image: demo}}\n").run(["doctor", "--format", "json"]);
    assert_eq!(outcome.status, 1, "{outcome}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(faults(&schema, &report), Vec::<String>::new(), "{report:#}");
    assert_eq!(unseen(&schema, std::slice::from_ref(&report)), Vec::<String>::new());
    let mut wrong = report;
    wrong["checks"][0]["verdict"] = "fine".into();
    assert!(!faults(&schema, &wrong).is_empty());
}

/// An engine that maps users, as far as its own word goes.
const MAPPING: &str = r#"read -r name </proc/sys/kernel/hostname
case $1 in
info) echo '{"ID":"A","ServerVersion":"28.0.0","DockerRootDir":"/d/231072.231072","SecurityOptions":["name=userns"],"Name":"'"$name"'"}' ;;
volume) echo '[]' ;;
*) exit 1 ;;
esac"#;

#[test]
fn the_schema_of_ids_is_in_step_with_them() {
    let schema = kept_schema("ids");
    let compose = "services:
  a: {image: demo, user: '1000:1000', group_add: ['7'], volumes: ['./t:/t', 'cache:/cache'], privileged: true}
  b: {image: demo, user: '1000:1000', userns_mode: host, volumes: ['./t:/t']}
volumes: {cache: {}}
";
    let project = Project::new(compose).folder("t").program("docker", MAPPING);
    let text = project.run(["ids", "--assume-userns=100000", "--format", "json"]).output();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(faults(&schema, &report), Vec::<String>::new(), "{report:#}");
    assert_eq!(unseen(&schema, std::slice::from_ref(&report)), Vec::<String>::new());
    assert_eq!(report["services"][0]["now"]["owner"], "232072:232072");
    let mut wrong = report;
    wrong["services"][0]["now"]["owner"] = "somebody".into();
    assert!(!faults(&schema, &wrong).is_empty());
}

#[test]
fn the_schema_of_attributions_is_in_step_with_them() {
    let schema = kept_schema("whois");
    let record = r#"{"version":1,"from":1,"until":2,"engine":{"endpoint":"unix:///s","id":"A","root_dir":"/d"},
        "project":"p","directory":"/srv/p","service":"a","user":"1000:1000","host":"101000:101000",
        "uids":[{"container":0,"host":100000,"length":65536}],"gids":[],"container":null,"name":null}"#;
    let project = Project::empty()
        .folder("state/seaworthy")
        .file("state/seaworthy/history.jsonl", record.replace('\n', "") + "\nbroken\n");
    let state = project.path("state").display().to_string();
    let project = project.variable("XDG_STATE_HOME", &state);
    let outcome = project.run(["whois", "--format", "json", "101000", "uid=101001"]);
    // Without an engine, what is not in the history is not known.
    assert_eq!(outcome.status, 69, "{outcome}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(faults(&schema, &report), Vec::<String>::new(), "{report:#}");
    assert_eq!(unseen(&schema, std::slice::from_ref(&report)), Vec::<String>::new());
    assert_eq!(
        (&report["unreadable"], &report["answers"][0]["found"][0]["service"]),
        (&1.into(), &"a".into())
    );
    let mut wrong = report;
    wrong["answers"][0]["found"][0]["basis"] = "guess".into();
    assert!(!faults(&schema, &wrong).is_empty());
}

#[test]
fn the_schema_of_explanations_is_in_step_with_them() {
    let schema = kept_schema("explain");
    let compose = "services:\n  web:\n    image: ${IMAGE:-demo}\n    environment: {A: '${A}', B: }\n";
    let project = Project::new(compose).file(".env", "A=value\n").variable("B", "other");
    let text = project.run(["explain", "--format", "json", "services.web"]).output();
    let explained: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(faults(&schema, &explained), Vec::<String>::new(), "{explained:#}");
    assert_eq!(unseen(&schema, &[explained]), Vec::<String>::new());
}
