//! What the host has of a launch, and what has to be done there. Nothing on the host changes.

use std::cell::RefCell;
use std::path::Path;

use crate::cli::{Class, Command, Request};
use crate::diagnostic::Finding;
use crate::engine::{Answer, Engine, IdMap, Location};
use crate::host::Owner;
use crate::model::namespace;
use crate::ownership::bind::{BindDecision, BindQuestion, Binds};
use crate::ownership::copies::{CopyStep, decide as decide_copies};
use crate::ownership::lock::StateRoots;
use crate::ownership::lock::repair::{Repair, Scope, plan};
use crate::ownership::predict::{Question, becomes};
use crate::ownership::state::is_declared;
use crate::ownership::volume::{Fate, VolumeDecision, VolumeQuestion, decide_volumes};
use crate::ownership::{
    Allowed, HostStep, Images, SharedTree, Sought, StatePolicy, Way, WriteProbe, decide_binds, remote, share,
};
use crate::policy::{Located, Policy, Posture};

use super::decide::Decided;
use super::former::former_maps;
use super::images::LazyEngine;
use super::policy::{binds, derived, state};
use super::session::{Mounted, Session};
use super::settle::image_names;
use super::stays::Stays;
use super::volumes::{Volumes, is_within_reach};

/// Who changes owners, and why; or why nobody does.
pub type Changes = Result<(Way, &'static str), &'static str>;

/// What was decided about the host.
pub struct OnHost {
    pub binds: Vec<BindDecision>,
    /// What has to be created, in order.
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
    pub way: Changes,
    /// What becomes of the volumes that the engine keeps; nothing where nobody asks.
    pub volumes: Vec<VolumeDecision>,
    /// What could not be found out, and a launch does not go on without.
    pub unclear: Vec<Finding>,
}

impl OnHost {
    /// Where nothing was looked at.
    pub const fn unseen(way: Changes) -> Self {
        Self {
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
        }
    }
}

/// What is asked of the engine.
pub struct Surroundings<'s> {
    pub engine: &'s LazyEngine,
    pub images: &'s dyn Images,
    /// Its maps of users for a `userns_mode:`.
    pub maps: &'s dyn Fn(&str) -> Answer<IdMap>,
    pub location: Location,
    /// Why it did not say where it is.
    pub unreached: Option<Finding>,
    pub volumes: Volumes<'s>,
}

/// Looks at what the services mount, and decides what has to be done about it.
pub fn look(
    session: &mut Session<'_>,
    decided: &Decided<'_>,
    surroundings: &Surroundings<'_>,
    way: Changes,
) -> OnHost {
    let look = Look::new(session, decided, surroundings, way);
    let kept = look.kept(session);
    let mut binds = look.binds(session, &kept);
    let (volumes, unseen) = look.volumes(session, &kept);
    if decided.policy.is_some() {
        session.sink.extend(crate::ownership::build::report(decided.launched(), decided.runs()));
    }
    look.say_of_lock(session);
    let copies = look.copies(session);
    binds.probes.retain(|probe| !kept.is_mapped(&probe.path));
    let mut unclear = binds.unclear;
    unclear.extend(kept.not_asked);
    unclear.extend(unseen);
    if unclear.is_empty() {
        unclear.extend(surroundings.unreached.clone());
    }
    OnHost {
        binds: binds.decisions,
        steps: binds.steps,
        probes: binds.probes,
        sought: binds.sought,
        copies,
        repairs: kept.repairs,
        shared: kept.shared,
        way,
        volumes,
        unclear,
    }
}

/// What is kept as it has to be: the state of services, and what several of them share.
struct Kept {
    repairs: Vec<Repair>,
    shared: Vec<SharedTree>,
    /// Why some of it was not found out.
    not_asked: Vec<Finding>,
}

impl Kept {
    /// Whether something of this owner will be the service's own.
    fn mends(&self, service: &str, path: &Path, owner: Owner) -> bool {
        let mut trees =
            self.repairs.iter().filter(|repair| repair.service == service).flat_map(|one| &one.trees);
        trees.any(|tree| tree.mends(path, owner))
            || self.shared.iter().any(|tree| tree.mends(service, path, owner))
    }

    fn shares(&self, path: &Path) -> bool {
        self.shared.iter().any(|tree| tree.holds(path))
    }

    /// Whether it is somebody else's on disk, and shown as the service's.
    fn is_mapped(&self, path: &Path) -> bool {
        let trees = self.repairs.iter().flat_map(|repair| &repair.trees);
        trees.filter(|tree| tree.mapped.is_some()).any(|tree| tree.mends(path, tree.handover.to))
    }
}

