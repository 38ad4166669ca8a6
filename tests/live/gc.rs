//! Incident 4b: a failed question to the engine was read as "no containers", and live session directories were
//! removed. `gc` removes what no container has, and nothing where that is not known.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::harness::{Output, Project, Seaworthy, bare, docker, run};

const POLICY: &str = "version: 1\ngc:\n  - { path: \"sessions/*\", older_than: 1h }\n...\n";

/// Sessions that are all older than the limit, but for `young`.
fn project() -> Project {
    let project = Project::of_service("command: [sleep, '600']\nvolumes: ['./sessions/live:/work']");
    project.file("seaworthy.yaml", POLICY);
    for name in ["live", "stopped", "paused", "inside", "linked", "gone-1", "gone-2", "young"] {
        project.file(&format!("sessions/{name}/deep/er/file"), "x");
    }
    project.file("outside/file", "x");
    symlink("../outside", project.path("sessions/link")).unwrap();
    age(&project.path("sessions"));
    project.file("sessions/young/deep/er/file", "y");
    project
}

/// Makes everything two hours old.
fn age(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            age(&entry.path());
        }
    }
    if !path.is_symlink() {
        let at = SystemTime::now() - Duration::from_secs(7200);
        File::open(path).unwrap().set_modified(at).unwrap();
    }
}

fn sessions(project: &Project) -> Vec<String> {
    let entries = fs::read_dir(project.path("sessions")).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const ALL: [&str; 9] = ["gone-1", "gone-2", "inside", "link", "linked", "live", "paused", "stopped", "young"];

/// Containers of other projects and of none, removed with this.
struct Others(Vec<String>);

impl Others {
    fn of(project: &Project) -> Self {
        let mut others = Self(Vec::new());
        let mut make = |name: &str, verb: &str, source: &Path, label: &str| {
            let name = format!("{}-{name}", project.name);
            let mount = format!("{}:/work", source.display());
            let mut words = vec![verb];
            if verb == "run" {
                words.push("-d");
            }
            words.extend(["--network", "none", "--name", &name, "-v", &mount, "--label", label]);
            words.extend(["sw-busybox", "sleep", "600"]);
            docker(&words).ok();
            others.0.push(name);
        };
        // Through a link, which is all that the engine shows.
        symlink(project.path("sessions/linked"), project.path("alias")).unwrap();
        make("stopped", "create", &project.path("sessions/stopped"), "a=b");
        make("paused", "run", &project.path("sessions/paused"), "com.docker.compose.project=another");
        make("inside", "create", &project.path("sessions/inside/deep"), "a=b");
        make("linked", "create", &project.path("alias"), "a=b");
        docker(&["pause", &format!("{}-paused", project.name)]).ok();
        others
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = bare("docker").args(["rm", "-f", name]).output();
        }
    }
}

fn gc_with(project: &Project, host: &str, words: &[&str]) -> Output {
    let mut command = project.command(Seaworthy, words);
    command.env("DOCKER_HOST", host).env_remove("DOCKER_CONTEXT");
    project.watched(|| run(command))
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn exactly_what_no_container_has_is_removed() {
    let project = project();
    project.compose(&["up", "-d"]).ok();
    age(&project.path("sessions/live"));
    let others = Others::of(&project);
    project.seaworthy(&["gc", "--dry-run"]).ok().says("2 would be removed, 7 kept, 0 could not be removed");
    assert_eq!(sessions(&project), ALL, "a dry run removes nothing");
    let output = project.seaworthy(&["gc", "--format", "json"]).ok();
    assert_eq!(sessions(&project), ["inside", "link", "linked", "live", "paused", "stopped", "young"]);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["unknown"], Value::Null);
    let reason = |name: &str| {
        let lines = report["directories"].as_array().unwrap();
        let line = lines.iter().find(|line| line["path"].as_str().unwrap().ends_with(name)).unwrap();
        format!("{} {}", line["outcome"].as_str().unwrap(), line["reason"].as_str().unwrap())
    };
    assert_eq!(reason("/gone-1"), "removed no container has it");
    assert!(reason("/live").contains("(running) has "), "{}", reason("/live"));
    assert!(reason("/paused").contains("(paused) has "), "{}", reason("/paused"));
    assert!(reason("/stopped").contains("(created) has "), "{}", reason("/stopped"));
    assert!(reason("/young").contains("changed within the last 1h0m0s"), "{}", reason("/young"));
    assert!(reason("/link").contains("a symbolic link"), "{}", reason("/link"));
    assert!(project.path("outside/file").exists(), "a link is not followed");
    // Once its container is gone, a directory goes with the next run.
    drop(others);
    project.seaworthy(&["gc"]).ok().says("4 removed");
    assert_eq!(sessions(&project), ["link", "live", "young"]);
}

