//! `exec`: what is typed with it may not break the posture; then it is Compose's business.

use crate::cli::{ComposeCommand, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity, Sink};
use crate::launch::judge::{judge_flags, typed};
use crate::policy::Posture;

use super::decide::Images;
use super::images::LazyEngine;
use super::session::Session;
use super::verify::{Verified, verify};

/// Judges the flags, then becomes Compose. Nothing is read where no flag asks for it: looking into a running
/// container must stay possible when its project is broken.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    if typed(command).is_empty() {
        return super::pass::run(request);
    }
    let mut session = Session::new(request);
    session.skips_typed = true;
    let engine = LazyEngine::new(super::pass::options(request));
    match verify(&mut session, &[], &engine, Images::WhereNeeded) {
        Some(verified) => {
            // What is wrong with the project was said when it was launched.
            let before = std::mem::take(&mut session.sink);
            flags(&mut session, command, &verified);
            session.sink.extend(as_another(request, command, &verified, &engine, &before));
        }
        // Compose finds running containers by the project's name alone.
        None if session.sink.findings().iter().all(|finding| finding.code == Code::NoComposeFile) => {
            return super::pass::run(request);
        }
        None => {}
    }
    if session.sink.has_errors() {
        return Err(session.report());
    }
    session.warn()?;
    super::pass::run(request)
}

/// What is wrong with who it is run as: the lock, and the access to what is mounted. Whoever only looks on is told.
fn as_another(
    request: &Request,
    command: &ComposeCommand,
    verified: &Verified,
    engine: &LazyEngine,
    before: &Sink,
) -> Vec<Finding> {
    let Some(policy) = verified.policy.as_ref().filter(|_| command.flags.last("user").is_some()) else {
        return Vec::new();
    };
    let mut session = Session::new(request);
    let _ = verify(&mut session, &[], engine, Images::WhereNeeded);
    let was = |finding: &Finding| {
        before.findings().iter().any(|one| (one.code, &one.message) == (finding.code, &finding.message))
    };
    let mut found = session.sink.into_findings();
    found.retain(|finding| finding.severity > Severity::Note && !was(finding));
    for finding in &mut found {
        let named = command.positionals.first().map(String::as_str);
        if policy.posture.strictest(named).value < Posture::Hardened {
            finding.severity = Severity::Warning;
        }
        finding.help = Some("Leave out the flag, or give that user what it needs.".to_owned());
    }
    found
}

/// Judges the flags of a command in a project that has a policy.
pub fn flags(session: &mut Session<'_>, command: &ComposeCommand, verified: &Verified) {
    if let Some(policy) = &verified.policy {
        let (arranged, model, project) = (&verified.arranged, &verified.model, &verified.project);
        let found = judge_flags(command, policy, arranged, model, project, &mut session.inputs);
        session.sink.extend(found);
    }
}
