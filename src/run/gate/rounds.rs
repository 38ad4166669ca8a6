//! Decides about a launch until nothing is left that would decide it otherwise.
//!
//! A round reads the project, decides, and looks at the host; what it found goes with it. Two things ask for another
//! round, each once: an image on which a user depends and that had to be fetched, and another launch of the project
//! that gave out users while this one waited for its turn.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;

use crate::compose::section;
use crate::diagnostic::{Code, Finding, Sink};
use crate::engine::Answer;
use crate::host::Turn;
use crate::launch::program::Program;
use crate::model::build;
use crate::ownership::UserDecision;
use crate::ownership::images::image_of;
use crate::run::decide::Images;
use crate::run::hand_over::HandOver;
use crate::run::images::LazyEngine;
use crate::run::pass::options;
use crate::run::session::Session;
use crate::run::verify::{Verified, verify};

/// What the command is about to do.
pub struct Wanted<'w> {
    /// The services that it names; none means all.
    pub services: &'w [String],
    /// It launches something: nothing that bears on it may stay unknown.
    pub launches: bool,
    /// It makes containers: the images on which users depend are fetched first.
    pub fetches: bool,
    /// It writes the lock, so that other launches of the project wait.
    pub takes_turn: bool,
}

/// The last round.
pub struct Settled {
    pub verified: Verified,
    /// As it was asked in that round.
    pub engine: LazyEngine,
    /// While it lives, no other launch gives out users.
    pub turn: Option<Turn>,
}

/// Decides for good; `None` where something is refused, which the session then says.
pub fn settle(session: &mut Session<'_>, wanted: &Wanted<'_>, mut engine: LazyEngine) -> Option<Settled> {
    let mut turn = None;
    let mut has_fetched = false;
    loop {
        session.sink = Sink::new();
        let mut verified = verify(session, wanted.services, &engine, Images::WhereNeeded)?;
        let waiting =
            if wanted.fetches && !has_fetched { waiting(&verified, &engine) } else { BTreeSet::new() };
        // Who waits for an image waits in vain where something else was not found out. That the engine does not answer
        // is said once, to who waits for it.
        let is_said = waiting.is_empty() || engine.connected().is_some();
        if wanted.launches && is_said && !verified.host.unclear.is_empty() {
            session.sink.extend(std::mem::take(&mut verified.host.unclear));
            return None;
        }
        if !waiting.is_empty() {
            let fetched = fetch(session, &verified, &waiting, &engine);
            fetched.map_err(|finding| session.sink.push(finding)).ok()?;
            has_fetched = true;
            engine = LazyEngine::new(options(session.request));
            continue;
        }
        if has_fetched && let Some(service) = pending(&verified).next() {
            let finding = unknown_still(service);
            session.sink.push(finding);
            return None;
        }
        if wanted.takes_turn && turn.is_none() {
            turn = taken(session, &verified).map_err(|finding| session.sink.push(finding)).ok()?;
            if verified.is_outdated().map_err(|finding| session.sink.push(finding)).ok()? {
                engine = LazyEngine::new(options(session.request));
                continue;
            }
        }
        return Some(Settled { verified, engine, turn });
    }
}

fn taken(session: &Session<'_>, verified: &Verified) -> Result<Option<Turn>, Finding> {
    let home = session.home(&verified.project);
    verified.lock.as_ref().map(|lock| lock.turn(&home)).transpose()
}

fn unknown_still(service: &str) -> Finding {
    let message = format!("who {service} runs as is not known although its image is there");
    Finding::error(Code::UserInvalid, message)
        .help("Give the service a user in numbers: user.services in the policy.")
}

/// The services of which something hangs on an image that is not there.
fn waiting(verified: &Verified, engine: &LazyEngine) -> BTreeSet<String> {
    let mut waiting: BTreeSet<String> = pending(verified).map(str::to_owned).collect();
    waiting.extend(crate::commands::probe::without_image(verified, engine));
    waiting.extend(awaiting(verified, engine).map(str::to_owned));
    waiting
}

/// Pulls or builds what has to be there before users can be decided. Compose does it, from the rendered file, and shows
/// its progress.
fn fetch(
    session: &Session<'_>,
    verified: &Verified,
    waiting: &BTreeSet<String>,
    engine: &LazyEngine,
) -> Result<(), Finding> {
    if let Answer::Unknown(reason) = engine.get() {
        return Err(crate::engine::unanswered(reason));
    }
    let absent = waiting.iter().filter(|service| lacks_image(verified, service, engine));
    let is_built = |service: &&String| {
        section(&verified.model.root, "services")
            .and_then(|map| map.get(service))
            .is_some_and(|node| build::BUILD.is_set(node))
    };
    let (built, pulled): (Vec<&String>, Vec<&String>) = absent.partition(is_built);
    if built.is_empty() && pulled.is_empty() {
        return Ok(());
    }
    let hand_over = HandOver::write(session, verified, engine)?;
    let program = Program::docker(&hand_over.docker)?;
    for (verb, services) in [("build", built), ("pull", pulled)] {
        if services.is_empty() {
            continue;
        }
        let mut words = hand_over.globals(session.request);
        words.push(verb.into());
        words.extend(services.iter().map(OsString::from));
        program.run(words, &hand_over.variables)?;
    }
    Ok(())
}

/// The services of this launch.
fn launched(verified: &Verified) -> HashSet<&str> {
    verified.started().services().map(|(name, _)| name).collect()
}

/// Those whose user, or the owner of what they mount, depends on an image that is not there.
fn pending(verified: &Verified) -> impl Iterator<Item = &str> {
    // What the lock is to remember has to be known.
    let unknown = |user: &UserDecision| verified.lock.is_some() && !user.user.is_known();
    let users = verified.running().iter().filter(move |user| user.is_pending() || unknown(user));
    let binds = verified.host.binds.iter().filter(|bind| bind.is_pending());
    // Whether a user can use a volume is not known while the user is not.
    let volumes =
        verified.host.volumes.iter().filter(|one| one.is_of_nobody_known() && verified.policy.is_some());
    let services = users.map(|user| user.service.as_str());
    let services = services.chain(binds.map(|bind| bind.service.as_str()));
    let services = services.chain(volumes.map(|volume| volume.service.as_str()));
    let launched = launched(verified);
    services.filter(move |service| launched.contains(service)).collect::<BTreeSet<_>>().into_iter()
}

/// Those that the policy's default gives a user, unless their image, which is not there, gives itself one.
fn awaiting<'v>(verified: &'v Verified, engine: &LazyEngine) -> impl Iterator<Item = &'v str> {
    let launched = launched(verified);
    let awaits = verified.running().iter().filter(|user| user.awaits_image).map(|user| user.service.as_str());
    awaits.filter(move |name| launched.contains(name) && lacks_image(verified, name, engine))
}

/// Whether the engine does not have a service's image. One that is there is never fetched anew: under the same name
/// another one might come.
fn lacks_image(verified: &Verified, service: &str, engine: &LazyEngine) -> bool {
    let node = verified.model.services().find(|(name, _)| *name == service);
    let image = node.and_then(|(name, node)| image_of(&verified.model, name, node));
    let Some(image) = image else { return false };
    let found = engine.get().and_then(|engine| engine.images(&[&image]));
    !matches!(found.known().as_deref(), Some([Some(_)]))
}
