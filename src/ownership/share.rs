//! Directories that several users write: by a group that all of them have, or by access control lists that
//! name them, in place of giving everything to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, IdMap};
use crate::host::Owner;
use crate::host::walk::share::{By, Share};
use crate::model::volume::key_of;
use crate::model::{mount, namespace};
use crate::source::Origin;
use crate::yaml::Node;

use super::bind::Whom;
use super::lock::{self, Lock, StateRoots};
use super::state::{DeclaredState, Strategy, declared_trees};
use super::{Caller, Users};

/// One directory that is shared.
#[derive(Clone, Debug)]
pub struct SharedTree {
    /// Of the host, or a volume.
    pub path: PathBuf,
    /// The volume in which it lies, as the engine calls it.
    pub volume: Option<String>,
    /// A directory that was declared, and the way below it without links.
    pub root: PathBuf,
    pub relative: PathBuf,
    /// Who shares it, in the model's order.
    pub services: Vec<String>,
    pub share: Share,
    /// Why it is done in this way.
    pub why: String,
}

impl SharedTree {
    /// Whether a path is in it, as it was written or without links.
    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.path) || path.starts_with(self.root.join(&self.relative))
    }

    /// Whether what is there and belongs to this owner will be usable for the service.
    pub fn mends(&self, service: &str, path: &Path, owner: Owner) -> bool {
        let is_top = path == self.path || path == self.root.join(&self.relative);
        self.holds(path)
            && self.services.iter().any(|name| name == service)
            && (self.share.from.contains(&owner.uid) || is_top && self.share.top.contains(&owner.uid))
    }

    /// For people.
    pub fn shown(&self) -> String {
        lock::shown(&self.path)
    }

    /// As the policy calls it.
    pub fn strategy(&self) -> &'static str {
        match self.share.by {
            By::Group(_) => "group",
            By::List(_) => "acl",
        }
    }

    /// "group 5005", "users 1500, 3001 and 3002".
    pub fn whom(&self) -> String {
        match &self.share.by {
            By::Group(gid) => format!("group {gid}"),
            By::List(users) => {
                let name = |(uid, writes): (&u32, &bool)| {
                    format!("{uid}{}", if *writes { "" } else { " (reading)" })
                };
                format!("users {}", listed(&users.iter().map(name).collect::<Vec<_>>()))
            }
        }
    }
}

/// What is shared, and what was declared so and cannot be.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    pub trees: Vec<SharedTree>,
    pub findings: Vec<Finding>,
}

/// Everything that the answer depends on.
pub struct Question<'q> {
    /// With the services of every profile: whoever is not launched now shares it all the same.
    pub model: &'q Model,
    pub users: &'q Users,
    pub lock: Option<&'q Lock>,
    pub maps: &'q dyn Fn(&str) -> Answer<IdMap>,
    pub caller: &'q Caller,
    pub roots: &'q StateRoots,
    pub declared: &'q [DeclaredState],
}

/// One mount of one service.
struct Mount {
    source: PathBuf,
    writes: bool,
    origin: Origin,
}

/// A service with what it mounts.
struct Member<'q> {
    name: &'q str,
    mounts: Vec<Mount>,
    whom: Whom,
    /// Whom it was before, in the host's numbers.
    former: Vec<Owner>,
}

impl Member<'_> {
    /// How it uses a directory: all of it, a part of it, or as a part of something larger.
    fn uses(&self, tree: &Path) -> Option<(bool, Origin)> {
        let used = self
            .mounts
            .iter()
            .filter(|mount| mount.source.starts_with(tree) || tree.starts_with(&mount.source));
        used.map(|mount| (mount.writes, mount.origin)).max_by_key(|(writes, _)| *writes)
    }

    fn groups(&self) -> BTreeSet<u32> {
        let own = self.whom.owner.as_ref().known().map(|owner| owner.gid);
        self.whom.groups.iter().copied().chain(own).filter(|gid| *gid != 0).collect()
    }
}

