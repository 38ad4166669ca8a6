//! `plan`: what `up` would do, without doing it.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;

use crate::cli::{PlanFormat, PlanOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity};
use crate::engine::{Answer, Engine, Location, Options};
use crate::host::Owner;
use crate::operate::accounts::Accounts;
use crate::ownership::Images as _;
use crate::ownership::bind::{BindDecision, Outcome, Reach};
use crate::ownership::copies::CopyStep;
use crate::ownership::images::{image_of, wanted_paths};
use crate::ownership::lock::repair::Repair;
use crate::ownership::lock::{LockFile, would_change};
use crate::ownership::predict;
use crate::ownership::{HostStep, SharedTree, Way};
use crate::plan::{
    self, Plan, PlanBreach, PlanChange, PlanCompose, PlanFile, PlanFinding, PlanLock, PlanOwner, PlanPolicy,
    PlanRule, PlanService, PlanStep, PlanThen, PlanUser, Role,
};
use crate::policy::rules::{FileVariables, user};
use crate::policy::{Posture, rules, verdicts};
use crate::reader::{By, Reader};
use crate::render;
use crate::snapshot::difference::Difference;
use crate::source::{FileId, SourceMap};

mod collision;
mod identities;
mod volumes;

use super::decide::{Images, decide};
use super::images::{LazyEngine, LazyImages};
use super::session::{Session, brief, page_screen};
use super::snapshot::since_reviewed;
use super::verify::{Verified, complete};

/// How long an engine may take to answer before the plan goes on without it.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

pub fn run(request: &Request, options: &PlanOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let Some(decided) = decide(&mut session, &options.services, &engine, Images::Always) else {
        return Err(session.report());
    };
    // Only the page shows it.
    let identities =
        (options.format == PlanFormat::Html).then(|| identities::identities(&session, &decided, &engine));
    let verified = complete(&mut session, decided, &engine);
    if !session.sink.has_errors() {
        foresee(&mut session, &verified, &engine);
    }
    // The accounts of another machine cannot be read here.
    let is_here = engine.get().known().is_some_and(|engine| engine.location() == Location::Here);
    if is_here && verified.policy.is_some() {
        match Accounts::read() {
            Ok(accounts) => session.sink.extend(collision::collisions(&verified, &accounts)),
            Err(error) => session.sink.push(
                Finding::warning(
                    Code::UserInvalid,
                    format!("whether an image runs as somebody who logs in here is not known: {error}"),
                )
                .help("Let it be read, and run it again."),
            ),
        }
    }
    let exit = session.sink.exit();
    if exit != Exit::Done && options.format == PlanFormat::Human {
        // Why it is refused, with the sources, is what a person wants to see then.
        return Err(session.report());
    }
    let variables = FileVariables::read(&verified.model, &mut session.inputs, &mut session.sink);
    let mut plan = describe(&session, &verified, &options.services, &variables);
    say_who_is_become(&mut plan, &verified, &engine);
    plan.identities = identities;
    plan.say_unheard(engine.silence());
    let since = since_reviewed(&mut session);
    plan.changes.extend(since.iter().map(|difference| reviewed(difference, session.inputs.sources())));
    let plan = plan.clean(&session.redactor());
    let text = match options.format {
        PlanFormat::Human => plan::write_human(&plan, page_screen(request)),
        PlanFormat::Json => match serde_json::to_string_pretty(&plan) {
            Ok(text) => text + "\n",
            Err(error) => return Err(super::failed(&error.into())),
        },
        PlanFormat::Markdown => plan::write_markdown(&plan),
        PlanFormat::Html => match plan::write_html(&plan) {
            Ok(page) => page,
            Err(error) => return Err(super::failed(&std::io::Error::other(error))),
        },
    };
    super::print(text.as_bytes()).map(|_| exit)
}

