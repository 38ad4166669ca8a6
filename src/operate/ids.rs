//! Who each service is on the host, and what it can do with what it mounts: as it is, and as it would be if the
//! engine mapped users.

mod change;
mod human;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::engine::Answer;
use crate::engine::idmap::{IdMap, Range};
use crate::host::{Kind, Owner};
use crate::operate::accounts::Accounts;
use crate::ownership::bind::view::{MountView, ServiceView, There};

pub use change::{Change, Effect};

/// All of it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: u32,
    pub project: String,
    /// Where the ids begin that were assumed.
    pub assumed: Option<Assumed>,
    pub services: Vec<Service>,
    /// Directories that services with different maps have in common.
    pub conflicts: Vec<Conflict>,
    /// What would be otherwise, where a map was assumed.
    pub changes: Vec<Change>,
}

/// The map that was assumed.
#[derive(Debug, Serialize)]
pub struct Assumed {
    pub uids: Vec<Range>,
    pub gids: Vec<Range>,
    /// Whether it is the one in force already.
    pub in_force: bool,
}

#[derive(Debug, Serialize)]
pub struct Service {
    pub name: String,
    pub userns_mode: String,
    /// In the container's numbers; null where it is not known.
    pub user: Option<String>,
    /// Further groups, in the container's numbers.
    pub groups: Vec<u32>,
    pub now: HostUser,
    pub then: Option<HostUser>,
    pub mounts: Vec<Mount>,
}

/// Who a service is on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostUser {
    /// `UID:GID`; null where it is not known.
    pub owner: Option<String>,
    /// Names of this machine.
    pub user: Option<String>,
    pub group: Option<String>,
    /// Why it is not known.
    pub unknown: Option<String>,
}

/// One mounted path.
#[derive(Debug, Serialize)]
pub struct Mount {
    pub target: PathBuf,
    pub source: Option<PathBuf>,
    pub volume: Option<String>,
    pub read_only: bool,
    /// Shown to the service as its own by a mount that maps ids.
    pub idmap: bool,
    /// Whose it is on disk; null where nothing is there, or it is not known.
    pub disk: Option<String>,
    pub mode: Option<String>,
    pub unknown: Option<String>,
    pub now: Rights,
    pub then: Option<Rights>,
}

/// What the container has of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// Whose it seems to be.
    pub seen: Option<String>,
    /// Null where it is not known.
    pub reads: Option<bool>,
    pub writes: Option<bool>,
}

/// A directory that services with different maps have in common, so that none is whose it is for the other.
#[derive(Debug, Serialize)]
pub struct Conflict {
    pub path: PathBuf,
    /// Whether it is so only with the assumed map.
    pub assumed: bool,
    pub services: Vec<String>,
    pub owners: Vec<String>,
    pub ways_out: Vec<String>,
}

/// What was looked at: as it is, and with the assumed map.
pub struct Looked<'l> {
    pub project: &'l str,
    pub now: &'l [ServiceView],
    pub then: Option<(&'l [ServiceView], &'l IdMap)>,
    /// The map in force.
    pub in_force: &'l Answer<IdMap>,
    /// Keys of a service that an engine refuses where it maps users.
    pub refused: &'l dyn Fn(&str) -> Vec<&'static str>,
}

pub(crate) fn report(looked: &Looked<'_>, accounts: &Accounts) -> Report {
    let then = |at: usize| looked.then.and_then(|(views, _)| views.get(at));
    let services: Vec<Service> =
        looked.now.iter().enumerate().map(|(at, now)| service(now, then(at), accounts)).collect();
    let mut found = conflicts(looked.now, false);
    if let Some((views, _)) = looked.then {
        let known: Vec<PathBuf> = found.iter().map(|conflict| conflict.path.clone()).collect();
        found.extend(conflicts(views, true).into_iter().filter(|conflict| !known.contains(&conflict.path)));
    }
    let assumed = looked.then.map(|(_, map)| Assumed {
        uids: map.uids().to_vec(),
        gids: map.gids().to_vec(),
        in_force: looked.in_force.as_ref().known() == Some(map),
    });
    Report {
        version: 1,
        project: looked.project.to_owned(),
        changes: looked.then.map(|(views, map)| change::all(looked, views, map)).unwrap_or_default(),
        assumed,
        services,
        conflicts: found,
    }
}

fn service(now: &ServiceView, then: Option<&ServiceView>, accounts: &Accounts) -> Service {
    let mount = |at: usize, mount: &MountView| {
        let other = then.and_then(|then| then.mounts.get(at));
        let there = mount.there.as_ref().known().and_then(Option::as_ref);
        Mount {
            target: mount.target.clone(),
            source: mount.source.as_ref().known().cloned().flatten(),
            volume: mount.volume.clone(),
            read_only: mount.read_only,
            idmap: mount.is_shown,
            disk: there.map(|there| there.owner.to_string()),
            mode: there.map(|there| format!("{:04o}", there.mode)),
            unknown: unknown(mount),
            now: rights(mount),
            then: other.map(rights),
        }
    };
    Service {
        name: now.name.clone(),
        userns_mode: now.userns_mode.clone(),
        user: now.inside.as_ref().known().map(ToString::to_string),
        groups: now.groups.clone(),
        now: host_user(now, accounts),
        then: then.map(|then| host_user(then, accounts)),
        mounts: now.mounts.iter().enumerate().map(|(at, one)| mount(at, one)).collect(),
    }
}

/// Why something about a mount is not known; the first reason there is.
fn unknown(mount: &MountView) -> Option<String> {
    let there = match &mount.there {
        Answer::Unknown(reason) => return Some(reason.clone()),
        Answer::Known(there) => there.as_ref()?,
    };
    let reasons = [there.seen.reason(), there.reads.reason(), there.writes.reason()];
    reasons.into_iter().flatten().next().map(str::to_owned)
}

