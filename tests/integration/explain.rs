//! Where values come from: `explain` and `config --annotate`.

use seaworthy::source::FileId;
use seaworthy::yaml::{Limits, Node, parse};

use crate::project::Project;
use crate::snapshot::snapshot;

/// A value of every way in which one can come about.
fn project() -> Project {
    Project::new(
        "services:
  web:
    extends: {file: base.yaml, service: middle}
    image: demo
    command: [a, b]
    environment:
      - PORT=${PORT:-8080}
      - MODE=${MODE:-quiet}
      - HOME
    ports: [\"${PORT}:80\", \"9000-9001:9000-9001/udp\"]
    volumes: [\"./data:/data/\", \"logs:/logs\"]
    env_file: app.env
    cap_add: [NET_ADMIN]
    mem_limit: 64m
    labels: {com.example.role: web}
volumes: {logs: }
include:
  - path: more/extra.yaml
",
    )
    .file(
        "base.yaml",
        "services:
  middle:
    extends: first
    restart: always
    cap_add: [CHOWN]
  first:
    user: \"1:1\"
    restart: \"no\"
",
    )
    .file(
        "compose.override.yaml",
        "services:
  web:
    command: !override [c]
    cap_add: !reset null
    user: \"2:2\"
    restart: always
    volumes: [\"./other:/data:ro\"]
    dns: [10.0.0.1]
",
    )
    .file("more/extra.yaml", "services:\n  extra:\n    image: ${EXTRA}\n    volumes: [\"./here:/here\"]\n")
    .file("more/.env", "EXTRA=from-the-include\n")
    .file(".env", "# the port\nPORT=9999\n")
    .file("app.env", "SECRET=hunter2\n")
}

#[test]
fn every_leaf_of_a_service() {
    snapshot!(project().run(["explain", "services.web"]));
}

#[test]
fn a_service_that_another_file_brought() {
    snapshot!(project().run(["explain", "services.extra.image", "services.extra.volumes"]));
}

#[test]
fn one_key_of_every_service() {
    snapshot!(project().run(["explain", "services.*.cap_add", "services.*.user"]));
}

#[test]
fn a_port_and_a_target() {
    snapshot!(project().run(["explain", "9001", "/data"]));
}

#[test]
fn a_key_with_dots_and_one_from_an_env_file() {
    snapshot!(project().run([
        "explain",
        "services.web.labels.com.example.role",
        "services.web.environment.SECRET"
    ]));
}

#[test]
fn as_json() {
    snapshot!(project().run([
        "explain",
        "--format",
        "json",
        "services.web.user",
        "services.web.environment.PORT"
    ]));
}

#[test]
fn hidden_values_can_be_shown() {
    let paths = ["services.web.environment.SECRET", "services.web.environment.PORT", "services.web.ports"];
    let hidden = project().run(["explain"].into_iter().chain(paths)).output();
    for value in ["hunter2", "9999"] {
        assert!(!hidden.contains(value), "{hidden}");
    }
    let shown = project().run(["--show-values", "explain"].into_iter().chain(paths)).output();
    for value in ["hunter2", "9999"] {
        assert!(shown.contains(value), "{shown}");
    }
}

#[test]
fn what_the_policy_added() {
    let project = Project::new("services:\n  web:\n    image: demo\n    pids_limit: 9\n")
        .file("seaworthy.yaml", "version: 1\nposture: hardened\nuser: {default: \"10001:10001\"}\n...\n");
    let paths = ["services.web.user", "services.web.cap_drop", "services.web.pids_limit"];
    snapshot!(project.run(["explain"].into_iter().chain(paths)));
}

#[test]
fn a_refused_project_can_be_asked() {
    let project = Project::new("services:\n  web:\n    image: demo\n    privileged: true\n")
        .file("seaworthy.yaml", "version: 1\nposture: hardened\nuser: {default: \"10001:10001\"}\n...\n");
    snapshot!(project.run(["explain", "services.web.privileged"]));
}

#[test]
fn a_path_that_is_not_there() {
    snapshot!(project().run(["explain", "services.web.usr"]));
}

#[test]
fn a_key_that_nothing_sets() {
    snapshot!(project().run(["explain", "services.web.privileged"]));
}

#[test]
fn every_line_of_the_model() {
    snapshot!(project().run(["config", "--annotate"]));
}

#[test]
fn annotated_text_is_the_same_model() {
    let tree = |text: &str| -> Node {
        parse(FileId(0), &text.replace("[DIR]", "/dir").replace("[HOME]", "/home"), Limits::default())
            .unwrap()
            .remove(0)
            .root
    };
    let awkward = "services:
  web:
    image: 'demo # not a comment'
    command: [\"two\\nlines\", \" indented\\n block\\n\\n\", \"\", \"null\", 'it''s: so']
    labels: {a: \"- b\", \"c d\": \"e # f\"}
";
    for project in [project(), Project::new(awkward)] {
        let plain = project.run(["config"]).output();
        let annotated = project.run(["config", "--annotate"]).output();
        assert!(tree(&plain).same(&tree(&annotated)), "{annotated}");
        assert!(annotated.lines().filter(|line| line.contains("  # ")).count() > 5, "{annotated}");
    }
}

#[test]
fn annotations_go_with_the_whole_model_alone() {
    for other in ["--services", "--no-interpolate", "--format=json"] {
        let outcome = project().run(["config", "--annotate", other]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome}");
    }
}

#[test]
fn what_follows_from_something_else_and_long_forms() {
    let compose = "services:
  web:
    image: demo
    links: [db]
    ports: [{target: 80, published: 8080}, {target: 81, published: \"8081\", mode: host}]
  db: {image: demo}
";
    let project = Project::new(compose).file(
        "compose.override.yaml",
        "services: {web: {ports: [{target: 80, published: 8080, host_ip: 127.0.0.1}, {target: 81, published: \"8081\"}]}}\n",
    );
    snapshot!(project.run(["explain", "services.web.depends_on", "services.web.ports"]));
}

/// A value that is in the model comes from somewhere, and something of its chain still counts.
#[test]
fn no_value_is_without_a_chain() {
    let text = project().run([
        "--show-values",
        "explain",
        "--format",
        "json",
        "services",
        "volumes",
        "networks",
        "name",
    ]);
    let chains: serde_json::Value = serde_json::from_str(&text.output()).unwrap();
    let chains = chains.as_array().unwrap();
    assert!(chains.len() > 20, "{}", chains.len());
    for chain in chains.iter().filter(|chain| chain["set"] == true) {
        let counts = chain["chain"].as_array().unwrap().iter().any(|event| event["counts"] == true);
        assert!(counts, "{chain:#}");
    }
}

#[test]
fn what_stands_in_a_section_is_proposed_with_the_section() {
    for (given, meant) in
        [("web", "services.web"), ("web.image", "services.web.image"), ("logs", "volumes.logs")]
    {
        let project = Project::new(
            "name: p\nservices: {web: {image: demo, volumes: ['logs:/l']}}\nvolumes: {logs: {}}\n",
        );
        let outcome = project.run(["explain", given]);
        assert_eq!(outcome.status, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("Did you mean `{meant}`?")), "{}", outcome.stderr);
    }
}
