//! The host's policy over the project's: the project's may tighten, never loosen.

mod places;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding, Severity, Sink};
use crate::project::Inputs;
use crate::reader::Reader;
use crate::source::{FileId, Origin};

use super::binds::Binds;
use super::date::Date;
use super::engine::EnginePlaces;
use super::file::PolicyFile;
use super::gc::Sweep;
use super::overlay::{Kind, Scope, Wanted};
use super::posture::Posture;
use super::postures::{self, Postures};
use super::reader::Located;
use super::state::RepairSetting;
use super::user::{HostUsers, UserSetting, Users};
use super::waiver::Waiver;
use super::{Policy, Rank, builtin};
use places::Host;

/// One policy of two. `None` where the sink got errors.
pub fn combine(
    system: Option<PolicyFile>,
    own: Option<PolicyFile>,
    today: Date,
    home: Option<&Path>,
    inputs: &Inputs,
    sink: &mut Sink,
) -> Option<Policy> {
    let before = errors(sink);
    let files: Vec<_> = [&system, &own].into_iter().flatten().map(|policy| policy.file).collect();
    let system = system.unwrap_or_else(|| absent(Rank::System));
    let own = own.unwrap_or_else(|| absent(Rank::Project));
    let (posture, host_posture) =
        postures::combine(system.posture.clone(), own.posture.clone(), &mut |message, ours, theirs, help| {
            sink.push(loosened(message, ours, theirs, help));
        });
    if system.file != ABSENT {
        let roots = system.binds.roots.as_deref();
        places::created(&system.binds, &own.binds.create, sink);
        places::states(&system.state, roots, &own.state, sink);
        let host = Host { posture: host_posture.highest().value, home };
        places::copied(&system.copies, host, roots, &own.copies, sink);
    }
    let policy = Policy {
        overlays: overlays(&system, &own, &host_posture, &posture),
        compose: compose(system.compose, own.compose, sink),
        users: users(system.users, own.users, sink),
        files: files_list(system.files, own.files, inputs, sink),
        binds: binds(system.binds, own.binds, sink),
        state: system.state.into_iter().chain(own.state).collect(),
        repair: repair(system.repair, own.repair, sink),
        copies: system.copies.into_iter().chain(own.copies).collect(),
        // Each stands for itself, so none takes anything away from another.
        probes: system.probes.into_iter().chain(own.probes).collect(),
        gc: sweeps(system.gc, own.gc, sink),
        waivers: waivers(&system.overlays, &host_posture, system.waivers, own.waivers, sink),
        posture,
        host_posture,
        today,
        sources: files,
        engine: EnginePlaces::default(),
        info: None,
        image_users: BTreeMap::new(),
        switches: BTreeMap::new(),
    };
    (errors(sink) == before).then_some(policy)
}

/// Stands for the file of a policy that is not there.
const ABSENT: FileId = FileId(u32::MAX);

fn absent(rank: Rank) -> PolicyFile {
    PolicyFile {
        file: ABSENT,
        rank,
        posture: None,
        compose: None,
        users: Users::default(),
        overlays: Vec::new(),
        files: None,
        binds: Binds::default(),
        state: Vec::new(),
        repair: None,
        copies: Vec::new(),
        probes: Vec::new(),
        gc: Vec::new(),
        waivers: Vec::new(),
    }
}

fn errors(sink: &Sink) -> usize {
    sink.findings().iter().filter(|finding| finding.severity == Severity::Error).count()
}

fn loosened(message: String, own: Origin, system: Origin, help: &str) -> Finding {
    Finding::error(Code::PolicyLoosened, message)
        .at_origin(own, "loosens it here")
        .at_origin(system, "the system policy says this")
        .help(help.to_owned())
}

/// What the host says is what runs there.
fn compose(
    system: Option<Located<Reader>>,
    own: Option<Located<Reader>>,
    sink: &mut Sink,
) -> Option<Located<Reader>> {
    if let (Some(theirs), Some(ours)) = (&system, &own)
        && theirs.value != ours.value
    {
        sink.push(loosened(
            format!("the host reads as Docker Compose {}, the project as {}", theirs.value, ours.value),
            ours.origin,
            theirs.origin,
            "Remove `compose:`.",
        ));
    }
    system.or(own)
}

