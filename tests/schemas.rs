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

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use project::Project;
use seaworthy::ownership::Way;
use seaworthy::plan::{PlanRepair, PlanStep};
use serde_json::Value;

#[test]
fn the_schema_of_compose_files_is_in_step_with_the_field_table() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "compose"]).output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/compose.schema.json");
    if std::env::var("SEAWORTHY_BLESS").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == printed, "schemas/compose.schema.json is out of step; SEAWORTHY_BLESS=1 writes it anew");
}

#[test]
fn an_unknown_schema_is_a_wrong_use() {
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(["schema", "nothing"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

/// Says what of a value a schema does not take, and notes which of the schema's properties it saw. Knows the
/// words that these schemas use, and refuses others.
struct Validator<'s> {
    root: &'s Value,
    seen: BTreeSet<String>,
}

const WORDS: [&str; 14] = [
    "$schema",
    "$id",
    "$defs",
    "$ref",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "enum",
    "const",
];

impl<'s> Validator<'s> {
    fn new(root: &'s Value) -> Self {
        Self { root, seen: BTreeSet::new() }
    }

    fn check(&mut self, schema: &'s Value, value: &Value, at: &str) -> Result<(), String> {
        let words = schema.as_object().unwrap();
        for word in words.keys() {
            assert!(
                WORDS.contains(&word.as_str()) || ["pattern", "minimum"].contains(&word.as_str()),
                "{word}"
            );
        }
        if let Some(name) = words.get("$ref") {
            let name = name.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            let found = &self.root["$defs"][name];
            assert!(!found.is_null(), "{name}");
            self.check(found, value, at)?;
        }
        if let Some(expected) = words.get("type") {
            let kinds: Vec<&str> = match expected {
                Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
                kind => vec![kind.as_str().unwrap()],
            };
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            if !kinds.contains(&kind) {
                return Err(format!("{at} is of type {kind}"));
            }
        }
        if words.get("const").is_some_and(|expected| expected != value)
            || words.get("enum").is_some_and(|known| !known.as_array().unwrap().contains(value))
        {
            return Err(format!("{at} must not be {value}"));
        }
        if let Some(others) = words.get("anyOf") {
            let fits = others.as_array().unwrap().iter().any(|other| self.check(other, value, at).is_ok());
            if !fits {
                return Err(format!("{at} is none of the forms: {value}"));
            }
        }
        if let (Some(item), Some(items)) = (words.get("items"), value.as_array()) {
            for (index, child) in items.iter().enumerate() {
                self.check(item, child, &format!("{at}[{index}]"))?;
            }
        }
        if let (Some(properties), Some(fields)) = (words.get("properties"), value.as_object()) {
            for (key, child) in fields {
                match properties.get(key) {
                    Some(schema) => self.check(schema, child, &format!("{at}.{key}"))?,
                    None => return Err(format!("{at} has an unknown {key}")),
                }
                self.seen.insert(format!("{:p} {key}", std::ptr::from_ref(properties)));
            }
            for key in words["required"].as_array().unwrap() {
                if !fields.contains_key(key.as_str().unwrap()) {
                    return Err(format!("{at} lacks {key}"));
                }
            }
        }
        Ok(())
    }

    /// Properties that no value had.
    fn unseen(&self, schema: &Value, at: &str, found: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties") {
            for key in properties.as_object().unwrap().keys() {
                if !self.seen.contains(&format!("{:p} {key}", std::ptr::from_ref(properties))) {
                    found.push(format!("{at}.{key}"));
                }
            }
        }
        match schema {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, child)| self.unseen(child, &format!("{at}.{key}"), found));
            }
            Value::Array(items) => items.iter().for_each(|child| self.unseen(child, at, found)),
            _ => {}
        }
    }
}

fn kept_schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
    let text = std::fs::read_to_string(path).unwrap();
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
    let policy = "version: 1\nposture: baseline\nuser: {default: '10001:10001'}\n\
                  waivers: [{service: web, rule: privileged, reason: a test}]\n";
    let lock = "version: 1\nservices:\n  old:\n    user: '10001:10001'\n    from: policy\n...\n";
    let project = Project::new(compose).file("seaworthy.yaml", policy).file("seaworthy.lock", lock);
    project.run(["snapshot", "write"]).output();
    let project = project.file("compose.override.yaml", "services: {web: {cap_add: [SYS_ADMIN]}}\n");
    let plain = Project::new("services: {web: {image: demo}}\n");
    // Who owns what is looked at only where nothing is refused before.
    let owned = Project::new("services: {web: {image: demo, volumes: [./data:/data, ./other:/other]}}\n")
        .folder("data")
        .file("from.json", "{}")
        .file("seaworthy.yaml", "version: 1\ncopies: [{from: from.json, to: to.json}]\n");
    let mut plans: Vec<Value> = [&project, &plain, &owned]
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
        mode: "0750".to_owned(),
        service: "web".to_owned(),
    };
    plans[1]["steps"] = serde_json::to_value([step]).unwrap();
    let repair = PlanRepair {
        service: "web".to_owned(),
        path: "/srv/app/data".to_owned(),
        owner: "10001:10001".to_owned(),
        from: vec![3001],
        strategy: "chown",
        by: Way::Helper,
        reason: "a test",
    };
    plans[1]["repairs"] = serde_json::to_value([repair]).unwrap();
    plans
}

#[test]
fn the_schema_of_a_plan_is_in_step_with_plans() {
    let schema = kept_schema("plan");
    let mut validator = Validator::new(&schema);
    let plans = plans();
    for plan in &plans {
        assert_eq!(validator.check(&schema, plan, "plan"), Ok(()), "{plan:#}");
    }
    let mut unseen = Vec::new();
    validator.unseen(&schema, "", &mut unseen);
    assert_eq!(unseen, Vec::<String>::new(), "no plan had these");
    // The check can fail.
    for (field, value) in
        [("verdict", Value::from("fine")), ("files", Value::from("none")), ("version", Value::from(2))]
    {
        let mut wrong = plans[0].clone();
        wrong[field] = value;
        assert!(Validator::new(&schema).check(&schema, &wrong, "plan").is_err(), "{field}");
    }
    let mut short = plans[0].clone();
    short.as_object_mut().unwrap().remove("refused");
    assert!(Validator::new(&schema).check(&schema, &short, "plan").is_err());
}

#[test]
fn the_schema_of_explanations_is_in_step_with_them() {
    let schema = kept_schema("explain");
    let mut validator = Validator::new(&schema);
    let project =
        Project::new("services:\n  web:\n    image: ${IMAGE:-demo}\n    environment: {A: '${A}', B: }\n")
            .file(".env", "A=value\n")
            .variable("B", "other");
    let text = project.run(["explain", "--format", "json", "services.web"]).output();
    let explained: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(validator.check(&schema, &explained, "explain"), Ok(()), "{explained:#}");
    let mut unseen = Vec::new();
    validator.unseen(&schema, "", &mut unseen);
    assert_eq!(unseen, Vec::<String>::new());
}
