//! What a service's volumes belong to, and whether its user can use them.
//!
//! A volume that is new, or has nothing in it, gets owner and mode of the image's directory at the target each
//! time a container is made over it (measured with 20.10), unless `nocopy` is said. So what it will be is known
//! before; whether that serves its user is judged, and what does not serve is given away between creation and
//! start. `docs/volumes.md` has the rules.

mod mounts;
mod say;
#[cfg(test)]
mod tests;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mounts::{Mount, mounts};

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, IdMap, ImageEntry};
use crate::host::access::{Access, permits};
use crate::host::{Kind, Owner};
use crate::model::volume::Kind as Storage;
use crate::model::{Volume, namespace, resource};
use crate::source::Origin;
use crate::yaml::Node;

use super::bind::{Whom, keeps};
use super::images::image_of;
use super::lock;
use super::{Images, Users};

/// Owner and mode of a directory, in the host's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct There {
    pub owner: Owner,
    pub mode: u32,
    pub is_filled: bool,
}

/// A volume as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Now {
    Missing,
    There(There),
    /// It is there, without the directory that is mounted.
    NoPart,
    /// Its permissions are not the engine's, for this reason.
    NotJudged(&'static str),
}

/// Everything that the answer depends on.
pub struct VolumeQuestion<'q> {
    /// With the services that are to be launched.
    pub model: &'q Model,
    /// With the services of all profiles.
    pub whole: &'q Model,
    pub users: &'q Users,
    pub images: &'q dyn Images,
    pub maps: &'q dyn Fn(&str) -> Answer<IdMap>,
    /// A volume by its key, or what of it is mounted.
    pub now: &'q dyn Fn(&str, &Path) -> Answer<Now>,
    /// Whether the policy names it as state.
    pub declared: &'q dyn Fn(&Path) -> bool,
    /// Whether what belongs to this owner will have been given to the service before it starts.
    pub mended: &'q dyn Fn(&str, &Path, Owner) -> bool,
    /// Whether several users share it on purpose.
    pub shared: &'q dyn Fn(&Path) -> bool,
    /// Why nobody gives anything away, if so.
    pub gives: Result<(), &'static str>,
    /// Whether the engine can mount a part of a volume, where that is known.
    pub mounts_parts: Option<bool>,
    /// Whether containers may be made, so that the engine fills what is empty.
    pub makes: bool,
    /// Whether all containers of a service run, and are left as they are.
    pub stays: &'q dyn Fn(&str) -> bool,
    /// Whether the policy only looks on at a service.
    pub observed: &'q dyn Fn(&str) -> bool,
    /// Whether a policy is in force.
    pub strict: bool,
}

/// What was decided about one volume in one service.
#[derive(Clone, Debug)]
pub struct VolumeDecision {
    pub service: String,
    /// In the model.
    pub key: String,
    /// The key with the way to what of it is mounted.
    pub place: PathBuf,
    /// As the engine calls it.
    pub name: String,
    /// In the container.
    pub target: String,
    pub read_only: bool,
    pub origin: Origin,
    pub(crate) whom: Whom,
    /// As it is.
    pub now: Answer<Now>,
    /// As it is when the containers are made.
    pub will_be: Answer<There>,
    /// Where that comes from.
    pub made_by: MadeBy,
    /// Whom it is given to where its user cannot use it, or why it is not.
    pub gets: Result<Owner, NotGiven>,
    pub fate: Fate,
    strict: bool,
}

/// What decides about a volume when the containers are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// The image's directory at the target.
    Image {
        /// Whether something is copied as well.
        is_filled: bool,
    },
    /// The engine makes it for root: the image has nothing there.
    Engine,
    /// The engine makes it for root: nothing is to be copied.
    NoCopy,
    /// The options of the volume.
    Options,
    /// It is as it was.
    Before,
}

/// Why a volume that its user cannot use is not given to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGiven {
    External,
    /// Several users write it: each service with its user.
    Several(Vec<String>),
    /// Root in its container is nobody's to give to, and a reader gets nothing.
    NotHis,
    /// Something is in it.
    Filled,
    Forbidden(&'static str),
    /// Nothing of it outlives a container.
    Memory,
}

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Its user can use it, as far as modes tell.
    Usable,
    /// It is given to its user once the containers are made, and before they start.
    Give(Owner),
    /// It shows only then.
    Wait(String),
    /// Its user cannot use it.
    Refuse(Box<Finding>),
    /// Nobody judges it, for this reason.
    Leave(String),
}

