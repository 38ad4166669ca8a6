//! What the helper sees to: the bind sources of an engine on another machine, where nothing can be looked at
//! from here; and here, what this process may not make.
//!
//! What has to be on another machine is worked out from the files alone. The helper looks at it there, makes
//! what is missing below the roots, and says whether the service's user may use it.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::access::Access;
use crate::host::{Credentials, Kind, Owner};
use crate::ownership::kind;
use crate::ownership::root::nearest;
use crate::ownership::step::{HostStep, Place};
use crate::source::Origin;

use super::judge::{Judge, Service};
use super::look::{Found, look};
use super::mounts::{self, Mount, Source};
use super::{Declared, Outcome, Role, nested};

/// Something that a service mounts, for the helper to look at or to make.
#[derive(Clone, Debug)]
pub struct Sought {
    pub service: String,
    /// A directory that was declared, and the way below it.
    pub root: PathBuf,
    pub relative: PathBuf,
    pub kind: Kind,
    /// How it is made where it is missing; `None` where it has to be there.
    pub step: Option<HostStep>,
    /// Who has to be able to do what with it; `None` where that is no question of permissions.
    pub who: Option<(Credentials, Access)>,
    pub origin: Origin,
    /// Whether it is on another machine.
    pub is_elsewhere: bool,
}

impl Sought {
    pub fn full_path(&self) -> PathBuf {
        // Joining an empty path would add a slash.
        if self.relative.as_os_str().is_empty() { self.root.clone() } else { self.root.join(&self.relative) }
    }
}

const BY_HELPER: &str = "looked at by the helper on the engine's machine, and made where it is missing";

/// All mounts of one service.
pub(super) fn service(judge: &mut Judge<'_>, service: &Service<'_>) {
    for mount in &service.mounts {
        if let Some(source) = &mount.source {
            one(judge, service, mount, source);
        }
        let sought = mount_point(judge, service, mount);
        judge.sought.extend(sought);
    }
}

fn one(judge: &mut Judge<'_>, service: &Service<'_>, mount: &Mount, source: &Source) {
    let declared = judge.declared(&source.path);
    let (kind, kind_from) = judge.expected(service, mount, source, declared);
    let outcome = match (inside(judge, &source.path), &service.whom.owner) {
        (None, _) => {
            judge.findings.push(outside(service, mount, source));
            Outcome::Leave("outside the roots, on the engine's machine".to_owned())
        }
        (_, Answer::Unknown(reason)) => Outcome::Pending(reason.clone()),
        (Some((root, relative)), Answer::Known(owner)) => {
            let place = place(judge, service, declared, (root, relative), (kind, *owner));
            judge.sought.push(Sought {
                service: service.name.to_owned(),
                root: place.root.clone(),
                relative: place.path.clone(),
                kind,
                who: who(service, mount, kind),
                origin: mount.origin,
                step: step(source, declared, kind, place),
                is_elsewhere: true,
            });
            Outcome::There(BY_HELPER.to_owned())
        }
    };
    judge.judged.push(service.judged(mount, source, (kind, kind_from), outcome));
}

fn inside(judge: &Judge<'_>, path: &Path) -> Option<(PathBuf, PathBuf)> {
    let declared = judge.question.policy.map(|policy| policy.roots.as_slice()).unwrap_or_default();
    let project = [judge.question.model.directory.clone()];
    nearest(if declared.is_empty() { &project } else { declared }, path)
}

fn place(
    judge: &Judge<'_>,
    service: &Service<'_>,
    declared: Option<&Declared>,
    (root, path): (PathBuf, PathBuf),
    (kind, user): (Kind, Owner),
) -> Place {
    let mode = judge.question.policy.and_then(|policy| policy.mode).unwrap_or(0o750);
    let mode = if kind == Kind::Directory { mode } else { mode & 0o666 };
    let mode = declared.and_then(|declared| declared.mode).unwrap_or(mode);
    let said = declared.and_then(|declared| declared.owner);
    let said = said.and_then(|owner| service.whom.map.as_ref().known()?.to_host(owner));
    Place { root, path, owner: Some(said.unwrap_or(user)), mode, service: service.name.to_owned() }
}

