//! Launches against a `docker` that only reads the rendered file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Compose's `config` of a rendered file is the file; any other command of Compose that makes containers leaves a copy
/// of it. There is no engine.
const DOCKER: &str = r#"#!/bin/sh
case " $* " in
  " info "*) exec cat "$LAUNCHED/../info" ;;
  " container create "* | " container cp "* | " image "*) exit 1 ;;
  " container "*) exit 0 ;;
esac
[ "$1" = compose ] || exit 1
case " $* " in *" version --short "*) exec echo 2.40.3 ;; esac
for word in "$@"; do
  [ "$previous" = -f ] && file=$word
  case $word in config | pull | build) verb=$word ;; esac
  previous=$word
done
case $verb in
  config) exec cat "$file" ;;
  pull | build) exit 0 ;;
esac
cat "$file" > "$LAUNCHED/$$.part" && mv "$LAUNCHED/$$.part" "$LAUNCHED/$$.yaml"
sleep "${STUB_SLEEP:-0}"
"#;

const COMPOSE: &str = "services:\n  beta: {image: app}\n  gamma: {image: app}\n";
const MORE: &str = "services:\n  alpha: {image: app}\n  delta: {image: app}\n";
const POLICY: &str = "version: 1\nuser: {default: per-service}\n...\n";

struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        for name in ["bin", "launched", "app"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let place = Self { root };
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let info = format!(
            r#"{{"ID":"place","ServerVersion":"28.0","DockerRootDir":"/var/lib/docker","Name":"{}","OperatingSystem":"Linux","SecurityOptions":["name=seccomp,profile=default"],"MemoryLimit":true,"PidsLimit":true,"CgroupDriver":"cgroupfs","CgroupVersion":"2"}}"#,
            host.trim()
        );
        fs::write(place.root.path().join("info"), info).unwrap();
        let docker = place.root.path().join("bin/docker");
        fs::write(&docker, DOCKER).unwrap();
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in [("compose.yaml", COMPOSE), ("more.yaml", MORE), ("seaworthy.yaml", POLICY)] {
            fs::write(place.path(name), text).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("app").join(name)
    }

    fn lock(&self) -> PathBuf {
        self.path("seaworthy.lock")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        let bin = self.root.path().join("bin").display().to_string();
        command.args(words).current_dir(self.path("")).env_clear();
        command.env("PATH", format!("{bin}:/usr/bin:/bin")).env("HOME", self.root.path());
        command.env("LAUNCHED", self.root.path().join("launched"));
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The users of every launch so far, by service.
    fn launched(&self) -> Vec<BTreeMap<String, String>> {
        let files = fs::read_dir(self.root.path().join("launched")).unwrap();
        files.map(|file| users(&fs::read_to_string(file.unwrap().path()).unwrap())).collect()
    }
}

fn users(text: &str) -> BTreeMap<String, String> {
    let root: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
    let services = root["services"].as_mapping().unwrap();
    let text = |value: &serde_yaml::Value| value.as_str().unwrap().to_owned();
    services.iter().map(|(name, service)| (text(name), text(&service["user"]))).collect()
}

#[track_caller]
fn refused(output: &Output, code: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{stderr}");
    assert!(stderr.contains(code), "{stderr}");
}

#[test]
fn a_hundred_launches_at_once_agree_on_one_lock() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let place = &place;
            scope.spawn(move || {
                // Two sets of files, so that not everybody asks for the same services.
                let sets: [&[&str]; 2] =
                    [&["up", "-d"], &["-p", "two", "-f", "compose.yaml", "-f", "more.yaml", "up", "-d"]];
                for launch in (worker..100).step_by(8) {
                    let output = place.run(sets[(launch / 8 + worker) % 2]);
                    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                }
            });
        }
    });
    let lock = users(fs::read_to_string(place.lock()).unwrap().trim_end_matches("...\n"));
    assert_eq!(lock.keys().map(String::as_str).collect::<Vec<_>>(), ["alpha", "beta", "delta", "gamma"]);
    let distinct: BTreeSet<&String> = lock.values().collect();
    assert_eq!(distinct.len(), 4, "{lock:?}");
    let launched = place.launched();
    assert_eq!(launched.len(), 100);
    for users in launched {
        assert!(users.iter().all(|(service, user)| lock[service] == *user), "{users:?} is not of {lock:?}");
    }
}