fn host_user(view: &ServiceView, accounts: &Accounts) -> HostUser {
    let owner = view.owner.as_ref().known().copied();
    HostUser {
        owner: owner.map(|owner| owner.to_string()),
        user: owner.and_then(|owner| accounts.user(owner.uid)),
        group: owner.and_then(|owner| accounts.group(owner.gid)),
        unknown: view.owner.reason().map(str::to_owned),
    }
}

fn rights(mount: &MountView) -> Rights {
    let Some(there) = mount.there.as_ref().known().and_then(Option::as_ref) else { return Rights::default() };
    Rights {
        seen: there.seen.as_ref().known().map(ToString::to_string),
        reads: there.reads.as_ref().known().copied(),
        writes: there.writes.as_ref().known().copied(),
    }
}

/// What several services have mounted, where at least one writes and the same number inside is not the same user.
fn conflicts(views: &[ServiceView], assumed: bool) -> Vec<Conflict> {
    let mut trees: BTreeMap<&Path, Vec<(&ServiceView, &MountView, &There)>> = BTreeMap::new();
    for view in views {
        for mount in view.mounts.iter().filter(|mount| !mount.is_shown) {
            let source = mount.source.as_ref().known().and_then(|source| source.as_deref());
            let there = mount.there.as_ref().known().and_then(Option::as_ref);
            if let (Some(source), Some(there)) = (source, there)
                && there.kind == Kind::Directory
            {
                trees.entry(source).or_default().push((view, mount, there));
            }
        }
    }
    let mut found = Vec::new();
    for (path, users) in trees {
        let mut maps: Vec<&IdMap> = Vec::new();
        for map in users.iter().filter_map(|(view, ..)| view.map.as_ref().known()) {
            if !maps.contains(&map) {
                maps.push(map);
            }
        }
        let owner = |view: &ServiceView| view.owner.as_ref().known().copied();
        let mut owners: Vec<Option<Owner>> = users.iter().map(|(view, ..)| owner(view)).collect();
        owners.sort_unstable();
        owners.dedup();
        let is_written = users.iter().any(|(_, mount, _)| !mount.read_only);
        if maps.len() < 2 || owners.len() < 2 || !is_written {
            continue;
        }
        let shown = |view: &ServiceView| {
            owner(view).map_or_else(|| "not known".to_owned(), |owner| owner.to_string())
        };
        found.push(Conflict {
            path: path.to_owned(),
            assumed,
            services: users.iter().map(|(view, ..)| view.name.clone()).collect(),
            owners: users.iter().map(|(view, ..)| shown(view)).collect(),
            ways_out: [
                "Give them the same `userns_mode:`, so that one number is one user.",
                "Declare it in the policy, `state: [{path: …, strategy: acl}]`: lists name all who share it, whatever \
                 their maps.",
                "Let one write, and mount it `:ro` for the others, with files that everybody may read.",
            ]
            .map(str::to_owned)
            .to_vec(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(owner: u32) -> There {
        There {
            kind: Kind::Directory,
            owner: Owner::new(owner, owner),
            mode: 0o755,
            seen: Answer::Known(Owner::new(owner, owner)),
            reads: Answer::Known(true),
            writes: Answer::Known(true),
        }
    }

    fn view(name: &str, mode: &str, owner: u32, read_only: bool) -> ServiceView {
        let mount = MountView {
            target: "/t".into(),
            source: Answer::Known(Some("/srv/t".into())),
            volume: None,
            read_only,
            is_shown: false,
            there: Answer::Known(Some(there(1000))),
        };
        let range = Range { container: 0, host: 100_000, length: 65536 };
        let map = if owner < 100_000 { IdMap::identity() } else { IdMap::new(vec![range], vec![range]) };
        ServiceView {
            name: name.into(),
            userns_mode: mode.into(),
            map: Answer::Known(map),
            inside: Answer::Known(Owner::new(1000, 1000)),
            groups: Vec::new(),
            owner: Answer::Known(Owner::new(owner, owner)),
            mounts: vec![mount],
        }
    }

    #[test]
    fn one_tree_under_two_maps_is_a_conflict_where_somebody_writes() {
        let found = conflicts(&[view("a", "", 101_000, false), view("b", "host", 1000, true)], false);
        assert_eq!(
            (found.len(), &found[0].owners[..]),
            (1, &["101000:101000".to_owned(), "1000:1000".into()][..])
        );
        let none = |views: &[ServiceView]| assert!(conflicts(views, false).is_empty());
        none(&[view("a", "", 101_000, true), view("b", "host", 1000, true)]);
        none(&[view("a", "host", 1000, false), view("b", "host", 1000, false)]);
        none(&[view("a", "", 1000, false), view("b", "host", 1000, false)]);
        // `userns_mode: host` changes nothing on an engine without a map.
        none(&[view("a", "", 0, false), view("b", "host", 1000, false)]);
    }

    #[test]
    fn a_mount_says_the_first_reason_for_what_it_does_not_say() {
        let mut one = view("a", "", 1, false);
        assert_eq!(unknown(&one.mounts[0]), None);
        one.mounts[0].there =
            Answer::Known(Some(There { writes: Answer::unknown("nfs decides"), ..there(1) }));
        assert_eq!(unknown(&one.mounts[0]).as_deref(), Some("nfs decides"));
        one.mounts[0].there = Answer::unknown("no answer");
        assert_eq!(unknown(&one.mounts[0]).as_deref(), Some("no answer"));
        assert_eq!(rights(&one.mounts[0]), Rights::default());
    }
}
