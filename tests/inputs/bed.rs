//! A project with mandatory overlays, and a `docker` that keeps what it is told to launch.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use seaworthy::project::sha256;
use tempfile::TempDir;

use crate::engine::Engine;

pub const ONE: &str = "services:\n  \"*\": { read_only: true, cap_drop: [ALL] }\n...\n";
pub const TWO: &str = "services:\n  \"*\": { pids_limit: 100 }\n";

const COMPOSE: &str = r#"name: bed
services:
  a: { image: "x:${TAG}", user: "1000:1000", env_file: a.env, volumes: ["./data/deep:/data"] }
  b: { image: y, user: "1000:1000" }
"#;

/// Answers the questions of a launch, and copies the file that it is to launch.
const DOCKER: &str = r#"#!/bin/sh
file= last=
for word; do
  [ "$last" = -f ] && file=$word
  last=$word
done
case " $* " in
  " info "*) exec /bin/cat BED/info ;;
  " container create "*) echo c0ffee; exit 0 ;;
  " container cp "*) echo "Could not find the file" >&2 ;;
  " container "*) exit 0 ;;
  " image inspect "*)
    between=[
    for word; do
      case $word in
        image | inspect | --) ;;
        *) printf '%s{"Id":"sha256:%s"}' $between $word; between=, ;;
      esac
    done
    echo ]
    exit 0 ;;
  *" version --short "*) echo 2.40.3; exit 0 ;;
  *" config "*) exec /bin/cat "$file" ;;
  *" up "*) /bin/cp "$file" BED/launching && exec /bin/mv BED/launching BED/launched ;;
esac
exit 1
"#;

pub struct Bed {
    /// Where it is more than a program.
    pub engine: OnceLock<Engine>,
    root: TempDir,
}

impl Bed {
    pub fn new() -> Self {
        let bed = Self { engine: OnceLock::new(), root: TempDir::new().unwrap() };
        for name in ["bin", "home", "project/ops"] {
            fs::create_dir_all(bed.at(name)).unwrap();
        }
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let info = format!(
            r#"{{"ID":"bed","ServerVersion":"28.0","DockerRootDir":"/var/lib/docker","Name":"{}","OperatingSystem":"Linux","SecurityOptions":["name=seccomp,profile=default"],"MemoryLimit":true,"PidsLimit":true,"CgroupDriver":"cgroupfs","CgroupVersion":"2"}}"#,
            host.trim()
        );
        fs::write(bed.at("info"), info).unwrap();
        bed.program("docker", &DOCKER.replace("BED", &bed.at("").display().to_string()));
        bed.write("compose.yaml", COMPOSE);
        bed.write("more.yaml", "services:\n  b: { hostname: h }\n");
        bed.write(".env", "TAG=1\n");
        bed.write("a.env", "A=1\n");
        bed.write("ops/one.yaml", ONE);
        bed.write("ops/two.yaml", TWO);
        bed.write("seaworthy.yaml", &policy(&sha256(TWO.as_bytes())));
        bed
    }

    pub fn program(&self, name: &str, script: &str) {
        let path = self.at("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A path beside the project.
    pub fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn project(&self) -> PathBuf {
        self.at("project")
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.project().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.project().join(name)).unwrap()
    }

    /// The program with these words, to be run in the project.
    pub fn command(&self, words: &[&str]) -> Command {
        self.through(Command::new(env!("CARGO_BIN_EXE_seaworthy")), words)
    }

    /// Another program that runs ours; its own words come first.
    pub fn through(&self, mut command: Command, words: &[&str]) -> Command {
        command
            .args(words)
            .current_dir(self.project())
            .env_clear()
            .env("PATH", self.at("bin"))
            .env("HOME", self.at("home"))
            .env(
                "DOCKER_HOST",
                self.engine.get().map_or("unix:///run/bed.sock".to_owned(), Engine::endpoint),
            );
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// What docker was told to launch since the last time that this was asked.
    pub fn launched(&self) -> Option<String> {
        if let Some(engine) = self.engine.get() {
            engine.settle();
        }
        let path = self.at("launched");
        let text = fs::read_to_string(&path).ok();
        let _ = fs::remove_file(path);
        text
    }

    pub fn rendered(&self) -> PathBuf {
        self.project().join(".seaworthy/bed.yaml")
    }

    /// As if `up` had never run.
    pub fn clear(&self) {
        for name in [".seaworthy", "data"] {
            let _ = fs::remove_dir_all(self.project().join(name));
        }
        let _ = fs::remove_file(self.at("launched"));
    }

    /// Temporary files that a run left anywhere in the project.
    pub fn strays(&self) -> Vec<PathBuf> {
        strays(&self.project())
    }
}

fn strays(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(strays(&path));
        } else if path.extension().is_some_and(|extension| extension == "tmp") {
            found.push(path);
        }
    }
    found
}

/// A policy with one overlay closed and one pinned, and the whole list of files.
pub fn policy(pin: &str) -> String {
    policy_with(pin, "")
}

/// The same with more keys.
pub fn policy_with(pin: &str, more: &str) -> String {
    format!(
        "version: 1\noverlays:\n  - file: ops/one.yaml\n  - file: ops/two.yaml\n    sha256: {pin}\nfiles: [compose.yaml, more.yaml]\n{more}...\n"
    )
}

pub const UP: &[&str] = &["-f", "compose.yaml", "-f", "more.yaml", "up", "-d"];

/// Standard error, for messages.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
