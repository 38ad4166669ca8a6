//! What a repair takes, from whom, and to whom it gives it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::engine::idmap::OVERFLOW;
use crate::engine::{Answer, IdMap};
use crate::host::{Credentials, Handover, Owner, Takes};
use crate::model::mount;
use crate::model::volume::key_of;
use crate::ownership::bind::Whom;
use crate::ownership::share::SharedTree;
use crate::ownership::state::{DeclaredState, DeclaredTree, Strategy, declared_trees};
use crate::ownership::volume::OTHER_STORAGE;
use crate::ownership::{Caller, UserDecision};
use crate::yaml::Node;

use super::{Lock, LockFile, StateRoots, mounts, shown, source, state_paths};

/// One directory to be put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Of the host, or a volume.
    pub path: PathBuf,
    /// The volume in which it lies, as the engine calls it.
    pub volume: Option<String>,
    /// A directory that was declared, and the way below it without links.
    pub root: PathBuf,
    pub relative: PathBuf,
    pub handover: Handover,
    pub mapped: Option<Mapped>,
    /// Numbers that were the service's and are not taken from, since they are the operator's own.
    pub spared: BTreeSet<u32>,
    /// The operator's own numbers, where they mean something.
    pub operators: BTreeSet<u32>,
    /// Who is to use it; `None` where permissions do not tell.
    pub who: Option<Credentials>,
}

/// A mount that shows a directory to its service as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// What is mounted, and where: the directory above, so that the source of the service's own mount is
    /// missing, and not an empty directory, when this one is gone.
    pub above: PathBuf,
    pub at: PathBuf,
    /// The directory's name in both.
    pub name: PathBuf,
    pub disk: Owner,
    pub seen: Owner,
}

impl Mapped {
    /// Where the service's directory is shown.
    pub fn source(&self) -> PathBuf {
        self.at.join(&self.name)
    }

    fn new(path: &Path, service: &str, disk: Owner, seen: Owner) -> Option<Self> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (above, name) = (real.parent()?.to_owned(), PathBuf::from(real.file_name()?));
        let key = format!("{}\0{service}\0{disk}\0{seen}", real.display());
        let key: String = crate::project::sha256(key.as_bytes()).chars().take(16).collect();
        Some(Self { above, at: Path::new(MOUNTS).join(key), name, disk, seen })
    }
}

/// Where such mounts are; nobody but root can look in.
pub const MOUNTS: &str = "/run/seaworthy/state";

impl Tree {
    /// For people.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }

    /// Whether what is there and belongs to this owner will belong to the service.
    pub fn mends(&self, path: &Path, owner: Owner) -> bool {
        let is_known = self.handover.from.contains(&owner.uid) || owner.uid == self.handover.to.uid;
        is_known && (path.starts_with(&self.path) || path.starts_with(self.root.join(&self.relative)))
    }
}

/// The repair of one service.
#[derive(Clone, Debug)]
pub struct Repair {
    pub service: String,
    /// In the container's numbers.
    pub user: Owner,
    /// The user that the lock has, where it is another one.
    pub moved_from: Option<Owner>,
    pub trees: Vec<Tree>,
    /// What it writes as well and nobody looks into, with the reason.
    pub passed_over: Vec<(PathBuf, &'static str)>,
    /// The engine's map of users for it.
    pub map: Option<IdMap>,
}

/// Of which directories of a service.
pub struct Scope<'s> {
    pub roots: &'s StateRoots,
    pub declared: &'s [DeclaredState],
    /// Those that are declared durable, and not all that it may write.
    pub only_declared: bool,
    /// Those that nobody gets for himself.
    pub shared: &'s [SharedTree],
    /// Whether the operator's own number is taken from, where the service had it.
    pub takes_mine: bool,
    /// The maps of users that the engine may have had before. They are asked for only where that is taken as well.
    pub former: &'s dyn Fn() -> Vec<IdMap>,
    /// Whether what the service had under one of those is taken as well.
    pub carries_over: bool,
}

