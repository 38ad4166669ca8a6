//! The decisions about a launch on the host as it is. Nothing on the host changes.

use crate::model::namespace;
use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::{Class, Command, Request};
use crate::compose::Model;
use crate::diagnostic::{Finding, Severity};
use crate::engine::{Answer, Engine, IdMap, Location};
use crate::host::Owner;
use crate::ownership::bind::{BindDecision, BindQuestion};
use crate::ownership::copies::{CopyStep, decide as decide_copies};
use crate::ownership::images::looked_up;
use crate::ownership::lock::repair::{Repair, Scope, plan};
use crate::ownership::lock::{Eyes, StateRoots};
use crate::ownership::predict::{Question, becomes};
use crate::ownership::state::is_declared;
use crate::ownership::volume::{Fate, VolumeDecision, VolumeQuestion, decide_volumes};
use crate::ownership::{
    Allowed, HostStep, NoEngine, SharedTree, Sought, UserDecision, Way, WriteProbe, decide_binds, way,
};
use crate::ownership::{remote, share};
use crate::policy::{Arranged, Located, Policy, Posture};
use crate::project::Project;

use super::asked::Asked;
use super::decide::{Decided, Images, decide};
use super::former::former_maps;
use super::images::LazyEngine;
use super::lock::Locked;
use super::policy::{binds, derived, id_map, state};
use super::session::{Mounted, Session};
use super::settle::image_names;
use super::stays::Stays;
use super::volumes::{Volumes, is_within_reach};

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
    pub binds: Vec<BindDecision>,
    /// What has to be created on the host, in order.
    pub steps: Vec<HostStep>,
    /// What is tried before anything starts, as the services' users.
    pub probes: Vec<WriteProbe>,
    /// What the helper sees to.
    pub sought: Vec<Sought>,
    /// Derived files, with what they will hold.
    pub copies: Vec<CopyStep>,
    /// What is looked through, and put right, before anything starts.
    pub repairs: Vec<Repair>,
    /// What several users share, and is kept so.
    pub shared: Vec<SharedTree>,
    /// Who does it, and why; or why nobody does.
    pub way: Result<(Way, &'static str), &'static str>,
    /// What could not be found out, and a launch does not go on without.
    pub unclear: Vec<Finding>,
    /// What is launched, where that is not what is rendered.
    pub asked: Option<Asked>,
    /// What becomes of the volumes that the engine keeps; nothing where nobody asks.
    pub volumes: Vec<VolumeDecision>,
    /// Who ran so far; `None` where no policy gives users.
    pub lock: Option<Locked>,
    /// By service, the id of the image in which its user was looked up.
    pub images: BTreeMap<String, String>,
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
    let Decided {
        project,
        policy,
        arranged,
        model,
        selected,
        users,
        asked,
        lock,
        caller,
        images,
        asks,
        is_review,
    } = decided;
    let images: &dyn crate::ownership::Images = if asks { &images } else { &NoEngine };
    let (whole, launched, runs) = match &asked {
        Some(asked) => (&asked.model, &asked.selected, &asked.users),
        None => (&model, &selected, &users),
    };
    let looked_up = match &asked {
        _ if policy.is_none() => BTreeMap::new(),
        Some(asked) if asked.is_kept => looked_up(&asked.model, &asked.users.decisions, images),
        _ => looked_up(&model, &users.decisions, images),
    };
    let maps = |mode: &str| {
        if asks { id_map(engine, mode) } else { Answer::Known(IdMap::identity()) }
    };
    let location = if asks { engine.get().map(Engine::location) } else { Answer::Known(Location::Here) };
    // A review goes on as if it were here; a launch, which would prepare this machine for it, does not.
    let unreached = location.reason().map(unavailable);
    let location = location.known().unwrap_or(Location::Here);
    let volumes = Volumes::new(engine, &model);
    let eyes = Eyes { location: &location, maps: &maps, in_volume: &|key, uid| volumes.holds(key, uid) };
    let drift = lock.as_ref().map(|lock| lock.drift(launched, &runs.decisions, &eyes));
    let drift = drift.unwrap_or_default();
    for drift in drift {
        let mut finding = drift.finding;
        if session.tolerates_drift {
            finding.severity = Severity::Warning;
        }
        session.sink.push(finding);
    }
    let state = policy.as_ref().map(state).unwrap_or_default();
    let way = way(state.repair, caller.may_chown());
    // What the new user cannot use of the old one's is said with the drift already.
    if session.sink.has_errors() || session.skips_host {
        return Verified {
            project,
            policy,
            arranged,
            model,
            selected,
            users: users.decisions,
            binds: Vec::new(),
            steps: Vec::new(),
            probes: Vec::new(),
            sought: Vec::new(),
            copies: Vec::new(),
            repairs: Vec::new(),
            shared: Vec::new(),
            way,
            volumes: Vec::new(),
            unclear: Vec::new(),
            asked,
            lock,
            images: looked_up,
        };
    }

    let bind_policy = policy.as_ref().map(binds);
    let mut repairs = Vec::new();
    let mut shared = Vec::new();
    let mut not_asked = Vec::new();
    // On another machine only where that was said.
    let sends_helper = match location {
        Location::Elsewhere(_) => state.repair == Allowed::Helper,
        _ => matches!(way, Ok((Way::Helper, _))),
    };
    let is_elsewhere = sends_helper && matches!(location, Location::Elsewhere(_));
    if is_elsewhere {
        session.sink.extend(remote::impossible(
            &state,
            policy.as_ref().is_some_and(|policy| !policy.copies.is_empty()),
        ));
    }
    let reaches = is_elsewhere || location == Location::Here;
    // They decide what a refusal says, and not whether there is one: where they are not known, less is said.
    let former = || former_maps(engine).known().unwrap_or_default();
    if let (Some(lock), Ok(_), true) = (&lock, way, reaches) {
        let declared = bind_policy.as_ref().map(|policy| policy.roots.as_slice()).unwrap_or_default();
        let roots = if is_elsewhere {
            StateRoots::elsewhere(launched, declared)
        } else {
            StateRoots::new(launched, declared)
        };
        let places = volumes.places();
        not_asked.extend(places.reason().filter(|_| unreached.is_none()).map(unavailable));
        let roots = roots.with_volumes(&places.known().unwrap_or_default());
        let sharing = share::decide(&share::Question {
            model: whole,
            users: runs,
            lock: Some(&lock.file.lock),
            maps: &maps,
            caller: &caller,
            roots: &roots,
            declared: &state.declared,
        });
        session.sink.extend(sharing.findings);
        shared = sharing.trees;
        let scope = Scope {
            roots: &roots,
            declared: &state.declared,
            only_declared: true,
            shared: &shared,
            takes_mine: false,
            former: &former,
            carries_over: false,
        };
        for (name, service) in launched.services() {
            let Some(decision) = runs.of(name) else { continue };
            let map = maps(namespace::USERNS.or_empty(service));
            // What cannot be decided yet is pending with the user, and asked for again then.
            repairs.extend(plan(&lock.file, decision, service, &map, &caller, &scope).ok().flatten());
        }
    }
    let is_launched =
        |tree: &SharedTree| launched.services().any(|(name, _)| tree.services.iter().any(|one| one == name));
    shared.retain(is_launched);
    let mended = |service: &str, path: &Path, owner: Owner| {
        let mut trees = repairs.iter().filter(|repair| repair.service == service).flat_map(|one| &one.trees);
        trees.any(|tree| tree.mends(path, owner))
            || shared.iter().any(|tree| tree.mends(service, path, owner))
    };
    let is_shared = |path: &Path| shared.iter().any(|tree| tree.holds(path));
    let stays = Stays::new(session.request, policy.as_ref(), launched, engine);
    let judges_all = session.mounted == Mounted::Judged;
    let observed = |service: &str| {
        let posture = policy.as_ref().map(|policy| policy.posture.of(service));
        // A policy that says no posture may be about the disk alone.
        let looks_on = |one: &Located<Posture>| one.value == Posture::Observe && one.origin.span().is_some();
        !judges_all && posture.is_some_and(looks_on)
    };
    let mut binds = decide_binds(&BindQuestion {
        model: launched,
        whole,
        sources: session.inputs.sources(),
        policy: bind_policy.as_ref(),
        users: runs,
        images,
        maps: &maps,
        location: &location,
        engine_is_silent: unreached.is_some(),
        sends_helper,
        caller: &caller,
        mended: &mended,
        shared: &is_shared,
        becomes: &|name| {
            let service = launched.services().find(|(one, _)| *one == name)?.1;
            let users = &runs.decisions;
            let question = Question::of_start(launched, users, images);
            becomes(&question, name, service)?.owner
        },
        former: &former,
        durable: &|path| is_declared(&state.declared, path),
        stays: &|service| stays.holds(service),
        observed: &observed,
    });
    session.sink.extend(std::mem::take(&mut binds.findings));
    let mut decided_volumes = Vec::new();
    if policy.is_some() || is_review {
        let names = image_names(&model);
        // Where we look ourselves, what could not be seen is not looked at again in the hope of a better answer.
        let looks_itself = asks && engine.get().known().is_some_and(is_within_reach);
        let unseen = std::cell::RefCell::new(Vec::new());
        decided_volumes = decide_volumes(&VolumeQuestion {
            model: launched,
            whole,
            users: runs,
            images,
            maps: &maps,
            now: &|key, inside| {
                let now = volumes.now(key, inside, &names);
                let reason = now.reason().filter(|_| unreached.is_none() && looks_itself);
                unseen.borrow_mut().extend(reason.map(unavailable));
                now
            },
            declared: &|place| is_declared(&state.declared, place),
            mended: &mended,
            shared: &is_shared,
            gives: match (way, &location) {
                (Err(reason), _) => Err(reason),
                (Ok(_), Location::Elsewhere(_)) if !is_elsewhere => Err(NOT_THERE),
                _ => Ok(()),
            },
            mounts_parts: if asks {
                engine.get().known().and_then(Engine::mounts_parts_of_volumes)
            } else {
                None
            },
            makes: asked.as_ref().is_none_or(|asked| !asked.is_kept),
            stays: &|service| stays.holds(service),
            observed: &observed,
            strict: policy.is_some(),
        });
        let refused = decided_volumes.iter().filter_map(|decision| match &decision.fate {
            Fate::Refuse(finding) => Some((**finding).clone()),
            _ => None,
        });
        not_asked.extend(unseen.into_inner());
        session.sink.extend(refused);
    }
    if policy.is_some() {
        session.sink.extend(crate::ownership::build::report(launched, runs));
    }
    let is_kept = asked.as_ref().is_some_and(|asked| asked.is_kept);
    if let Some(lock) = lock.as_ref().filter(|_| !is_kept && writes_lock(session.request)) {
        session.sink.extend(lock.unwritable(&users.decisions));
    }
    let declared = policy.as_ref().map(derived).unwrap_or_default();
    let mut copies = Vec::new();
    if location == Location::Here && !declared.is_empty() {
        let roots = bind_policy.as_ref().map(|policy| policy.roots.as_slice()).unwrap_or_default();
        let (steps, findings) = decide_copies(&declared, &StateRoots::new(whole, roots));
        copies = steps;
        session.sink.extend(findings);
    }
    // On disk those are somebody else's.
    let is_mapped = |path: &Path| {
        let trees = repairs.iter().flat_map(|repair| &repair.trees);
        trees.filter(|tree| tree.mapped.is_some()).any(|tree| tree.mends(path, tree.handover.to))
    };
    binds.probes.retain(|probe| !is_mapped(&probe.path));
    binds.unclear.extend(not_asked);
    if binds.unclear.is_empty() {
        binds.unclear.extend(unreached);
    }
    let (steps, probes, sought) = (binds.steps, binds.probes, binds.sought);
    let users = users.decisions;
    Verified {
        project,
        policy,
        arranged,
        model,
        selected,
        users,
        binds: binds.decisions,
        steps,
        probes,
        sought,
        copies,
        repairs,
        shared,
        way,
        volumes: decided_volumes,
        unclear: binds.unclear,
        asked,
        lock,
        images: looked_up,
    }
}

/// Why nothing is given away on the engine's machine.
const NOT_THERE: &str = "the engine is on another machine, and the policy does not say `repair: helper`";

fn unavailable(reason: &str) -> Finding {
    crate::engine::unanswered(reason)
}

/// Whether the command remembers whom it decided on, or says what one that does would do.
fn writes_lock(request: &Request) -> bool {
    match &request.command {
        Command::Plan(_) | Command::Check(_) | Command::Prepare(_) => true,
        Command::Compose(command) => command.class == Class::Gate && !request.global.dry_run,
        _ => false,
    }
}
