//! What each service has of what it mounts, under a map of users: whose it is on disk and in the container, and
//! whether the service's user may read and write it. Nothing is judged; a map that is not in force can be asked about.

use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::engine::{Answer, IdMap};
use crate::host::access::{self, Access, Verdict};
use crate::host::{Credentials, FileSystem, Kind, Owner};
use crate::model::namespace;
use crate::ownership::Users;
use crate::source::SourceMap;
use crate::yaml::Node;

use super::look::{Found, look};
use super::mounts;
use super::whom::Whom;

/// What the answer depends on, beside the host itself.
pub struct ViewQuestion<'q> {
    pub model: &'q Model,
    pub sources: &'q SourceMap,
    pub users: &'q Users,
    /// The map for a `userns_mode:`, empty where the service has none.
    pub maps: &'q dyn Fn(&str) -> Answer<IdMap>,
    /// The directory on this machine of a volume of the engine, by its key in the model; `None` where it is not
    /// made yet.
    pub volumes: &'q dyn Fn(&str) -> Answer<Option<PathBuf>>,
    /// Whose files on disk a directory shows to this service as its own, where it does.
    pub shown: &'q dyn Fn(&str, &Path) -> Option<Owner>,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ServiceView {
    pub name: String,
    pub userns_mode: String,
    pub map: Answer<IdMap>,
    /// In the container's numbers.
    pub inside: Answer<Owner>,
    pub groups: Vec<u32>,
    /// In the host's.
    pub owner: Answer<Owner>,
    pub mounts: Vec<MountView>,
}

/// One path in a service's containers.
#[derive(Clone, Debug)]
pub struct MountView {
    pub target: PathBuf,
    /// On this machine, without links where it is there.
    pub source: Answer<Option<PathBuf>>,
    /// The key of a volume of the engine.
    pub volume: Option<String>,
    pub read_only: bool,
    /// The files on disk are another user's and shown as the service's own.
    pub is_shown: bool,
    pub there: Answer<Option<There>>,
}

/// What is at a source.
#[derive(Clone, Debug)]
pub struct There {
    pub kind: Kind,
    /// On disk.
    pub owner: Owner,
    pub mode: u32,
    /// As the container sees it; unknown where the map is.
    pub seen: Answer<Owner>,
    pub reads: Answer<bool>,
    pub writes: Answer<bool>,
}

/// Looks at all services of a model.
pub fn view(question: &ViewQuestion<'_>) -> Vec<ServiceView> {
    question.model.services().map(|(name, node)| of_service(question, name, node)).collect()
}

fn of_service(question: &ViewQuestion<'_>, name: &str, node: &Node) -> ServiceView {
    let userns_mode = namespace::USERNS.or_empty(node).to_owned();
    let decision = question.users.of(name);
    let whom = Whom::of(node, decision, (question.maps)(&userns_mode));
    let mounts = mounts::of_service(question.model, node, question.sources);
    let mounts = mounts.into_iter().filter(|mount| mount.is_mounted);
    let identity = Whom::of(node, decision, Answer::Known(IdMap::identity()));
    ServiceView {
        name: name.to_owned(),
        userns_mode,
        map: whom.map.clone(),
        inside: whom.inside.clone(),
        groups: identity.groups,
        owner: whom.owner.clone(),
        mounts: mounts.filter_map(|mount| of_mount(question, name, &whom, mount)).collect(),
    }
}

fn of_mount(
    question: &ViewQuestion<'_>,
    service: &str,
    whom: &Whom,
    mount: mounts::Mount,
) -> Option<MountView> {
    let place = match (&mount.source, &mount.volume) {
        (Some(source), _) => Answer::Known(Some(source.path.clone())),
        (None, Some(volume)) => (question.volumes)(volume),
        // Memory, and volumes without a name, which are new each time.
        (None, None) => return None,
    };
    let disk = place.as_ref().known().and_then(|path| (question.shown)(service, path.as_ref()?));
    let found = place.and_then(|path| match path {
        None => Answer::Known((None, None)),
        Some(path) => match look(&path) {
            Found::Present(seen) => {
                let there =
                    there(whom, &seen.real, (seen.kind, seen.owner, seen.mode), disk, mount.read_only);
                Answer::Known((Some(seen.real), Some(there)))
            }
            Found::Missing { .. } => Answer::Known((Some(path), None)),
            Found::Dangling(link) => Answer::Unknown(format!("{} leads nowhere", link.display())),
            Found::InTheWay(way, kind) => {
                Answer::Unknown(format!("{} is {}, not a directory", way.display(), kind.describe()))
            }
            Found::Unknown(reason) => Answer::Unknown(reason),
        },
    });
    Some(MountView {
        target: mount.target,
        source: found.as_ref().map(|(path, _)| path.clone()),
        volume: mount.volume.filter(|_| mount.source.is_none()),
        read_only: mount.read_only,
        is_shown: disk.is_some(),
        there: found.map(|(_, there)| there),
    })
}

