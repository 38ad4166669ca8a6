//! Which program is run for `docker compose`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use crate::cli::ComposeCommand;
use crate::diagnostic::{Code, Finding};
use crate::engine::compose::{ON_THE_WAY, find_plugin, is_shadowed, on_the_way};
use crate::engine::socket::is_binary;
use crate::engine::{Command, Options};

/// A program, the words that come before Compose's own, and the variables that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub path: PathBuf,
    pub words: Vec<OsString>,
    pub variables: Vec<(&'static str, OsString)>,
}

/// Docker sets it for a plug-in, which then reads its words as docker passes them on.
const CALLED_BY_DOCKER: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";

impl Program {
    /// `docker … compose`, for what the user must see exactly as Docker does it. Where `docker compose` is this
    /// program, the plug-in behind it, called as docker would.
    ///
    /// # Errors
    /// A finding where there is no Compose, or it cannot be looked up.
    pub fn docker(docker: &Command) -> Result<Self, Finding> {
        let mut words = docker.options().global.clone();
        words.push("compose".into());
        // Podman finds its Compose in its own way.
        if !is_docker(docker) || !is_shadowed(docker.options()).map_err(cannot_look_up)? {
            return Ok(Self { path: docker.program().to_owned(), words, variables: Vec::new() });
        }
        let mut behind = Self::behind(docker.options())?;
        behind.words = words;
        behind.variables.push((CALLED_BY_DOCKER, docker.program().as_os_str().to_owned()));
        Ok(behind)
    }

    /// The real Compose, where this program is called in its place.
    ///
    /// # Errors
    /// A finding where there is none, or it cannot be looked up.
    pub fn behind(options: &Options) -> Result<Self, Finding> {
        let found = find_plugin(options).map_err(cannot_look_up)?;
        let path = found.ok_or_else(|| {
            let message = "no Docker Compose is installed but seaworthy, which was called in its place";
            Finding::error(Code::ComposeUnavailable, message)
                .help("Install Docker Compose, or run `seaworthy uninstall`.")
        })?;
        Ok(Self { path, words: Vec::new(), variables: vec![(ON_THE_WAY, on_the_way(options))] })
    }

    /// The plug-in that `docker compose` would run, called by itself, which saves a twentieth of a second for
    /// each call. Only where nothing is lost by it: no flags of `docker`, and a `docker` that is a program
    /// and not somebody's script around one.
    ///
    /// # Errors
    /// A finding where that cannot be looked up.
    pub fn direct(docker: &Command) -> Result<Self, Finding> {
        let plugin = || -> Result<Option<PathBuf>, String> {
            match find_plugin(docker.options())? {
                Some(plugin) if is_binary(&plugin)? => Ok(Some(plugin)),
                _ => Ok(None),
            }
        };
        // Podman tells Compose where it listens.
        let may = docker.options().global.is_empty() && is_docker(docker);
        let found = || if may && is_binary(docker.program())? { plugin() } else { Ok(None) };
        match found().map_err(cannot_look_up)? {
            Some(path) => {
                // Called as docker's plug-in ourselves, we hand on the variable that says so.
                let is_called = docker.options().variable(CALLED_BY_DOCKER).is_some();
                let words = if is_called { vec!["compose".into()] } else { Vec::new() };
                let way = is_shadowed(docker.options()).map_err(cannot_look_up)?;
                let way = way.then(|| (ON_THE_WAY, on_the_way(docker.options())));
                Ok(Self { path, words, variables: way.into_iter().collect() })
            }
            None => Self::docker(docker),
        }
    }

    /// For what was typed. What stays attached gets signals, which `docker` handles in its own way before the
    /// plug-in does: `run` ends otherwise with it than without.
    ///
    /// # Errors
    /// As [`Program::direct`].
    pub fn for_command(docker: &Command, command: &ComposeCommand) -> Result<Self, Finding> {
        let ends_by_itself = match command.name {
            "up" => ["detach", "wait", "no-start"].into_iter().any(|flag| command.flags.on(flag)),
            name => matches!(name, "create" | "start" | "restart" | "scale"),
        };
        if ends_by_itself { Self::direct(docker) } else { Self::docker(docker) }
    }

    /// As a question, captured and with the deadline of others; and the words that come first.
    ///
    /// # Errors
    /// A finding where the program is gone.
    pub fn question(&self, docker: &Command) -> Result<(Command, Vec<OsString>), Finding> {
        if self.path == docker.program() {
            // Docker's own flags are in the command already.
            return Ok((docker.clone(), vec!["compose".into()]));
        }
        let mut options =
            Options { program: self.path.clone().into(), global: Vec::new(), ..docker.options().clone() };
        let variables = self.variables.iter().map(|(name, value)| (OsString::from(name), value.clone()));
        options.environment.extend(variables);
        let found = Command::find(options).into_result().map_err(cannot_look_up)?;
        Ok((found, self.words.clone()))
    }

    /// Replaces this process by it, so that signals, terminal and exit status are Compose's own. Returns only
    /// where that failed.
    pub fn exec(
        &self,
        words: impl IntoIterator<Item = OsString>,
        variables: &BTreeMap<String, String>,
    ) -> Finding {
        self.not_run(&self.command(words, variables).exec())
    }

