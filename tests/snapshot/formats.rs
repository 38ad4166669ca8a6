//! What other programs read.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::agent_pod;
use super::project::Project;
use super::snapshot::snapshot;

/// The example, weakened here, changed there.
fn changed() -> Project {
    let project = agent_pod();
    project.run(["snapshot", "write"]).output();
    project
        .file("compose.override.yaml", "services:\n  agent:\n    privileged: true # é\n    image: \"sw-node:2\"\n    cap_drop: !reset []\n  store:\n    read_only: true\n    x-note: it\n")
        .file("seaworthy.yaml", "version: 1\nposture: hardened\nuser:\n  default: \"10002:10002\"\n  services: {store: image}\noverlays:\n  - file: ops/limits.yaml\n  - file: ops/egress.yaml\nbinds:\n  roots: [state]\n  mode: \"0750\"\n...\n")
}

/// The official schema of SARIF 2.1.0.
fn validator() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif/sarif-schema-2.1.0.json");
    // One pattern, of a property that is not used here, has a bracket that closes nothing.
    let text = std::fs::read_to_string(path).unwrap().replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
fn assert_sarif(text: &str) -> Value {
    let document: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator()
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    document
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let project = changed();
    let outcome = project.run(["snapshot", "check", "--format", "sarif"]);
    assert_eq!(outcome.status, 1, "{outcome}");
    let document = assert_sarif(&outcome.stdout);
    let results = document["runs"][0]["results"].as_array().unwrap();
    let weakens: Vec<&Value> =
        results.iter().filter(|result| result["ruleId"] == "snapshot-weakens").collect();
    assert!(weakens.iter().all(|result| result["level"] == "error"));
    let privileged = weakens
        .iter()
        .find(|result| result["message"]["text"].as_str().unwrap().contains("services.agent.privileged"))
        .unwrap();
    let place = &privileged["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "compose.override.yaml");
    assert_eq!(place["region"]["startLine"], 3);
    // Every rule that a result names is described, and every result can be told from another.
    let rules = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(results.iter().all(|result| rules.iter().any(|rule| rule["id"] == result["ruleId"])));
    let mut prints: Vec<&str> = results
        .iter()
        .map(|result| result["partialFingerprints"]["seaworthy/v1"].as_str().unwrap())
        .collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), results.len());
    for words in [&["check", "--format", "sarif"][..], &["snapshot", "diff", "--format", "sarif"]] {
        assert_sarif(&project.run(words.iter().copied()).stdout);
    }
    // What is the same has no results, and is valid too.
    assert_sarif(&{
        project.run(["snapshot", "write"]).output();
        project.run(["snapshot", "check", "--format", "sarif"]).output()
    });
}

#[test]
fn the_schema_refuses_what_is_no_sarif() {
    let broken: Value =
        serde_json::from_str(r#"{"version": "2.1.0", "runs": [{"results": [{"level": "bad"}]}]}"#).unwrap();
    assert!(!validator().is_valid(&broken));
}

/// Far more than anybody's limits.
fn many() -> Project {
    let services = |more: &str| {
        let mut text = "services:\n".to_owned();
        for at in 0..600 {
            let _ = writeln!(text, "  s{at}:\n    image: busybox\n    {more}");
        }
        text
    };
    let project = Project::new(&services("cap_drop: [ALL]"));
    project.run(["snapshot", "write"]).output();
    let words: Vec<String> = (0..10).map(|at| format!("K{at}: v")).collect();
    project.file(
        "compose.yaml",
        services(&format!(
            "privileged: true\n    environment: {{{}}}\n    labels: {{{}}}",
            words.join(", "),
            words.join(", ")
        )),
    )
}

#[test]
fn sarif_stays_within_the_limits_of_code_scanning() {
    let outcome = many().run(["snapshot", "check", "--format", "sarif"]);
    let document = assert_sarif(&outcome.stdout);
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() <= 5_000 && results.len() >= 600, "{}", results.len());
    assert!(outcome.stdout.len() < 10 * 1024 * 1024, "{}", outcome.stdout.len());
    // Nothing that weakens is left out in favour of something else.
    let weakens = results.iter().filter(|result| result["level"] == "error").count();
    assert!(weakens >= 1_200, "{weakens}");
}

/// A workflow command, read as the runner of GitHub does.
fn annotation(line: &str) -> (String, Vec<(String, String)>, String) {
    let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (kind, properties) = command.split_once(' ').unwrap();
    let unescape = |text: &str| {
        text.replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), unescape(value))
    });
    (kind.to_owned(), properties.collect(), unescape(message))
}

#[test]
fn annotations_can_be_read_back_and_lead_to_the_line() {
    let project = changed();
    let outcome = project.run(["snapshot", "check", "--format", "github"]);
    assert_eq!(outcome.status, 1);
    let read: Vec<_> = outcome.stdout.lines().map(annotation).collect();
    let (kind, properties, _) = read
        .iter()
        .find(|(_, _, message)| message.starts_with("weakens: services.agent.privileged"))
        .unwrap();
    assert_eq!(kind, "error");
    let value = |name: &str| properties.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(
        (value("title"), value("file"), value("line")),
        ("snapshot-weakens".into(), "compose.override.yaml".into(), "3".into())
    );
    assert!(read.iter().all(|(kind, _, _)| ["error", "warning", "notice"].contains(&kind.as_str())));
    snapshot!(outcome.stdout);
}

#[test]
fn no_step_gets_more_annotations_than_it_shows() {
    let outcome = many().run(["snapshot", "check", "--format", "github"]);
    let lines: Vec<_> = outcome.stdout.lines().map(annotation).collect();
    for kind in ["error", "warning", "notice"] {
        assert!(lines.iter().filter(|line| line.0 == kind).count() <= 10);
    }
    assert!(lines.iter().any(|line| line.2.contains("more; another format shows all of them")));
}

#[test]
fn files_are_named_from_the_root_of_the_checkout() {
    let project = Project::empty().file("deep/pod/compose.yaml", "services: {a: {image: busybox}}\n");
    project.run_in("deep/pod", ["snapshot", "write"]).output();
    let root = project.path("").display().to_string();
    let project = project
        .file("deep/pod/compose.yaml", "services: {a: {image: busybox, pid: host}}\n")
        .variable("GITHUB_WORKSPACE", &root);
    let sarif = assert_sarif(&project.run_in("deep/pod", ["snapshot", "check", "--format", "sarif"]).stdout);
    let place =
        &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "deep/pod/compose.yaml");
    let github = project.run_in("deep/pod", ["snapshot", "check", "--format", "github"]).stdout;
    assert!(github.contains("file=deep/pod/compose.yaml,"), "{github}");
}

#[test]
fn markdown_fits_into_a_comment_and_no_value_breaks_its_tables() {
    let outcome = many().run(["snapshot", "check", "--format", "markdown"]);
    assert!(outcome.stdout.chars().count() < 65_536);
    assert!(outcome.stdout.contains("more; `seaworthy snapshot diff` shows all."));
    let project = Project::new("services: {a: {image: busybox}}\n");
    project.run(["snapshot", "write"]).output();
    let project = project.file(
        "compose.yaml",
        "services: {a: {image: busybox, command: [\"a|b\", \"`c`\", \"d\\n| e\", \"<b>\"]}}\n",
    );
    let outcome = project.run(["snapshot", "check", "--format", "markdown"]);
    for row in outcome.stdout.lines().filter(|line| line.starts_with("| `")) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 6, "{row}");
    }
    snapshot!(outcome.stdout);
}