impl VolumeDecision {
    /// Whether nothing but an image has put anything there when the containers are made.
    pub fn is_fresh(&self) -> bool {
        match &self.now {
            Answer::Known(Now::Missing) => true,
            Answer::Known(Now::There(there)) => !there.is_filled,
            _ => false,
        }
    }

    /// Whether it has to be looked at again between creation and start.
    pub fn is_open(&self) -> bool {
        matches!(self.fate, Fate::Give(_) | Fate::Wait(_))
    }

    /// For people.
    pub fn shown(&self) -> String {
        lock::shown(&self.place)
    }

    /// The service's user in the container's numbers, where it is known.
    pub fn user(&self) -> Option<Owner> {
        self.whom.inside.as_ref().known().copied()
    }

    /// The same in the host's.
    pub fn owner(&self) -> Option<Owner> {
        self.whom.owner.as_ref().known().copied()
    }

    /// Whether it waits for its service's user.
    pub fn is_of_nobody_known(&self) -> bool {
        self.is_open() && !self.whom.owner.is_known()
    }

    /// Whether the service's user can use what is there.
    pub fn is_usable(&self, there: &There) -> bool {
        let Some(who) = self.whom.credentials() else { return false };
        let wanted = Access { write: !self.read_only, ..Access::USE_DIRECTORY };
        permits(there.owner, there.mode, &who, wanted) || self.whom.passes_over(there.owner)
    }

    /// What is said where it cannot be used.
    pub fn refusal(&self, there: &There) -> Finding {
        let message = say::refusal(self, there);
        self.judged(message).help(say::help(self, there))
    }

    /// What Compose would start is refused with a policy, and a warning without.
    fn judged(&self, message: String) -> Finding {
        let finding = if self.strict {
            Finding::error(Code::BindAccess, message)
        } else {
            Finding::warning(Code::BindAccess, message)
        };
        finding.at_origin(self.origin, "mounted here")
    }

    /// The same of a volume whose containers are made.
    pub fn refusal_as_found(&self, there: There) -> Finding {
        let now = Answer::Known(Now::There(there));
        Self { now, made_by: MadeBy::Before, ..self.clone() }.refusal(&there)
    }

    /// What it will belong to, and why; `None` where it is there and stays as it is.
    pub fn becomes(&self) -> Option<String> {
        say::becomes(self)
    }
}

/// Judges every volume of the model's services. Nothing is changed.
pub fn decide_volumes(question: &VolumeQuestion<'_>) -> Vec<VolumeDecision> {
    let all = mounts(question.model);
    let everywhere = mounts(question.whole);
    all.iter().filter_map(|mount| one(question, mount, &all, &everywhere)).collect()
}

