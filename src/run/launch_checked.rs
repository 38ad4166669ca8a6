//! A launch under a posture that is proved: create, inspect, and only then start.
//!
//! Interrupted while it creates, it leaves containers that were created and never started; the next launch
//! inspects them before it starts them. Containers that Compose makes anew because their settings changed
//! are stopped and replaced in the first step, as `docker compose create` does it: where the new ones are
//! refused, nothing of the old ones is left to go back to.

mod initialized;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;

use crate::cli::{ComposeCommand, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::socket::Socket;
use crate::engine::{Answer, Engine, Inspection};
use crate::launch::facts::{Facts, Question, joined_by_name, listed, objects, those_there};
use crate::launch::live::Weakness;
use crate::launch::phases::{Then, split};
use crate::launch::program::Program;
use crate::launch::proof;
use crate::launch::standing::{self, Standing};
use crate::launch::start::{self, Started};
use crate::launch::{identity, kept};
use crate::model::life;
use crate::model::uses::of_container;
use crate::ownership::lock::Observed;
use crate::ownership::{EngineImages, UserDecision};
use crate::policy::{Policy, Posture};
use crate::yaml::Node;

use super::hand_over::HandOver;
use super::history::Notes;
use super::images::LazyEngine;
use super::session::Session;
use super::settle::{Settled, settle};
use super::verify::Verified;

/// What a launch consists of.
pub struct Launch<'l> {
    pub request: &'l Request,
    pub command: &'l ComposeCommand,
    pub verified: &'l Verified,
    /// Whether what was created is compared with the model.
    pub proves: bool,
    /// Whether volumes are put right between creation and start.
    pub settles: bool,
    pub engine: &'l LazyEngine,
    pub hand_over: &'l HandOver,
    /// Bind sources that a service could exchange.
    pub standing: &'l [Standing],
    /// What is noted of it once it is proved.
    pub notes: Option<&'l Notes>,
}

/// Why a launch ended before Compose took over.
enum Stop {
    Findings(Vec<Finding>),
    /// Compose's own, of a step that failed; it has said why.
    Status(i32),
}

impl From<Vec<Finding>> for Stop {
    fn from(findings: Vec<Finding>) -> Self {
        Self::Findings(findings)
    }
}

/// Launches so that no process runs in a container that is weaker than the model. Returns where nothing is to
/// be started, and on failure.
///
/// # Errors
/// The last of the findings, which are all in the session then: each weakness, or why nothing could be proved.
pub fn run(session: &mut Session<'_>, launch: &Launch<'_>) -> Result<Exit, Finding> {
    match prove(session, launch) {
        Ok(exit) => Ok(exit),
        Err(Stop::Status(status)) => std::process::exit(status),
        Err(Stop::Findings(findings)) => {
            let last = findings.last().cloned();
            session.sink.extend(findings);
            Err(last.unwrap_or_else(|| Finding::error(Code::Internal, "a launch stopped without a reason")))
        }
    }
}

