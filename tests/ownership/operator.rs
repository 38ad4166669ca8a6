//! An ordinary user who may use the engine and nothing else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{Output, Project, Tool, bare, first_mapped_id, run};

/// The operator's number; nobody on a usual machine.
pub const OPERATOR: u32 = 1500;

/// A static build of the program, which the helper is made of.
pub fn static_program() -> PathBuf {
    let named = std::env::var_os("SEAWORTHY_HELPER").map(PathBuf::from);
    let path = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_seaworthy").into());
    let output = bare("readelf").arg("--program-headers").arg(&path).output().expect("readelf");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && !text.contains("INTERP"),
        "{} is not static: run scripts/test, or name a static build in SEAWORTHY_HELPER",
        path.display()
    );
    path
}

/// The engine whose tests these are; for the one that maps users, `map` is where its map begins.
pub struct Bed {
    pub host: String,
    pub map: u32,
}

pub fn plain() -> Bed {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    Bed { host, map: 0 }
}

pub fn remapped() -> Bed {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    let map = first_mapped_id(&host);
    Bed { host, map }
}

/// A project that belongs to the operator.
pub struct Operated {
    pub project: Project,
    program: PathBuf,
    host: String,
}

impl Operated {
    pub fn new(compose: &str, bed: &Bed) -> Self {
        // What is noted of launches is the operator's.
        let project = Project::new(compose).on(&bed.host).changing("home/.local");
        // Where the operator may reach it.
        let program = project.beside("bin/seaworthy");
        fs::create_dir(program.parent().unwrap()).unwrap();
        fs::copy(static_program(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(project.beside("home")).unwrap();
        let operated = Self { project, program, host: bed.host.clone() };
        operated.own("");
        chown(operated.project.beside("home"), Some(OPERATOR), Some(OPERATOR)).unwrap();
        operated
    }

    /// Makes the operator the owner of a path and of what is in it.
    pub fn own(&self, path: &str) {
        give(&self.path(path), OPERATOR);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.project.path(path)
    }

    pub fn file(&self, path: &str, text: &str) {
        give(&self.project.file(path, text), OPERATOR);
    }

    /// Runs the tool as the operator.
    pub fn run(&self, tool: Tool, words: &[&str]) -> Output {
        let mut command = self.as_operator();
        match tool {
            Tool::Compose => command.args(["docker", "compose"]),
            Tool::Seaworthy => command.arg(&self.program),
        };
        command.args(words);
        if tool == Tool::Seaworthy { self.project.watched(|| run(command)) } else { run(command) }
    }

    pub fn seaworthy(&self, words: &[&str]) -> Output {
        self.run(Tool::Seaworthy, words)
    }

    pub fn compose(&self, words: &[&str]) -> Output {
        self.run(Tool::Compose, words)
    }

    /// A command of the operator's, to be completed.
    pub fn as_operator(&self) -> Command {
        let socket = self.host.strip_prefix("unix://").expect("an engine on this machine");
        let group = fs::metadata(socket).unwrap().gid();
        let number = OPERATOR.to_string();
        let mut command = bare("setpriv");
        command.args([
            "--reuid",
            &number,
            "--regid",
            &number,
            "--groups",
            &group.to_string(),
            "--inh-caps=-all",
        ]);
        command.current_dir(&self.project.directory);
        command.env("HOME", self.project.beside("home")).env("DOCKER_HOST", &self.host);
        command
    }
}

/// Gives a path, and everything in it, to a user.
pub fn give(path: &Path, uid: u32) {
    let owner = format!("{uid}:{uid}");
    let status = Command::new("chown").args(["-hR", &owner]).arg(path).status().unwrap();
    assert!(status.success());
}
