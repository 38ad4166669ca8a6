//! `doctor` says what the engine says of itself, and what this machine is like.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use serde_json::Value;

use super::harness::{End, Output, Project, Seaworthy, bare, docker, first_mapped_id, run};

fn project() -> Project {
    Project::of_service("command: [sleep, '600']\nvolumes: ['./state:/work']")
}

fn report(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

/// Verdict, fact and remedy of a check.
#[track_caller]
fn check(report: &Value, area: &str, what: &str) -> (String, String, String) {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["area"] == area && check["what"] == what);
    let found = found.unwrap_or_else(|| panic!("no {area}: {what} in {report:#}"));
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("fact"), text("remedy"))
}

fn asked(format: &str) -> String {
    docker(&["info", "--format", format]).ok().stdout.trim().to_owned()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_it_says_of_the_engine_is_what_the_engine_says() {
    let output = project().seaworthy(&["doctor", "--format", "json"]).ok();
    let report = report(&output);
    assert_eq!(report["works"], true, "{report:#}");
    let (verdict, fact, _) = check(&report, "engine", "answers");
    assert_eq!(verdict, "works");
    assert!(fact.contains(&format!("Docker {} at unix://", asked("{{.ServerVersion}}"))), "{fact}");
    let (_, fact, _) = check(&report, "engine", "store");
    assert!(fact.starts_with(&asked("{{.Driver}}")), "{fact}");
    let groups = asked("version {{.CgroupVersion}}, driver {{.CgroupDriver}}");
    assert_eq!(check(&report, "limits", "control groups").1, groups);
    for (what, asks) in
        [("memory", "{{.MemoryLimit}}"), ("processes", "{{.PidsLimit}}"), ("swap", "{{.SwapLimit}}")]
    {
        let is_enforced = check(&report, "limits", what).0 == "works";
        assert_eq!(is_enforced.to_string(), asked(asks), "{what}");
    }
    let options = asked("{{json .SecurityOptions}}");
    assert_eq!(
        check(&report, "confinement", "seccomp").0 == "works",
        options.contains("name=seccomp,profile=default")
    );
    let has_module = options.contains("apparmor") || options.contains("selinux");
    assert_eq!(check(&report, "confinement", "AppArmor, SELinux").0 == "works", has_module);
    let compose = docker(&["compose", "version", "--short"]).ok().stdout;
    let compose = compose.trim().trim_start_matches('v').to_owned();
    assert_eq!(check(&report, "compose", "version").1, format!("Docker Compose {compose}"));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_maps_users_shows_its_map() {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    let first = first_mapped_id(&host);
    let output = project().on(&host).seaworthy(&["doctor", "--format", "json"]).ok();
    let (_, fact, _) = check(&report(&output), "users", "map");
    assert_eq!(fact, format!("in a container → on the host: 0-65535 → {first}-{}", first + 65535));
    let (_, fact, _) = check(&report(&project().seaworthy(&["doctor", "--format", "json"])), "users", "map");
    assert!(fact.starts_with("no user namespace"), "{fact}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_filesystem_of_each_root_is_looked_at() {
    let project = project();
    project.file("seaworthy.yaml", "version: 1\nbinds: {roots: [state, /proc/sys]}\n...\n");
    let output = project.seaworthy(&["doctor", "--format", "json"]);
    let report = report(&output);
    assert_eq!((output.end, &report["works"]), (End::Code(1), &Value::Bool(false)), "{report:#}");
    let state = project.path("state").display().to_string();
    let (verdict, fact, _) = check(&report, "files", &state);
    assert_eq!(verdict, "works");
    assert!(fact.starts_with("not there yet; "), "{fact}");
    // Nothing can be made in there, whoever asks.
    assert_eq!(check(&report, "files", "/proc/sys: room").0, "fails");
    assert_eq!(check(&report, "files", "/proc/sys: strategy: idmap").0, "limited");
    assert_eq!(check(&report, "files", &format!("{state}: strategy: idmap")).0, "works");
    assert!(!project.path("state").exists(), "nothing is made");
    let (_, fact, _) = check(&report, "policy", "policy");
    assert_eq!(fact, project.path("seaworthy.yaml").display().to_string());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_policy_that_would_refuse_a_launch_is_shown_with_its_remedy() {
    let project = project();
    project.file("seaworthy.yaml", "version: 1\npostur: hardened\n...\n");
    let output = project.seaworthy(&["doctor"]).ends(1);
    output.says("policy-unknown-key").says("postur");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn each_way_in_which_an_engine_does_not_answer_has_its_remedy() {
    let project = project();
    let with = |host: &str| {
        let mut command = project.command(Seaworthy, &["doctor", "--format", "json"]);
        command.env("DOCKER_HOST", host);
        let output = run(command).ends(1);
        check(&report(&output), "engine", "answers")
    };
    let (verdict, _, remedy) = with("unix:///none/docker.sock");
    assert_eq!(verdict, "fails");
    assert!(remedy.starts_with("Nothing is at /none/docker.sock."), "{remedy}");
    // Accepts, and never answers.
    let socket = project.beside("hangs.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let (verdict, fact, remedy) = with(&format!("unix://{}", socket.display()));
    assert_eq!(verdict, "fails");
    assert!(fact.contains("no answer within") && remedy.contains("gives no answer"), "{fact} {remedy}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn whoever_may_not_use_the_socket_is_told_whose_it_is() {
    let project = project();
    let program = project.beside("bin/seaworthy");
    fs::create_dir(program.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let socket = project.beside("closed.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    let as_somebody = |words: &[&str]| {
        let mut command = bare("setpriv");
        command.args(["--reuid", "1500", "--regid", "1500", "--clear-groups", "--inh-caps=-all"]);
        command.arg(&program).args(words).current_dir(&project.directory);
        command.env("DOCKER_HOST", format!("unix://{}", socket.display())).env("HOME", "/none");
        run(command)
    };
    let output = as_somebody(&["doctor", "--format", "json"]).ends(1);
    let report = report(&output);
    let (verdict, _, remedy) = check(&report, "engine", "answers");
    assert_eq!(verdict, "fails");
    assert!(remedy.contains("closed.sock is root:root's, mode 0600."), "{remedy}");
    let root = project.directory.display();
    let (verdict, fact, _) = check(&report, "files", &format!("{root}: strategy: idmap"));
    assert_eq!((verdict.as_str(), fact.as_str()), ("limited", "id-mapped mounts take root"));
    // The control: with a mode that lets everybody in, that is the fault.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let output = as_somebody(&["doctor", "--format", "json"]).ends(1);
    assert_eq!(check(&self::report(&output), "engine", "socket").0, "fails");
}
