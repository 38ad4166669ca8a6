//! Running the engine's command line, captured and with a deadline.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use duct::ReaderHandle;

use super::Answer;
use crate::host::process::{find_program, kill_tree};

/// How the engine is reached.
#[derive(Clone, Debug)]
pub struct Options {
    /// `docker`, `podman`, or the path of one.
    pub program: OsString,
    /// Global arguments that go in front of every command: `--host`, `--context`, `--tls…`.
    pub global: Vec<OsString>,
    /// Set in the child's environment, over what it inherits.
    pub environment: Vec<(OsString, OsString)>,
    /// How long one question may take.
    pub deadline: Duration,
    /// Keys that interrupt what is on the terminal do not reach the command.
    pub undisturbed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            program: "docker".into(),
            global: Vec::new(),
            environment: Vec::new(),
            deadline: Duration::from_secs(20),
            undisturbed: false,
        }
    }
}

impl Options {
    /// Adds `--host` with this endpoint.
    #[must_use]
    pub fn host(mut self, endpoint: impl Into<OsString>) -> Self {
        self.global.extend(["--host".into(), endpoint.into()]);
        self
    }

    /// Adds `--context` with this name.
    #[must_use]
    pub fn context(mut self, name: impl Into<OsString>) -> Self {
        self.global.extend(["--context".into(), name.into()]);
        self
    }

    /// What the child will see of a variable.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        let set = self.environment.iter().rev().find(|(key, _)| key == name);
        set.map(|(_, value)| value.clone()).or_else(|| std::env::var_os(name))
    }

    /// The value of a global option as given (`--host X` or `--host=X`; `-H` and `-c` where short).
    pub(crate) fn global_value(&self, long: &str, short: &str) -> Option<String> {
        let mut arguments = self.global.iter().map(|argument| argument.to_string_lossy());
        let mut found = None;
        while let Some(argument) = arguments.next() {
            if argument == long || argument == short {
                found = arguments.next().map(Into::into);
            } else if let Some(value) = argument.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
                found = Some(value.to_owned());
            }
        }
        found
    }
}

/// What a command printed, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// 0 to 255.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// The limit was reached, and the command ended by us; `stdout` holds the beginning.
    pub is_cut: bool,
}

impl Output {
    pub fn succeeded(&self) -> bool {
        self.status == 0
    }

    /// The standard output as text, if it is text.
    pub fn text(&self) -> Answer<&str> {
        std::str::from_utf8(&self.stdout).map_err(|_| "the answer is not text").into()
    }

    /// Whether all that it complained of is that a thing of this kind is not there. An engine may be missing
    /// too, and is complained of otherwise.
    pub fn says_missing(&self, kind: &str) -> bool {
        let complaint = self.stderr.to_lowercase();
        let mut lines = complaint.lines().filter(|line| !line.trim().is_empty()).peekable();
        let no_such = format!("no such {kind}");
        let is_missing = |line: &str| {
            line.contains(&no_such)
                || line.contains("no such object")
                || line.contains(kind) && line.contains("not found")
        };
        lines.peek().is_some() && lines.all(is_missing)
    }

    /// As [`Output::says_missing`] of an image, in Docker's words or in Podman's.
    pub fn says_no_image(&self) -> bool {
        let complaint = self.stderr.to_lowercase();
        complaint.contains("no such image") || complaint.contains("image not known")
    }

    /// What it complained of, on one line; the status where it did not complain.
    pub fn complaint(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() { format!("it ended with status {}", self.status) } else { lines.join("; ") }
    }
}

/// The most that an answer may have; the inspection of a thousand containers has about 10 MiB.
const LIMIT: usize = 256 << 20;
/// How long a killed command may take to be gone.
const GRACE: Duration = Duration::from_secs(2);

/// The engine's command line: a program found once, and how to call it.
#[derive(Clone, Debug)]
pub struct Command {
    program: PathBuf,
    options: Options,
}