/// An engine that takes connections and answers with this, a byte at a time if it is slow.
fn listen(socket: &Path, answer: &'static str, pause: Duration) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
                let _ = stream.read(&mut [0; 4096]);
                for byte in answer.as_bytes() {
                    std::thread::sleep(pause);
                    if stream.write_all(&[*byte]).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// Engines of which nothing can be known: stopped, hanging, refusing, answering garbage or nothing, slow.
struct Unknown {
    hosts: Vec<(&'static str, String)>,
    /// Takes connections, and never answers.
    _hung: UnixListener,
}

impl Unknown {
    fn beside(project: &Project) -> Self {
        let at = |name: &str| project.beside(&format!("{name}.sock"));
        // Stopped: nothing there, and a socket that nobody listens at.
        drop(UnixListener::bind(at("stale")).unwrap());
        let refusal =
            "HTTP/1.0 403 Forbidden\r\nContent-Type: application/json\r\n\r\n{\"message\":\"denied\"}";
        listen(&at("refusing"), refusal, Duration::ZERO);
        listen(&at("garbage"), "garbage\n", Duration::ZERO);
        listen(&at("empty"), "HTTP/1.0 200 OK\r\n\r\n[]", Duration::ZERO);
        listen(&at("slow"), "HTTP/1.0 200 OK\r\n\r\n[]", Duration::from_secs(3));
        let names = ["absent", "stale", "hung", "refusing", "garbage", "empty", "slow"];
        Self {
            hosts: names.map(|name| (name, format!("unix://{}", at(name).display()))).to_vec(),
            _hung: UnixListener::bind(at("hung")).unwrap(),
        }
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_is_not_known_removes_nothing() {
    let project = project();
    project.compose(&["up", "-d"]).ok();
    for (name, host) in &Unknown::beside(&project).hosts {
        let output = gc_with(&project, host, &["gc"]).ok().says("warning").says("nothing is removed: ");
        assert_eq!(sessions(&project), ALL, "{name}: {output}");
    }
}

/// A client that says nothing and ends well says that there are no containers; the engine says how many.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_empty_list_of_an_engine_that_has_containers_is_not_believed() {
    let project = project();
    project.compose(&["up", "-d"]).ok();
    let bin = project.beside("bin");
    fs::create_dir(&bin).unwrap();
    let real =
        String::from_utf8(bare("sh").args(["-c", "command -v docker"]).output().unwrap().stdout).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *' ls '*|*' ps '*) exit 0;; esac\nexec {} \"$@\"\n",
        real.trim()
    );
    fs::write(bin.join("docker"), script).unwrap();
    fs::set_permissions(bin.join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = project.command(Seaworthy, &["gc"]);
    command.env("PATH", path);
    run(command).ok().says("nothing is removed: ").says("and lists 0");
    assert_eq!(sessions(&project), ALL);
}

/// The loop of the incident, with the same engines: it removes what a running container has.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_the_loop_of_the_incident_removes_live_directories() {
    let project = project();
    project.compose(&["up", "-d"]).ok();
    let script = "for d in sessions/*/; do timeout 2 docker ps --no-trunc --format '{{.Mounts}}' 2>/dev/null | grep -q \"${d%/}\" || rm -rf \"$d\"; done";
    let sweep = |host: Option<&str>| {
        let mut command = bare("sh");
        command.args(["-c", script]).current_dir(&project.directory);
        command.envs(host.map(|host| ("DOCKER_HOST", host)));
        assert!(command.stdin(Stdio::null()).status().unwrap().success());
    };
    for (name, host) in &Unknown::beside(&project).hosts {
        // As the incident had it: one that is in use, and no other.
        for entry in sessions(&project).iter().filter(|entry| *entry != "live") {
            let path = project.path(&format!("sessions/{entry}"));
            if path.is_symlink() { fs::remove_file(path).unwrap() } else { fs::remove_dir_all(path).unwrap() }
        }
        let file = project.file("sessions/live/deep/er/file", "x");
        sweep(Some(host));
        assert!(!file.exists(), "{name}: the loop removes it");
    }
    // It does what it is meant to while the engine answers.
    let file = project.file("sessions/live/deep/er/file", "x");
    project.file("sessions/gone/file", "x");
    sweep(None);
    assert!(file.exists() && !project.path("sessions/gone").exists());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn one_that_cannot_be_removed_does_not_stop_the_rest() {
    let project = project();
    let stuck = project.path("sessions/gone-1/deep/er/file");
    let flag = |sign: &str| Command::new("chattr").args([sign]).arg(&stuck).status().unwrap().success();
    assert!(flag("+i"), "chattr takes root and a filesystem that has it");
    let output = project.seaworthy(&["gc"]);
    assert!(flag("-i"));
    let output =
        output.ok().says("1 could not be removed").says("sessions/gone-1/deep/er/file: cannot remove it");
    assert_eq!(sessions(&project), ["gone-1", "link", "young"], "{output}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_an_interrupted_run_moved_aside_is_judged_anew() {
    let project = project();
    project.compose(&["up", "-d"]).ok();
    age(&project.path("sessions/live"));
    for name in ["live", "gone-1", "young"] {
        fs::rename(
            project.path(&format!("sessions/{name}")),
            project.path(&format!("sessions/.seaworthy-gc.{name}")),
        )
        .unwrap();
    }
    project.seaworthy(&["gc"]).ok();
    assert_eq!(sessions(&project), ["link", "live", "young"]);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn patterns_that_leave_the_roots_are_refused() {
    let project = project();
    for path in
        ["/", "/*", "..", "../*", ".", "*", "sessions/../..", "/etc/*", "~", "sessions/**", "a*/../../x"]
    {
        project.file("seaworthy.yaml", &format!("version: 1\ngc: [{{ path: \"{path}\" }}]\n...\n"));
        let output = project.seaworthy(&["gc"]).ends(78);
        assert!(output.stderr.contains("policy-syntax"), "{path}: {output}");
    }
    project.file("seaworthy.yaml", "version: 1\ngc: [{ path: \"sessions/*\", older_than: soon }]\n...\n");
    project.seaworthy(&["gc"]).refuses(78, "policy-syntax").says("a length of time");
    assert_eq!(sessions(&project), ALL);
    // Through a link, nothing is swept.
    symlink("sessions", project.path("way")).unwrap();
    project.file("seaworthy.yaml", "version: 1\ngc: [{ path: \"way/*\", older_than: 0s }]\n...\n");
    project.seaworthy(&["gc"]).ok().says("is a symbolic link");
    assert_eq!(sessions(&project), ALL);
    // Declared state is never swept.
    project.file(
        "seaworthy.yaml",
        "version: 1\nstate: [{ path: sessions }]\ngc: [{ path: \"sessions/*\" }]\n...\n",
    );
    project.seaworthy(&["gc"]).ok().says("0 removed");
    assert_eq!(sessions(&project), ALL);
}

/// Whoever may not ask the engine removes nothing, also of what belongs to him.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn whoever_may_not_ask_the_engine_removes_nothing() {
    let project = project();
    let socket = project.beside("denied.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    let program = project.beside("seaworthy");
    fs::copy(env!("CARGO_BIN_EXE_seaworthy"), &program).unwrap();
    let own = |path: &Path| Command::new("chown").args(["-R", "65534:65534"]).arg(path).status().unwrap();
    assert!(own(&project.directory).success());
    let gc = |host: &str| {
        let mut command = bare("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).arg("gc");
        command.current_dir(&project.directory).env("DOCKER_HOST", host).env("HOME", project.path(""));
        run(command).ok()
    };
    gc(&format!("unix://{}", socket.display())).says("nothing is removed: ");
    assert_eq!(sessions(&project), ALL);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_engine_that_maps_users_is_asked_alike() {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    let project = project().on(&host);
    project.compose(&["up", "-d"]).ok();
    age(&project.path("sessions/live"));
    let output = project.seaworthy(&["gc", "--format", "json"]).ok();
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    // Mounts are the machine's, and other tests leave some.
    let lines = report["directories"].as_array().unwrap();
    let count = |outcome: &str| lines.iter().filter(|line| line["outcome"] == outcome).count();
    assert_eq!((count("removed"), count("kept"), lines.len()), (6, 3, 9), "{output}");
    assert_eq!(sessions(&project), ["link", "live", "young"]);
}

/// Mounts that show state as the service's own stay as long as a container has them.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn mounts_that_no_container_has_are_taken_away() {
    let project =
        Project::of_service("command: [sleep, '600']\nuser: '10001:10001'\nvolumes: ['./state:/work']");
    let policy = "state: [{ path: state, strategy: idmap }]\ngc: [{ path: 'sessions/*' }]\n";
    project.file("seaworthy.yaml", &format!("version: 1\n{policy}...\n"));
    fs::create_dir(project.path("state")).unwrap();
    project.seaworthy(&["up", "-d"]).ok();
    let source = project.container("s")["Mounts"][0]["Source"].as_str().unwrap().to_owned();
    assert!(source.starts_with("/run/seaworthy/state/") && Path::new(&source).exists(), "{source}");
    project.seaworthy(&["gc"]).ok().says("(running) has /run/seaworthy/state/");
    assert!(Path::new(&source).exists());
    project.compose(&["down"]).ok();
    project.seaworthy(&["gc", "--dry-run"]).ok().says("1 would be removed");
    assert!(Path::new(&source).exists());
    project.seaworthy(&["gc"]).ok().says("1 removed");
    assert!(!Path::new(&source).parent().unwrap().exists(), "{source}");
    assert!(project.path("state").exists());
    // The next launch makes it again.
    project.seaworthy(&["up", "-d"]).ok();
    assert!(Path::new(&source).exists());
    project.compose(&["down"]).ok();
    project.seaworthy(&["gc"]).ok();
}
