//! What every bind source must be, whose, and what to do where it is not.
//!
//! `docs/binds.md` has the rules as a table. Without a policy nothing that Compose would run is refused;
//! only what the engine itself would certainly fail at is, with a better reason.

mod birth;
mod create;
mod explain;
mod judge;
mod look;
mod mounts;
mod nested;
mod probe;
mod reach;
mod shared;
pub mod there;
mod tmpfs;
mod usable;
pub mod view;
mod way;
mod whom;
mod within;

pub(crate) use whom::Whom;
pub(in crate::ownership) use whom::keeps;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::images::Images;
use super::kind::KindFrom;
use super::step::HostStep;
use super::{Caller, Users, remote};
use crate::compose::Model;
use crate::diagnostic::Finding;
use crate::engine::{Answer, IdMap, Location};
use crate::host::{Identity, Kind, Owner};
use crate::source::{Origin, SourceMap, Span};

pub use probe::WriteProbe;
pub use reach::Reach;
pub use there::Sought;

/// What a policy says about bind sources. All paths are absolute and clean.
#[derive(Clone, Debug, Default)]
pub struct BindPolicy {
    /// Where something may be created; the project's directory where this is empty.
    pub roots: Vec<PathBuf>,
    pub create: Vec<Declared>,
    /// Copies that are written before a launch.
    pub copies: Vec<Copied>,
    /// Mode of directories that are created; `None` for 0750.
    pub mode: Option<u32>,
}

/// A file that is derived from another one, or a directory of them.
#[derive(Clone, Debug)]
pub struct Copied {
    pub from: PathBuf,
    pub to: PathBuf,
    /// The mode of each file.
    pub mode: u32,
}

impl Copied {
    /// The kind of entry that the copy will put at a path, if any.
    fn kind_at(&self, path: &Path) -> Option<Kind> {
        let from = self.from.join(path.strip_prefix(&self.to).ok()?);
        // Joining an empty path adds a slash, which no file has.
        let from = if path == self.to { &self.from } else { &from };
        let is_directory = from.is_dir();
        // A source that is missing is said where it is read.
        (path == self.to || from.exists()).then_some(if is_directory { Kind::Directory } else { Kind::File })
    }
}

/// One entry of `binds.create`.
#[derive(Clone, Debug)]
pub struct Declared {
    pub path: PathBuf,
    /// The content of a file; `None` for a directory.
    pub content: Option<String>,
    pub mode: Option<u32>,
    /// In the container's numbers; `None` for the service's user.
    pub owner: Option<Owner>,
    pub span: Option<Span>,
}

impl Declared {
    pub fn kind(&self) -> Kind {
        if self.content.is_some() { Kind::File } else { Kind::Directory }
    }
}

/// Everything that the answer depends on, beside the host itself.
pub struct BindQuestion<'a> {
    /// With the services that are to be launched.
    pub model: &'a Model,
    /// With the services of all profiles.
    pub whole: &'a Model,
    pub sources: &'a SourceMap,
    pub policy: Option<&'a BindPolicy>,
    pub users: &'a Users,
    pub images: &'a dyn Images,
    /// The engine's map of users for a `userns_mode:`, empty where the service has none.
    pub maps: &'a dyn Fn(&str) -> Answer<IdMap>,
    pub location: &'a Location,
    /// Whether no engine answers. One that is started later brings its own socket.
    pub engine_is_silent: bool,
    /// Whether the helper may do what this process may not, here or on the engine's own machine.
    pub sends_helper: bool,
    pub caller: &'a Caller,
    /// Whether what is there, and belongs to this owner, will have been given to the service before it
    /// starts.
    pub mended: &'a dyn Fn(&str, &Path, Owner) -> bool,
    /// Whether several users share it on purpose.
    pub shared: &'a dyn Fn(&Path) -> bool,
    /// Whom a service that starts as root becomes, in the container's numbers, as far as its image shows that. It is
    /// asked only where something is made.
    pub becomes: &'a dyn Fn(&str) -> Option<Owner>,
    /// The maps of users that the engine may have had before.
    pub former: &'a dyn Fn() -> Vec<IdMap>,
    /// Whether it is declared as durable state, which is its service's own.
    pub durable: &'a dyn Fn(&Path) -> bool,
    /// Whether a service's containers run and are left as they are: nothing is mounted anew then. It is asked only
    /// where something would be refused.
    pub stays: &'a dyn Fn(&str) -> bool,
    /// Whether the policy only looks on at a service: what Compose would run of it is not refused.
    pub observed: &'a dyn Fn(&str) -> bool,
}

/// What mounts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An entry of `volumes:` with `type: bind`.
    Bind,
    /// A named volume that binds a directory of the host (`o: bind`).
    Volume,
    Secret,
    Config,
    /// Not mounted itself: the place inside another bind's source over which something is mounted.
    MountPoint,
}

