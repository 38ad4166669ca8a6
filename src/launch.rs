//! The last step: Compose's own reading of the rendered file must agree, then Compose takes over.

pub mod facts;
pub mod judge;
pub mod live;
pub mod phases;
pub mod program;
pub mod proof;
#[cfg(test)]
mod rows;
pub mod start;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, Command};
use crate::render::{Rendered, first_difference};
use crate::source::FileId;
use crate::yaml::{self, Limits};

use program::Program;

/// Has Compose read the rendered file, and compares with what was verified.
///
/// # Errors
/// A finding where Compose cannot be run, refuses the file, or reads something else from it.
pub fn cross_check(
    docker: &Command,
    globals: &[OsString],
    services: &[String],
    rendered: &Rendered,
) -> Result<(), Finding> {
    let (compose, mut words) = Program::direct(docker)?.question(docker);
    words.extend_from_slice(globals);
    words.push("config".into());
    words.extend(services.iter().map(OsString::from));
    let output = match compose.run(&words) {
        Answer::Known(output) => output,
        Answer::Unknown(reason) => {
            return Err(Finding::error(
                Code::ComposeUnavailable,
                format!("docker compose did not answer: {reason}"),
            )
            .help(Code::ComposeUnavailable.remedy()));
        }
    };
    if !output.succeeded() {
        let complaint = output.complaint();
        // The CLI without its plug-in takes `compose` for a command it does not know.
        let missing = complaint.contains("is not a docker command") || complaint.contains("unknown command");
        let code = if missing { Code::ComposeUnavailable } else { Code::CrossCheck };
        return Err(Finding::error(code, format!("docker compose refuses the rendered file: {complaint}"))
            .help(code.remedy()));
    }
    let found = String::from_utf8_lossy(&output.stdout);
    if found == rendered.expected {
        return Ok(());
    }
    match difference(&rendered.expected, &found) {
        None => Ok(()),
        Some(place) => Err(Finding::error(
            Code::CrossCheck,
            format!("docker compose reads {place} of the rendered file differently from what was verified"),
        )
        .help(Code::CrossCheck.remedy())),
    }
}

/// The first place where two renderings differ in meaning; `None` where only bytes do.
fn difference(expected: &str, found: &str) -> Option<String> {
    let read = |text: &str| yaml::parse(FileId(0), text, Limits::default()).ok()?.into_iter().next();
    match (read(expected), read(found)) {
        (Some(expected), Some(found)) => first_difference(&expected.root, &found.root, ""),
        _ => Some("the whole".to_owned()),
    }
}

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
