//! The version of the Docker Compose that will be run.
//!
//! It decides how a project is read, so it has to be known before the first file is. Asking takes some 30 ms, fifteen
//! times what a small project takes; so the answer is kept in the caller's own state directory, together with the
//! stamps of the two programs that it is true of. Only where both are programs: what a script runs may be another
//! thing each time.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::program::Program;
use crate::diagnostic::{Code, Finding};
use crate::engine::compose::find_plugin;
use crate::engine::socket::is_binary;
use crate::engine::{Answer, Command, Compose};
use crate::host::{ReadError, Stamp, read_found, write_atomic};
use crate::reader::Reader;
use crate::render::make_parents;

/// An installed Compose, and how its version is known.
#[derive(Clone, Debug)]
pub struct Installed {
    pub reader: Reader,
    /// It was not asked; an earlier run was.
    pub is_remembered: bool,
}

/// Why it cannot be told which version will be run.
#[derive(Debug, thiserror::Error)]
pub enum Unsaid {
    /// It does not answer, or not with a version.
    #[error("docker compose does not say its version: {0}")]
    Silent(String),
    /// It says one that this program cannot read as.
    #[error("the installed docker compose: {0}")]
    Unread(crate::reader::ReaderError),
    /// What is known of it cannot be kept or looked up.
    #[error("which docker compose will be run is not known: {0}")]
    Lost(String),
}

impl Unsaid {
    /// As what stops a launch.
    pub fn finding(&self) -> Finding {
        let help = match self {
            Self::Silent(_) => {
                "Run `docker compose version --short` to see what it says; it must be 2.40 or newer."
            }
            Self::Unread(_) => {
                "Install Docker Compose 2.40 or newer. A review can name another version: --compose-version 5.5."
            }
            Self::Lost(_) => "It decides how the project is read. Correct the cause and run again.",
        };
        Finding::error(Code::ComposeVersion, self.to_string()).help(help)
    }
}

/// The version of the Compose that `docker` runs; `None` where there is none. `folder` is where it is remembered.
///
/// # Errors
/// Where there is one, and its version is not known.
pub fn installed(docker: &Command, folder: Option<&Path>) -> Result<Option<Installed>, Unsaid> {
    let memory = match folder {
        Some(folder) => Memory::of(docker, folder)?,
        None => None,
    };
    if let Some(reader) = memory.as_ref().map(Memory::recall).transpose()?.flatten() {
        return Ok(Some(Installed { reader, is_remembered: true }));
    }
    let Some(said) = ask(docker)? else { return Ok(None) };
    let reader = said.parse().map_err(Unsaid::Unread)?;
    if let Some(memory) = memory {
        memory.keep(&said)?;
    }
    Ok(Some(Installed { reader, is_remembered: false }))
}

/// As `docker compose version` has it: `2.40.3`, `2.40.3-3`. `None` where docker knows no such command.
///
/// # Errors
/// Where it does not answer.
pub fn ask(docker: &Command) -> Result<Option<String>, Unsaid> {
    let (compose, mut words) = Program::direct(docker)
        .and_then(|program| program.question(docker))
        .map_err(|finding| Unsaid::Lost(finding.message))?;
    words.extend(["version".into(), "--short".into()]);
    match compose.run(words) {
        Answer::Known(output) if output.succeeded() => match output.text() {
            Answer::Known(text) => Ok(Some(text.trim().trim_start_matches('v').to_owned())),
            Answer::Unknown(reason) => Err(Unsaid::Silent(reason)),
        },
        Answer::Known(output) if is_absent(&output.complaint()) => Ok(None),
        Answer::Known(output) => Err(Unsaid::Silent(output.complaint())),
        Answer::Unknown(reason) => Err(Unsaid::Silent(reason)),
    }
}

/// Whether that is what the client says where it has no such plugin.
pub fn is_absent(complaint: &str) -> bool {
    ["is not a docker command", "unknown command", "unknown flag: --short", "unknown shorthand flag"]
        .iter()
        .any(|said| complaint.contains(said))
}

/// The same for people: with the paths of the programs.
pub fn described(docker: &Command) -> Answer<Compose> {
    let version = match ask(docker) {
        Ok(Some(version)) => version,
        Ok(None) => return Answer::unknown("docker compose is not installed"),
        Err(unsaid) => return Answer::unknown(unsaid.to_string()),
    };
    if let Err(error) = version.parse::<Reader>()
        && matches!(error, crate::reader::ReaderError::NotAVersion(_))
    {
        return Answer::unknown(Unsaid::Unread(error).to_string());
    }
    match find_plugin(docker.options()) {
        Ok(plugin) => Answer::Known(Compose { docker: docker.program().to_owned(), plugin, version }),
        Err(reason) => Answer::Unknown(reason),
    }
}

/// The answer of an earlier run, with what it was an answer about.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    docker: Stamp,
    plugin: Stamp,
    version: String,
}

/// Where the answer about these two programs is kept.
struct Memory {
    file: PathBuf,
    docker: Stamp,
    plugin: Stamp,
}

/// In the folder that the caller's programs keep for this one.
const FILE: &str = "compose.json";
/// A record has some 500 bytes.
const LARGEST: u64 = 64 * 1024;

