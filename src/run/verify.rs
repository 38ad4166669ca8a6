//! From the command line to everything that is decided about a launch. Nothing on the host changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::{Class, Command, Request};
use crate::compose::{Model, Phases};
use crate::diagnostic::{Finding, Severity, Sink};
use crate::engine::{Answer, Engine, Location};
use crate::host::Owner;
use crate::launch::judge::judge_flags;
use crate::ownership::bind::{BindDecision, BindQuestion, Reach, misses_something};
use crate::ownership::copies::{CopyStep, decide as decide_copies};
use crate::ownership::home;
use crate::ownership::images::{looked_up, wanted_paths};
use crate::ownership::lock::repair::{Repair, Scope, plan};
use crate::ownership::lock::{Eyes, StateRoots};
use crate::ownership::state::is_declared;
use crate::ownership::volume::{Fate, VolumeDecision, VolumeQuestion, decide_volumes};
use crate::ownership::{
    Allowed, Caller, HostStep, NoEngine, SharedTree, Sought, UserDecision, UserQuestion, Users, Way,
    WriteProbe, decide_binds, decide_users, way,
};
use crate::ownership::{remote, share};
use crate::policy::{self, Arranged, EnginePlaces, Policy};
use crate::project::{Project, list};
use crate::yaml::Node;

use super::asked::{self, Asked};
use super::images::{LazyEngine, LazyImages};
use super::lock::Locked;
use super::policy::{binds, derived, id_map, state, users};
use super::session::Session;
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

/// How much the answer is worth waiting for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// A launch without a policy asks the engine only where something has to be created.
    WhereNeeded,
    /// A review wants to know who runs.
    Always,
}

/// What is decided before the host is looked at.
pub struct Decided<'e> {
    pub project: Project,
    pub policy: Option<Policy>,
    pub arranged: Arranged,
    pub model: Model,
    pub selected: Model,
    pub users: Users,
    pub asked: Option<Asked>,
    pub lock: Option<Locked>,
    pub caller: Caller,
    images: LazyImages<'e>,
    /// Whether the engine may be asked.
    pub asks: bool,
    /// Whether everything is wanted that can be known.
    is_review: bool,
}

