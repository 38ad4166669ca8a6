//! Mount points inside the sources of other mounts.
//!
//! Where one mount lies inside another one's target, the engine makes the place for it in the outer
//! mount's source, on the host and as root. It is made beforehand instead.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, Location};
use crate::host::{Kind, Owner};
use crate::ownership::kind::KindFrom;
use crate::ownership::root::Standing;
use crate::ownership::step::{HostStep, Place};

use super::explain::shown;
use super::judge::{Judge, Judged, Service};
use super::look::{self, Found};
use super::mounts::{self, Mount};
use super::{BindDecision, Outcome, Role, tmpfs};

pub(super) fn mount_points(judge: &mut Judge<'_>, service: &Service<'_>) {
    for inner in &service.mounts {
        let is_covered = !inner.is_mounted
            && service.mounts.iter().any(|mount| mount.is_mounted && mount.target == inner.target);
        if is_covered {
            continue;
        }
        if let Some(outer) = mounts::enclosing(&service.mounts, &inner.target) {
            mount_point(judge, service, inner, outer);
        }
    }
}

/// What the engine makes of a mount point: a file for what is not a directory.
fn kind_of(judge: &Judge<'_>, service: &Service<'_>, inner: &Mount) -> Option<Kind> {
    let Some(source) = &inner.source else { return Some(Kind::Directory) };
    let own = judge
        .judged
        .iter()
        .find(|judged| judged.decision.service == service.name && judged.decision.source == source.path)?;
    match own.decision.outcome {
        Outcome::Refuse(_) => None,
        _ if own.decision.kind == Kind::Directory => Some(Kind::Directory),
        // What was meant to be a file and is missing becomes a directory, without a policy.
        Outcome::Create(HostStep::CreateDirectory { .. }) => Some(Kind::Directory),
        _ => Some(Kind::File),
    }
}

fn mount_point(judge: &mut Judge<'_>, service: &Service<'_>, inner: &Mount, outer: &Mount) {
    let Some(source) =
        outer.source.as_ref().filter(|source| matches!(source.role, Role::Bind | Role::Volume))
    else {
        return;
    };
    let Some(path) = mounts::place_of(&service.mounts, inner) else { return };
    let Some(kind) = kind_of(judge, service, inner) else { return };
    let outer_is_made = judge.judged.iter().any(|judged| {
        judged.decision.service == service.name
            && judged.decision.source == source.path
            && matches!(judged.decision.outcome, Outcome::Create(_))
    });
    let directory = judge.question.model.directory.as_path();
    let at = shown(&path, directory);
    let label = "mounted inside another mount";
    let over = tmpfs::at(service.node, inner);
    if let Some(over) = &over {
        tmpfs::agree(judge, service, over, inner, &path);
    }
    let existing = match look::look(&path) {
        // Mounting a file over a directory fails, and the other way round.
        Found::Present(seen) if (seen.kind == Kind::Directory) != (kind == Kind::Directory) => {
            let message = format!(
                "{at} is {}, but service `{}` mounts {} over it at {}",
                seen.kind.describe(),
                service.name,
                kind.describe(),
                inner.target.display()
            );
            judge.findings.push(Finding::error(Code::BindKind, message).at_origin(inner.origin, label));
            return;
        }
        Found::Present(seen) => {
            let step = over
                .and_then(|over| tmpfs::mount_point(judge, service, &over, inner, (path.as_path(), &seen)));
            if let Some(step) = step {
                decided(judge, service, (inner, outer), kind, path, Outcome::Create(step));
            }
            return;
        }
        Found::Missing { existing } if existing.starts_with(&source.path) || outer_is_made => existing,
        // The outer source is itself refused, or left to the engine.
        _ => return,
    };
    if outer.read_only && inner.is_mounted && !outer_is_made {
        let message = format!(
            "service `{}` mounts something at {}, but {at} does not exist and the mount around it is read-only",
            service.name,
            inner.target.display()
        );
        let command = if kind == Kind::Directory { "mkdir -p" } else { "touch" };
        let finding = Finding::error(Code::BindMissing, message)
            .at_origin(inner.origin, "has no place to go")
            .at_origin(outer.origin, "read-only around it")
            .help(format!(
                "Create it ({command} {}), or mount it elsewhere.",
                crate::ownership::command::quoted(&path)
            ));
        judge.findings.push(finding);
        return;
    }
    // What is in it would keep the engine from filling it out of the image.
    let is_filled_first = source.copies_up && !judge.strict() && judge.is_empty(outer, &source.path);
    let outcome = if is_filled_first {
        Outcome::Leave("the engine fills the volume first, and creates it then".to_owned())
    } else {
        plan(judge, service, inner, kind, &path, &existing)
    };
    decided(judge, service, (inner, outer), kind, path, outcome);
}

