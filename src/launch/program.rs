//! Which program is run for `docker compose`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cli::ComposeCommand;
use crate::diagnostic::{Code, Finding};
use crate::engine::compose::find_plugin;
use crate::engine::socket::is_binary;
use crate::engine::{Command, Options};

/// A program, and the words that come before Compose's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub path: PathBuf,
    pub words: Vec<OsString>,
}

impl Program {
    /// `docker … compose`, for what the user must see exactly as Docker does it.
    pub fn docker(docker: &Command) -> Self {
        let mut words = docker.options().global.clone();
        words.push("compose".into());
        Self { path: docker.program().to_owned(), words }
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
        let may = docker.options().global.is_empty()
            && docker.program().file_name().is_some_and(|name| name == "docker");
        let found = || if may && is_binary(docker.program())? { plugin() } else { Ok(None) };
        match found() {
            Ok(Some(path)) => Ok(Self { path, words: Vec::new() }),
            Ok(None) => Ok(Self::docker(docker)),
            Err(reason) => Err(Finding::error(Code::ComposeUnavailable, reason)
                .help("It decides how docker compose is called. Correct the cause and run again.")),
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
        if ends_by_itself { Self::direct(docker) } else { Ok(Self::docker(docker)) }
    }

    /// As a question, captured and with the deadline of others; and the words that come first.
    pub fn question(&self, docker: &Command) -> (Command, Vec<OsString>) {
        let options = Options { program: self.path.clone().into(), ..docker.options().clone() };
        match Command::find(options).known().filter(|_| self.words.is_empty()) {
            Some(plugin) => (plugin, Vec::new()),
            // Docker's own flags are in the command already.
            None => (docker.clone(), vec!["compose".into()]),
        }
    }

    pub fn with(&self, words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        self.words.iter().cloned().chain(words).collect()
    }
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
        assert_eq!(find(vec![]), Program { path: plugin, words: vec![] });
        assert_eq!(find(vec!["--debug".into()]).words, ["--debug", "compose"]);
        let podman = temp.path().join("podman");
        program(&podman, b"\x7fELF...");
        let options = Options { program: podman.clone().into(), ..Options::default() };
        assert_eq!(Program::direct(&Command::find(options).known().unwrap()).unwrap().path, podman);
        program(&docker, b"#!/bin/sh\n");
        assert_eq!(find(vec![]), Program { path: docker.clone(), words: vec!["compose".into()] });
    }
}