impl Memory {
    /// `None` where a script stands in between.
    fn of(docker: &Command, folder: &Path) -> Result<Option<Self>, Unsaid> {
        let plugin = find_plugin(docker.options()).map_err(Unsaid::Lost)?;
        let Some(plugin) = plugin.filter(|_| super::program::is_docker(docker)) else { return Ok(None) };
        let are_programs = |one: &Path, other: &Path| Ok::<_, String>(is_binary(one)? && is_binary(other)?);
        if !are_programs(docker.program(), &plugin).map_err(Unsaid::Lost)? {
            return Ok(None);
        }
        let stamp = |path: &Path| {
            Stamp::of(path)
                .map_err(|error| Unsaid::Lost(format!("cannot look at {}: {error}", path.display())))
        };
        Ok(Some(Self { file: folder.join(FILE), docker: stamp(docker.program())?, plugin: stamp(&plugin)? }))
    }

    /// What was said, where it was said by the same programs. A record that cannot be understood is none.
    fn recall(&self) -> Result<Option<Reader>, Unsaid> {
        let content = match read_found(&self.file, LARGEST) {
            Ok(content) => content,
            Err(ReadError::Missing(_)) => return Ok(None),
            Err(error) => return Err(Unsaid::Lost(error.to_string())),
        };
        let record: Option<Record> = serde_json::from_slice(&content.bytes).ok();
        let same = record.filter(|record| record.docker == self.docker && record.plugin == self.plugin);
        Ok(same.and_then(|record| record.version.parse().ok()))
    }

    fn keep(self, version: &str) -> Result<(), Unsaid> {
        let record = Record { docker: self.docker, plugin: self.plugin, version: version.to_owned() };
        let lost = |reason: String| Unsaid::Lost(format!("{}: {reason}", self.file.display()));
        let text = serde_json::to_vec(&record).map_err(|error| lost(error.to_string()))?;
        make_parents(&self.file).map_err(|error| lost(error.to_string()))?;
        write_atomic(&self.file, &text, 0o600).map_err(|error| lost(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::Options;

    fn program(path: &Path, content: &[u8]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A `docker` that prints what is said, and counts how often.
    fn saying(folder: &Path, script: &str) -> Command {
        let path = folder.join("docker");
        program(&path, format!("#!/bin/sh\necho . >> {}/asked\n{script}\n", folder.display()).as_bytes());
        let environment = vec![("DOCKER_CONFIG".into(), folder.join("none").into())];
        let options = Options { program: path.into(), environment, ..Options::default() };
        Command::find(options).known().unwrap()
    }

    #[test]
    fn only_a_version_is_an_answer() {
        let temp = tempfile::tempdir().unwrap();
        let of = |script: &str| installed(&saying(temp.path(), script), Some(temp.path()));
        assert_eq!(of("echo v2.40.3-3").unwrap().unwrap().reader, Reader::new(2, 40, 3));
        assert_eq!(of("echo 5.7.1").unwrap().unwrap().reader, Reader::new(5, 7, 1));
        for script in
            ["", "echo", "echo Docker version 28", "echo 2.40 usage", "echo 2.40.3; exit 1", "echo 2.39.4"]
        {
            assert!(of(script).is_err(), "{script}");
        }
        let none = of("echo \"docker: 'compose' is not a docker command\" >&2; exit 1");
        assert!(none.unwrap().is_none());
    }

    #[test]
    fn a_script_is_asked_each_time() {
        let temp = tempfile::tempdir().unwrap();
        let docker = saying(temp.path(), "echo 5.5.0");
        for times in 1..3 {
            assert!(!installed(&docker, Some(temp.path())).unwrap().unwrap().is_remembered);
            assert_eq!(std::fs::read_to_string(temp.path().join("asked")).unwrap().lines().count(), times);
        }
    }

    #[test]
    fn a_program_is_remembered_until_it_is_another_one() {
        let temp = tempfile::tempdir().unwrap();
        let (docker, plugin) = (temp.path().join("docker"), temp.path().join("c/cli-plugins/docker-compose"));
        program(&docker, b"\x7fELF...");
        program(&plugin, b"\x7fELF...");
        let environment = vec![("DOCKER_CONFIG".into(), temp.path().join("c").into())];
        let options = Options { program: docker.clone().into(), environment, ..Options::default() };
        let command = Command::find(options).known().unwrap();
        let memory = || Memory::of(&command, temp.path()).unwrap().unwrap();
        assert_eq!(memory().recall().unwrap(), None);
        memory().keep("5.4.1").unwrap();
        assert_eq!(memory().recall().unwrap(), Some(Reader::new(5, 4, 1)));
        let found = installed(&command, Some(temp.path())).unwrap().unwrap();
        assert!(found.is_remembered);
        program(&plugin, b"\x7fELF,,,");
        assert_eq!(memory().recall().unwrap(), None);
        for text in ["", "{}", "garbage"] {
            std::fs::write(temp.path().join(FILE), text).unwrap();
            assert_eq!(memory().recall().unwrap(), None, "{text}");
        }
    }
}
