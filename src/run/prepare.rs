//! `prepare`: creates and owns what is missing, without launching.

use std::fmt::Write;

use crate::cli::Request;
use crate::diagnostic::{Code, Exit, Finding};
use crate::host::Kind;
use crate::ownership::bind::{BindDecision, Outcome};
use crate::ownership::images::AFTER_PULL;
use crate::prepare::copy::refresh;
use crate::prepare::{Receipt, prepare};

use super::gate::{self, Settled, Wanted};
use super::images::LazyEngine;
use super::pass::options;
use super::session::Session;
use super::verify::Verified;

pub fn run(request: &Request, services: &[String]) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let wanted = Wanted { services, launches: false, fetches: false, takes_turn: !request.global.dry_run };
    let engine = LazyEngine::new(options(request));
    let Some(Settled { verified, engine, turn }) = gate::decide(&mut session, &wanted, engine) else {
        return Err(session.report());
    };
    let undecided = undecided(&verified);
    if request.global.dry_run {
        let by_helper =
            verified.host.sought.iter().filter(|sought| sought.step.is_some() && !sought.is_elsewhere);
        let count = verified.host.steps.len() + by_helper.count();
        session.sink.extend(undecided);
        return end(&mut session, &format!("{count} to create\n"));
    }
    let mut notes = Vec::new();
    let seen_to = see_to(&verified, &engine, &mut notes);
    session.sink.extend(notes);
    let (refreshed, receipt) = match seen_to {
        Ok(done) => done,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    // Whom the directories were made for is remembered, as at a launch.
    if let Some(lock) = verified.lock.as_ref().filter(|_| turn.is_some())
        && let Err(finding) = lock.write(&verified.users)
    {
        session.sink.push(finding);
        return Err(session.report());
    }
    let mut text = String::new();
    for created in &receipt.created {
        let what = if created.kind == Kind::Directory { "directory" } else { "file" };
        let _ = writeln!(text, "created {what} {}", created.path.display());
    }
    for changed in &receipt.modes {
        let _ = writeln!(text, "gave mode {:04o} to {}", changed.mode, changed.path.display());
    }
    if refreshed > 0 {
        let _ = writeln!(text, "refreshed {refreshed} derived file{}", if refreshed == 1 { "" } else { "s" });
    } else if receipt.created.is_empty()
        && receipt.modes.is_empty()
        && verified.host.sought.is_empty()
        && undecided.is_empty()
    {
        text.push_str("nothing to create: all that is mounted of the host is there\n");
    }
    session.sink.extend(undecided);
    end(&mut session, &text)
}

/// Makes and owns what is missing, and says how many derived files were refreshed.
pub(crate) fn see_to(
    verified: &Verified,
    engine: &LazyEngine,
    notes: &mut Vec<Finding>,
) -> Result<(usize, Receipt), Finding> {
    let refreshed = refresh(&verified.host.copies)?;
    let receipt = prepare(&verified.host.steps).map_err(|failure| *failure.finding)?;
    super::mend::before_launch(verified, engine, notes)?;
    Ok((refreshed, receipt))
}

/// What was done is said also where something could not be decided.
fn end(session: &mut Session<'_>, text: &str) -> Result<Exit, Exit> {
    let exit = session.report();
    super::print(text.as_bytes())?;
    if exit == Exit::Done { Ok(exit) } else { Err(exit) }
}

/// What was not made because too little was known of it.
pub(crate) fn undecided(verified: &Verified) -> Vec<Finding> {
    // Where all is there, and nothing is to be repaired, nothing to be done hangs on what is not clear.
    let repairs = verified.policy.as_ref().is_some_and(|policy| !policy.state.is_empty());
    let is_wanted = repairs || verified.host.binds.iter().any(BindDecision::is_pending);
    let mut findings = if is_wanted { verified.host.unclear.clone() } else { Vec::new() };
    for bind in &verified.host.binds {
        let Outcome::Pending(reason) = &bind.outcome else { continue };
        let message =
            format!("{} of service `{}` is not made: {reason}", bind.source.display(), bind.service);
        let finding = if reason == AFTER_PULL {
            Finding::error(Code::PrepareFailed, message).help("Pull or build its image, and run it again.")
        } else {
            Finding::error(Code::EngineUnavailable, message).help(Code::EngineUnavailable.remedy())
        };
        findings.push(finding.at_origin(bind.origin, "mounted here"));
    }
    findings
}