fn there(
    whom: &Whom,
    real: &Path,
    (kind, owner, mode): (Kind, Owner, u32),
    disk: Option<Owner>,
    read_only: bool,
) -> There {
    // Through a mount that maps, what is that user's on disk is the service's, and everything else is nobody's.
    let shown = disk.map(|disk| match (owner == disk, whom.owner.as_ref().known()) {
        (true, Some(own)) => *own,
        _ => Owner::new(crate::engine::idmap::OVERFLOW, crate::engine::idmap::OVERFLOW),
    });
    let seen = whom.map.as_ref().map(|map| map.seen_inside(shown.unwrap_or(owner)));
    let may = |wanted: Access| {
        let Some(who) = whom.credentials() else {
            return Answer::Unknown(whom.owner.reason().unwrap_or("whom it runs as is not known").to_owned());
        };
        match shown {
            Some(shown) => {
                Answer::Known(access::permits(shown, mode, &who, wanted) || whom.passes_over(shown))
            }
            None => allows(whom, &who, real, kind, wanted),
        }
    };
    let enters = kind == Kind::Directory;
    let reads = may(Access { execute: enters, ..Access::READ });
    let writes =
        if read_only { Answer::Known(false) } else { may(Access { execute: enters, ..Access::WRITE }) };
    There { kind, owner, mode, seen, reads, writes }
}

fn allows(whom: &Whom, who: &Credentials, real: &Path, kind: Kind, wanted: Access) -> Answer<bool> {
    let directory = if kind == Kind::Directory { Some(real) } else { real.parent() };
    match FileSystem::of(directory.unwrap_or(Path::new("/"))) {
        Ok(system) if system.is_foreign() => {
            return Answer::Unknown(format!("on {} another machine or a program decides", system.name));
        }
        Ok(system) if system.is_read_only && wanted.write => return Answer::Known(false),
        Ok(_) => {}
        Err(error) => return Answer::Unknown(format!("its filesystem cannot be looked at: {error}")),
    }
    match access::check_below(real, Path::new(""), who, wanted) {
        Ok(Verdict::Allowed) => Answer::Known(true),
        Ok(Verdict::Blocked(blocked)) => Answer::Known(whom.passes_over(blocked.owner)),
        Err(error) => Answer::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::idmap::Range;
    use crate::ownership::testing::{model, root};
    use crate::ownership::{NoEngine, UserQuestion, decide_users};

    fn remapped() -> IdMap {
        let range = vec![Range { container: 0, host: 100_000, length: 65536 }];
        IdMap::new(range.clone(), range)
    }

    fn of(text: &str, map: &IdMap, disk: Option<Owner>) -> ServiceView {
        let (model, sources) = model(text);
        let users = decide_users(&UserQuestion {
            model: &model,
            sources: &sources,
            policy: None,
            images: &NoEngine,
            caller: &root(),
            known: &std::collections::BTreeMap::new(),
        });
        let views = view(&ViewQuestion {
            model: &model,
            sources: &sources,
            users: &users,
            maps: &|_| Answer::Known(map.clone()),
            volumes: &|_| Answer::Known(None),
            shown: &|_, _| disk,
        });
        views.into_iter().next().unwrap()
    }

    #[test]
    fn each_side_of_the_map_has_its_numbers_and_its_rights() {
        let temp = tempfile::tempdir().unwrap();
        let own = Owner::current();
        std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
        let mount = |extra: &str| {
            format!(
                "services:\n  a:\n    user: '{own}'\n    cap_drop: [ALL]\n    volumes: [{{type: bind, source: {}, target: /t{extra}}}]\n",
                temp.path().display()
            )
        };
        let off = of(&mount(""), &IdMap::identity(), None);
        let there = off.mounts[0].there.clone().known().unwrap().unwrap();
        assert_eq!((off.owner, there.owner, there.seen), (Answer::Known(own), own, Answer::Known(own)));
        assert_eq!((there.reads, there.writes), (Answer::Known(true), Answer::Known(true)));
        let on = of(&mount(""), &remapped(), None);
        let there = on.mounts[0].there.clone().known().unwrap().unwrap();
        let nobody = Owner::new(65534, 65534);
        assert_eq!(on.owner, Answer::Known(Owner::new(own.uid + 100_000, own.gid + 100_000)));
        assert_eq!((there.owner, there.seen), (own, Answer::Known(nobody)));
        assert_eq!((there.reads, there.writes), (Answer::Known(false), Answer::Known(false)));
        // Shown as its own, it stays so under any map.
        let shown = of(&mount(""), &remapped(), Some(own));
        let there = shown.mounts[0].there.clone().known().unwrap().unwrap();
        assert_eq!((there.seen, there.writes), (Answer::Known(own), Answer::Known(true)));
        let read_only = of(&mount(", read_only: true"), &IdMap::identity(), None);
        let there = read_only.mounts[0].there.clone().known().unwrap().unwrap();
        assert_eq!((there.reads, there.writes), (Answer::Known(true), Answer::Known(false)));
    }

    #[test]
    fn what_is_not_there_and_what_is_not_known_are_told_apart() {
        let text = |source: &str| {
            format!(
                "services:\n  a:\n    user: '1:1'\n    volumes: [{{type: bind, source: {source}, target: /t}}]\n"
            )
        };
        assert!(matches!(
            of(&text("/none/x"), &IdMap::identity(), None).mounts[0].there,
            Answer::Known(None)
        ));
        let odd = of(&text("/proc/version/x"), &IdMap::identity(), None);
        assert!(odd.mounts[0].there.reason().unwrap().contains("not a directory"));
    }
}
