//! Incident 5: audit records named host uids that nobody could attribute. `whois` attributes a process, a uid, a path
//! and a container, also when it has ended and is gone.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::process::Command;

use serde_json::Value;

use super::harness::{End, Output, Project, Seaworthy, first_mapped_id, run};

fn plain() -> String {
    std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned())
}

fn remapped() -> String {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    host
}

/// The uid in the container; nobody else's in these tests.
const UID: u32 = 34_567;

fn project(host: &str, policy: &str) -> Project {
    let lines = format!(
        "user: '{UID}:{UID}'\ninit: true\ntmpfs: [/tmp]\nenvironment: {{HOME: /tmp}}\ncommand: [sleep, '600']\n\
         volumes: ['./state:/kept']"
    );
    let project = Project::of_service(&lines).on(host);
    if !policy.is_empty() {
        project.file("seaworthy.yaml", &format!("version: 1\n{policy}\n...\n"));
    }
    project.file("state/deep/file", "x");
    let first = if host == remapped() { first_mapped_id(host) } else { 0 };
    for path in ["state", "state/deep", "state/deep/file"] {
        chown(project.path(path), Some(first + UID), Some(first + UID)).unwrap();
    }
    project
}

fn whois(project: &Project, words: &[&str]) -> (Output, Value) {
    let words = [&["whois", "--format", "json"], words].concat();
    let output = project.seaworthy(&words);
    let report = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    (output, report)
}

/// The one answer that is about this project.
#[track_caller]
fn own(project: &Project, word: &str) -> Value {
    let (output, report) = whois(project, &[word]);
    assert_eq!(output.end, End::Code(0), "{output}");
    let found = report["answers"][0]["found"].as_array().unwrap();
    let own: Vec<&Value> = found.iter().filter(|one| one["project"] == project.name.as_str()).collect();
    assert_eq!(own.len(), 1, "{word}: {output}");
    assert_eq!(own[0]["service"], "s");
    own[0].clone()
}

fn uid_of(pid: u64) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn follows_a_container_to_its_end(host: &str) {
    let project = project(host, "posture: hardened");
    project.seaworthy(&["up", "-d"]).ok();
    let container = project.container("s");
    let name = container["Name"].as_str().unwrap().trim_start_matches('/').to_owned();
    let pid = container["State"]["Pid"].as_u64().unwrap();
    let uid = uid_of(pid);
    let by_uid = format!("uid={uid}");

    let found = own(&project, &format!("pid={pid}"));
    assert_eq!(
        (&found["basis"], &found["container_uid"], &found["host_uid"]),
        (&"live".into(), &UID.into(), &uid.into())
    );
    assert_eq!((&found["container_pid"], &found["id"]), (&1.into(), &container["Id"]));
    let found = own(&project, &by_uid);
    assert_eq!((&found["basis"], &found["container_uid"]), (&"live".into(), &UID.into()));
    let path = project.path("state/deep/file");
    let found = own(&project, path.to_str().unwrap());
    assert_eq!((&found["container_path"], &found["container_uid"]), (&"/kept/deep/file".into(), &UID.into()));
    assert_eq!(found["host_uid"], fs::metadata(&path).unwrap().uid());

    project.compose(&["stop"]).ok();
    let found = own(&project, &by_uid);
    assert_eq!((&found["basis"], &found["state"]), (&"container".into(), &"exited".into()));
    assert_eq!(
        (&found["container_uid"], own(&project, &name)["state"].as_str()),
        (&UID.into(), Some("exited"))
    );

    project.compose(&["down"]).ok();
    for word in [&by_uid, &name] {
        let found = own(&project, word);
        assert_eq!((&found["basis"], &found["state"]), (&"history".into(), &"gone".into()), "{word}");
        assert_eq!((&found["container_uid"], &found["host_uid"]), (&UID.into(), &uid.into()), "{word}");
        assert_eq!(found["id"], container["Id"]);
    }
    // The process is over, and nobody else is given its place.
    let output = project.seaworthy(&["whois", &format!("pid={pid}")]).ends(1);
    output.says(&format!("there is no process {pid}"));
    // With the engine away, what was noted is still there.
    let away = |word: &str| {
        let mut command = project.command(Seaworthy, &["whois", word]);
        command.env("DOCKER_HOST", "unix:///none/docker.sock");
        run(command)
    };
    away(&by_uid).ok().says("of project ").says("what runs is not known");
    away("uid=4000000001").ends(69);
    // The control: it is by what was noted that it is known.
    fs::remove_dir_all(project.beside(".xdg-state")).unwrap();
    project.seaworthy(&["whois", &name]).ends(1).says("nobody is known");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_is_followed_to_its_end() {
    follows_a_container_to_its_end(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_container_is_followed_to_its_end_where_users_are_mapped() {
    follows_a_container_to_its_end(&remapped());
}

/// Below hardened, Compose makes the containers after the launch: the service and its map are noted all the same.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_launch_that_is_not_proved_is_noted_by_its_service() {
    let project = project(&remapped(), "posture: baseline");
    project.seaworthy(&["up", "-d"]).ok();
    project.compose(&["down"]).ok();
    let uid = first_mapped_id(&remapped()) + UID;
    let found = own(&project, &format!("uid={uid}"));
    assert_eq!(
        (&found["basis"], &found["container_uid"], &found["id"]),
        (&"history".into(), &UID.into(), &Value::Null)
    );
    // Again is the same launch, only later.
    let history = project.beside(".xdg-state/seaworthy/history.jsonl");
    let before = fs::read_to_string(&history).unwrap();
    project.seaworthy(&["up", "-d"]).ok();
    assert_eq!(fs::read_to_string(&history).unwrap().lines().count(), before.lines().count());
    project.compose(&["down"]).ok();
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_a_policy_nothing_is_noted_and_what_runs_is_known() {
    let project = project(&plain(), "");
    project.seaworthy(&["up", "-d"]).ok();
    assert!(!project.beside(".xdg-state/seaworthy/history.jsonl").exists());
    assert_eq!(own(&project, &format!("uid={UID}"))["basis"], "live");
    project.compose(&["down"]).ok();
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_of_no_container_is_said_to_be() {
    let project = project(&plain(), "");
    let outside = project.path("state");
    project.seaworthy(&["whois", outside.to_str().unwrap()]).ends(1).says("is in no mount");
    project.seaworthy(&["whois", "/none/such"]).ends(1).says("No such file");
    project.seaworthy(&["whois", "color=red"]).ends(2).says("cannot be asked");
    project.seaworthy(&["whois"]).ends(2);
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let said = project.seaworthy(&["whois", &format!("pid={}", child.id())]);
    child.kill().unwrap();
    child.wait().unwrap();
    said.ends(1).says("is of no container of this engine");
    project.seaworthy(&["whois", &format!("pid={}", child.id())]).ends(1).says("there is no process");
}
