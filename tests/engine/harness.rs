//! A project in a folder of its own, and everything of it removed again, also when its test fails.

#[path = "watch.rs"]
mod watch;

use std::fmt;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long one command, or one thing that is waited for, may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is typed: the two must do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Compose,
    Seaworthy,
}

pub use Tool::{Compose, Seaworthy};

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Code(i32),
    Signal(i32),
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// What a command printed, and how it ended.
pub struct Output {
    pub command: String,
    pub end: End,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    #[track_caller]
    pub fn ok(self) -> Self {
        self.ends(0)
    }

    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.end, End::Code(code), "{self}");
        self
    }

    /// Refused by seaworthy with this status, naming this code.
    #[track_caller]
    pub fn refuses(self, status: i32, code: &str) -> Self {
        assert_eq!(self.end, End::Code(status), "{self}");
        assert!(self.stderr.contains(code), "no {code} in: {self}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text) || self.stdout.contains(text), "no {text:?} in: {self}");
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, end, stdout, stderr } = self;
        write!(f, "$ {command}\n{end:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs to the end, or panics: nothing in these tests may hang.
#[track_caller]
pub fn run(command: Command) -> Output {
    Background::start(command).end()
}

/// A command without a terminal that has been started.
pub struct Background {
    name: String,
    pub running: Running,
    // Files, because a pipe stays open as long as any child of the command's has it.
    stdout: File,
    stderr: File,
}

impl Background {
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
        let name = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let [stdout, stderr] = [(); 2].map(|()| tempfile::tempfile().unwrap());
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap()).process_group(0);
        let running = Running(command.spawn().unwrap_or_else(|error| panic!("{name}: {error}")));
        Self { name, running, stdout, stderr }
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let found = poll(PATIENCE, || content(&self.stdout).contains(text).then_some(()));
        assert!(
            found.is_some(),
            "no {text:?} of {}\n{}\n{}",
            self.name,
            content(&self.stdout),
            content(&self.stderr)
        );
    }

    #[track_caller]
    pub fn end(mut self) -> Output {
        let end = self.running.wait(PATIENCE);
        let (stdout, stderr) = (content(&self.stdout), content(&self.stderr));
        let Some(end) = end else {
            panic!("no end of {}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", self.name)
        };
        Output { command: self.name, end, stdout, stderr }
    }
}

/// All that was written to a file, without moving where its writer is.
fn content(file: &File) -> String {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A process that leads a group, ended with all of that group when it goes out of scope.
pub struct Running(pub Child);

impl Running {
    pub fn wait(&mut self, patience: Duration) -> Option<End> {
        poll(patience, || self.0.try_wait().unwrap()).map(End::from)
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(pid(&self.0), signal).unwrap();
    }

    /// As the shell's `kill -- -PID`.
    pub fn signal_group(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process_group(pid(&self.0), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process_group(pid(&self.0), rustix::process::Signal::KILL);
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pid(child: &Child) -> rustix::process::Pid {
    rustix::process::Pid::from_child(child)
}

/// Asks again until there is an answer.
pub fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match ask() {
            Some(answer) => return Some(answer),
            None if start.elapsed() > patience => return None,
            None => sleep(Duration::from_millis(20)),
        }
    }
}

/// Fails where no engine answers: a test that was asked for is never passed over.
fn need_engine() {
    static ENGINE: OnceLock<Result<(), String>> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| {
        let mut command = bare("timeout");
        command.args(["20", "docker", "info", "--format", "{{.ServerVersion}}"]);
        let output = run(command);
        let answers = output.end == End::Code(0) && !output.stdout.trim().is_empty();
        if answers { Ok(()) } else { Err(output.to_string()) }
    });
    if let Err(reason) = engine {
        panic!("no container engine answers; run scripts/test, or: eval \"$(scripts/engine env)\"\n{reason}");
    }
}

/// A command without what the surroundings of the tests have set for Compose.
pub fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// Where the client looks for its plug-ins: by itself in a home.
fn docker_configuration() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker");
    std::env::var_os("DOCKER_CONFIG").map_or_else(home, PathBuf::from)
}

/// `docker` with these words, for what is no project's.
#[allow(dead_code, reason = "the harness is shared by several test programs")]
pub fn docker(words: &[&str]) -> Output {
    let mut command = bare("docker");
    command.args(words);
    run(command)
}

/// The host's number for root in a container of an engine that maps users: its folder is named after it.
#[allow(dead_code, reason = "the harness is shared by several test programs")]
pub fn first_mapped_id(engine: &str) -> u32 {
    let said = docker(&["--host", engine, "info", "--format", "{{.DockerRootDir}}"]).ok().stdout;
    let folder = said.trim().rsplit('/').next().unwrap_or_default();
    let first = folder.split('.').next().and_then(|number| number.parse().ok());
    first.unwrap_or_else(|| panic!("{engine} does not map users: {said}"))
}