/// One look at the host.
struct Look<'l, 'd, 's> {
    decided: &'l Decided<'d>,
    by: &'l Surroundings<'s>,
    way: Changes,
    state: StatePolicy,
    /// Whether the helper is sent to the engine's machine, where that is allowed.
    sends_helper: bool,
    /// The helper acts on another machine than this one.
    is_elsewhere: bool,
    stays: Stays<'l>,
    /// Every mount is judged, also where the policy only looks on.
    judges_all: bool,
}

impl<'l, 'd, 's> Look<'l, 'd, 's> {
    fn new(session: &Session<'l>, decided: &'l Decided<'d>, by: &'l Surroundings<'s>, way: Changes) -> Self {
        let policy = decided.policy.as_ref();
        let state = policy.map(state).unwrap_or_default();
        // On another machine only where that was said.
        let sends_helper = match by.location {
            Location::Elsewhere(_) => state.repair == Allowed::Helper,
            _ => matches!(way, Ok((Way::Helper, _))),
        };
        let is_elsewhere = sends_helper && matches!(by.location, Location::Elsewhere(_));
        let stays = Stays::new(session.request, policy, decided.launched(), by.engine);
        let judges_all = session.mounted == Mounted::Judged;
        Self { decided, by, way, state, sends_helper, is_elsewhere, stays, judges_all }
    }

