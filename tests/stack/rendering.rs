//! `stack config` without `--specs`: what the client reads, and what it loses of it.

use std::io::Write;
use std::process::{Command, Stdio};

use seaworthy::reach::table::{self, Client, Verdict};

use crate::cases::{CASES, Want};
use crate::project::{Outcome, Project};
use crate::rows::compose;

fn render(yaml: &str) -> Outcome {
    Project::new(&compose(yaml))
        .file("labels", "of=file\n")
        .file("s", "content\n")
        .file("p.json", "{}")
        .file("more.yaml", "services: { more: { image: 'x:1' } }\n")
        .folder("state")
        .run(["--compose-version", "5.5", "--profile", "*", "stack", "config", "sw-rows"])
}

/// What the client says of a file; it asks no engine for that.
fn refusal(text: &str) -> Option<String> {
    let words = ["stack", "config", "-c", "-"];
    let mut command = Command::new("docker");
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    client.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = client.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_the_client_would_lose_is_named_and_the_rest_it_takes() {
    let has_client = Command::new("docker").arg("--version").output().is_ok();
    assert!(has_client || std::env::var_os("CI").is_none(), "docker is needed");
    let (mut faults, mut lost) = (Vec::new(), 0);
    for (place, yaml, want) in CASES {
        let outcome = render(yaml);
        let absent = matches!(want, Want::Refused("secrets" | "configs"));
        if outcome.status != 0 {
            faults.push(format!("{place}: {yaml}: {outcome}"));
            continue;
        }
        let text = outcome.stdout.replace("[DIR]", "/srv/project");
        if let Some(said) = refusal(&text).filter(|_| has_client && !absent) {
            faults.push(format!("{place}: {yaml}: {said}\n{text}"));
        }
        let row = table::own_row(place).unwrap();
        let drops = matches!(row.client, Client::Dropped | Client::Lost | Client::Refused);
        let is_held = matches!(want, Want::Nothing) || row.api == Verdict::Local;
        let is_written_otherwise = ["cpus", "mem_limit", "mem_reservation", "pids_limit", "scale", "name"]
            .contains(&row.key().as_str())
            || ["tmpfs", "volumes.bind.create_host_path"].contains(&row.key().as_str());
        if drops && !is_held && !is_written_otherwise {
            lost += 1;
            if !outcome.stderr.contains(" is lost: ") {
                faults.push(format!("{place}: {yaml}: nothing is said: {outcome}"));
            }
        }
    }
    let _ =
        writeln!(std::io::stderr(), "{} renderings, {lost} of them with a loss that is named", CASES.len());
    assert!(lost > 60, "{lost}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_written_otherwise_is_kept() {
    let text = render(
        "cpus: 0.5, mem_limit: 256m, pids_limit: 64, mem_reservation: 10m, scale: 3, restart: 'on-failure:2', tmpfs: ['/tmp:size=1m'], \
         depends_on: [b], ports: ['8080:80'], secrets: [{ source: s, mode: 0400 }]",
    );
    // The secret is not declared.
    assert_eq!(text.status, 78, "{text}");
    let whole = "services:\n  a:\n    image: 'x:1'\n    cpus: 0.5\n    mem_limit: 256m\n    pids_limit: 64\n    mem_reservation: 10m\n    scale: 3\n    \
        restart: 'on-failure:2'\n    tmpfs: ['/tmp:size=1m']\n    depends_on: [b]\n    ports: ['8080:80']\n    secrets: [{ source: s, mode: 0400 }]\n  \
        b: { image: 'y:1' }\nsecrets: { s: { file: ./s } }\n";
    let rendered = render(whole);
    assert_eq!(rendered.stderr, "", "{rendered}");
    let value: serde_json::Value = serde_yaml::from_str(&rendered.output().replace("[DIR]", "/srv")).unwrap();
    let a = &value["services"]["a"];
    let wanted = serde_json::json!({
        "replicas": 3,
        "restart_policy": { "condition": "on-failure", "max_attempts": 2 },
        "resources": {
            "limits": { "cpus": "0.5", "memory": "268435456", "pids": 64 },
            "reservations": { "memory": "10485760" },
        },
    });
    assert_eq!(a["deploy"], wanted);
    assert_eq!(
        a["volumes"],
        serde_json::json!([{ "type": "tmpfs", "target": "/tmp", "tmpfs": { "size": 1_048_576 } }])
    );
    assert_eq!(
        a["ports"],
        serde_json::json!([{ "mode": "ingress", "target": 80, "protocol": "tcp", "published": 8080 }])
    );
    assert_eq!(a["secrets"][0]["mode"], 256);
    assert_eq!(a["depends_on"], serde_json::json!(["b"]));
}

#[test]
fn names_and_managers_that_are_none_are_said() {
    let project = Project::new("services: { a: { image: 'x:1' } }\n");
    let named = project.run(["stack", "deploy", "a b"]);
    assert_eq!(named.status, 2, "{named}");
    assert!(named.stderr.contains("\"a b\" is no name of a stack"), "{named}");
    let alone = project.run(["stack", "rm", "x"]);
    assert_eq!(alone.status, 69, "{alone}");
}
