//! Whose something missing is when it is made, and with which mode, where nobody said.
//!
//! What a service only reads stays the operator's, and so does what lies in the operator's home: a program of theirs
//! reads and replaces it there as well. Anything else is the service's own.

use std::path::Path;

use crate::engine::{Answer, Location};
use crate::host::{Kind, Owner};

use super::explain::Say;
use super::judge::{Judge, Service};
use super::{Role, mounts};

/// Owner, in the host's numbers, and mode.
pub(super) struct Birth {
    pub owner: Answer<Owner>,
    pub mode: u32,
    /// The mode that the policy gives to everything, or that the engine would give.
    pub usual_mode: u32,
}

pub(super) fn of(judge: &Judge<'_>, say: &Say<'_>, service: &Service<'_>, kind: Kind) -> Birth {
    let heir = heir(judge, service);
    let is_roots = heir.is_none() && service.whom.is_root();
    let usual_mode = usual_mode(judge, is_roots, kind);
    let owner = heir.map_or_else(|| service.whom.owner.clone(), |heir| service.whom.on_host(heir));
    let (owner, mode) = given(judge, say, service, kind, owner, usual_mode);
    Birth { owner, mode, usual_mode }
}

/// The user that a service becomes after it starts as root, where root has `DAC_OVERRIDE` to use that user's files.
fn heir(judge: &Judge<'_>, service: &Service<'_>) -> Option<Owner> {
    let asks = judge.question.policy.is_some() && service.whom.is_root() && service.whom.overrides;
    asks.then(|| (judge.question.becomes)(service.name)).flatten()
}

/// Root's directories get the engine's mode 0755, since another user of the service may have to enter them.
fn usual_mode(judge: &Judge<'_>, is_roots: bool, kind: Kind) -> u32 {
    let usual = if is_roots { 0o755 } else { 0o750 };
    let mode = judge.question.policy.map_or(0o755, |policy| policy.mode.unwrap_or(usual));
    if kind == Kind::Directory { mode } else { mode & 0o666 }
}

fn given(
    judge: &Judge<'_>,
    say: &Say<'_>,
    service: &Service<'_>,
    kind: Kind,
    owner: Answer<Owner>,
    mode: u32,
) -> (Answer<Owner>, u32) {
    let path = say.source.path.as_path();
    let caller = judge.question.caller;
    let operator = caller.person.unwrap_or(caller.process);
    if !matches!(say.source.role, Role::Bind | Role::Volume) || judge.question.location != &Location::Here {
        return (owner, mode);
    }
    let is_home = is_in_home(judge, path) && !(judge.question.durable)(path);
    // A program that writes a file anew keeps its mode, and not its group.
    let is_read = say.mount.read_only && !is_written(judge, path) || is_home && kind == Kind::File;
    if is_read {
        // Everybody may read it.
        let read = if kind == Kind::Directory { 0o055 } else { 0o044 };
        return (Answer::Known(operator), mode | read);
    }
    if !is_home {
        return (owner, mode);
    }
    // Written by both: the operator as its owner, the service by its group. What passes over permissions needs none.
    match owner {
        Answer::Known(_) if service.whom.passes_over(operator) => (Answer::Known(operator), mode),
        Answer::Known(owner) if owner.uid != operator.uid => {
            (Answer::Known(Owner::new(operator.uid, owner.gid)), mode | 0o070)
        }
        owner => (owner, mode),
    }
}

/// Whether it is the operator's by design, so that its owner is nothing to speak of.
pub(super) fn is_operators(judge: &Judge<'_>, path: &Path, owner: Owner) -> bool {
    let caller = judge.question.caller;
    is_in_home(judge, path) && owner.uid == caller.person.unwrap_or(caller.process).uid
}

/// Below `~`, and not of the project that is launched.
fn is_in_home(judge: &Judge<'_>, path: &Path) -> bool {
    let home = judge.question.caller.home.as_deref();
    home.is_some_and(|home| path.starts_with(home)) && !path.starts_with(&judge.question.model.directory)
}

/// Whether a service of any profile mounts it, or what it lies in, for writing.
fn is_written(judge: &Judge<'_>, path: &Path) -> bool {
    let written = judge.written.get_or_init(|| {
        let whole = judge.question.whole;
        let all = whole
            .services()
            .flat_map(|(_, service)| mounts::of_service(whole, service, judge.question.sources));
        all.filter(|mount| !mount.read_only).filter_map(|mount| Some(mount.source?.path)).collect()
    });
    written.iter().any(|written| path.starts_with(written))
}