    fn policy(&self) -> Option<&'l Policy> {
        self.decided.policy.as_ref()
    }

    /// Whether the policy only looks on at what a service mounts.
    fn observed(&self, service: &str) -> bool {
        let posture = self.policy().map(|policy| policy.posture.of(service));
        // A policy that says no posture may be about the disk alone.
        let looks_on = |one: &Located<Posture>| one.value == Posture::Observe && one.origin.span().is_some();
        !self.judges_all && posture.is_some_and(looks_on)
    }

    /// The state that has to be looked through, and the trees that are shared.
    fn kept(&self, session: &mut Session<'_>) -> Kept {
        let mut kept = Kept { repairs: Vec::new(), shared: Vec::new(), not_asked: Vec::new() };
        let (decided, by) = (self.decided, self.by);
        if self.is_elsewhere {
            let copies = self.policy().is_some_and(|policy| !policy.copies.is_empty());
            session.sink.extend(remote::impossible(&self.state, copies));
        }
        let reaches = self.is_elsewhere || by.location == Location::Here;
        let (Some(lock), Ok(_), true) = (&decided.lock, self.way, reaches) else { return kept };
        let (launched, runs) = (decided.launched(), decided.runs());
        let policy = self.policy().map(binds).unwrap_or_default();
        let roots = if self.is_elsewhere {
            StateRoots::elsewhere(launched, &policy.roots)
        } else {
            StateRoots::new(launched, &policy.roots)
        };
        let places = by.volumes.places();
        let reason = places.reason().filter(|_| by.unreached.is_none());
        kept.not_asked.extend(reason.map(crate::engine::unanswered));
        let roots = roots.with_volumes(&places.known().unwrap_or_default());
        let sharing = share::decide(&share::Question {
            model: decided.whole(),
            users: runs,
            lock: Some(&lock.file.lock),
            maps: by.maps,
            caller: &decided.caller,
            roots: &roots,
            declared: &self.state.declared,
        });
        session.sink.extend(sharing.findings);
        kept.shared = sharing.trees;
        let former = || self.former();
        let scope = Scope {
            roots: &roots,
            declared: &self.state.declared,
            only_declared: true,
            shared: &kept.shared,
            takes_mine: false,
            former: &former,
            carries_over: false,
        };
        for (name, service) in launched.services() {
            let Some(decision) = runs.of(name) else { continue };
            let map = (by.maps)(namespace::USERNS.or_empty(service));
            // What cannot be decided yet is pending with the user, and asked for again then.
            let repair = plan(&lock.file, decision, service, &map, &decided.caller, &scope);
            kept.repairs.extend(repair.ok().flatten());
        }
        kept.shared
            .retain(|tree| launched.services().any(|(name, _)| tree.services.iter().any(|one| one == name)));
        kept
    }

    /// The maps of users before. They decide what a refusal says, and not whether there is one: where they are not
    /// known, less is said.
    fn former(&self) -> Vec<IdMap> {
        former_maps(self.by.engine).known().unwrap_or_default()
    }

    fn binds(&self, session: &mut Session<'_>, kept: &Kept) -> Binds {
        let (decided, by) = (self.decided, self.by);
        let (launched, runs) = (decided.launched(), decided.runs());
        let policy = self.policy().map(binds);
        let mut binds = decide_binds(&BindQuestion {
            model: launched,
            whole: decided.whole(),
            sources: session.inputs.sources(),
            policy: policy.as_ref(),
            users: runs,
            images: by.images,
            maps: by.maps,
            location: &by.location,
            engine_is_silent: by.unreached.is_some(),
            sends_helper: self.sends_helper,
            caller: &decided.caller,
            mended: &|service, path, owner| kept.mends(service, path, owner),
            shared: &|path| kept.shares(path),
            becomes: &|name| {
                let service = launched.services().find(|(one, _)| *one == name)?.1;
                let question = Question::of_start(launched, &runs.decisions, by.images);
                becomes(&question, name, service)?.owner
            },
            former: &|| self.former(),
            durable: &|path| is_declared(&self.state.declared, path),
            stays: &|service| self.stays.holds(service),
            observed: &|service| self.observed(service),
        });
        session.sink.extend(std::mem::take(&mut binds.findings));
        binds
    }

    /// What becomes of volumes, and what of them could not be seen.
    fn volumes(&self, session: &mut Session<'_>, kept: &Kept) -> (Vec<VolumeDecision>, Vec<Finding>) {
        let (decided, by) = (self.decided, self.by);
        if self.policy().is_none() && !decided.is_review {
            return (Vec::new(), Vec::new());
        }
        let names = image_names(&decided.model);
        let engine = if decided.asks { by.engine.get().known() } else { None };
        // Where we look ourselves, what could not be seen is not looked at again in the hope of a better answer.
        let looks_itself = engine.is_some_and(is_within_reach);
        let unseen = RefCell::new(Vec::new());
        let volumes = decide_volumes(&VolumeQuestion {
            model: decided.launched(),
            whole: decided.whole(),
            users: decided.runs(),
            images: by.images,
            maps: by.maps,
            now: &|key, inside| {
                let now = by.volumes.now(key, inside, &names);
                let reason = now.reason().filter(|_| by.unreached.is_none() && looks_itself);
                unseen.borrow_mut().extend(reason.map(crate::engine::unanswered));
                now
            },
            declared: &|place| is_declared(&self.state.declared, place),
            mended: &|service, path, owner| kept.mends(service, path, owner),
            shared: &|path| kept.shares(path),
            gives: match (self.way, &by.location) {
                (Err(reason), _) => Err(reason),
                (Ok(_), Location::Elsewhere(_)) if !self.is_elsewhere => Err(NOT_THERE),
                _ => Ok(()),
            },
            mounts_parts: engine.and_then(Engine::mounts_parts_of_volumes),
            makes: !decided.is_kept(),
            stays: &|service| self.stays.holds(service),
            observed: &|service| self.observed(service),
            strict: self.policy().is_some(),
        });
        let refused = volumes.iter().filter_map(|decision| match &decision.fate {
            Fate::Refuse(finding) => Some((**finding).clone()),
            _ => None,
        });
        session.sink.extend(refused);
        (volumes, unseen.into_inner())
    }

    /// Says where the lock would change and cannot.
    fn say_of_lock(&self, session: &mut Session<'_>) {
        let decided = self.decided;
        if let Some(lock) = &decided.lock
            && !decided.is_kept()
            && writes_lock(session.request)
        {
            session.sink.extend(lock.unwritable(&decided.users.decisions));
        }
    }

    fn copies(&self, session: &mut Session<'_>) -> Vec<CopyStep> {
        let declared = self.policy().map(derived).unwrap_or_default();
        if self.by.location != Location::Here || declared.is_empty() {
            return Vec::new();
        }
        let policy = self.policy().map(binds).unwrap_or_default();
        let roots = StateRoots::new(self.decided.whole(), &policy.roots);
        let (steps, findings) = decide_copies(&declared, &roots);
        session.sink.extend(findings);
        steps
    }
}

/// Why nothing is given away on the engine's machine.
const NOT_THERE: &str = "the engine is on another machine, and the policy does not say `repair: helper`";

/// Whether the command remembers whom it decided on, or says what one that does would do.
fn writes_lock(request: &Request) -> bool {
    match &request.command {
        Command::Plan(_) | Command::Check(_) | Command::Prepare(_) => true,
        Command::Compose(command) => command.class == Class::Gate && !request.global.dry_run,
        _ => false,
    }
}