fn decided(
    judge: &mut Judge<'_>,
    service: &Service<'_>,
    (inner, outer): (&Mount, &Mount),
    kind: Kind,
    path: PathBuf,
    outcome: Outcome,
) {
    let decision = BindDecision {
        service: service.name.to_owned(),
        role: Role::MountPoint,
        source: path.clone(),
        target: inner.target.display().to_string(),
        read_only: outer.read_only,
        origin: inner.origin,
        kind,
        kind_from: KindFrom::Default,
        identity: None,
        changed_by: None,
        owner: service.whom.owner.clone(),
        outcome,
    };
    judge.judged.push(Judged { decision, real: path, groups: Vec::new(), overrides: false, probe: None });
}

/// Nothing is ever written to a mount point: where it cannot belong to the service's user, ours does too.
fn plan(
    judge: &mut Judge<'_>,
    service: &Service<'_>,
    inner: &Mount,
    kind: Kind,
    path: &Path,
    existing: &Path,
) -> Outcome {
    let Standing::Inside { anchor, relative } = judge.standing(path, existing, false) else {
        let message = format!(
            "service `{}` mounts something at {}, and the engine would create {} for it, as root, outside the roots",
            service.name,
            inner.target.display(),
            path.display()
        );
        if !judge.refuses(service.name) {
            return Outcome::Leave("the engine creates it, as root".to_owned());
        }
        let finding = Finding::error(Code::BindOutside, message)
            .at_origin(inner.origin, "mounted inside another mount")
            .help("Create it yourself, or add its directory to binds.roots.");
        judge.findings.push(finding.clone());
        return Outcome::Refuse(Box::new(finding));
    };
    let ours = judge.question.caller.process;
    let owner = match (judge.question.location, &service.whom.owner) {
        (Location::VirtualMachine, _) => None,
        (_, Answer::Unknown(reason)) => return Outcome::Pending(reason.clone()),
        (_, Answer::Known(owner)) => Some(choose(judge, *owner, ours, existing)),
    };
    if owner == Some(None) {
        return Outcome::Leave("the engine creates it, as root".to_owned());
    }
    let mode = mode(service, inner, kind);
    let place = Place {
        root: anchor,
        path: relative,
        owner: owner.flatten(),
        mode,
        service: service.name.to_owned(),
    };
    Outcome::Create(match kind {
        Kind::Directory => HostStep::CreateDirectory { place },
        _ => HostStep::CreateFile { place, content: String::new() },
    })
}

/// A tmpfs gets the mode of its mount point. Under everything else that is mounted there it does not show.
pub(super) fn mode(service: &Service<'_>, inner: &Mount, kind: Kind) -> u32 {
    match tmpfs::at(service.node, inner) {
        Some(tmpfs) => tmpfs.wanted_mode(),
        None if kind == Kind::Directory => 0o755,
        None => 0o644,
    }
}

/// The service's user, else ourselves, else nobody.
fn choose(judge: &Judge<'_>, wanted: Owner, ours: Owner, existing: &Path) -> Option<Owner> {
    let made = [wanted, ours].into_iter().find(|owner| judge.may_make(*owner, existing).is_ok());
    made.or_else(|| judge.helps().then_some(wanted))
}