/// The host's overlays first; each file and built-in once, at its first place. What a posture implies
/// comes before what its policy lists.
fn overlays(
    system: &PolicyFile,
    own: &PolicyFile,
    host: &Arc<Postures>,
    posture: &Arc<Postures>,
) -> Vec<Wanted> {
    let all = implied(host, Rank::System)
        .into_iter()
        .chain(system.overlays.iter().cloned())
        .chain(implied(posture, Rank::Project))
        .chain(own.overlays.iter().cloned());
    let mut wanted: Vec<Wanted> = Vec::new();
    for mut one in all {
        let mut known: Vec<&mut Wanted> = wanted.iter_mut().filter(|known| known.kind == one.kind).collect();
        if let Some(known) = known.iter_mut().find(|known| known.scope.is_everywhere()) {
            // A pin given at the second place counts as well; two pins cannot both be right, and the
            // first is the host's.
            known.pin = known.pin.take().or(one.pin);
            continue;
        }
        let laid: Vec<Scope> = known.iter().map(|known| known.scope.clone()).collect();
        if !laid.contains(&one.scope) {
            one.scope = one.scope.without(laid.into_iter());
            wanted.push(one);
        }
    }
    wanted
}

/// The overlays that the postures of one policy bring, each on the services that have such a posture.
fn implied(postures: &Arc<Postures>, rank: Rank) -> Vec<Wanted> {
    let highest = postures.highest();
    let wanted = |name: &&'static str| {
        let kind = Kind::Builtin(builtin::find(name)?);
        let from = Posture::ALL.into_iter().find(|posture| posture.implied().contains(name))?;
        let scope = Scope::above(postures, from);
        // A posture that brings it: the default's line is what most readers look for.
        let by = if postures.default.value >= from { &postures.default } else { highest };
        Some(Wanted { kind, pin: None, rank, origin: by.origin, scope })
    };
    highest.value.implied().iter().filter_map(wanted).collect()
}

fn users(system: Users, own: Users, sink: &mut Sink) -> Users {
    // Only the host's own default binds; the project may depart from its own.
    let host_default = system.default.clone();
    let host = HostUsers { default: system.default.clone(), services: system.services.clone() };
    let is_per_service =
        host_default.as_ref().is_some_and(|default| default.value == UserSetting::PerService);
    let mut users = system;
    users.host = host;
    // A convenience of the project's, which weakens nothing.
    users.fixes_home = own.fixes_home.or(users.fixes_home);
    if let Some(ours) = own.default {
        match &users.default {
            Some(theirs) if theirs.value != ours.value => sink.push(loosened(
                format!("the host fixes the default user to {}", theirs.value),
                ours.origin,
                theirs.origin,
                "Remove `user.default`.",
            )),
            _ => users.default = Some(ours),
        }
    }
    for (name, ours) in own.services {
        let shared = users.services.values().find(|other| is_per_service && other.value == ours.value);
        if let (Some(_), UserSetting::Fixed(owner), Some(theirs)) = (shared, ours.value, &host_default) {
            sink.push(loosened(
                format!("the host gives every service a user of its own, and {owner} is another's already"),
                ours.origin,
                theirs.origin,
                "Give the service a number that no other has, or remove the line.",
            ));
        }
        match users.host.against(&name, ours.value) {
            Some(theirs) => sink.push(other_user(&name, ours.origin, theirs)),
            None => {
                users.services.insert(name, ours);
            }
        }
    }
    users
}

/// A user of a service that the host's policy does not let a project choose.
fn other_user(service: &str, ours: Origin, theirs: &Located<UserSetting>) -> Finding {
    loosened(
        format!("the host fixes the user of {service} to {}", theirs.value),
        ours,
        theirs.origin,
        "Remove it; under a default of the host, a service may only get another user that cannot be root.",
    )
}

/// `x-seaworthy.user` says the same as `user.services` of a project's policy, and is bound as that is.
pub fn extensions(users: &Users, model: &Model, sink: &mut Sink) {
    for (name, service) in model.services() {
        let Some(node) = service.at(&["x-seaworthy", "user"]) else { continue };
        let Some(Ok(ours)) = node.as_str().map(UserSetting::read) else { continue };
        if let Some(theirs) = users.host.against(name, ours) {
            sink.push(other_user(name, node.origin, theirs));
        }
    }
}

type Files = Option<Vec<Located<std::path::PathBuf>>>;