/// What was decided about one source in one service.
#[derive(Clone, Debug)]
pub struct BindDecision {
    pub service: String,
    pub role: Role,
    /// On the host, absolute.
    pub source: PathBuf,
    /// In the container.
    pub target: String,
    pub read_only: bool,
    pub origin: Origin,
    /// What it is or shall be.
    pub kind: Kind,
    pub kind_from: KindFrom,
    /// What it is, where it was there when it was judged.
    pub identity: Option<Identity>,
    /// A service that may put something else in its place, or change the way to it.
    pub changed_by: Option<String>,
    /// Whose it should be, in the host's numbers; unknown, with the reason, until the image is there.
    pub owner: Answer<Owner>,
    pub outcome: Outcome,
}

/// What happens to a source.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is there, and can be used as far as can be told.
    Present,
    /// It is missing and will be made.
    Create(HostStep),
    /// It is missing, and who shall own it is known only later: the launch has to ask again.
    Pending(String),
    /// Nothing is launched; the finding says why.
    Refuse(Box<Finding>),
    /// Nothing is done about it, for this reason.
    Leave(String),
    /// It is on another machine, where it is seen to in this way.
    There(String),
}

/// All decisions, what has to be created, and what is wrong.
#[derive(Debug, Default)]
pub struct Binds {
    pub decisions: Vec<BindDecision>,
    /// Parents before what is in them, each path once.
    pub steps: Vec<HostStep>,
    /// What is to be tried when all that is done.
    pub probes: Vec<WriteProbe>,
    /// What the helper sees to: all of it where the engine is on another machine, and here what this process
    /// may not make. In an order that works.
    pub sought: Vec<Sought>,
    /// Refusals, warnings and notes; every [`Outcome::Refuse`] is among them.
    pub findings: Vec<Finding>,
    /// What could not be found out although somebody was asked: a review is none the worse for it, a launch
    /// does not go on.
    pub unclear: Vec<Finding>,
}

impl BindDecision {
    /// Whether the decision waits for an image. A launch may not go on with it.
    pub fn is_pending(&self) -> bool {
        matches!(self.outcome, Outcome::Pending(_))
    }
}

/// Whether something has to be made or set on the host: a bind source that is missing, or the place inside one over
/// which something else is mounted, and the mode of that place where a tmpfs is to have another.
pub fn misses_something(model: &Model, sources: &SourceMap) -> bool {
    let is_missing = |path: &Path| std::fs::symlink_metadata(path).is_err();
    let has_mode = |path: &Path, mode: u32| {
        std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.mode() & 0o7777 == mode)
    };
    model.services().any(|(_, service)| {
        let mounts = mounts::of_service(model, service, sources);
        mounts.iter().any(|mount| {
            let own = mount.source.as_ref().filter(|source| source.role == Role::Bind);
            let place = mounts::place_of(&mounts, mount);
            own.is_some_and(|source| is_missing(&source.path))
                || place.is_some_and(|place| match tmpfs::at(service, mount) {
                    Some(tmpfs) => !has_mode(&place, tmpfs.wanted_mode()),
                    None => is_missing(&place),
                })
        })
    })
}

/// Judges every bind source of the model's services. The host is looked at, and not changed.
pub fn decide_binds(question: &BindQuestion<'_>) -> Binds {
    let mut binds = Binds::default();
    if let Some(reason) = remote::elsewhere(question.location)
        && !(question.sends_helper && question.policy.is_some())
    {
        binds.findings.extend(remote::judge(question.model, reason, question.policy.is_some()));
        return binds;
    }
    let mut judge = judge::Judge::new(question);
    for (name, service) in question.model.services() {
        judge.service(name, service);
    }
    binds.steps = steps(&judge.judged);
    for step in &mut binds.steps {
        if let Some((mode, _)) = judge.tmpfs.get(&step.full_path()) {
            step.set_mode(*mode);
        }
    }
    there::leave_to_helper(&mut judge, &mut binds.steps);
    binds.sought = std::mem::take(&mut judge.sought);
    binds.sought.sort_by_key(Sought::full_path);
    binds.unclear = judge.unclear.take();
    let (decisions, mut findings) = judge.finish();
    findings.extend(shared::conflicts(&decisions, question));
    binds.probes = decisions.iter().filter_map(|judged| judged.probe.clone()).collect();
    binds.decisions = decisions.into_iter().map(|judged| judged.decision).collect();
    binds.findings = findings;
    binds
}

/// The creations in an order that works. Where several services want the same path, one that writes it
/// decides whose it is.
fn steps(decisions: &[judge::Judged]) -> Vec<HostStep> {
    let mut wanted: Vec<(bool, &HostStep)> = Vec::new();
    for judged in decisions {
        let read_only = judged.decision.read_only;
        if let Outcome::Create(step) = &judged.decision.outcome {
            wanted.push((read_only, step));
        }
    }
    // By components, so that a directory stands before what is in it; stable for equal paths.
    wanted.sort_by_key(|(read_only, step)| (step.full_path(), *read_only));
    wanted.dedup_by_key(|(_, step)| step.full_path());
    wanted.into_iter().map(|(_, step)| step.clone()).collect()
}

#[cfg(test)]
mod tests;
