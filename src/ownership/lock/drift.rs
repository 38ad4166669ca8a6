//! A service that would run as another user than the lock has.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Entry, From, LockFile, Observed, state};
use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, IdMap, Location};
use crate::host::Owner;

/// How many entries of a directory are looked at for one of the old user.
const LOOKED_AT: usize = 4096;

/// One service whose user moved.
#[derive(Clone, Debug)]
pub struct Drift {
    pub service: String,
    pub old: Owner,
    pub new: Owner,
    /// The sources that hold something of the old user's.
    pub paths: Vec<PathBuf>,
    pub finding: Finding,
}

pub(super) fn differs(old: &Entry, new: Owner) -> bool {
    old.user != new
}

/// The services of `model` that would run as another user than the lock has. `maps` are the engine's
/// maps of users for a `userns_mode:`.
pub fn drift(
    file: &LockFile,
    model: &Model,
    observed: &[Observed<'_>],
    maps: &dyn Fn(&str) -> Answer<IdMap>,
    location: &Location,
) -> Vec<Drift> {
    // What lies at the same place here is something else.
    let looks = location == &Location::Here;
    let moved = observed.iter().filter_map(|service| {
        let name = &service.decision.service;
        let old = file.lock.services.get(name)?;
        let Answer::Known(user) = &service.decision.user else { return None };
        let node = model.services().find(|(other, _)| other == name).map(|(_, node)| node);
        let node = node.filter(|_| differs(old, user.owner))?;
        let userns = node.get("userns_mode").and_then(crate::yaml::Node::as_str).unwrap_or_default();
        let host = maps(userns).known().and_then(|map| map.to_host(old.user));
        let mut paths: Vec<PathBuf> = state::binds(node)
            .filter_map(|mount| Some(PathBuf::from(mount.get("source")?.as_str()?)))
            .filter(|path| looks && host.is_some_and(|owner| holds(path, owner.uid)))
            .collect();
        paths.sort();
        paths.dedup();
        let finding = explain(file, service, old, user.owner, looks.then_some(&paths));
        Some(Drift { service: name.clone(), old: old.user, new: user.owner, paths, finding })
    });
    moved.collect()
}

/// Whether the path, or something directly in it, belongs to `uid`. Links are not followed.
fn holds(path: &PathBuf, uid: u32) -> bool {
    use std::os::unix::fs::MetadataExt;
    // The source itself may be a link to where the state is.
    if path.metadata().is_ok_and(|metadata| metadata.uid() == uid) {
        return true;
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().take(LOOKED_AT);
    entries.flatten().any(|entry| entry.metadata().is_ok_and(|metadata| metadata.uid() == uid))
}

fn explain(
    file: &LockFile,
    service: &Observed<'_>,
    old: &Entry,
    new: Owner,
    paths: Option<&Vec<PathBuf>>,
) -> Finding {
    let decision = service.decision;
    let name = &decision.service;
    let mut message = format!(
        "service `{name}` would run as {new} ({}), but ran as {} so far ({})",
        decision.from.describe(),
        old.user,
        old.from.describe()
    );
    if let (Some(was), Some(is)) = (&old.image, &service.image)
        && was != is
        && From::of(decision) == From::Image
    {
        let _ = write!(message, "; its image is {} now and was {}", short(is), short(was));
    }
    let mut finding = Finding::error(Code::UserDrift, message);
    if let Some(span) = decision.from.span() {
        finding = finding.at(span, format!("{new} comes from here"));
    }
    if let Some(span) = file.span(name) {
        finding = finding.at(span, format!("was {}", old.user));
    }
    let written = |paths: &Vec<PathBuf>| -> Vec<String> {
        paths.iter().map(|path| state::written(path, file.directory())).collect()
    };
    let loses = match paths.map(written).as_deref() {
        None => "What it mounts is on another machine and was not looked at.".to_owned(),
        Some([]) => "Nothing of the old user's was found in what it mounts.".to_owned(),
        Some(list) => format!("Of the old user, and maybe unreadable for the new one: {}.", list.join(", ")),
    };
    finding.help(format!(
        "{loses} Run `seaworthy repair --migrate {name}` to carry it over to {new}, or give the service its \
         old user back: user.services.{name}: \"{}\" in the policy.",
        old.user
    ))
}

/// As docker shortens it.
fn short(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}