fn files_list(system: Files, own: Files, inputs: &Inputs, sink: &mut Sink) -> Files {
    let (Some(theirs), Some(ours)) = (&system, &own) else { return system.or(own) };
    let same = theirs.len() == ours.len() && theirs.iter().zip(ours).all(|(a, b)| a.value == b.value);
    if !same && let (Some(first), Some(other)) = (ours.first(), theirs.first()) {
        let place = other.origin.span().map(|span| inputs.sources().describe(span)).unwrap_or_default();
        sink.push(loosened(
            format!("the host expects another list of files ({place})"),
            first.origin,
            other.origin,
            "Remove `files:`, or make it the same list.",
        ));
    }
    system
}

/// What the host forbids stays forbidden; a project may forbid more.
fn repair(
    system: Option<Located<RepairSetting>>,
    own: Option<Located<RepairSetting>>,
    sink: &mut Sink,
) -> RepairSetting {
    match (system, own) {
        (Some(theirs), Some(ours))
            if theirs.value != RepairSetting::Auto
                && ours.value != theirs.value
                && ours.value != RepairSetting::Never =>
        {
            sink.push(loosened(
                format!("the host says `repair: {}`", theirs.value.name()),
                ours.origin,
                theirs.origin,
                "Remove `repair:`, or write `never`.",
            ));
            theirs.value
        }
        (_, Some(ours)) => ours.value,
        (theirs, None) => theirs.map(|theirs| theirs.value).unwrap_or_default(),
    }
}

/// What the host keeps for a time is not removed sooner for a project.
fn sweeps(system: Vec<Sweep>, own: Vec<Sweep>, sink: &mut Sink) -> Vec<Sweep> {
    for ours in &own {
        let sooner = |theirs: &&Sweep| theirs.meets(ours) && ours.older_than.value < theirs.older_than.value;
        if let Some(theirs) = system.iter().find(sooner) {
            sink.push(loosened(
                format!("the host keeps {} for longer", ours.path.value.display()),
                ours.older_than.origin,
                theirs.older_than.origin,
                "Give the entry the host's `older_than:`, or a longer one.",
            ));
        }
    }
    system.into_iter().chain(own).collect()
}

fn binds(system: Binds, own: Binds, sink: &mut Sink) -> Binds {
    let mut binds = Binds { roots: None, create: system.create, mode: system.mode };
    binds.create.extend(own.create);
    match (&system.roots, &own.roots) {
        (Some(theirs), Some(ours)) => {
            for root in ours {
                if !theirs.iter().any(|allowed| root.value.starts_with(&allowed.value)) {
                    let nearest = theirs.first().map_or(root.origin, |allowed| allowed.origin);
                    sink.push(loosened(
                        format!("{} lies outside the roots of the host", root.value.display()),
                        root.origin,
                        nearest,
                        "Name a directory below one of the host's roots.",
                    ));
                }
            }
            binds.roots = Some(ours.clone());
        }
        (theirs, ours) => binds.roots = ours.clone().or_else(|| theirs.clone()),
    }
    if let Some(ours) = own.mode {
        match &binds.mode {
            Some(theirs) if ours.value & !theirs.value != 0 => sink.push(loosened(
                format!("mode {:04o} gives more than the host's {:04o}", ours.value, theirs.value),
                ours.origin,
                theirs.origin,
                "Remove `binds.mode`, or leave out the bits that the host does not give.",
            )),
            _ => binds.mode = Some(ours),
        }
    }
    binds
}

/// A project's waiver cannot waive what the host demands.
fn waivers(
    overlays: &[Wanted],
    host: &Postures,
    system: Vec<Waiver>,
    own: Vec<Waiver>,
    sink: &mut Sink,
) -> Vec<Waiver> {
    let mut all = system;
    for waiver in own {
        // A waiver for everybody does not hold for services of which the host demands the rule.
        let posture = host.of(&waiver.service.value);
        let by_posture = waiver.rule.from.is_some_and(|from| from <= posture.value).then_some(posture.origin);
        let by_overlay = || {
            let demanded = |wanted: &&Wanted| match &wanted.kind {
                Kind::Builtin(builtin) => waiver.rule.overlays.iter().any(|(name, _)| *name == builtin.name),
                Kind::File { .. } => false,
            };
            overlays.iter().find(demanded).map(|wanted| wanted.origin)
        };
        match by_posture.or_else(by_overlay) {
            Some(theirs) => sink.push(loosened(
                format!("the host demands rule {}, which a project cannot waive", waiver.rule.id),
                waiver.rule_origin,
                theirs,
                "Ask for the waiver to be written into the system policy.",
            )),
            None => all.push(waiver),
        }
    }
    let implied: Vec<Waiver> = all.iter().filter_map(Waiver::implied).collect();
    all.extend(implied);
    all
}