/// Decides the repair of a service; `None` where nobody is known whom anything could be taken from.
///
/// # Errors
/// Why it cannot be decided.
pub fn plan(
    file: &LockFile,
    decision: &UserDecision,
    service: &Node,
    map: &Answer<IdMap>,
    caller: &Caller,
    scope: &Scope<'_>,
) -> Result<Option<Repair>, String> {
    let name = &decision.service;
    let entry = file.lock.services.get(name);
    let mut wanted = declared_trees(service, scope.roots, scope.declared);
    if !scope.only_declared && entry.is_some() {
        for path in state_paths(service, scope.roots) {
            if !wanted.iter().any(|known| known.path == path) {
                wanted.push(DeclaredTree { path, from: Vec::new(), strategy: Strategy::Unsaid });
            }
        }
        wanted.sort();
    }
    wanted.retain(|tree| !scope.shared.iter().any(|shared| shared.holds(&tree.path)));
    if entry.is_none() && wanted.is_empty() || scope.only_declared && wanted.is_empty() {
        return Ok(None);
    }
    let user = match &decision.user {
        Answer::Known(user) => user.owner,
        Answer::Unknown(reason) => {
            return Err(format!("who service `{name}` runs as is not known: {reason}"));
        }
    };
    let map = match map {
        Answer::Known(map) => map,
        Answer::Unknown(reason) => return Err(format!("the engine's map of users is not known: {reason}")),
    };
    let to = map.to_host(user).ok_or_else(|| format!("the engine's map of users has nobody for {user}"))?;
    let recorded: Vec<Owner> =
        entry.into_iter().flat_map(|entry| entry.previous.iter().chain([&entry.user]).copied()).collect();
    let former = if scope.carries_over && !wanted.is_empty() { (scope.former)() } else { Vec::new() };
    let trees = wanted.into_iter().filter_map(|DeclaredTree { path, from, strategy }| {
        let (root, relative) = scope.roots.inside(&path)?;
        let mut known: Vec<Owner> =
            recorded.iter().chain(&from).filter_map(|owner| map.to_host(*owner)).collect();
        if scope.carries_over {
            let all = recorded.iter().chain(&from).chain([&user]);
            let before = all.flat_map(|owner| map.formerly(&former, *owner));
            known.extend(before);
        }
        // On disk such a directory is the operator's, and what the service has there is given back.
        let disk = caller.person.unwrap_or(Owner::ROOT);
        let volume = key_of(&path).and_then(|key| scope.roots.volume(key)).map(|volume| volume.name.clone());
        let is_mapped = strategy == Strategy::Idmap && volume.is_none();
        let mapped = if is_mapped { Mapped::new(&path, name, disk, to) } else { None };
        let to = if mapped.is_some() { disk } else { to };
        known.extend(mapped.as_ref().map(|mapped| mapped.seen));
        // Nobody can move a file of the operator's, or of root's, into a volume: it has a mount of its own.
        let all: BTreeSet<u32> = known.iter().map(|owner| owner.uid).collect();
        let (from, takes) = if volume.is_some() {
            (all.clone(), Takes::KnownAndRoot)
        } else {
            (takes_from(&all, map, caller, scope.takes_mine), Takes::Known)
        };
        let spared =
            all.into_iter().filter(|uid| *uid != 0 && *uid != to.uid && !from.contains(uid)).collect();
        let operators: BTreeSet<u32> = if volume.is_some() {
            BTreeSet::new()
        } else {
            caller.operators().filter(|uid| *uid != 0).collect()
        };
        let whom = Whom::of(service, Some(decision), Answer::Known(map.clone()));
        let who = whom.credentials().filter(|_| mapped.is_none() && !whom.overrides);
        let groups = known.iter().map(|owner| owner.gid).collect();
        let handover = Handover { to, from, groups, takes, dry_run: false };
        let is_there =
            mapped.is_some() || volume.is_some() || scope.roots.is_elsewhere() || is_directory(&path);
        is_there.then_some(Tree { path, volume, root, relative, handover, mapped, spared, operators, who })
    });
    let trees: Vec<Tree> = trees.collect();
    let moved_from = entry.map(|entry| entry.user).filter(|old| *old != user);
    let passed_over = if scope.only_declared { Vec::new() } else { passed_over(service, scope, &trees) };
    let map = Some(map.clone());
    Ok(Some(Repair { service: name.clone(), user, moved_from, trees, passed_over, map }))
}

/// The volumes that a service writes and that are not gone through.
fn passed_over(service: &Node, scope: &Scope<'_>, trees: &[Tree]) -> Vec<(PathBuf, &'static str)> {
    let is_written = |mount: &&Node| !mount::READ_ONLY.is_on(mount);
    let mut found: Vec<(PathBuf, &'static str)> = mounts(service)
        .filter(is_written)
        .filter_map(source)
        .filter(|place| trees.iter().all(|tree| tree.path != *place))
        .filter(|place| !scope.shared.iter().any(|shared| shared.holds(place)))
        .filter_map(|place| {
            let why = match scope.roots.volume(key_of(&place)?) {
                None => OTHER_STORAGE,
                Some(volume) if volume.is_external => EXTERNAL,
                // It is not there yet.
                Some(_) => return None,
            };
            Some((place, why))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Why a volume is left alone.
const EXTERNAL: &str = "it is external; declared by its key under `state` in the policy, it is gone through";

/// One that we may not look at may be one.
fn is_directory(path: &Path) -> bool {
    match path.metadata() {
        Ok(metadata) => metadata.is_dir(),
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

/// Whoever may write a directory of the tree can move a file of the operator's into it.
fn takes_from(known: &BTreeSet<u32>, map: &IdMap, caller: &Caller, takes_mine: bool) -> BTreeSet<u32> {
    let mut from = known.clone();
    if !map.is_identity() {
        from.insert(OVERFLOW);
    }
    for operator in caller.operators().filter(|_| !takes_mine) {
        from.remove(&operator);
    }
    from.remove(&0);
    from
}

impl Repair {
    /// Records that the service has its new user from now on.
    pub fn record(&self, lock: &mut Lock) {
        let Some(entry) = lock.services.get_mut(&self.service) else { return };
        let Some(old) = self.moved_from else { return };
        entry.previous.retain(|owner| *owner != old && *owner != self.user);
        entry.previous.push(old);
        entry.user = self.user;
    }
}