/// Says what would keep a service from working under what the policy demands of it. Under `observe` nothing of that is
/// an error.
pub(crate) fn foresee(session: &mut Session<'_>, verified: &Verified, engine: &LazyEngine) {
    let Some(policy) = &verified.policy else { return };
    let model = &verified.selected;
    let images = LazyImages::new(engine, wanted_paths(model));
    let first_port = engine.get().map(Engine::first_ports).known().unwrap_or_default();
    let refusing = model.services().filter(|(name, _)| policy.demands(user::RULE, name));
    let waivable: Vec<String> = refusing.map(|(name, _)| name.to_owned()).collect();
    let question = predict::Question {
        model,
        users: &verified.users,
        images: &images,
        first_port,
        binds: &verified.host.binds,
        volumes: &verified.host.volumes,
        waivable: &waivable,
        sees_devices: engine.get().map(Engine::location).known() == Some(Location::Here),
        names_users: engine.get().known().is_some_and(|engine| engine.info().is_podman),
    };
    for mut finding in predict::predict(&question) {
        let posture = finding.service().map(|service| policy.posture.of(service).value);
        if finding.severity == Severity::Error && posture.is_some_and(|one| one < Posture::Baseline) {
            finding.severity = Severity::Warning;
        }
        session.sink.push(finding);
    }
}

/// Adds to services that start as root whom they become. Looking into an image costs a container: without a policy only
/// those are looked into that are told a number.
fn say_who_is_become(plan: &mut Plan, verified: &Verified, engine: &LazyEngine) {
    let model = &verified.selected;
    let images = LazyImages::new(engine, wanted_paths(model));
    let question = predict::Question::of_start(model, &verified.users, &images);
    for (name, service) in model.services() {
        let is_told = || {
            let image = image_of(model, name, service);
            let image = image.and_then(|image| images.inspect(&image).known());
            predict::told(service, image.as_ref()).is_some()
        };
        if verified.policy.is_none() && !is_told() {
            continue;
        }
        let Some(becomes) = predict::becomes(&question, name, service) else { continue };
        if let Some(planned) = plan.services.iter_mut().find(|planned| planned.name == name) {
            let PlanUser { then, .. } = &mut planned.user;
            let owner = becomes.owner.map_or_else(|| "another user".to_owned(), |owner| owner.to_string());
            *then = Some(PlanThen { user: owner, by: becomes.by });
        }
    }
}

