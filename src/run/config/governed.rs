//! `config` where a policy is in force: the model that would be launched.

use crate::cli::ConfigOptions;
use crate::compose::{Phases, Selection};
use crate::diagnostic::{Exit, Finding, Sink};
use crate::launch::program::Program;
use crate::ownership::{Users, apply, home};
use crate::run::decide::Images;
use crate::run::hand_over::HandOver;
use crate::run::images::LazyEngine;
use crate::run::mapped;
use crate::run::session::Session;
use crate::run::verify::{Verified, verify};

use super::{Wanted, is_of_tree, model_text, phases, services, tree, tree_text};

/// Everything that is decided about a launch, as `check` decides it. `None` where it would be refused: the session
/// says why.
pub(super) fn verified(
    session: &mut Session<'_>,
    services: &[String],
    engine: &LazyEngine,
) -> Option<Verified> {
    verify(session, services, engine, Images::WhereNeeded)
}

/// Prints the model that would be launched, or what is wanted of it.
pub(super) fn text(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    wanted: Wanted<'_>,
    mut verified: Verified,
) -> Option<String> {
    // It was read once, and its faults were said.
    let said = std::mem::take(&mut session.sink);
    let selection = session.selection(services(options, wanted));
    let text = other(session, options, wanted, &mut verified, &selection);
    let again = std::mem::replace(&mut session.sink, said);
    if text.is_none() {
        session.sink.extend(again.into_findings());
    }
    text
}

fn other(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    wanted: Wanted<'_>,
    verified: &mut Verified,
    selection: &Selection,
) -> Option<String> {
    let layers = verified.arranged.layers.clone();
    if is_of_tree(options, wanted) {
        let mut tree = tree(session, options, &verified.project, layers)?;
        apply(&mut tree.root, &verified.users);
        return tree_text(session, options, wanted, tree);
    }
    let phases = phases(session, options);
    if phases != Phases::default() {
        // The model gets the same users, homes and sources as the one that was verified.
        let mut model = session.load(&verified.project, layers, phases, selection)?;
        apply(&mut model.root, &verified.users);
        let fixes = verified.policy.as_ref().and_then(|policy| policy.users.fixes_home.as_ref());
        if let Some(fix) = fixes.filter(|fix| fix.value) {
            let users = Users { decisions: verified.users.clone(), findings: Vec::new() };
            home::fix(&mut model, &users, fix.origin.span());
        }
        verified.model = model;
    }
    mapped::rewrite(verified);
    let model = verified.model.clone();
    model_text(session, options, wanted, &verified.project, model, selection)
}

/// Only Compose asks registries: it gets the file that would be launched. Returns on failure alone.
pub(super) fn by_compose(
    session: &mut Session<'_>,
    verified: &mut Verified,
    engine: &LazyEngine,
) -> Result<Exit, Exit> {
    mapped::rewrite(verified);
    let outcome = hand_over(session, verified, engine);
    session.sink.extend(outcome.err());
    Err(session.report())
}

fn hand_over(
    session: &mut Session<'_>,
    verified: &Verified,
    engine: &LazyEngine,
) -> Result<std::convert::Infallible, Finding> {
    let hand_over = HandOver::write(session, verified, engine)?;
    let program = Program::docker(&hand_over.docker)?;
    session.warn().ok();
    session.sink = Sink::new();
    Err(program.exec(hand_over.words(session.request), &hand_over.variables))
}
