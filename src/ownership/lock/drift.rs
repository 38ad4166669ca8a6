//! A service that would run as another user than the lock has.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, IdMap, Location};
use crate::host::Owner;
use crate::model::namespace;
use crate::model::volume::key_of;
use crate::ownership::UserSource;
use crate::yaml::Node;

use super::{Entry, From, LockFile, Observed, state};

/// How many entries of a directory are looked at for one of the old user.
const LOOKED_AT: usize = 4096;

/// One service whose user moved.
#[derive(Clone, Debug)]
pub struct Drift {
    pub service: String,
    pub old: Owner,
    pub new: Owner,
    /// What holds something of the old user's.
    pub paths: Vec<PathBuf>,
    pub finding: Finding,
}

/// What was found of the old user's in what a service mounts.
#[derive(Debug, Default)]
struct Found {
    holding: Vec<PathBuf>,
    /// Looked at, and nothing found.
    clean: Vec<PathBuf>,
    /// Not looked at, with the reason.
    unseen: Vec<(PathBuf, String)>,
}

/// Where it can be looked.
pub struct Eyes<'e> {
    pub location: &'e Location,
    /// The engine's maps of users for a `userns_mode:`.
    pub maps: &'e dyn Fn(&str) -> Answer<IdMap>,
    /// Whether something in a volume, by its key, belongs to this user; `None` where it is not there yet.
    pub in_volume: &'e dyn Fn(&str, u32) -> Answer<Option<bool>>,
}

pub(super) fn differs(old: &Entry, new: Owner) -> bool {
    old.user != new
}

/// The services of `model` that would run as another user than the lock has.
pub fn drift(file: &LockFile, model: &Model, observed: &[Observed<'_>], eyes: &Eyes<'_>) -> Vec<Drift> {
    let moved = observed.iter().filter_map(|service| {
        let name = &service.decision.service;
        let old = file.lock.services.get(name)?;
        let Answer::Known(user) = &service.decision.user else { return None };
        let node = model.services().find(|(other, _)| other == name).map(|(_, node)| node);
        let node = node.filter(|_| differs(old, user.owner))?;
        let found = find(node, old.user, eyes);
        let finding = explain(file, service, old, user.owner, &found);
        Some(Drift { service: name.clone(), old: old.user, new: user.owner, paths: found.holding, finding })
    });
    moved.collect()
}

/// Looks for what belongs to a former user in everything that a service mounts.
fn find(service: &Node, old: Owner, eyes: &Eyes<'_>) -> Found {
    let userns = namespace::USERNS.or_empty(service);
    let map = (eyes.maps)(userns);
    let uid = map.and_then(|map| {
        map.to_host(old).map(|owner| owner.uid).ok_or("the engine's map of users has nobody for him").into()
    });
    let mut places: Vec<PathBuf> = state::mounts(service).filter_map(state::source).collect();
    places.sort();
    places.dedup();
    let mut found = Found::default();
    for place in places {
        let holds = uid.clone().and_then(|uid| match (key_of(&place), eyes.location) {
            (Some(key), _) => (eyes.in_volume)(key, uid),
            // What lies at the same place here is something else.
            (None, Location::Here) => Answer::Known(holds(&place, uid)),
            (None, _) => Answer::unknown("it is on another machine"),
        });
        match holds {
            Answer::Known(Some(true)) => found.holding.push(place),
            Answer::Known(Some(false)) => found.clean.push(place),
            Answer::Known(None) => {}
            Answer::Unknown(reason) => found.unseen.push((place, reason)),
        }
    }
    found
}

/// Whether the path, or something directly in it, belongs to `uid`; `None` where nothing is there. Links are
/// not followed.
fn holds(path: &PathBuf, uid: u32) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    // The source itself may be a link to where the state is.
    let metadata = match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        metadata => metadata,
    };
    if metadata.is_ok_and(|metadata| metadata.uid() == uid) {
        return Some(true);
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().take(LOOKED_AT);
    Some(entries.flatten().any(|entry| entry.metadata().is_ok_and(|metadata| metadata.uid() == uid)))
}

fn explain(file: &LockFile, service: &Observed<'_>, old: &Entry, new: Owner, found: &Found) -> Finding {
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
    let loses = loses(found, file.directory());
    let back = match decision.from {
        UserSource::Service(_) => format!("`user: \"{}\"`", old.user),
        UserSource::Extension(_) => format!("`x-seaworthy: {{user: \"{}\"}}`", old.user),
        _ => format!("`user: {{services: {{{name}: \"{}\"}}}}` in the policy", old.user),
    };
    finding.help(format!(
        "{loses} Run `seaworthy repair --migrate {name}` to carry it over to {new}, or give the service its \
         old user back: {back}."
    ))
}

/// What was found, what was not, and what was not looked at.
fn loses(found: &Found, directory: &Path) -> String {
    let name = |place: &PathBuf| match key_of(place) {
        Some(_) => state::shown(place),
        None => state::written(place, directory),
    };
    let names = |places: &[PathBuf]| places.iter().map(name).collect::<Vec<_>>().join(", ");
    let mut sentences = Vec::new();
    if !found.holding.is_empty() {
        let holding = names(&found.holding);
        sentences.push(format!("Of the old user, and maybe unreadable for the new one: {holding}."));
    }
    if !found.clean.is_empty() {
        sentences.push(format!("Nothing of the old user's was found in {}.", names(&found.clean)));
    }
    for (place, reason) in &found.unseen {
        sentences.push(format!("Not looked at: {} ({reason}).", name(place)));
    }
    if sentences.is_empty() {
        sentences.push("It mounts nothing that is there already.".to_owned());
    }
    sentences.join(" ")
}

/// As docker shortens it.
fn short(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}