impl Command {
    /// Finds the program in `PATH`.
    pub fn find(options: Options) -> Answer<Self> {
        let search = options.variable("PATH").unwrap_or_default();
        match find_program(&options.program, &search) {
            Some(program) => Answer::Known(Self { program, options }),
            None => Answer::Unknown(super::trouble::no_program(&options.program.to_string_lossy())),
        }
    }

    /// The absolute path that is executed.
    pub fn program(&self) -> &Path {
        &self.program
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same for what must not be left halfway by an interruption.
    #[must_use]
    pub fn undisturbed(&self) -> Self {
        let mut same = self.clone();
        same.options.undisturbed = true;
        same
    }

    /// Sets more in its environment.
    pub(super) fn set(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        self.options.environment.extend(variables);
    }

    /// The same with another deadline.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { options: Options { deadline, ..self.options.clone() }, ..self.clone() }
    }

    /// Runs one command and waits for its end. Known is how it ended, well or not; unknown, that it could
    /// not be started, was killed, or gave no answer in time.
    pub fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Answer<Output> {
        self.run_up_to(LIMIT, arguments).and_then(|output| {
            if output.is_cut { Answer::unknown("the answer is too long") } else { Answer::Known(output) }
        })
    }

    /// As [`Command::run`], but an end other than with status 0 is unknown too.
    pub fn ask(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Answer<Output> {
        self.run(arguments).and_then(|output| {
            if output.succeeded() { Answer::Known(output) } else { Answer::Unknown(output.complaint()) }
        })
    }

    /// As [`Command::run`], with a file as its standard input.
    pub fn run_with_input(
        &self,
        input: File,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Answer<Output> {
        self.run_from(Some(input), LIMIT, arguments)
    }

    /// As [`Command::run`], but ends the command once it has printed `limit` bytes.
    pub fn run_up_to(
        &self,
        limit: usize,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Answer<Output> {
        self.run_from(None, limit, arguments)
    }

    fn run_from(
        &self,
        input: Option<File>,
        limit: usize,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Answer<Output> {
        let given = arguments.into_iter().map(|argument| argument.as_ref().to_owned());
        let all: Vec<OsString> = self.options.global.iter().cloned().chain(given).collect();
        // Not captured by duct, whose thread for it panics where no thread can be started.
        let complaints = match memory() {
            Ok(file) => file,
            Err(error) => return Answer::Unknown(format!("no memory for the answer: {error}")),
        };
        let written = match complaints.try_clone() {
            Ok(file) => file,
            Err(error) => return Answer::Unknown(format!("no memory for the answer: {error}")),
        };
        let mut command = duct::cmd(&self.program, all).stderr_file(written).unchecked();
        if self.options.undisturbed {
            command = command.before_spawn(|command| {
                command.process_group(0);
                Ok(())
            });
        }
        let mut command = match input {
            Some(file) => command.stdin_file(file),
            None => command.stdin_null(),
        };
        for (name, value) in &self.options.environment {
            command = command.env(name, value);
        }
        let reader = match command.reader() {
            Ok(reader) => Arc::new(reader),
            Err(error) => return Answer::Unknown(format!("cannot run {}: {error}", self.program.display())),
        };

        // The reading thread also waits for the command. Should the command not even die, the thread is
        // left behind, and nobody waits for it.
        let (done, finished) = mpsc::channel();
        let in_thread = Arc::clone(&reader);
        let thread = std::thread::Builder::new().name("engine answer".to_owned());
        if let Err(error) = thread.spawn(move || done.send(read(&in_thread, complaints, limit))) {
            reader.pids().into_iter().for_each(kill_tree);
            return Answer::Unknown(format!("cannot start a thread: {error}"));
        }
        match finished.recv_timeout(self.options.deadline) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Answer::unknown("the answer could not be read"),
            Err(RecvTimeoutError::Timeout) => {
                reader.pids().into_iter().for_each(kill_tree);
                let _ = finished.recv_timeout(GRACE);
                Answer::Unknown(format!("no answer within {} s", self.options.deadline.as_secs_f32()))
            }
        }
    }
}

/// A file that is on no disk.
fn memory() -> std::io::Result<File> {
    let descriptor = rustix::fs::memfd_create("complaints", rustix::fs::MemfdFlags::CLOEXEC)?;
    Ok(File::from(descriptor))
}

fn read(reader: &ReaderHandle, mut complaints: File, limit: usize) -> Answer<Output> {
    let failed = |error: std::io::Error| format!("the answer could not be read: {error}");
    Answer::trying(|| {
        let mut stream = reader;
        let mut stdout = Vec::new();
        stream.by_ref().take(limit as u64 + 1).read_to_end(&mut stdout).map_err(failed)?;
        let is_cut = stdout.len() > limit;
        if is_cut {
            stdout.truncate(limit);
            reader.pids().into_iter().for_each(kill_tree);
        }
        std::io::copy(&mut stream, &mut std::io::sink()).map_err(failed)?;
        let output = reader.try_wait().map_err(failed)?.ok_or("the command has not ended")?;
        let mut stderr = Vec::new();
        complaints.rewind().and_then(|()| complaints.read_to_end(&mut stderr)).map_err(failed)?;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let status = if is_cut { 0 } else { code(output.status)? };
        Ok(Output { status, stdout, stderr, is_cut })
    })
}

fn code(status: ExitStatus) -> Result<i32, String> {
    let signal = status.signal().unwrap_or_default();
    status.code().ok_or_else(|| format!("the command was killed by signal {signal}"))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str, deadline: Duration) -> Answer<Output> {
        let options = Options {
            program: "sh".into(),
            global: vec!["-c".into(), script.into(), "name".into()],
            environment: vec![("SW_GIVEN".into(), "given".into())],
            deadline,
            ..Options::default()
        };
        Command::find(options).and_then(|command| command.run(["one", "two"]))
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_end_and_both_outputs_are_known() {
        let output = shell("echo $1 $SW_GIVEN; echo oops >&2; echo again >&2; exit 3", LONG).known().unwrap();
        assert_eq!((output.status, output.stdout.as_slice()), (3, b"one given\n".as_slice()));
        assert_eq!(output.complaint(), "oops; again");
    }

    #[test]
    fn a_command_that_hangs_is_ended_at_the_deadline_with_all_it_started() {
        let start = Instant::now();
        let answer = shell("sleep 60 & sleep 60; :", Duration::from_millis(100));
        assert_eq!(answer.reason(), Some("no answer within 0.1 s"));
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_killed_command_and_a_missing_program_are_unknown() {
        assert_eq!(shell("kill -9 $$", LONG).reason(), Some("the command was killed by signal 9"));
        let options = Options { program: "no-such-program".into(), ..Options::default() };
        assert_eq!(Command::find(options).reason(), Some("no program \"no-such-program\" in PATH"));
    }

    #[test]
    fn an_endless_answer_is_cut_at_the_limit() {
        let options =
            Options { program: "sh".into(), global: vec!["-c".into()], deadline: LONG, ..Options::default() };
        let command = Command::find(options).known().unwrap();
        let output = command.run_up_to(10, ["while :; do echo 123456789; done"]).known().unwrap();
        assert_eq!((output.stdout.len(), output.is_cut), (10, true));
        let output = command.run_up_to(10, ["echo 123456789"]).known().unwrap();
        assert_eq!((output.stdout.len(), output.is_cut), (10, false));
    }

    #[test]
    fn global_values_are_found_in_both_spellings() {
        let options = Options::default().host("tcp://a:1").context("remote");
        assert_eq!(options.global_value("--host", "-H").as_deref(), Some("tcp://a:1"));
        assert_eq!(options.global_value("--context", "-c").as_deref(), Some("remote"));
        let options = Options { global: vec!["--host=unix:///x".into()], ..Options::default() };
        assert_eq!(options.global_value("--host", "-H").as_deref(), Some("unix:///x"));
        assert_eq!(options.global_value("--context", "-c"), None);
    }
}
