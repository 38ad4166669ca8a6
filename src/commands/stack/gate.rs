//! The gate before every command that asks the swarm: the project is verified and translated for this manager.

use crate::compose::Model;
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::swarm::Manager;
use crate::reach::swarm::{Here, OLDEST, Question, Stack, stacked, translate};
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::verify::{Verified, verify};

/// A project that may be deployed.
pub struct Passed {
    pub verified: Verified,
    pub manager: Manager,
    /// The selected services under the name of the stack.
    pub model: Model,
    pub stack: Stack,
}

/// Verifies and translates the project. The findings are printed.
///
/// # Errors
/// The exit status, where anything is refused; the reasons are printed then.
pub fn pass(session: &mut Session<'_>, engine: &LazyEngine, name: &str) -> Result<Passed, Exit> {
    // Directories of this node are looked at once it is known that tasks mount them.
    session.skips_host = true;
    let Some(verified) = verify(session, &[], engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    let manager = match super::manager(engine) {
        Ok(manager) => manager,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    let model = stacked(&verified.selected, name);
    let stack = translated(session, &model, &verified, &manager);
    if session.sink.has_errors() {
        return Err(session.report());
    }
    session.warn()?;
    Ok(Passed { verified, manager, model, stack })
}

fn translated(session: &mut Session<'_>, model: &Model, verified: &Verified, manager: &Manager) -> Stack {
    let here = Here { id: manager.node.clone(), hostname: manager.hostname.clone() };
    let policy = verified.policy.as_ref();
    let mut stack = translate(&Question { model, users: &verified.users, policy, here: Some(&here) });
    session.sink.extend(std::mem::take(&mut stack.findings));
    session.sink.extend(stack.needs.iter().filter_map(|need| need.finding(manager.version, policy)));
    if manager.version < OLDEST {
        let message = format!(
            "this engine's interface is {}.{}, and drops much of what a service is asked for",
            manager.version.0, manager.version.1
        );
        let help = format!("Update it to one that has {}.{} or newer: Docker 20.10.", OLDEST.0, OLDEST.1);
        session.sink.push(Finding::error(Code::EngineUnavailable, message).help(help));
    }
    stack
}