/// Loads the project, and decides who runs.
pub fn decide<'e>(
    session: &mut Session<'_>,
    services: &[String],
    engine: &'e LazyEngine,
    images: Images,
) -> Option<Decided<'e>> {
    let mut project = session.locate()?;
    let given = session.policy_given();
    let mut policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
    session.settle_reader(&mut project, policy.as_ref())?;
    let selection = session.selection(services);
    let expected = policy::expected(policy.as_ref());
    list::read(&mut project, &expected, &mut session.inputs, &mut session.sink)?;
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    if let Some(policy) = &policy {
        policy.check_list(&project, &mut session.sink);
    }
    if session.sink.has_errors() {
        return None;
    }
    let layers = session.layers(&project)?;
    let arranged = match &policy {
        Some(policy) => policy.layers(layers, &project, &mut session.inputs, &mut session.sink)?,
        None => Arranged { layers, ..Arranged::default() },
    };
    let mut model = session.load(&project, arranged.layers.clone(), Phases::default(), &selection)?;
    if policy.is_some() {
        session.confirm_reader(&project, &Reach::of(&model, session.inputs.sources()))?;
    }

    session.sink.extend(asked::unmeant(&project, &model, policy.is_some()));
    let home = model.environment.get("HOME").map(PathBuf::from);
    let caller =
        Caller::find(&model.directory, home.as_deref()).map_err(|finding| session.sink.push(finding)).ok()?;
    let mut laid = asked::typed(session, &model, &project);
    let review = images == Images::Always;
    let asks = review
        || policy.is_some()
        || misses_something(laid.as_ref().unwrap_or(&model), session.inputs.sources());
    let kept = asked::kept(session, laid.as_ref().unwrap_or(&model), engine, asks);
    let is_kept = kept.is_some();
    laid = kept.or(laid);
    let lazy = LazyImages::new(engine, wanted_paths(laid.as_ref().unwrap_or(&model)));
    let images: &dyn crate::ownership::Images = if asks { &lazy } else { &NoEngine };
    let lock = Locked::read(session, &project, policy.as_ref(), &model)?;
    let mut user_policy = policy.as_ref().map(users);
    if let (Some(user_policy), Some(file)) = (&mut user_policy, &lock) {
        user_policy.reserved = file.lock.reserved();
    }
    let known = lock.as_ref().map(|file| file.lock.given()).unwrap_or_default();
    let decide_users = |model: &Model| {
        decide_users(&UserQuestion {
            model,
            sources: session.inputs.sources(),
            policy: user_policy.as_ref(),
            images,
            caller: &caller,
            known: &known,
        })
    };
    let users = decide_users(&model);
    let laid_users = laid.as_ref().map(decide_users);
    let roots = policy.as_ref().map(binds).unwrap_or_default().roots;
    let lock = lock.map(|file| Locked::new(file, &model, &users.decisions, images, &roots));
    let fixes_home =
        policy.as_ref().and_then(|policy| policy.users.fixes_home.as_ref()).filter(|fix| fix.value);
    for (model, users) in [(Some(&mut model), Some(&users)), (laid.as_mut(), laid_users.as_ref())] {
        let (Some(model), Some(users)) = (model, users) else { continue };
        crate::ownership::apply(model, &users.decisions);
        if let Some(fix) = fixes_home {
            home::fix(model, users, fix.origin.span());
        }
    }
    // A launch does not look into images only to say this.
    if policy.is_some() && review {
        session.sink.extend(home::report(&model, &users, images));
    }
    if laid.is_none() {
        session.sink.extend(users.findings.iter().cloned());
    }

    if let Some(policy) = &mut policy {
        let configured = project.environment.get("DOCKER_HOST");
        policy.engine = EnginePlaces::new(engine.get().known(), configured);
        policy.info = engine.get().known().map(|engine| engine.info().clone());
        policy.judge(&model, &arranged, &project, &mut session.inputs, &mut session.sink);
        if let (false, Command::Compose(command)) = (session.skips_typed, &session.request.command) {
            let found = judge_flags(command, policy, &arranged, &model, &project, &mut session.inputs);
            session.sink.extend(found);
        }
    }
    // What is wrong with a flag comes before what follows from it.
    session.sink.extend(laid_users.iter().flat_map(|users| users.findings.iter().cloned()));
    let mut sink = Sink::new();
    let selected = asked::selected(session, &model, &selection, &mut sink);
    session.sink.extend(sink.into_findings());
    let selected = selected?;
    let asked = laid.zip(laid_users).and_then(|(model, users)| {
        // What is wrong with the files was said.
        let selected = asked::selected(session, &model, &selection, &mut Sink::new())?;
        Some(Asked { model, selected, users, is_kept })
    });
    if let Some(asked) = asked.as_ref().filter(|_| policy.is_some()) {
        session.sink.extend(asked::others(asked, &users));
    }
    // By now everything is read that the files include, extend and name.
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    Some(Decided {
        project,
        policy,
        arranged,
        model,
        selected,
        users,
        asked,
        lock,
        caller,
        images: lazy,
        asks,
        is_review: review,
    })
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
        if asks { id_map(engine, mode) } else { Answer::Known(crate::engine::IdMap::identity()) }
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
        };
        for (name, service) in launched.services() {
            let Some(decision) = runs.of(name) else { continue };
            let map = maps(service.get("userns_mode").and_then(Node::as_str).unwrap_or_default());
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
    let mut binds = decide_binds(&BindQuestion {
        model: launched,
        whole,
        sources: session.inputs.sources(),
        policy: bind_policy.as_ref(),
        users: runs,
        images,
        maps: &maps,
        location: &location,
        sends_helper,
        caller: &caller,
        mended: &mended,
        shared: &is_shared,
        stays: &|service| stays.holds(service),
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
