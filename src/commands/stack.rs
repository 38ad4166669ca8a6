//! `stack`: the verified project on Swarm, by the engine's own interface.

mod apply;
mod attest;
mod config;
mod deploy;
mod diff;
mod gate;
mod host;
mod network;
mod refer;
mod remove;
mod settle;
mod undo;
mod words;

use crate::cli::{Request, StackDo, StackOptions};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::socket::Refused;
use crate::engine::swarm::{Done, Manager};
use crate::engine::{Answer, Engine, unanswered};
use crate::reach::swarm::NAMESPACE;
use crate::run::images::LazyEngine;
use crate::run::pass;

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    check_name(&options.name)?;
    match options.action {
        StackDo::Deploy => deploy::run(request, options),
        StackDo::Config => config::run(request, options),
        StackDo::Diff => diff::run(request, options),
        StackDo::Remove => remove::run(request, options),
    }
}

pub use attest::run as attest;

fn check_name(name: &str) -> Result<(), Exit> {
    if is_name(name) {
        return Ok(());
    }
    let message = format!("{name:?} is no name of a stack");
    let help = "Use letters, digits, hyphens and underscores; begin with a letter or digit.";
    Err(pass::refuse(Finding::error(Code::Usage, message).help(help)))
}

/// Names of services begin with it, and have 63 characters at most.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() < 60
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The label of everything in a stack.
fn label(stack: &str) -> String {
    format!("{NAMESPACE}={stack}")
}

/// The manager of the swarm.
fn manager(engine: &LazyEngine) -> Result<Manager, Finding> {
    match engine.get().and_then(Engine::manager) {
        Answer::Known(Ok(manager)) => Ok(manager),
        Answer::Known(Err(why)) => Err(Finding::error(Code::EngineUnavailable, why)
            .help("Run this on a manager. `docker swarm init` makes a swarm of this engine, `docker node ls` lists one.")),
        Answer::Unknown(reason) => Err(unanswered(&reason)),
    }
}

fn known<T>(answer: Answer<T>) -> Result<T, Finding> {
    answer.into_result().map_err(|reason| unanswered(&reason))
}

/// The answer of the swarm, or a finding with its own words.
fn done<T>(what: &str, answer: Done<T>) -> Result<T, Finding> {
    known(answer)?.map_err(|refused| swarm_refuses(what, &refused))
}

fn swarm_refuses(what: &str, refused: &Refused) -> Finding {
    // The protocol's own words in front of the message help nobody.
    let said = refused.message.rsplit_once(" desc = ").map_or(refused.message.as_str(), |(_, said)| said);
    Finding::error(Code::SwarmRefused, format!("the swarm does not take {what}: {said}"))
        .help(Code::SwarmRefused.remedy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_service_can_begin_with() {
        assert!(is_name("agent-pod") && is_name("a_1"));
        for name in ["", "-a", "a b", "a.b", "a/b", &"a".repeat(60)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
