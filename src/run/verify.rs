//! The decisions about a launch on the host as it is. Nothing on the host changes.

use std::collections::BTreeMap;

use crate::compose::Model;
use crate::diagnostic::{Finding, Severity};
use crate::engine::{Answer, Engine, IdMap, Location};
use crate::ownership::images::looked_up;
use crate::ownership::lock::Eyes;
use crate::ownership::{NoEngine, UserDecision, way};
use crate::policy::{Arranged, Policy};
use crate::project::Project;

use super::asked::Asked;
use super::decide::{Decided, Images, decide};
use super::images::LazyEngine;
use super::lock::Locked;
use super::on_host::{OnHost, Surroundings, look};
use super::policy::{id_map, state};
use super::session::Session;
use super::volumes::Volumes;

/// Everything that was decided about a launch.
pub struct Verified {
    pub project: Project,
    pub policy: Option<Policy>,
    pub arranged: Arranged,
    /// Every service of every profile.
    pub model: Model,
    /// The services of this launch.
    pub selected: Model,
    pub users: Vec<UserDecision>,
    /// What is launched, where that is not what is rendered.
    pub asked: Option<Asked>,
    /// Who ran so far; `None` where no policy gives users.
    pub lock: Option<Locked>,
    /// By service, the id of the image in which its user was looked up.
    pub images: BTreeMap<String, String>,
    /// What is there, and what has to be done about it before anything starts.
    pub host: OnHost,
}

impl Verified {
    /// Every service of every profile, as it is launched.
    pub fn launched(&self) -> &Model {
        self.asked.as_ref().map_or(&self.model, |asked| &asked.model)
    }

    /// The services of this launch, as they are launched.
    pub fn started(&self) -> &Model {
        self.asked.as_ref().map_or(&self.selected, |asked| &asked.selected)
    }

    /// Who the containers run as that the rendered file and the engine show.
    pub fn proved(&self) -> &[UserDecision] {
        match &self.asked {
            Some(asked) if asked.is_kept => &asked.users.decisions,
            _ => &self.users,
        }
    }

    /// Who they run as.
    pub fn running(&self) -> &[UserDecision] {
        self.asked.as_ref().map_or(&self.users, |asked| &asked.users.decisions)
    }

    /// Whether the lock is not what it was when this was decided.
    pub fn is_outdated(&self) -> Result<bool, Finding> {
        self.lock.as_ref().map_or(Ok(false), |lock| lock.file.is_stale())
    }
}

/// Loads, verifies and decides; `None` where the session has errors.
pub fn verify(
    session: &mut Session<'_>,
    services: &[String],
    engine: &LazyEngine,
    images: Images,
) -> Option<Verified> {
    let decided = decide(session, services, engine, images)?;
    let verified = complete(session, decided, engine);
    crate::commands::probe::name_missing(&verified, engine, &mut session.sink);
    (!session.sink.has_errors()).then_some(verified)
}

/// Looks at the lock and the host. Where the session has errors, what comes after them is not worked out.
pub fn complete(session: &mut Session<'_>, decided: Decided<'_>, engine: &LazyEngine) -> Verified {
    let asks = decided.asks;
    let images: &dyn crate::ownership::Images = if asks { &decided.images } else { &NoEngine };
    let maps = |mode: &str| {
        if asks { id_map(engine, mode) } else { Answer::Known(IdMap::identity()) }
    };
    let location = if asks { engine.get().map(Engine::location) } else { Answer::Known(Location::Here) };
    let surroundings = Surroundings {
        engine,
        images,
        maps: &maps,
        // A review goes on as if it were here; a launch, which would prepare this machine for it, does not.
        unreached: location.reason().map(crate::engine::unanswered),
        location: location.known().unwrap_or(Location::Here),
        volumes: Volumes::new(engine, &decided.model),
    };
    say_drift(session, &decided, &surroundings);
    let allowed = decided.policy.as_ref().map(state).unwrap_or_default().repair;
    let way = way(allowed, decided.caller.may_chown());
    // What the new user cannot use of the old one's is said with the drift already.
    let host = if session.sink.has_errors() || session.skips_host {
        OnHost::unseen(way)
    } else {
        look(session, &decided, &surroundings, way)
    };
    let images = match &decided.asked {
        _ if decided.policy.is_none() => BTreeMap::new(),
        Some(asked) if asked.is_kept => looked_up(&asked.model, &asked.users.decisions, images),
        _ => looked_up(&decided.model, &decided.users.decisions, images),
    };
    let Decided { project, policy, arranged, model, selected, users, asked, lock, .. } = decided;
    Verified { project, policy, arranged, model, selected, users: users.decisions, asked, lock, images, host }
}

/// Says which services would run as another user than before.
fn say_drift(session: &mut Session<'_>, decided: &Decided<'_>, surroundings: &Surroundings<'_>) {
    let Some(lock) = &decided.lock else { return };
    let eyes = Eyes {
        location: &surroundings.location,
        maps: surroundings.maps,
        in_volume: &|key, uid| surroundings.volumes.holds(key, uid),
    };
    for drift in lock.drift(decided.launched(), &decided.runs().decisions, &eyes) {
        let mut finding = drift.finding;
        if session.tolerates_drift {
            finding.severity = Severity::Warning;
        }
        session.sink.push(finding);
    }
}