fn prove(session: &mut Session<'_>, launch: &Launch<'_>) -> Result<Exit, Stop> {
    let engine = launch.engine.get().into_result().map_err(|reason| unavailable(&reason))?;
    let model = &launch.verified.model;
    let before = known(listed(engine, &model.name, false))?;
    let launched = launched(launch);
    let mut existing: BTreeMap<String, usize> = BTreeMap::new();
    for container in &before {
        *existing.entry(container.service.clone()).or_default() += 1;
    }
    // A service whose container has a name of its own cannot have one more; the one that is there is looked at.
    for (name, _) in model.services().filter(|(_, service)| life::CONTAINER_NAME.is_set(service)) {
        existing.remove(name);
    }
    let phases = split(launch.command, &launched.iter().cloned().collect::<Vec<_>>(), &existing);

    let program = Program::direct(&launch.hand_over.docker).map_err(|finding| vec![finding])?;
    if !phases.create.is_empty() && !launch.command.flags.on("yes") {
        let used = Question::new(&launch.verified.selected, &launched).used;
        let names: Vec<&String> = used.volumes.values().collect();
        let volumes = known(objects(engine, "volume", &names))?;
        let changed = proof::changed_volumes(model, &used, &volumes);
        if !changed.is_empty() {
            return Err(proof::findings(&changed, &BTreeSet::new()).into());
        }
    }
    // What runs on is said by the second step, where Compose does that.
    let is_said_again = !is_started_here(launch, engine, &program, &launched);
    for words in &phases.create {
        create(launch, &program, words, is_said_again)?;
    }

    let mut facts = known(Question::new(&launch.verified.selected, &launched).ask(engine))?;
    let starts = phases.then != Then::Nothing;
    let readied = if launch.proves && starts { initialized::make_ready(engine, &facts) } else { Vec::new() };
    if !readied.is_empty() {
        facts = known(Question::new(&launch.verified.selected, &launched).ask(engine))?;
    }
    let before: BTreeSet<&str> = before.iter().map(|container| container.id.as_str()).collect();
    let is_new = |id: &str| !before.contains(id);
    let new = facts
        .containers
        .iter()
        .filter(|container| is_new(&container.id) && launched.contains(&container.service));
    let new: Vec<_> = new.collect();
    let keeps = kept::keeps(launch.command);
    let is_kept = |container: &Inspection| keeps && !is_new(&container.id);
    let mut weak = Vec::new();
    if launch.proves {
        weak = weaknesses(session, launch, engine, (&launched, &facts, &new), &is_kept)?;
        // A container that is only created runs nothing, and one that is started here is inspected again.
        let is_ours = || {
            matches!(phases.then, Then::Words(_))
                && start::rounds(&launch.verified.selected, &launched, &facts.containers).is_some()
                && start::Progress::of(&launch.request.global).is_some()
        };
        let is_looked_at = !starts || !is_said_again && is_ours();
        weak.retain(|weakness| !(weakness.is_unproved && is_looked_at));
    }
    // Other containers of the service have no part in a one-off command.
    if new.iter().any(|container| is_spare(launch, container)) {
        let new: BTreeSet<&str> = new.iter().map(|container| container.name.as_str()).collect();
        let service = launch.command.positionals.first();
        weak.retain(|weakness| {
            Some(&weakness.service) != service || new.contains(weakness.container.as_str())
        });
    }
    let mut findings = Vec::new();
    if launch.proves && !phases.create.is_empty() {
        findings = missing(launch, &launched, &facts);
    }
    if launch.proves {
        let made = facts.containers.iter().filter(|container| !is_kept(container));
        let made: BTreeSet<String> = made.map(|container| container.service.clone()).collect();
        let made: BTreeSet<String> = launched.intersection(&made).cloned().collect();
        findings.extend(proof::without_image(&launch.verified.selected, &made, &facts));
        findings.extend(standing::changed(launch.standing));
    }
    // What is refused anyway is not put right.
    if launch.settles && weak.is_empty() && findings.is_empty() {
        let Settled { notes, refused } = settle(launch.verified, &launched, launch.engine);
        session.sink.extend(notes);
        findings.extend(refused);
    }

    if let Some(notes) = launch.notes.filter(|_| weak.is_empty() && findings.is_empty()) {
        let is_started = |container: &&Inspection| {
            launched.contains(&container.service) && !(is_new(&container.id) && is_spare(launch, container))
        };
        let started: Vec<Inspection> = facts.containers.iter().filter(is_started).cloned().collect();
        findings.extend(notes.write(&started).err());
    }

    let refused = !weak.is_empty() || !findings.is_empty();
    let removed: Vec<&&Inspection> = if refused {
        new.iter().collect()
    } else {
        new.iter().filter(|container| is_spare(launch, container)).collect()
    };
    if refused {
        let kept: Vec<&str> = readied.iter().map(String::as_str).filter(|id| !is_new(id)).collect();
        if !kept.is_empty() {
            known(engine.stop_containers(&kept))?;
        }
    }
    let ids: Vec<&str> = removed.iter().map(|container| container.id.as_str()).collect();
    let names: BTreeSet<String> = removed.iter().map(|container| container.name.clone()).collect();
    if let Answer::Unknown(reason) = engine.remove_containers(&ids) {
        let left = names.iter().cloned().collect::<Vec<_>>().join(", ");
        findings.push(
            Finding::error(Code::LivePosture, format!("{left} could not be removed: {reason}"))
                .help("Nothing was started; remove them by hand."),
        );
        findings.extend(proof::findings(&weak, &BTreeSet::new()));
        return Err(findings.into());
    }
    if refused {
        findings.extend(proof::findings(&weak, &names));
        return Err(findings.into());
    }
    if let Err(exit) = session.warn() {
        return Ok(exit);
    }
    if let Some(exit) = start(launch, engine, &program, &phases.then, &launched, &facts)? {
        return Ok(exit);
    }
    let words: Vec<OsString> = match phases.then {
        Then::Nothing => return Ok(Exit::Done),
        Then::AsTyped => launch.hand_over.words(launch.request),
        Then::Words(words) => globals(launch).chain(words.into_iter().map(OsString::from)).collect(),
    };
    let program =
        Program::for_command(&launch.hand_over.docker, launch.command).map_err(|finding| vec![finding])?;
    Err(vec![program.exec(words, &launch.hand_over.variables)].into())
}