/// A compose project, in a folder that has its name.
pub struct Project {
    pub name: String,
    pub directory: PathBuf,
    /// Set for every command of the project.
    pub environment: Vec<(String, String)>,
    /// The address of an engine other than that of the tests.
    engine: Option<String>,
    root: Option<TempDir>,
    /// What it may make outside its folder.
    outside: Vec<PathBuf>,
}

impl Project {
    /// With this `compose.yaml`.
    #[track_caller]
    pub fn new(compose: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        need_engine();
        let name = format!("sw-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let root = tempfile::Builder::new().prefix("sw-test-").tempdir().unwrap();
        // Also a service with another user than ours may look in.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let directory = root.path().canonicalize().unwrap().join(&name);
        fs::create_dir(&directory).unwrap();
        let project = Self {
            name,
            directory,
            environment: Vec::new(),
            engine: None,
            root: Some(root),
            outside: Vec::new(),
        };
        let project = project.changing(".xdg-state");
        fs::create_dir(project.beside(".home")).unwrap();
        project.file("compose.yaml", compose);
        project
    }

    /// With one service `s` of these lines, which is ended without delay.
    #[track_caller]
    pub fn of_service(lines: &str) -> Self {
        let lines = textwrap::indent(lines, "    ");
        Self::new(&format!(
            "services:\n  s:\n    image: sw-node\n    network_mode: none\n    stop_grace_period: 0s\n{lines}\n"
        ))
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// A path beside the project's folder, also removed with it.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.directory.parent().unwrap().join(path)
    }

    pub fn rendered(&self) -> PathBuf {
        self.path(".seaworthy").join(format!("{}.yaml", self.name))
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its policy declares this path beside its folder, so it may be made.
    #[must_use]
    pub fn changing(mut self, path: &str) -> Self {
        self.outside.push(self.beside(path));
        self
    }

    /// Launched on the engine of this address.
    #[must_use]
    pub fn on(mut self, engine: &str) -> Self {
        self.engine = Some(engine.to_owned());
        self.with("DOCKER_HOST", engine)
    }

    /// A command of the tool's in the project's folder.
    pub fn command(&self, tool: Tool, words: &[&str]) -> Command {
        let mut command = match tool {
            Compose => bare("docker"),
            Seaworthy => bare(env!("CARGO_BIN_EXE_seaworthy")),
        };
        if tool == Compose {
            command.arg("compose");
        }
        // A home of its own: in that of the machine other programs write as well.
        command.args(words).current_dir(&self.directory).env("XDG_STATE_HOME", self.beside(".xdg-state"));
        command.env("HOME", self.beside(".home")).env("DOCKER_CONFIG", docker_configuration());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    #[track_caller]
    pub fn run(&self, tool: Tool, words: &[&str]) -> Output {
        let command = self.command(tool, words);
        if tool == Seaworthy { self.watched(|| run(command)) } else { run(command) }
    }

    /// `seaworthy` with these words, while the kernel does this to it: an injection as strace has it. That the version
    /// of Compose is noted already, so that the fault meets the work itself.
    #[allow(dead_code, reason = "the harness is shared by several test programs")]
    pub fn traced(&self, inject: &str, words: &[&str]) -> Output {
        run(self.command(Seaworthy, &["config", "-q"]));
        let traced = self.command(Seaworthy, words);
        let mut command = bare("strace");
        command
            .args(["-f", "-qq", "-o"])
            .arg(self.beside("strace"))
            .args(["-e", &format!("inject={inject}")]);
        command.arg(traced.get_program()).args(traced.get_args()).current_dir(&self.directory);
        command.envs(traced.get_envs().filter_map(|(name, value)| Some((name, value?))));
        run(command)
    }

    /// As [`Self::run`], in a folder of the project's.
    #[track_caller]
    pub fn run_in(&self, folder: &str, tool: Tool, words: &[&str]) -> Output {
        let mut command = self.command(tool, words);
        command.current_dir(self.path(folder));
        if tool == Seaworthy { self.watched(|| run(command)) } else { run(command) }
    }

    /// Nothing outside the project's folder comes, goes or changes meanwhile.
    #[track_caller]
    pub fn watched<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = watch::Watch::around(&self.directory, &self.outside);
        let result = work();
        before.is_the_same();
        result
    }

    /// With this on standard input.
    #[track_caller]
    pub fn run_with_input(&self, tool: Tool, words: &[&str], input: &str) -> Output {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input.as_bytes()).and_then(|()| file.rewind()).unwrap();
        let mut command = self.command(tool, words);
        command.stdin(file);
        run(command)
    }

    #[track_caller]
    pub fn compose(&self, words: &[&str]) -> Output {
        self.run(Compose, words)
    }

    #[track_caller]
    pub fn seaworthy(&self, words: &[&str]) -> Output {
        self.run(Seaworthy, words)
    }

    /// The ids of all containers of the project.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        self.owned("ps", &["--all", "--no-trunc"])
    }

