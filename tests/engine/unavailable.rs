//! No engine, no Compose, or one that cannot be believed: nothing is launched, and nobody waits for ever.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::harness::{End, Output, Project, Seaworthy, run};

/// One service that writes into a folder that is not there yet.
fn project() -> Project {
    Project::of_service("command: [sleep, '600']\nvolumes: ['./missing:/data']")
}

fn with_host(project: &Project, host: &str, words: &[&str]) -> Output {
    let mut command = project.command(Seaworthy, words);
    command.env("DOCKER_HOST", host).env_remove("DOCKER_CONTEXT");
    run(command)
}

#[track_caller]
fn nothing_was_made(project: &Project) {
    assert!(!project.path("missing").exists());
    assert_eq!(project.ids(), [""; 0]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_is_not_there_is_said_so() {
    let project = project();
    let absent = format!("unix://{}", project.beside("absent.sock").display());
    with_host(&project, &absent, &["up", "-d"]).refuses(69, "engine-unavailable");
    nothing_was_made(&project);
    // A socket that nobody listens on.
    let stale = project.beside("stale.sock");
    drop(UnixListener::bind(&stale).unwrap());
    with_host(&project, &format!("unix://{}", stale.display()), &["up", "-d"])
        .refuses(69, "engine-unavailable");
    nothing_was_made(&project);
}

/// There was nothing to ask: Compose finds out itself.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_a_question_the_missing_engine_is_reported_by_compose() {
    let project = Project::of_service("command: [sleep, '600']");
    let absent = format!("unix://{}", project.beside("absent.sock").display());
    for words in [&["up", "-d"][..], &["ps"], &["down"]] {
        with_host(&project, &absent, words).ends(1).says("Cannot connect to the Docker daemon");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_hangs_is_not_waited_for() {
    let project = project();
    let socket = project.beside("hung.sock");
    // Connections are taken into its queue, and never answered.
    let _listener = UnixListener::bind(&socket).unwrap();
    let start = Instant::now();
    with_host(&project, &format!("unix://{}", socket.display()), &["up", "-d"])
        .refuses(69, "engine-unavailable")
        .says("no answer within");
    assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
    nothing_was_made(&project);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn config_and_plan_need_no_docker() {
    let project = project();
    let empty = project.beside("empty");
    fs::create_dir(&empty).unwrap();
    for words in [&["config"][..], &["config", "--services"], &["plan"], &["plan", "--format", "json"]] {
        let mut command = project.command(Seaworthy, words);
        command.env("PATH", &empty);
        run(command).ok().says("s");
    }
    nothing_was_made(&project);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_plan_does_not_wait_long_for_an_engine_that_hangs() {
    let project = project();
    let socket = project.beside("hung.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    let start = Instant::now();
    with_host(&project, &format!("unix://{}", socket.display()), &["plan"]).ok();
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_missing_docker_is_said_so() {
    let project = project();
    let empty = project.beside("empty");
    fs::create_dir(&empty).unwrap();
    let plain = Project::of_service("command: [sleep, '600']");
    for (project, words) in [(&plain, &["up", "-d"][..]), (&plain, &["ps"]), (&plain, &["run", "s"])] {
        let mut command = project.command(Seaworthy, words);
        command.env("PATH", &empty);
        run(command).refuses(69, "compose-unavailable");
    }
    let mut command = project.command(Seaworthy, &["up", "-d"]);
    command.env("PATH", &empty);
    assert_eq!(run(command).end, End::Code(69));
    nothing_was_made(&project);
}

/// A `docker` that says its version and answers `config` by these scripts, does not know anything else, and tells what it
/// was asked.
fn with_docker(project: &Project, on_version: &str, on_config: &str, words: &[&str]) -> (Output, String) {
    let bin = project.beside("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
    }
    let asked = project.beside("asked");
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {}\ncase \" $* \" in\n*' version --short '*) {on_version};;\n*' config '*) {on_config};;\n*) exit 99;;\nesac\n",
        asked.display()
    );
    fs::write(bin.join("docker"), script).unwrap();
    fs::set_permissions(bin.join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["sh", "cat", "sed", "sleep", "kill"] {
        let _ = symlink(format!("/bin/{name}"), bin.join(name));
    }
    let _ = fs::remove_file(&asked);
    let mut command = project.command(Seaworthy, words);
    command.env("PATH", &bin);
    (run(command), fs::read_to_string(asked).unwrap_or_default())
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_compose_that_reads_something_else_launches_nothing() {
    let project = Project::of_service("command: [sleep, '600']\nread_only: true");
    let real = project.compose(&["config"]).ok().stdout;
    let answer = project.beside("answer");
    fs::write(&answer, &real).unwrap();
    let answers = [
        // Control: the same is launched, and this docker then ends with 99.
        (format!("cat {}", answer.display()), 99, ""),
        (format!("sed s/read_only:.true/read_only:\\ false/ {}", answer.display()), 78, "cross-check"),
        (format!("sed /read_only/d {}", answer.display()), 78, "cross-check"),
        (format!("sed s/600/60/ {}", answer.display()), 78, "cross-check"),
        (format!("cat {}; echo 'x-more: 1'", answer.display()), 78, "cross-check"),
        (format!("sed '$d' {}", answer.display()), 78, "cross-check"),
        ("true".to_owned(), 78, "cross-check"),
        ("echo '{'".to_owned(), 78, "cross-check"),
        ("echo no >&2; exit 15".to_owned(), 78, "cross-check"),
        ("kill -9 $$".to_owned(), 69, "compose-unavailable"),
        (
            "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1".to_owned(),
            69,
            "compose-unavailable",
        ),
    ];
    for (script, status, code) in answers {
        let (output, asked) = with_docker(&project, "echo 2.40.3", &script, &["up", "-d"]);
        let output = output.ends(status).says(code);
        let launches = asked.lines().filter(|words| words.contains(" up -d")).count();
        assert_eq!(launches, usize::from(status == 99), "{script}\n{asked}{output}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_compose_that_never_answers_is_not_waited_for() {
    let project = Project::of_service("command: [sleep, '600']");
    for (version, config, code) in
        [("echo 2.40.3", "sleep 600", "compose-unavailable"), ("sleep 600", "true", "compose-version")]
    {
        let (output, asked) = with_docker(&project, version, config, &["up", "-d"]);
        output.refuses(69, code).says("no answer within");
        assert!(!asked.contains(" up "), "{asked}");
    }
}
