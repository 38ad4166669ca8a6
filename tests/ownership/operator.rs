//! An ordinary user who may use the engine and nothing else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{Output, Project, Tool, bare, docker, first_mapped_id, run};

/// The operator's number; nobody on a usual machine. Of an engine without root, the operator is who runs it.
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

/// The engine whose tests these are. Where it maps users, its user number one is `map + 1`.
pub struct Bed {
    pub host: String,
    pub map: u32,
    /// Who root of a container is.
    pub root: u32,
    /// User and group.
    pub operator: (u32, u32),
}

/// The engine that is named to all tests.
pub fn plain() -> Bed {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let says = |words: &[&str]| docker(&[&["--host", &host], words].concat()).ok().stdout;
    if !says(&["info", "--format", "{{.SecurityOptions}}"]).contains("name=rootless") {
        return Bed { host, map: 0, root: 0, operator: (OPERATOR, OPERATOR) };
    }
    // What the kernel says, not what the program works out.
    let text = says(&["run", "--rm", "--network", "none", "sw-busybox", "cat", "/proc/self/uid_map"]);
    let first = |line: usize| text.lines().nth(line)?.split_whitespace().nth(1)?.parse::<u32>().ok();
    let (root, second) = (first(0).unwrap(), first(1).unwrap());
    let group = run({
        let mut id = bare("id");
        id.args(["-g", &root.to_string()]);
        id
    });
    Bed { host, map: second - 1, root, operator: (root, group.ok().stdout.trim().parse().unwrap()) }
}

pub fn remapped() -> Bed {
    let host = std::env::var("SEAWORTHY_REMAP_DOCKER_HOST").unwrap_or_default();
    assert!(!host.is_empty(), "no engine that maps users: run scripts/test");
    let map = first_mapped_id(&host);
    Bed { host, map, root: map, operator: (OPERATOR, OPERATOR) }
}

/// A project that belongs to the operator.
pub struct Operated {
    pub project: Project,
    /// User and group.
    pub operator: (u32, u32),
    map: u32,
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
        let operated =
            Self { project, operator: bed.operator, map: bed.map, program, host: bed.host.clone() };
        operated.own("");
        give_to(&operated.project.beside("home"), operated.operator);
        operated
    }

    /// Launched on another engine from now on.
    pub fn moved_to(mut self, bed: &Bed) -> Self {
        self.project = self.project.on(&bed.host);
        (self.map, self.host) = (bed.map, bed.host.clone());
        self
    }

    /// Makes the operator the owner of a path and of what is in it.
    pub fn own(&self, path: &str) {
        give_to(&self.path(path), self.operator);
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.project.path(path)
    }

    /// The machine's number for a user of containers, other than root.
    pub fn on_machine(&self, uid: u32) -> u32 {
        self.map + uid
    }

    pub fn file(&self, path: &str, text: &str) {
        give_to(&self.project.file(path, text), self.operator);
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

    /// The same where the time counts.
    pub fn seaworthy_unwatched(&self, words: &[&str]) -> Output {
        let mut command = self.as_operator();
        command.arg(&self.program).args(words);
        run(command)
    }

    pub fn compose(&self, words: &[&str]) -> Output {
        self.run(Tool::Compose, words)
    }

    /// A command of the operator's, to be completed.
    pub fn as_operator(&self) -> Command {
        let socket = self.host.strip_prefix("unix://").expect("an engine on this machine");
        let group = fs::metadata(socket).unwrap().gid();
        let (user, own_group) = (self.operator.0.to_string(), self.operator.1.to_string());
        let mut command = bare("setpriv");
        command.args([
            "--reuid",
            &user,
            "--regid",
            &own_group,
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
    give_to(path, (uid, uid));
}

fn give_to(path: &Path, (uid, gid): (u32, u32)) {
    let owner = format!("{uid}:{gid}");
    let status = Command::new("chown").args(["-hR", &owner]).arg(path).status().unwrap();
    assert!(status.success());
}