#[test]
fn the_turn_ends_where_compose_takes_over() {
    let place = Place::new();
    let mut first = place.command(&["up"]).env("STUB_SLEEP", "30").spawn().unwrap();
    let start = Instant::now();
    // What it was given may still be being written down.
    while fs::read_dir(place.root.path().join("launched")).unwrap().next().is_none() {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = place.run(&["up", "-d"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(output.status.success() && start.elapsed() < Duration::from_secs(20));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("waiting"));
}

#[test]
fn a_launch_that_waits_says_for_whom() {
    let place = Place::new();
    assert!(place.run(&["up", "-d"]).status.success());
    let held = fs::File::open(place.path(".")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let waiting = place.command(&["up", "-d"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    drop(held);
    let output = waiting.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains(&format!(
            "waiting for another launch of this project (process {})",
            std::process::id()
        )),
        "{stderr}"
    );
}

#[test]
fn what_only_looks_writes_no_lock_and_without_a_policy_there_is_none() {
    let place = Place::new();
    for words in [&["plan"][..], &["config"], &["build"], &["--dry-run", "up"]] {
        place.run(words);
        assert!(!place.lock().exists(), "{words:?}");
    }
    fs::remove_file(place.path("seaworthy.yaml")).unwrap();
    assert!(place.run(&["up", "-d"]).status.success());
    assert!(!place.lock().exists());
    fs::write(place.path("seaworthy.yaml"), "version: 1\nposture: baseline\n...\n").unwrap();
    place.run(&["config", "-q"]);
    assert!(!place.lock().exists(), "a policy that gives no users");
}

#[test]
fn a_lock_that_is_not_whole_stops_a_launch_and_stays_as_it_is() {
    let place = Place::new();
    assert!(place.run(&["up", "-d"]).status.success());
    let whole = fs::read_to_string(place.lock()).unwrap();
    let before = place.launched().len();
    // Every cut is tried against the reader itself; here, one of each kind through the program.
    let cuts = [0, 1, whole.len() / 2, whole.len() - 5, whole.len() - 1];
    for cut in cuts {
        let part = whole.get(..cut).unwrap();
        fs::write(place.lock(), part).unwrap();
        for words in [&["up", "-d"][..], &["plan"], &["prepare"], &["repair"]] {
            refused(&place.run(words), "lock-invalid");
        }
        assert_eq!(fs::read_to_string(place.lock()).unwrap(), part);
    }
    fs::write(place.lock(), whole.replace("version: 1", "version: 9")).unwrap();
    refused(&place.run(&["up", "-d"]), "lock-invalid");
    assert_eq!(place.launched().len(), before);
    // The way out is never blocked.
    assert!(place.run(&["down"]).status.success());
}

#[test]
fn an_unchanged_lock_is_not_written_again_and_a_changed_user_is_refused() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    assert!(place.run(&["up", "-d"]).status.success());
    let inode = || fs::metadata(place.lock()).unwrap().ino();
    let before = inode();
    assert!(place.run(&["up", "-d"]).status.success());
    assert_eq!(inode(), before);
    fs::write(place.path("seaworthy.yaml"), "version: 1\nuser: {default: \"4000:4000\"}\n...\n").unwrap();
    let output = place.run(&["up", "-d"]);
    refused(&output, "user-drift");
    let stderr = String::from_utf8_lossy(&output.stderr);
    for text in [
        "4000:4000",
        "20001:20001",
        "seaworthy.yaml:2:17",
        "seaworthy.lock:",
        "seaworthy repair --migrate beta",
    ] {
        assert!(stderr.contains(text), "no {text} in {stderr}");
    }
    refused(&place.run(&["plan"]), "user-drift");
    // To build another image may be what puts it right.
    assert!(place.run(&["build"]).status.success());
    assert_eq!(inode(), before);
}

/// Makes these directories somebody's who is not root.
fn somebody(directories: &[&std::path::Path]) -> String {
    let (mut uid, mut gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    if uid == 0 {
        (uid, gid) = (4000, 4001);
    }
    for directory in directories {
        fs::create_dir(directory).unwrap();
        std::os::unix::fs::chown(directory, Some(uid), Some(gid)).unwrap();
    }
    format!("{uid}:{gid}")
}

#[test]
fn the_plan_says_what_the_lock_knows_and_what_is_state() {
    let place = Place::new();
    let volumes = "volumes: [./data:/data, ./ro:/ro:ro]";
    let user = somebody(&[&place.path("data"), &place.path("ro")]);
    let compose = format!("services:\n  beta: {{image: app, user: '{user}', {volumes}}}\n");
    fs::write(place.path("compose.yaml"), compose).unwrap();
    let plan = |words: &[&str]| String::from_utf8(place.run(words).stdout).unwrap();
    let human = plan(&["plan"]);
    for text in [
        user.as_str(),
        "its own user:",
        "compose.yaml:2:28",
        "new in the lock",
        "./data → /data  state",
        "./ro → /ro  read-only",
    ] {
        assert!(human.contains(text), "{text}: {human}");
    }
    let output = place.run(&["up", "-d"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let human = plan(&["plan"]);
    assert!(human.contains("seaworthy.lock:6:11") && !human.contains("new in the lock"), "{human}");
    let json: serde_json::Value = serde_json::from_str(&plan(&["plan", "--format", "json"])).unwrap();
    assert_eq!(json["services"][0]["user"]["lock"]["has"], "seaworthy.lock:6:11");
    assert_eq!(json["services"][0]["state"], serde_json::json!([place.path("data")]));
}

#[test]
fn a_home_that_can_be_written_is_set_where_the_policy_asks_for_it() {
    let place = Place::new();
    fs::write(place.path("compose.yaml"), "services:\n  beta: {image: app, volumes: [./data:/data]}\n")
        .unwrap();
    let user = somebody(&[&place.path("data")]);
    let policy = format!("version: 1\nuser: {{default: \"{user}\", home: fix}}\n...\n");
    fs::write(place.path("seaworthy.yaml"), policy).unwrap();
    let home = || String::from_utf8(place.run(&["up", "-d"]).stderr).unwrap();
    let said = home();
    let launched = fs::read_dir(place.root.path().join("launched")).unwrap().next();
    let launched = launched.unwrap_or_else(|| panic!("{said}")).unwrap().path();
    let text = fs::read_to_string(launched).unwrap();
    assert!(text.contains("HOME: /data") && text.contains(&format!("user: {user}")), "{text}");
}

#[test]
fn check_locked_fails_exactly_where_the_lock_would_change() {
    let place = Place::new();
    let check = || {
        let output = place.run(&["check", "--locked"]);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = check();
    assert!(code == Some(1) && said.contains("service `beta` is new: 20001:20001"), "{said}");
    assert!(place.run(&["up", "-d"]).status.success());
    let (code, said) = check();
    assert!(code == Some(0) && said.ends_with(": ok\n") && said.lines().count() == 1, "{said}");
    fs::write(place.path("compose.yaml"), format!("{COMPOSE}  zeta: {{image: app}}\n")).unwrap();
    let (code, said) = check();
    assert!(code == Some(1) && said.contains("zeta") && !said.contains("beta"), "{said}");
    assert!(!fs::read_to_string(place.lock()).unwrap().contains("zeta"));
}