/// What of the containers is weaker than the model.
fn weaknesses(
    session: &mut Session<'_>,
    launch: &Launch<'_>,
    engine: &Engine,
    (launched, facts, new): (&BTreeSet<String>, &Facts, &[&Inspection]),
    is_kept: &dyn Fn(&Inspection) -> bool,
) -> Result<Vec<Weakness>, Stop> {
    let (verified, model) = (launch.verified, &launch.verified.model);
    let mut weak =
        proof::compare((model, &verified.selected), verified.policy.as_ref(), launched, facts, &is_kept);
    let kept: BTreeSet<&str> = facts
        .containers
        .iter()
        .filter(|container| is_kept(container))
        .map(|container| container.name.as_str())
        .collect();
    let is_older = |one: &Weakness| one.is_of_program && kept.contains(one.container.as_str());
    // A user that the image decides is as new as the image; who the container runs as was asked of the container.
    let by_image = |service: &str| {
        let of = |user: &&UserDecision| user.service == service;
        verified.users.iter().find(of).is_some_and(Observed::reads_image)
    };
    weak.retain(|one| {
        one.field != "Config.User" || !kept.contains(one.container.as_str()) || !by_image(&one.service)
    });
    let older: Vec<Weakness> = weak.extract_if(.., |one| is_older(one)).collect();
    session.sink.extend(proof::older(&older));
    let mine = facts.containers.iter().filter(|container| launched.contains(&container.service));
    weak.extend(known(identities(verified, engine, mine))?);
    for container in new {
        let origin = proof::service(model, &container.service).map(|node| node.origin);
        weak.extend(origin.and_then(|origin| proof::started_early(container, origin)));
    }
    Ok(weak)
}

/// Starts what was proved, where that is all there is left to do and a local Docker would be asked for it.
fn start(
    launch: &Launch<'_>,
    engine: &Engine,
    program: &Program,
    then: &Then,
    launched: &BTreeSet<String>,
    facts: &Facts,
) -> Result<Option<Exit>, Stop> {
    let global = &launch.request.global;
    let is_all = matches!(then, Then::Words(_)) && start::is_all(launch.command, global);
    // A script in the place of docker wants to see every start.
    let Some(socket) = Socket::of(engine).filter(|_| is_all && program.is_plugin()) else {
        return Ok(None);
    };
    let Some(rounds) = start::rounds(&launch.verified.selected, launched, &facts.containers) else {
        return Ok(None);
    };
    let Some(progress) = start::Progress::of(global) else { return Ok(None) };
    match start::start(&socket, &rounds, progress) {
        Answer::Known(Started::All) => {
            looked_into(launch, engine, launched, facts).map(|()| Some(Exit::Done))
        }
        // As Compose says it and ends.
        Answer::Known(Started::Refused(why)) => {
            let _ = writeln!(std::io::stderr(), "Error response from daemon: {why}");
            Err(Stop::Status(1))
        }
        Answer::Unknown(reason) => Err(vec![crate::engine::unanswered(reason)].into()),
    }
}

/// Whether all that is left to do after the proof is a start, by this process.
fn is_started_here(
    launch: &Launch<'_>,
    engine: &Engine,
    program: &Program,
    launched: &BTreeSet<String>,
) -> bool {
    start::is_all(launch.command, &launch.request.global)
        && program.is_plugin()
        && Socket::of(engine).is_some()
        && start::rounds(&launch.verified.selected, launched, &[]).is_some()
}

