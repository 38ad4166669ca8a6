//! `exec`: what is typed with it may not break the posture; then it is Compose's business.

use crate::cli::{ComposeCommand, Request};
use crate::diagnostic::{Code, Exit, Sink};
use crate::launch::judge::{judge_flags, typed};

use super::images::LazyEngine;
use super::session::Session;
use super::verify::{Images, Verified, verify};

/// Judges the flags, then becomes Compose. Nothing is read where no flag asks for it: looking into a running
/// container must stay possible when its project is broken.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    if typed(command).is_empty() {
        return super::pass::run(request);
    }
    let mut session = Session::new(request);
    let engine = LazyEngine::new(super::pass::options(request));
    match verify(&mut session, &[], &engine, Images::WhereNeeded) {
        Some(verified) => {
            // What is wrong with the project was said when it was launched.
            session.sink = Sink::new();
            flags(&mut session, command, &verified);
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

/// Judges the flags of a command in a project that has a policy.
pub fn flags(session: &mut Session<'_>, command: &ComposeCommand, verified: &Verified) {
    if let Some(policy) = &verified.policy {
        let (arranged, model, project) = (&verified.arranged, &verified.model, &verified.project);
        let found = judge_flags(command, policy, arranged, model, project, &mut session.inputs);
        session.sink.extend(found);
    }
}