fn describe(
    session: &Session<'_>,
    verified: &Verified,
    services: &[String],
    variables: &FileVariables,
) -> Plan {
    let sources = session.inputs.sources();
    let model = &verified.model;
    let selected: HashSet<&str> = verified.selected.services().map(|(name, _)| name).collect();
    let reach = Reach::of(model, sources);
    let path = render::path(&session.home(&verified.project), &model.name, &reach);
    let program = super::pass::options(session.request).program;
    let mut command = vec![program.to_string_lossy().into_owned(), "compose".to_owned()];
    let globals = session.request.launch_globals(&model.directory, &model.name, &path);
    command.extend(globals.iter().map(|word| word.to_string_lossy().into_owned()));
    command.push("up".to_owned());
    command.extend_from_slice(services);
    Plan {
        version: Plan::VERSION,
        project: model.name.clone(),
        directory: model.directory.display().to_string(),
        refused: session.sink.has_errors(),
        policy: verified.policy.as_ref().map(|policy| PlanPolicy {
            file: policy
                .sources
                .iter()
                .filter_map(|id| sources.get(*id))
                .map(|file| file.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
            posture: policy.posture.default.value.to_string(),
            services: policy
                .posture
                .others()
                .map(|(name, posture)| (name.to_owned(), posture.to_string()))
                .collect(),
            warn: policy.posture.warn.as_ref().map(|warn| warn.value.to_string()),
            shown: policy.posture.describe(),
        }),
        compose: read_as(session),
        engine: None,
        files: files(session, verified),
        services: listed(verified, sources),
        disabled: model
            .services()
            .map(|(name, _)| name)
            .filter(|name| !selected.contains(name))
            .map(str::to_owned)
            .collect(),
        rules: standing(verified, variables, sources),
        owners: verified
            .host
            .binds
            .iter()
            .map(|bind| owner(bind, verified))
            .chain(verified.host.volumes.iter().map(volumes::owner))
            .collect(),
        identities: None,
        changes: changes(verified),
        steps: steps(verified),
        findings: brief(&session.sink).iter().map(|finding| PlanFinding::new(finding, sources)).collect(),
        command,
    }
}

fn read_as(session: &Session<'_>) -> PlanCompose {
    let read_as = session.read_as.map(|read_as| (read_as.reader, read_as.by));
    let (reader, by) = read_as.unwrap_or((Reader::default(), By::Newest));
    PlanCompose { version: reader.to_string(), from: by.name(), why: by.describe() }
}

/// The services, with what the lock knows of them.
fn listed(verified: &Verified, sources: &SourceMap) -> Vec<PlanService> {
    let mut services = plan::services(&verified.selected, &verified.users, sources);
    for service in &mut services {
        let own = verified.policy.iter().flat_map(|policy| policy.posture.others());
        if let Some((_, posture)) = own.into_iter().find(|(name, _)| *name == service.name) {
            service.posture.insert(0, format!("posture {posture}"));
        }
    }
    let Some(lock) = &verified.lock else { return services };
    for service in &mut services {
        let place = lock.file.span(&service.name).map(|span| PlanLock::Has(sources.describe(span)));
        service.user.lock = place.or_else(|| service.user.pending.is_none().then_some(PlanLock::New));
        service.state = lock.state(&service.name).iter().map(|path| path.display().to_string()).collect();
    }
    services
}

/// Every rule, with where it does not hold.
fn standing(verified: &Verified, variables: &FileVariables, sources: &SourceMap) -> Vec<PlanRule> {
    let broken = verdicts(verified.policy.as_ref(), &verified.model, &verified.arranged, variables);
    rules::CATALOGUE
        .iter()
        .map(|rule| PlanRule {
            rule: rule.id.to_owned(),
            forbids: rule.forbids.to_owned(),
            broken: broken
                .iter()
                .filter(|verdict| verdict.rule.id == rule.id)
                .map(|verdict| PlanBreach {
                    place: verdict.place.clone(),
                    standing: verdict.standing.name(),
                    dangerous: rule.from.is_some_and(|from| from <= Posture::Baseline),
                    at: verdict.origin.span().map(|span| sources.describe(span)),
                })
                .collect(),
        })
        .collect()
}

fn owner(bind: &BindDecision, verified: &Verified) -> PlanOwner {
    let user = verified.running().iter().find(|user| user.service == bind.service);
    let container =
        user.and_then(|user| user.user.as_ref().known().map(|identity| identity.owner.to_string()));
    let now = std::fs::symlink_metadata(&bind.source)
        .ok()
        .map(|known| Owner { uid: known.uid(), gid: known.gid() }.to_string());
    let (outcome, why) = match &bind.outcome {
        Outcome::Present => ("present", None),
        Outcome::Create(_) => ("create", None),
        Outcome::Pending(why) => ("wait", Some(why.clone())),
        Outcome::Refuse(finding) => ("refuse", Some(finding.message.clone())),
        Outcome::Leave(why) => ("leave", Some(why.clone())),
        Outcome::There(how) => ("helper", Some(how.clone())),
    };
    PlanOwner {
        service: bind.service.clone(),
        source: bind.source.display().to_string(),
        target: bind.target.clone(),
        kind: bind.kind.describe().trim_start_matches("a ").to_owned(),
        read_only: bind.read_only,
        user: container,
        host: match &bind.owner {
            Answer::Known(owner) => Some(owner.to_string()),
            Answer::Unknown(_) => None,
        },
        now,
        outcome,
        why,
    }
}

/// What differs from what was recorded.
fn changes(verified: &Verified) -> Vec<PlanChange> {
    let Some(lock) = verified.lock.as_ref().filter(|lock| lock.file.exists()) else { return Vec::new() };
    would_change(&lock.file, &lock.observed(&verified.users))
        .into_iter()
        .map(|what| PlanChange { since: "lock", class: "ownership".to_owned(), what, place: None })
        .collect()
}

/// What differs from the snapshot.
fn reviewed(difference: &Difference, sources: &SourceMap) -> PlanChange {
    let why = if difference.why.is_empty() { String::new() } else { format!(": {}", difference.why) };
    PlanChange {
        since: "snapshot",
        class: difference.class.name().to_owned(),
        what: format!("{}{why}", difference.place()),
        place: difference.cause.map(|span| sources.describe(span)),
    }
}

/// Everything that a launch does on the host before anything starts.
fn steps(verified: &Verified) -> Vec<PlanStep> {
    let repairs = verified.host.way.iter().flat_map(|(by, reason)| {
        verified.host.repairs.iter().flat_map(move |repair| repaired(repair, *by, reason))
    });
    let shared = verified
        .host
        .way
        .iter()
        .flat_map(|(by, _)| verified.host.shared.iter().map(|tree| shared(tree, *by)));
    let copies = verified.host.copies.iter().map(copied);
    let there = verified.host.sought.iter().filter_map(|sought| {
        let how = if sought.is_elsewhere {
            "by the helper on the engine's machine, where it is missing"
        } else {
            "by a helper container: only root may give files away, and the engine has one"
        };
        Some(PlanStep { how: Some(how.to_owned()), ..step(sought.step.as_ref()?) })
    });
    let volumes = volumes::steps(verified);
    let before = verified.host.steps.iter().map(step).chain(there).chain(repairs).chain(shared).chain(copies);
    before.chain(volumes).collect()
}

fn step(step: &HostStep) -> PlanStep {
    let place = step.place();
    PlanStep {
        step: match step {
            HostStep::CreateDirectory { .. } => "create-directory",
            HostStep::CreateFile { .. } => "create-file",
            HostStep::SetMode { .. } => "set-mode",
        },
        path: step.full_path().display().to_string(),
        owner: place.owner.map(|owner| owner.to_string()),
        mode: Some(format!("{:04o}", place.mode)),
        service: Some(place.service.clone()),
        how: None,
    }
}

/// Why a directory is mapped and not given away.
const MAPPED: &str = "declared so: the files stay the operator's, and the service sees them as its own";

fn repaired(repair: &Repair, by: Way, reason: &'static str) -> impl Iterator<Item = PlanStep> {
    repair.trees.iter().map(move |tree| {
        let (strategy, why) = if tree.mapped.is_some() { ("idmap", MAPPED) } else { ("chown", reason) };
        PlanStep {
            step: "repair",
            path: tree.shown(),
            owner: Some(tree.handover.to.to_string()),
            mode: None,
            service: Some(repair.service.clone()),
            how: Some(format!("{strategy} ({}): {why}", by.describe())),
        }
    })
}

fn shared(tree: &SharedTree, by: Way) -> PlanStep {
    PlanStep {
        step: "share",
        path: tree.shown(),
        owner: None,
        mode: None,
        service: Some(tree.services.join(", ")),
        how: Some(format!("{} for {} ({}): {}", tree.strategy(), tree.whom(), by.describe(), tree.why)),
    }
}

/// What is in a derived file may be secret: only its name is said.
fn copied(step: &CopyStep) -> PlanStep {
    PlanStep {
        step: if step.content.is_some() { "copy" } else { "remove" },
        path: step.root.join(&step.path).display().to_string(),
        owner: None,
        mode: step.content.is_some().then(|| format!("{:04o}", step.mode)),
        service: None,
        how: Some(match step.content {
            Some(_) => format!("from {}", step.from.display()),
            None => format!("{} is gone", step.from.display()),
        }),
    }
}

/// The files in the order in which they are merged, then everything else that was read.
fn files(session: &Session<'_>, verified: &Verified) -> Vec<PlanFile> {
    let sources = session.inputs.sources();
    let describe = |id: FileId, role: Role| {
        sources.get(id).map(|file| PlanFile {
            name: file.name.clone(),
            role,
            size: file.text.len() as u64,
            sha256: file.sha256().to_owned(),
        })
    };
    let mandatory: HashSet<FileId> = verified.arranged.mandatory.iter().map(|overlay| overlay.file).collect();
    let mut listed: Vec<FileId> = Vec::new();
    let mut files = Vec::new();
    for (at, layer) in verified.arranged.layers.iter().enumerate() {
        let role = match at {
            0 => Role::Base,
            _ if mandatory.contains(&layer.file) => Role::Mandatory,
            _ => Role::Overlay,
        };
        // One that is laid on some services twice is one file.
        if !listed.contains(&layer.file) {
            files.extend(describe(layer.file, role));
            listed.push(layer.file);
        }
    }
    let policies = verified.policy.iter().flat_map(|policy| &policy.sources);
    for id in policies {
        files.extend(describe(*id, Role::Policy));
        listed.push(*id);
    }
    let lock = verified.lock.as_ref().and_then(|_| sources.find(&LockFile::place(&verified.project)));
    if let Some(id) = lock {
        files.extend(describe(id, Role::Lock));
        listed.push(id);
    }
    files.extend(
        sources
            .entries()
            .filter(|(id, _)| !listed.contains(id))
            .filter_map(|(id, _)| describe(id, Role::Referenced)),
    );
    files
}