/// Decides which of the declared directories are shared, and how.
pub fn decide(question: &Question<'_>) -> Sharing {
    let members: Vec<Member<'_>> =
        question.model.services().map(|(name, service)| member(question, name, service)).collect();
    let mut declared: BTreeMap<PathBuf, (Strategy, Vec<Owner>)> = BTreeMap::new();
    for (_, service) in question.model.services() {
        for tree in declared_trees(service, question.roots, question.declared) {
            declared.entry(tree.path).or_insert((tree.strategy, tree.from));
        }
    }
    let mut sharing = Sharing::default();
    for (path, (strategy, from)) in declared {
        // Around it is shared already.
        if sharing.trees.iter().any(|around| around.holds(&path)) {
            continue;
        }
        match tree(question, &members, &path, strategy, &from) {
            Ok(found) => sharing.trees.extend(found),
            Err(finding) => sharing.findings.push(*finding),
        }
    }
    sharing
}

fn member<'q>(question: &Question<'q>, name: &'q str, service: &Node) -> Member<'q> {
    let userns = namespace::USERNS.or_empty(service);
    let map = (question.maps)(userns);
    let entry = question.lock.and_then(|lock| lock.services.get(name));
    let former = entry.into_iter().flat_map(|entry| entry.previous.iter().chain([&entry.user]));
    let former = former.filter_map(|owner| map.as_ref().known()?.to_host(*owner)).collect();
    let mount = |mount: &Node| {
        let origin = mount::SOURCE.node(mount)?.origin;
        let writes = !mount::READ_ONLY.is_on(mount);
        Some(Mount { source: lock::source(mount)?, writes, origin })
    };
    let mounts = lock::mounts(service).filter_map(mount).collect();
    Member { name, mounts, whom: Whom::of(service, question.users.of(name), map), former }
}

