//! The last step: Compose's own reading of the rendered file must agree, then Compose takes over.

mod cross_check;
pub mod facts;
pub mod judge;
pub mod live;
pub mod phases;
pub mod program;
pub mod proof;
#[cfg(test)]
mod rows;
pub mod start;

pub use cross_check::{HandedOver, cross_check};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::diagnostic::{Code, Finding};

/// Replaces this process by `docker compose …`, so that signals, terminal and exit status are
/// Compose's own. Returns only where that failed.
pub fn exec(docker: &Path, words: &[OsString], variables: &BTreeMap<String, String>) -> Finding {
    let error = std::process::Command::new(docker).args(words).envs(variables).exec();
    Finding::error(Code::ComposeUnavailable, format!("cannot run {}: {error}", docker.display()))
        .help(Code::ComposeUnavailable.remedy())
}

/// Runs `docker compose …` to its end, on this terminal.
///
/// # Errors
/// A finding where it cannot be run or does not succeed.
pub fn run(docker: &Path, words: &[OsString], variables: &BTreeMap<String, String>) -> Result<(), Finding> {
    let status = std::process::Command::new(docker).args(words).envs(variables).status();
    let shown: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Finding::error(
            Code::EngineUnavailable,
            format!("docker {} failed: {status}", shown.join(" ")),
        )
        .help("Its own message is above.")),
        Err(error) => {
            Err(Finding::error(Code::ComposeUnavailable, format!("cannot run {}: {error}", docker.display()))
                .help(Code::ComposeUnavailable.remedy()))
        }
    }
}

/// Runs one step of a launch on this terminal, and says how it ended. Standard output belongs to what is
/// launched, so what the step prints there goes among the messages.
///
/// # Errors
/// A finding where it cannot be run.
pub fn step(
    program: &Path,
    words: &[OsString],
    variables: &BTreeMap<String, String>,
) -> Result<ExitStatus, Finding> {
    let mut command = std::process::Command::new(program);
    command.args(words).envs(variables);
    let status =
        std::io::stderr().as_fd().try_clone_to_owned().and_then(|messages| command.stdout(messages).status());
    status.map_err(|error| {
        Finding::error(Code::ComposeUnavailable, format!("cannot run {}: {error}", program.display()))
            .help(Code::ComposeUnavailable.remedy())
    })
}
