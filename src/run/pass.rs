//! Commands that are Compose's own business: passed on word for word, so that the way out is never
//! blocked.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::cli::Request;
use crate::diagnostic::{Exit, Finding, Severity, Sink};
use crate::engine::{Answer, Command, Options};
use crate::launch::program::Program;
use crate::source::SourceMap;

use super::session::Session;

/// Becomes `docker compose` with what was typed.
pub fn run(request: &Request) -> Result<Exit, Exit> {
    let (program, words) = program(request)?;
    Err(refuse(program.exec(words, &BTreeMap::new())))
}

/// `docker compose`, and what was typed.
pub fn program(request: &Request) -> Result<(Program, Vec<OsString>), Exit> {
    let docker = match Command::find(options(request)) {
        Answer::Known(docker) => docker,
        Answer::Unknown(reason) => {
            return Err(refuse(crate::engine::no_client(reason)));
        }
    };
    let program = Program::docker(&docker).map_err(refuse)?;
    Ok((program, request.pass_on_with(&sealed(request)?)))
}

/// Becomes the real Compose, called as this program was in its place.
pub fn as_compose(words: &[OsString]) -> Result<Exit, Exit> {
    let program = Program::behind(&Options::default()).map_err(refuse)?;
    Err(refuse(program.exec(words.iter().cloned(), &BTreeMap::new())))
}

/// The files of a sealed list, for Compose to find the project by. A list that is not whole does not
/// stand in the way of stopping or clearing away.
fn sealed(request: &Request) -> Result<Vec<String>, Exit> {
    let mut session = Session::new(request);
    if let Some(names) = session.sealed() {
        return Ok(names);
    }
    if matches!(request.command, crate::cli::Command::Config(_)) {
        return Err(session.report());
    }
    let findings = std::mem::take(&mut session.sink).into_findings();
    session
        .sink
        .extend(findings.into_iter().map(|finding| Finding { severity: Severity::Warning, ..finding }));
    // The way out is open also where nobody can be told.
    session.report();
    Ok(Vec::new())
}

/// How the engine is reached, as the command line has it.
pub fn options(request: &Request) -> Options {
    let mut options = Options { global: request.global.docker.clone(), ..Options::default() };
    if request.global.engine == crate::cli::EngineChoice::Podman {
        options.program = "podman".into();
    }
    options
}

pub fn refuse(finding: Finding) -> Exit {
    let exit = finding.code.exit();
    say(finding);
    exit
}

pub fn say(finding: Finding) {
    let mut sink = Sink::new();
    sink.push(finding);
    // The status says it where the words cannot.
    let screen = super::session::screen(None);
    let _ = super::session::report(&sink, &SourceMap::default(), screen, None);
}