fn step(source: &Source, declared: Option<&Declared>, kind: Kind, place: Place) -> Option<HostStep> {
    // The root itself has to be there: nobody declared what is above it.
    if place.path.as_os_str().is_empty() {
        return None;
    }
    match (kind, declared.and_then(|declared| declared.content.clone())) {
        (Kind::File, Some(content)) => Some(HostStep::CreateFile { place, content }),
        (Kind::Directory, _) if source.engine_creates || source.role == Role::Volume => {
            Some(HostStep::CreateDirectory { place })
        }
        _ => None,
    }
}

fn who(service: &Service<'_>, mount: &Mount, kind: Kind) -> Option<(Credentials, Access)> {
    let access = match kind {
        Kind::Directory => Access { write: !mount.read_only, ..Access::USE_DIRECTORY },
        Kind::File => Access::READ,
        _ => return None,
    };
    // Root that kept the capability may use whatever its map has.
    let who = service.whom.credentials().filter(|_| !service.whom.overrides)?;
    Some((who, access))
}

/// What the engine would make, as root, inside the source of another mount.
fn mount_point(judge: &Judge<'_>, service: &Service<'_>, mount: &Mount) -> Option<Sought> {
    let path = mounts::place_of(&service.mounts, mount)?;
    let owner = service.whom.owner.as_ref().known().copied()?;
    let (root, relative) = inside(judge, &path).filter(|(_, relative)| !relative.as_os_str().is_empty())?;
    // A file is mounted over a file.
    let inner = mount.source.as_ref();
    let is_file = inner.is_some_and(|inner| {
        matches!(inner.role, Role::Secret | Role::Config) || kind::of_name(&inner.path) == Some(Kind::File)
    });
    let kind = if is_file { Kind::File } else { Kind::Directory };
    let mode = nested::mode(service, mount, kind);
    let name = service.name.to_owned();
    let place =
        Place { root: root.clone(), path: relative.clone(), owner: Some(owner), mode, service: name.clone() };
    let step = if is_file {
        HostStep::CreateFile { place, content: String::new() }
    } else {
        HostStep::CreateDirectory { place }
    };
    let origin = mount.origin;
    let is_elsewhere = true;
    Some(Sought { service: name, root, relative, kind, step: Some(step), who: None, origin, is_elsewhere })
}

/// Takes out of the steps what this process may not make, and what is in that.
pub(super) fn leave_to_helper(judge: &mut Judge<'_>, steps: &mut Vec<HostStep>) {
    if !judge.helps() {
        return;
    }
    let mut left: Vec<Sought> = Vec::new();
    steps.retain(|step| {
        let path = step.full_path();
        let may = match (step.place().owner, look(&path)) {
            (Some(owner), Found::Missing { existing }) => judge.may_make(owner, &existing).is_ok(),
            _ => true,
        };
        if may && !left.iter().any(|left| path.starts_with(left.full_path())) {
            return true;
        }
        let place = step.place();
        let origin = judge.judged.iter().find(|judged| judged.decision.source == path);
        left.push(Sought {
            service: place.service.clone(),
            root: place.root.clone(),
            relative: place.path.clone(),
            kind: step.kind(),
            step: Some(step.clone()),
            who: None,
            origin: origin.map_or(Origin::Policy(None), |judged| judged.decision.origin),
            is_elsewhere: false,
        });
        false
    });
    judge.sought.extend(left);
}

fn outside(service: &Service<'_>, mount: &Mount, source: &Source) -> Finding {
    let message = format!(
        "service `{}` mounts {} of the engine's machine, which is outside the roots: nobody looks at it there",
        service.name,
        source.path.display()
    );
    Finding::warning(Code::RemoteEngine, message)
        .at_origin(mount.origin, "not looked at")
        .help("Add its directory to binds.roots, or make sure of it there: what is missing, the engine creates as root.")
}