    /// Runs it to its end, on this terminal.
    ///
    /// # Errors
    /// A finding where it cannot be run or does not succeed.
    pub fn run(
        &self,
        words: impl IntoIterator<Item = OsString>,
        variables: &BTreeMap<String, String>,
    ) -> Result<(), Finding> {
        let mut command = self.command(words, variables);
        let status = command.status().map_err(|error| self.not_run(&error))?;
        if status.success() {
            return Ok(());
        }
        let shown: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let message = format!("docker {} failed: {status}", shown.join(" "));
        Err(Finding::error(Code::EngineUnavailable, message).help("Its own message is above."))
    }

    /// Runs it to its end with the terminal, and says how it ended.
    ///
    /// # Errors
    /// A finding where it cannot be run.
    pub fn attached(&self, words: impl IntoIterator<Item = OsString>) -> Result<ExitStatus, Finding> {
        self.command(words, &BTreeMap::new()).status().map_err(|error| self.not_run(&error))
    }

    /// Runs one step of a launch on this terminal, and says how it ended. Standard output belongs to what is
    /// launched, so what the step prints there goes among the messages. That a container runs already is left out where
    /// the next step says it again.
    ///
    /// # Errors
    /// A finding where it cannot be run.
    pub fn step(
        &self,
        words: impl IntoIterator<Item = OsString>,
        variables: &BTreeMap<String, String>,
        is_said_again: bool,
    ) -> Result<ExitStatus, Finding> {
        let messages = std::io::stderr().as_fd().try_clone_to_owned();
        let mut command = self.command(words, variables);
        // On a terminal the lines are drawn over one another.
        if !is_said_again || std::io::stderr().is_terminal() {
            let run = |messages| command.stdout::<OwnedFd>(messages).status();
            return messages.and_then(run).map_err(|error| self.not_run(&error));
        }
        let run = |messages| {
            let mut child = command.stdout::<OwnedFd>(messages).stderr(Stdio::piped()).spawn()?;
            if let Some(said) = child.stderr.take() {
                pass_on(said)?;
            }
            child.wait()
        };
        messages.and_then(run).map_err(|error| self.not_run(&error))
    }

    fn command(
        &self,
        words: impl IntoIterator<Item = OsString>,
        variables: &BTreeMap<String, String>,
    ) -> std::process::Command {
        let mut command = std::process::Command::new(&self.path);
        command.args(self.with(words)).envs(variables).envs(self.variables.iter().cloned());
        command
    }

    fn not_run(&self, error: &std::io::Error) -> Finding {
        Finding::error(Code::ComposeUnavailable, format!("cannot run {}: {error}", self.path.display()))
            .help(Code::ComposeUnavailable.remedy())
    }

    /// Whether it is the plug-in, called without docker.
    pub fn is_plugin(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "docker-compose")
    }

    pub fn with(&self, words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        self.words.iter().cloned().chain(words).collect()
    }
}

/// Copies messages line by line, but for those that say of a container that it runs.
fn pass_on(said: impl Read) -> std::io::Result<()> {
    let mut said = BufReader::new(said);
    let mut line = Vec::new();
    loop {
        line.clear();
        if said.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let words: Vec<&str> = text.split_whitespace().collect();
        if matches!(words.as_slice(), ["Container", _, "Running"]) {
            continue;
        }
        match std::io::stderr().write_all(&line) {
            // Nobody reads any more; Compose is to go on.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
}

pub(super) fn is_docker(docker: &Command) -> bool {
    docker.program().file_name().is_some_and(|name| name == "docker")
}

fn cannot_look_up(reason: String) -> Finding {
    Finding::error(Code::ComposeUnavailable, reason)
        .help("It decides how docker compose is called. Correct the cause and run again.")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::engine::{Command, Options};

    fn program(path: &Path, content: &[u8]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_plug_in_is_called_by_itself_only_where_docker_is_docker() {
        let temp = tempfile::tempdir().unwrap();
        let (docker, plugin) = (temp.path().join("docker"), temp.path().join("c/cli-plugins/docker-compose"));
        program(&plugin, b"\x7fELF...");
        let find = |global: Vec<OsString>| {
            let environment = vec![("DOCKER_CONFIG".into(), temp.path().join("c").into())];
            let options =
                Options { program: docker.clone().into(), environment, global, ..Options::default() };
            Program::direct(&Command::find(options).known().unwrap()).unwrap()
        };
        program(&docker, b"\x7fELF...");
        assert_eq!(find(vec![]), Program { path: plugin, words: vec![], variables: vec![] });
        assert_eq!(find(vec!["--debug".into()]).words, ["--debug", "compose"]);
        let podman = temp.path().join("podman");
        program(&podman, b"\x7fELF...");
        let options = Options { program: podman.clone().into(), ..Options::default() };
        assert_eq!(Program::direct(&Command::find(options).known().unwrap()).unwrap().path, podman);
        program(&docker, b"#!/bin/sh\n");
        let words = vec!["compose".into()];
        assert_eq!(find(vec![]), Program { path: docker.clone(), words, variables: vec![] });
    }
}
