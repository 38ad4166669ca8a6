//! Seaworthy as the `docker compose` that people type.

use std::fs;
use std::os::unix::fs::symlink;

use super::harness::{End, Output, Project, Seaworthy, docker, run};

const SERVICE: &str = "services:
  s:
    image: sw-node
    command: [sleep, '600']
    network_mode: none
    stop_grace_period: 0s
    volumes: ['./state:/state']
";
const POLICY: &str =
    "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\nbinds: {roots: [./state]}\n...\n";
const LOOSE: &str = "services: {s: {privileged: true}}\n";

/// With a docker configuration of its own, in which nothing is installed.
fn project() -> Project {
    let project = Project::new(SERVICE);
    let config = project.beside("config");
    fs::create_dir(&config).unwrap();
    project.with("DOCKER_CONFIG", &config.display().to_string())
}

/// It changes docker's configuration, so it is not watched.
fn install(project: &Project, words: &[&str]) -> Output {
    run(project.command(Seaworthy, words))
}

fn answers(project: &Project) -> Vec<(End, String, String)> {
    let asked: [&[&str]; 9] = [
        &["version"],
        &["version", "--short"],
        &["--version"],
        &["--help"],
        &["up", "--help"],
        &["help", "run"],
        &["config", "--services"],
        &["ps", "--quiet"],
        &["logs", "--no-such-flag"],
    ];
    let mut all: Vec<Output> = asked.iter().map(|words| project.compose(words)).collect();
    let mut completion = super::harness::bare("docker");
    completion.args(["__complete", "compose", "up", "--det"]).current_dir(&project.directory);
    completion.envs(project.environment.iter().map(|(name, value)| (name, value)));
    all.push(run(completion));
    all.into_iter().map(|output| (output.end, output.stdout, output.stderr)).collect()
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn docker_compose_is_guarded_once_it_is_seaworthy_and_plain_again_afterwards() {
    let project = project();
    let plain = answers(&project);
    install(&project, &["install", "--as-compose"]).ends(2).says("nobody agreed");
    install(&project, &["install", "--as-compose", "--dry-run"]).ok().says("docker-compose → ");
    assert!(!project.beside("config/cli-plugins").exists());
    install(&project, &["install", "--as-compose", "--yes"]).ok().says("`docker compose` is seaworthy now");
    install(&project, &["install", "--as-compose", "--yes"]).ok().says("Nothing to do.");
    assert_eq!(answers(&project), plain);

    // Without a policy it is Compose, which makes containers that Compose knows.
    project.file("loose.yaml", LOOSE);
    project.compose(&["-f", "compose.yaml", "-f", "loose.yaml", "up", "-d"]).ok();
    assert_eq!(project.container("s")["HostConfig"]["Privileged"], true);
    project.compose(&["down"]).ok();

    // With one it is guarded.
    fs::remove_dir_all(project.path("state")).unwrap();
    project.file("seaworthy.yaml", POLICY);
    project.compose(&["-f", "compose.yaml", "-f", "loose.yaml", "up", "-d"]).refuses(77, "rule-violated");
    assert_eq!(project.ids(), Vec::<String>::new());
    project.compose(&["up", "-d"]).ok();
    assert_eq!(project.container("s")["Config"]["User"], "10001:10001");
    project.compose(&["plan"]).ok().says("posture hardened");
    project.compose(&["restart"]).ok();
    project.compose(&["down"]).ok();
    assert_eq!(project.ids(), Vec::<String>::new());

    install(&project, &["uninstall", "--yes"]).ok();
    assert!(!project.beside("config/cli-plugins").exists());
    assert_eq!(answers(&project), plain);
    project.compose(&["-f", "compose.yaml", "-f", "loose.yaml", "create"]).ok();
}

/// Two copies of the program, each found where the other one looks for the real Compose.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn two_installed_programs_never_call_each_other_in_a_circle() {
    let project = project();
    let plain = project.compose(&["version"]).ok().stdout;
    let copy = project.beside("copy/seaworthy");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &copy).unwrap();
    let extra = project.beside("extra");
    fs::create_dir(&extra).unwrap();
    symlink(&copy, extra.join("docker-compose")).unwrap();
    let listed = format!("{{\"cliPluginsExtraDirs\": [\"{}\"]}}", extra.display());
    fs::write(project.beside("config/config.json"), listed).unwrap();
    let own = project.beside("config/cli-plugins");
    fs::create_dir_all(&own).unwrap();
    symlink(env!("CARGO_BIN_EXE_seaworthy"), own.join("docker-compose")).unwrap();
    assert_eq!(project.compose(&["version"]).ok().stdout, plain);
    project.compose(&["up", "-d"]).ok();
    project.compose(&["run", "--rm", "-T", "s", "true"]).ok();
    project.compose(&["down"]).ok();

    // Without a real one it ends, and says why.
    let mut alone = super::harness::bare(&own.join("docker-compose").display().to_string());
    alone.arg("version").envs(project.environment.iter().map(|(name, value)| (name, value)));
    alone.env("SEAWORTHY_ON_THE_WAY", format!("{} {}", std::process::id(), real()));
    run(alone).ends(69).says("no Docker Compose is installed but seaworthy");
}

/// Device and inode of the real one.
fn real() -> String {
    use std::os::unix::fs::MetadataExt;
    let format = "{{range .ClientInfo.Plugins}}{{if eq .Name \"compose\"}}{{.Path}}{{end}}{{end}}";
    let found = fs::metadata(docker(&["info", "--format", format]).ok().stdout.trim()).unwrap();
    format!("{}:{}", found.dev(), found.ino())
}