fn tree(
    question: &Question<'_>,
    members: &[Member<'_>],
    path: &Path,
    strategy: Strategy,
    from: &[Owner],
) -> Result<Option<SharedTree>, Box<Finding>> {
    let sharers: Vec<(&Member<'_>, bool, Origin)> = members
        .iter()
        .filter_map(|member| member.uses(path).map(|(writes, origin)| (member, writes, origin)))
        .collect();
    let (by, why) = match strategy {
        Strategy::Chown | Strategy::Idmap => return Ok(None),
        Strategy::Unsaid => match common_group(&sharers).filter(|_| differ(&sharers)) {
            Some(gid) => (
                By::Group(gid),
                format!("{} with different users share it, and all have that group", named(&sharers)),
            ),
            None => return Ok(None),
        },
        Strategy::Group => match common_group(&sharers) {
            Some(gid) => (By::Group(gid), format!("declared so, and {} that group", has(&sharers))),
            None => return Err(Box::new(no_group(path, &sharers))),
        },
        Strategy::Acl => {
            let known = sharers
                .iter()
                .filter_map(|(member, writes, _)| Some((member.whom.owner.as_ref().known()?.uid, *writes)));
            // On another machine the operator has another number, or none.
            let operator = question.caller.person.filter(|_| !question.roots.is_elsewhere());
            let mut users: BTreeMap<u32, bool> = BTreeMap::new();
            for (uid, writes) in known.chain(operator.map(|person| (person.uid, true))) {
                *users.entry(uid).or_default() |= writes;
            }
            (By::List(users), "declared so: what one of them makes, the others can use".to_owned())
        }
    };
    let Some((root, relative)) = question.roots.inside(path) else { return Ok(None) };
    let maps = sharers.iter().filter_map(|(member, ..)| member.whom.map.as_ref().known());
    let declared: Vec<Owner> =
        maps.flat_map(|map| from.iter().filter_map(|owner| map.to_host(*owner))).collect();
    let former = sharers.iter().flat_map(|(member, ..)| &member.former).chain(&declared);
    let now: Vec<Owner> =
        sharers.iter().filter_map(|(member, ..)| member.whom.owner.as_ref().known().copied()).collect();
    let operators: BTreeSet<u32> = question.caller.operators().collect();
    let mut known: BTreeSet<u32> = former.map(|owner| owner.uid).collect();
    known.retain(|uid| !operators.contains(uid));
    known.extend(now.iter().map(|owner| owner.uid));
    known.remove(&0);
    let mut groups: BTreeSet<u32> = now.iter().map(|owner| owner.gid).collect();
    groups.extend(if let By::Group(gid) = by { Some(gid) } else { None });
    let is_ours = is_fixed(members, path) && !question.roots.is_elsewhere();
    let top = if is_ours { operators } else { BTreeSet::new() };
    let volume = key_of(path).and_then(|key| question.roots.volume(key)).map(|volume| volume.name.clone());
    Ok(Some(SharedTree {
        path: path.to_owned(),
        volume,
        root,
        relative,
        services: sharers.iter().map(|(member, ..)| member.name.to_owned()).collect(),
        share: Share { by, from: known, top, groups, dry_run: false },
        why,
    }))
}

/// Whether no container can have put another directory in its place: it is mounted itself, and what holds it
/// is not.
fn is_fixed(members: &[Member<'_>], path: &Path) -> bool {
    let mut mounts = members.iter().flat_map(|member| &member.mounts);
    let is_mounted = mounts.clone().any(|mount| mount.source == path);
    is_mounted && !mounts.any(|mount| mount.writes && mount.source != path && path.starts_with(&mount.source))
}

fn differ(sharers: &[(&Member<'_>, bool, Origin)]) -> bool {
    let mut users = sharers.iter().filter_map(|(member, ..)| member.whom.owner.as_ref().known());
    let first = users.next();
    users.any(|owner| Some(owner.uid) != first.map(|first| first.uid))
}

/// A group that all of them have; rather one that is nobody's own.
fn common_group(sharers: &[(&Member<'_>, bool, Origin)]) -> Option<u32> {
    // Root that kept the capability needs none.
    let members: Vec<&Member<'_>> =
        sharers.iter().map(|(member, ..)| *member).filter(|member| !member.whom.overrides).collect();
    let mut groups = members.iter().map(|member| member.groups());
    let first = groups.next()?;
    let common = groups.fold(first, |common, groups| &common & &groups);
    let is_own = |gid: u32| {
        members.iter().any(|member| member.whom.owner.as_ref().known().is_some_and(|owner| owner.gid == gid))
    };
    common.into_iter().min_by_key(|gid| (is_own(*gid), *gid))
}

fn named(sharers: &[(&Member<'_>, bool, Origin)]) -> String {
    listed(&sharers.iter().map(|(member, ..)| format!("`{}`", member.name)).collect::<Vec<_>>())
}

fn has(sharers: &[(&Member<'_>, bool, Origin)]) -> String {
    format!("{} {}", named(sharers), if sharers.len() == 1 { "has" } else { "all have" })
}

/// "a", "a and b", "a, b and c".
pub fn listed(items: &[String]) -> String {
    match items {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        items => items.concat(),
    }
}

fn no_group(path: &Path, sharers: &[(&Member<'_>, bool, Origin)]) -> Finding {
    let message = format!(
        "{} is to be shared by a group, and {} {}",
        lock::shown(path),
        named(sharers),
        if sharers.len() == 1 { "has none but root's" } else { "have none in common" }
    );
    let finding =
        sharers.iter().fold(Finding::error(Code::BindShared, message), |finding, (member, _, origin)| {
            let groups: Vec<String> = member.groups().iter().map(u32::to_string).collect();
            let groups =
                if groups.is_empty() { "no group".to_owned() } else { format!("group {}", listed(&groups)) };
            finding.at_origin(*origin, groups)
        });
    finding.help(
        "Give each of their users the same group, which every posture allows: `user: \"UID:5005\"`; below `hardened` \
         `group_add: [\"5005\"]` does it, too. Or share it without a group: `strategy: acl` in the policy.",
    )
}

#[cfg(test)]
mod tests;
