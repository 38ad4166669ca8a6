//! Directories of this node that tasks mount, where placement leaves them no other node.

use crate::cli::Request;
use crate::diagnostic::{Exit, Finding, Severity};
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::pass;
use crate::run::prepare::{see_to, undecided};
use crate::run::session::Session;
use crate::run::verify::verify;

/// Judges what these services mount, and makes and owns it as before a launch.
pub fn see_to_binds(request: &Request, services: &[String], engine: &LazyEngine) -> Result<(), Exit> {
    if services.is_empty() {
        return Ok(());
    }
    let mut session = Session::new(request);
    let Some(verified) = verify(&mut session, services, engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    session.sink.extend(undecided(&verified));
    if session.sink.has_errors() {
        return Err(session.report());
    }
    // The findings about the project were reported before.
    session.sink = crate::diagnostic::Sink::new();
    if request.global.dry_run {
        return Ok(());
    }
    let mut notes: Vec<Finding> = Vec::new();
    let done = see_to(&verified, engine, &mut notes);
    session.sink.extend(notes.into_iter().filter(|note| note.severity >= Severity::Warning));
    match done {
        Ok(_) => session.warn(),
        Err(finding) => Err(pass::refuse(finding)),
    }
}