    /// What the engine knows of all containers of the project.
    #[track_caller]
    pub fn containers(&self) -> Vec<Value> {
        let ids = self.ids();
        if ids.is_empty() {
            return Vec::new();
        }
        let mut words = vec!["container", "inspect"];
        words.extend(ids.iter().map(String::as_str));
        serde_json::from_str(&self.docker(&words).ok().stdout).unwrap()
    }

    /// The one container of a service.
    #[track_caller]
    pub fn container(&self, service: &str) -> Value {
        let mut found = self.containers();
        found.retain(|container| label(container, "service") == service);
        assert_eq!(found.len(), 1, "containers of {service}");
        found.remove(0)
    }

    /// Service, status and exit status of every container.
    #[track_caller]
    pub fn states(&self) -> Vec<(String, String, i64)> {
        let containers = self.containers();
        let mut states: Vec<_> = containers
            .iter()
            .map(|container| {
                let state = &container["State"];
                let status = state["Status"].as_str().unwrap().to_owned();
                (label(container, "service").to_owned(), status, state["ExitCode"].as_i64().unwrap())
            })
            .collect();
        states.sort();
        states
    }

    /// Waits until every container has this status.
    #[track_caller]
    pub fn becomes(&self, status: &str) {
        let all = || {
            let found = self.states();
            (!found.is_empty() && found.iter().all(|(_, found, _)| found == status)).then_some(())
        };
        assert!(poll(PATIENCE, all).is_some(), "not {status}: {:?}", self.states());
    }

    /// Runs `docker` on the project's engine.
    #[track_caller]
    pub fn docker(&self, words: &[&str]) -> Output {
        let mut command = bare("docker");
        command.args(words).envs(self.engine.iter().map(|host| ("DOCKER_HOST", host)));
        run(command)
    }

    /// What of one kind belongs to the project.
    fn owned(&self, list: &str, options: &[&str]) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.name);
        let words: Vec<&str> =
            list.split(' ').chain(options.iter().copied()).chain(["--quiet", "--filter", &filter]).collect();
        self.docker(&words).ok().stdout.lines().map(str::to_owned).collect()
    }

    /// Removes the containers, networks and volumes.
    pub fn clear(&self) {
        for (list, remove) in [
            (("ps", vec!["--all"]), vec!["rm", "--force", "--volumes"]),
            (("network ls", vec![]), vec!["network", "rm"]),
            (("volume ls", vec![]), vec!["volume", "rm", "--force"]),
        ] {
            let ids = self.owned(list.0, &list.1);
            if !ids.is_empty() {
                let words: Vec<&str> = remove.into_iter().chain(ids.iter().map(String::as_str)).collect();
                self.docker(&words);
            }
        }
    }
}

pub fn label<'v>(container: &'v Value, name: &str) -> &'v str {
    container["Config"]["Labels"][format!("com.docker.compose.{name}")].as_str().unwrap_or_default()
}

impl Drop for Project {
    fn drop(&mut self) {
        // A second panic would end the whole run.
        let cleared = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.clear()));
        let Some(root) = self.root.take() else { return };
        let path = root.path().to_owned();
        if root.close().is_err() {
            // The engine made files of other users there.
            let mount = format!("{}:/sw-test", path.display());
            let sweep = "rm -rf /sw-test/* /sw-test/.[!.]*";
            let mut command = bare("docker");
            command.args([
                "run",
                "--rm",
                "--network",
                "none",
                "-u",
                "0:0",
                "-v",
                &mount,
                "sw-busybox",
                "sh",
                "-c",
            ]);
            let _ = command.arg(sweep).output();
            let _ = fs::remove_dir_all(&path);
        }
        if cleared.is_err() {
            eprintln!("project {} could not be removed", self.name);
        }
    }
}

/// Does the same with both tools, each in a project of its own, and says what both did.
#[track_caller]
pub fn alike<T: PartialEq + fmt::Debug>(make: impl Fn() -> Project, act: impl Fn(&Project, Tool) -> T) -> T {
    let [plain, ours] = [Compose, Seaworthy].map(|tool| {
        let project = make();
        act(&project, tool)
    });
    if ours != plain {
        let [ours, plain] = [ours, plain].map(|did| format!("{did:#?}\n"));
        let difference = similar::TextDiff::from_lines(&plain, &ours);
        panic!("{}", difference.unified_diff().header("docker compose", "seaworthy"));
    }
    ours
}

/// The owner and the permissions.
pub fn owner_and_mode(path: &Path) -> (u32, u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
}
