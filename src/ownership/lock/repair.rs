//! What a repair takes, from whom, and to whom it gives it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Lock, LockFile, StateRoots, state_paths};
use crate::engine::idmap::OVERFLOW;
use crate::engine::{Answer, IdMap};
use crate::host::{Handover, Owner};
use crate::ownership::{Caller, UserDecision};
use crate::yaml::Node;

/// One directory to be put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    pub path: PathBuf,
    /// A directory that was declared, and the way below it without links.
    pub root: PathBuf,
    pub relative: PathBuf,
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
    pub handover: Handover,
}

/// Decides the repair of a service that the lock has.
///
/// # Errors
/// Why it cannot be decided.
pub fn plan(
    file: &LockFile,
    decision: &UserDecision,
    service: &Node,
    map: &Answer<IdMap>,
    caller: &Caller,
    roots: &StateRoots,
) -> Result<Option<Repair>, String> {
    let name = &decision.service;
    let Some(entry) = file.lock.services.get(name) else { return Ok(None) };
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
    let recorded = entry.previous.iter().chain([&entry.user]);
    let known: Vec<Owner> = recorded.filter_map(|owner| map.to_host(*owner)).collect();
    let mut from: BTreeSet<u32> = known.iter().map(|owner| owner.uid).collect();
    let groups: BTreeSet<u32> = known.iter().map(|owner| owner.gid).collect();
    if !map.is_identity() {
        from.insert(OVERFLOW);
    }
    // Whoever may write a directory of the tree can move a file of the operator's into it.
    let operators = [Some(caller.process), caller.person, crate::host::owner::sudo_caller()];
    for operator in operators.into_iter().flatten().map(|owner| owner.uid).chain([0]) {
        from.remove(&operator);
    }
    let trees = state_paths(service, roots).into_iter().filter_map(|path| {
        let (root, relative) = roots.inside(&path)?;
        path.is_dir().then_some(Tree { path, root, relative })
    });
    Ok(Some(Repair {
        service: name.clone(),
        user,
        moved_from: Some(entry.user).filter(|old| *old != user),
        trees: trees.collect(),
        handover: Handover { to, from, groups, dry_run: false },
    }))
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