fn one(
    question: &VolumeQuestion<'_>,
    mount: &Mount<'_>,
    all: &[Mount<'_>],
    everywhere: &[Mount<'_>],
) -> Option<VolumeDecision> {
    let node = question.whole.root.at(&["volumes", mount.key])?;
    let is_external = resource::EXTERNAL.is_on(node);
    let volume = Volume::of(node);
    // A directory of the host, and judged as such.
    if !is_external && volume.kind == Storage::Bind {
        return None;
    }
    let name = resource::name(question.whole, node, mount.key);
    let whom = whom(question, mount);
    let inside: PathBuf = mount.place.iter().skip(1).collect();
    let is_judged = is_external || matches!(volume.kind, Storage::Memory | Storage::Directory);
    let now = if is_judged {
        (question.now)(mount.key, &inside)
    } else {
        Answer::Known(Now::NotJudged(OTHER_STORAGE))
    };
    let (will_be, made_by) = match (&volume.kind, &now) {
        (Storage::Memory, _) if !is_external => (Answer::Known(memory(node)), MadeBy::Options),
        (_, Answer::Known(Now::There(there))) if there.is_filled || !question.makes => {
            (Answer::Known(*there), MadeBy::Before)
        }
        _ => made(question, mount, all, &now),
    };
    let is_memory = made_by == MadeBy::Options;
    let mut decision = VolumeDecision {
        service: mount.service.to_owned(),
        key: mount.key.to_owned(),
        place: mount.place.clone(),
        name,
        target: mount.target.clone(),
        read_only: mount.read_only,
        origin: mount.origin,
        whom,
        now,
        will_be,
        made_by,
        gets: Err(NotGiven::NotHis),
        fate: Fate::Usable,
        strict: question.strict && !(question.observed)(mount.service),
    };
    decision.gets = gets(question, &decision, mount, everywhere, (is_external, is_memory));
    decision.fate = fate(question, &decision, mount, all, is_external);
    Some(decision)
}

/// Why the permissions of a volume are nobody's to judge.
pub const OTHER_STORAGE: &str = "what owners are there, its driver and its options decide";
const NOT_MADE: &str = "it is external and not there; the engine fails";
const RUNS_ON: &str = "its service runs, and is left as it is";
const MADE_BEFORE: &str = "it has no such directory yet, and what mounts more of it has to make one";

fn whom(question: &VolumeQuestion<'_>, mount: &Mount<'_>) -> Whom {
    let userns = namespace::USERNS.or_empty(mount.node);
    Whom::of(mount.node, question.users.of(mount.service), (question.maps)(userns))
}

/// Owner and mode that the options give; those of the kernel where they say nothing.
fn memory(node: &Node) -> There {
    let options = resource::OPTIONS.entry(node, "o").and_then(Node::as_str).unwrap_or_default();
    let option = |name: &str| {
        options.split(',').find_map(|one| one.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let id = |name| option(name).and_then(|id| id.parse().ok()).unwrap_or(0);
    let mode = option("mode").and_then(|mode| u32::from_str_radix(&mode, 8).ok()).unwrap_or(0o1777);
    There { owner: Owner::new(id("uid"), id("gid")), mode, is_filled: false }
}

/// What the engine makes of a volume that is missing or empty. The first of its services' containers whose image
/// has a directory at its target decides.
fn made(
    question: &VolumeQuestion<'_>,
    mount: &Mount<'_>,
    all: &[Mount<'_>],
    now: &Answer<Now>,
) -> (Answer<There>, MadeBy) {
    let unknown = |reason: String| (Answer::Unknown(reason), MadeBy::Before);
    let before = match now {
        Answer::Known(Now::There(there)) => Some(*there),
        Answer::Known(_) => None,
        Answer::Unknown(reason) => return unknown(reason.clone()),
    };
    // Files of images and new volumes are the engine's own, whatever map a container has.
    let map = match (question.maps)("") {
        Answer::Known(map) => map,
        Answer::Unknown(reason) => return unknown(reason),
    };
    let mut found: Vec<ImageEntry> = Vec::new();
    let mut copies = false;
    for other in all.iter().filter(|other| other.place == mount.place && other.copies) {
        copies = true;
        let Some(image) = image_of(question.model, other.service, other.node) else { continue };
        match question.images.entry_at(&image, &other.target) {
            Answer::Known(Some(entry)) if entry.kind == Kind::Directory => found.push(entry),
            Answer::Known(_) => {}
            Answer::Unknown(reason) => return unknown(reason),
        }
    }
    let same = |entry: &ImageEntry| (entry.owner, entry.mode, entry.is_filled);
    let root = || map.to_host(Owner::ROOT).ok_or("the engine's map of users has no root").into();
    match found.as_slice() {
        [] => match before {
            Some(there) => (Answer::Known(there), MadeBy::Before),
            None => {
                let new = |owner| There { owner, mode: 0o755, is_filled: false };
                (Answer::<Owner>::map(root(), new), if copies { MadeBy::Engine } else { MadeBy::NoCopy })
            }
        },
        [first, rest @ ..] if rest.iter().all(|entry| same(entry) == same(first)) => {
            let nobody = || format!("the engine's map of users has nobody for {}", first.owner);
            let owner: Answer<Owner> = map.to_host(first.owner).ok_or_else(nobody).into();
            let (mode, is_filled) = (first.mode, first.is_filled);
            (owner.map(|owner| There { owner, mode, is_filled }), MadeBy::Image { is_filled })
        }
        _ => unknown("the images of its services differ in what they have there".to_owned()),
    }
}

/// Whom a volume is given to that its user could not use.
fn gets(
    question: &VolumeQuestion<'_>,
    decision: &VolumeDecision,
    mount: &Mount<'_>,
    everywhere: &[Mount<'_>],
    (is_external, is_memory): (bool, bool),
) -> Result<Owner, NotGiven> {
    if is_memory {
        return Err(NotGiven::Memory);
    }
    if is_external && !(question.declared)(&mount.place) {
        return Err(NotGiven::External);
    }
    question.gives.map_err(NotGiven::Forbidden)?;
    let own = decision.whom.owner.as_ref().known().copied();
    let is_root = |whom: &Whom| whom.inside.as_ref().known().is_some_and(|owner| owner.uid == 0);
    let mut writers: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for other in everywhere.iter().filter(|other| other.key == mount.key && !other.read_only) {
        let whom = whom(question, other);
        if let (false, Answer::Known(owner)) = (is_root(&whom), &whom.owner) {
            writers.entry(owner.uid).or_default().push(format!("`{}` as {owner}", other.service));
        }
    }
    if writers.len() > 1 {
        let mut all: Vec<String> = writers.into_values().flatten().collect();
        all.dedup();
        return Err(NotGiven::Several(all));
    }
    if mount.read_only || is_root(&decision.whom) {
        return Err(NotGiven::NotHis);
    }
    if !decision.is_fresh() {
        return Err(NotGiven::Filled);
    }
    own.ok_or(NotGiven::NotHis)
}

/// Whether the directory that is mounted may come from there before it is mounted: a service that is started earlier
/// writes it, or an image has it.
fn may_make(other: &Mount<'_>, mount: &Mount<'_>) -> bool {
    let is_around = other.place != mount.place && mount.place.starts_with(&other.place);
    is_around && (other.copies || !other.read_only)
}

fn fate(
    question: &VolumeQuestion<'_>,
    decision: &VolumeDecision,
    mount: &Mount<'_>,
    all: &[Mount<'_>],
    is_external: bool,
) -> Fate {
    let whom = &decision.whom;
    let is_root = whom.inside.as_ref().known().is_some_and(|owner| owner.uid == 0);
    // Root that may give away, or become whoever it is of, finds its own way.
    let finds_a_way = is_root && ["DAC_OVERRIDE", "CHOWN", "SETUID"].iter().any(|one| keeps(mount.node, one));
    let is_part = mount.place.iter().count() > 1;
    if is_part && question.mounts_parts == Some(false) {
        return Fate::Refuse(Box::new(say::whole(decision)));
    }
    match &decision.now {
        Answer::Known(Now::NotJudged(reason)) => return Fate::Leave((*reason).to_owned()),
        Answer::Known(Now::Missing) if is_external => return Fate::Leave(NOT_MADE.to_owned()),
        Answer::Known(Now::NoPart | Now::Missing) if is_part => {
            return match () {
                () if (question.stays)(mount.service) => Fate::Leave(RUNS_ON.to_owned()),
                () if all.iter().any(|other| may_make(other, mount)) => Fate::Leave(MADE_BEFORE.to_owned()),
                () => Fate::Refuse(Box::new(say::no_part(decision))),
            };
        }
        _ if finds_a_way || (question.shared)(&mount.place) => return Fate::Usable,
        _ => {}
    }
    if let Some(reason) = whom.owner.reason() {
        return Fate::Wait(reason.to_owned());
    }
    let there = match &decision.will_be {
        Answer::Known(there) => there,
        Answer::Unknown(reason) => return Fate::Wait(reason.clone()),
    };
    let is_mended = there.is_filled && (question.mended)(mount.service, &mount.place, there.owner);
    if is_mended || decision.is_usable(there) {
        return Fate::Usable;
    }
    if (question.stays)(mount.service) {
        return Fate::Leave(RUNS_ON.to_owned());
    }
    match decision.gets {
        Ok(owner) if question.strict => Fate::Give(owner),
        _ => Fate::Refuse(Box::new(decision.refusal(there))),
    }
}