/// Looks into the containers that were started: each has mounted what was judged, or it is stopped.
fn looked_into(
    launch: &Launch<'_>,
    engine: &Engine,
    launched: &BTreeSet<String>,
    facts: &Facts,
) -> Result<(), Stop> {
    if launch.proves {
        initialized::looked_into(launch.verified, engine, launched, facts)?;
    }
    if launch.standing.is_empty() {
        return Ok(());
    }
    let mine = facts.containers.iter().filter(|container| launched.contains(&container.service));
    let running = known(those_there(engine, mine.map(|container| container.id.as_str())))?;
    let found = standing::mounted_otherwise(launch.standing, &running);
    if found.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = found.keys().map(String::as_str).collect();
    known(engine.stop_containers(&ids))?;
    Err(found.into_values().collect::<Vec<_>>().into())
}

/// Whether the posture of any service of the launch demands it: then all of them are compared, because they are
/// created together.
pub fn is_proved(verified: &Verified) -> bool {
    let model = &verified.model;
    // A name alone does not say whose container it is: the rule takes it for the project's own, and the proof looks.
    let joins_own = |service: &Node| {
        joined_by_name(service).iter().any(|container| of_container(&model.root, container).is_some())
    };
    let is_of_interest = |policy: &Policy, name: &str, service: &Node| {
        let posture = policy.posture.of(name).value;
        posture >= Posture::Hardened || posture >= Posture::Baseline && joins_own(service)
    };
    let policy = verified.policy.as_ref();
    policy.is_some_and(|policy| {
        verified.selected.services().any(|(name, service)| is_of_interest(policy, name, service))
    })
}

/// Made only to be looked at.
fn is_spare(launch: &Launch<'_>, container: &Inspection) -> bool {
    launch.command.name == "run" && launch.command.positionals.first() == Some(&container.service)
}

/// The services whose containers this launch creates or starts.
fn launched(launch: &Launch<'_>) -> BTreeSet<String> {
    let selected = launch.verified.selected.services().map(|(name, _)| name.to_owned());
    let named = super::gate::named_services(launch.command);
    let alone = launch.command.flags.on("no-deps") && launch.command.name != "watch";
    selected.filter(|name| !alone || named.is_empty() || named.contains(name)).collect()
}

fn globals(launch: &Launch<'_>) -> impl Iterator<Item = OsString> {
    launch.hand_over.globals(launch.request).into_iter()
}

/// Runs one step of creation.
fn create(launch: &Launch<'_>, program: &Program, words: &[String], is_said_again: bool) -> Result<(), Stop> {
    let words = globals(launch).chain(words.iter().map(OsString::from));
    let status = program
        .step(words, &launch.hand_over.variables, is_said_again)
        .map_err(|finding| Stop::from(vec![finding]))?;
    if status.success() {
        return Ok(());
    }
    // As a shell has it.
    let signal = status.signal().map_or(1, |signal| 128 + signal);
    Err(Stop::Status(status.code().unwrap_or(signal)))
}

/// The containers whose user is not who was decided.
fn identities<'c>(
    verified: &Verified,
    engine: &Engine,
    containers: impl Iterator<Item = &'c Inspection>,
) -> Answer<Vec<Weakness>> {
    let policy = verified.policy.as_ref().map(|policy| super::policy::users(policy, &verified.model));
    let refuses_root = policy.unwrap_or_default().refuses_root;
    let decided =
        identity::Decided { users: verified.proved(), images: &verified.images, refuses_root: &refuses_root };
    identity::judge(&decided, containers, &EngineImages::new(engine, BTreeMap::new()))
}

fn missing(launch: &Launch<'_>, launched: &BTreeSet<String>, facts: &Facts) -> Vec<Finding> {
    let typed: BTreeMap<&str, usize> = {
        let scales = launch.command.flags.all("scale").iter();
        let words = launch.command.positionals.iter().filter(|_| launch.command.name == "scale");
        scales
            .chain(words)
            .filter_map(|word| word.split_once('='))
            .filter_map(|(name, count)| Some((name, count.parse().ok()?)))
            .collect()
    };
    let selected = &launch.verified.selected;
    let wanted = selected
        .services()
        .filter(|(name, _)| launched.contains(*name))
        .map(|(name, node)| (name, proof::wanted_count(node, typed.get(name).copied()), node));
    proof::missing(wanted, facts)
}

fn known<T>(answer: Answer<T>) -> Result<T, Vec<Finding>> {
    answer.into_result().map_err(|reason| unavailable(&reason))
}

fn unavailable(reason: &str) -> Vec<Finding> {
    let message = format!("what would be launched cannot be inspected: {reason}");
    vec![crate::engine::unanswered(message)]
}
