//! Which user of the host a user in a container is.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Answer, Info};
use crate::host::Owner;

/// What the kernel shows for an id that a map does not have.
pub const OVERFLOW: u32 = 65534;

/// Whose subordinate ids an engine takes with `"userns-remap": "default"`, and where those begin that tools give
/// first.
const USUAL_USER: &str = "dockremap";
const USUAL_FIRST: u32 = 100_000;

/// Container ids from `container` on are host ids from `host` on; `length` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub container: u32,
    pub host: u32,
    pub length: u32,
}

impl Range {
    fn forward(&self, id: u32) -> Option<u32> {
        let offset = id.checked_sub(self.container)?;
        (offset < self.length).then(|| self.host.checked_add(offset)).flatten()
    }

    fn back(&self, id: u32) -> Option<u32> {
        let offset = id.checked_sub(self.host)?;
        (offset < self.length).then(|| self.container.checked_add(offset)).flatten()
    }
}

/// `0-65535 → 100000-165535`: in a container, and on the host.
pub fn shown(ranges: &[Range]) -> String {
    let both = |first: u32, length: u32| match length {
        1 => first.to_string(),
        _ => format!("{first}-{}", first.saturating_add(length - 1)),
    };
    let one = |range: &Range| {
        format!("{} → {}", both(range.container, range.length), both(range.host, range.length))
    };
    ranges.iter().filter(|range| range.length > 0).map(one).collect::<Vec<_>>().join(", ")
}

/// A user namespace's maps of users and groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdMap {
    uids: Vec<Range>,
    gids: Vec<Range>,
}

impl IdMap {
    pub fn new(uids: Vec<Range>, gids: Vec<Range>) -> Self {
        Self { uids, gids }
    }

    /// Every id is itself: no user namespace.
    pub fn identity() -> Self {
        let all = vec![Range { container: 0, host: 0, length: u32::MAX }];
        Self { uids: all.clone(), gids: all }
    }

    pub fn is_identity(&self) -> bool {
        *self == Self::identity()
    }

    /// From the texts of `/proc/PID/uid_map` and `gid_map`, as seen from the host.
    pub fn parse(uid_map: &str, gid_map: &str) -> Option<Self> {
        let ranges = |text: &str| -> Option<Vec<Range>> {
            let line = |line: &str| {
                let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
                let [container, host, length] = [numbers.next()??, numbers.next()??, numbers.next()??];
                numbers.next().is_none().then_some(Range { container, host, length })
            };
            text.lines().map(line).collect()
        };
        Some(Self { uids: ranges(uid_map)?, gids: ranges(gid_map)? })
    }

    /// The map of an engine for containers that do not choose otherwise. `local` tells what only the
    /// engine's own machine knows.
    pub fn of(info: &Info, local: &Local) -> Answer<Self> {
        if let Some(map) = &info.id_map {
            return Answer::Known(map.clone());
        }
        if info.is_rootless {
            return Self::rootless(local);
        }
        if info.is_remapped() {
            return Self::remapped(&info.root_dir, local);
        }
        Answer::Known(Self::identity())
    }

    /// An engine with `userns-remap` keeps its data in a directory named after the first ids: `…/U.G`.
    /// How many follow is written in the machine's `/etc/subuid`.
    fn remapped(root_dir: &Path, local: &Local) -> Answer<Self> {
        let name = root_dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let first = || {
            let (uid, gid) = name.split_once('.')?;
            Some((uid.parse::<u32>().ok()?, gid.parse::<u32>().ok()?))
        };
        let Some((uid, gid)) = first() else {
            return Answer::Unknown(format!(
                "the engine maps users, but its data directory {} does not say to which",
                root_dir.display()
            ));
        };
        Answer::Known(Self {
            uids: subordinate_from(&local.subuid, uid),
            gids: subordinate_from(&local.subgid, gid),
        })
    }

    /// Root of a rootless engine's containers is the user who runs the engine; the others are that
    /// user's subordinate ids, in order.
    fn rootless(local: &Local) -> Answer<Self> {
        let Some(EngineUser { owner, name }) = &local.engine_user else {
            return Answer::unknown("the engine runs without root, and whose it is is not known");
        };
        let ranges = |text: &str, first: u32| {
            let mut ranges = vec![Range { container: 0, host: first, length: 1 }];
            let is_own = |user: &str| user == name || user.parse() == Ok(owner.uid);
            ranges.extend(subordinates_behind_root(text, is_own));
            ranges
        };
        Answer::Known(Self { uids: ranges(&local.subuid, owner.uid), gids: ranges(&local.subgid, owner.gid) })
    }

    /// The map that an engine would have which maps users from `base` on; without one, from where its usual user
    /// for that is given ids, or from the number that tools give first.
    pub fn assumed(base: Option<u32>, local: &Local) -> Self {
        let first = |text: &str| {
            let own = subordinates(text).filter(|(user, ..)| *user == USUAL_USER).map(|(_, first, _)| first);
            base.or_else(|| own.min()).unwrap_or(USUAL_FIRST)
        };
        Self {
            uids: subordinate_from(&local.subuid, first(&local.subuid)),
            gids: subordinate_from(&local.subgid, first(&local.subgid)),
        }
    }

    /// Every other map that an engine of this machine can have had: of no namespace, and of the subordinate ids of
    /// each user, as an engine with `userns-remap` takes them. One without root counts the same ids from one on, so that
    /// a number would be two neighbours': its map is among them only where it is one of `noted`.
    pub fn others(&self, local: &Local, noted: &[Self]) -> Vec<Self> {
        let mut all = vec![Self::identity()];
        for (user, uid, length) in subordinates(&local.subuid) {
            for (_, gid, gids) in subordinates(&local.subgid).filter(|(name, ..)| *name == user) {
                all.push(Self {
                    uids: vec![Range { container: 0, host: uid, length }],
                    gids: vec![Range { container: 0, host: gid, length: gids }],
                });
            }
        }
        all.extend(noted.iter().filter(|map| map.is_without_root(local)).cloned());
        all.retain(|map| map != self);
        all
    }

    /// Whether it is the map of an engine without root, with the subordinate ids that a user of this machine has: a
    /// note with other numbers is not believed.
    fn is_without_root(&self, local: &Local) -> bool {
        let follows = |ranges: &[Range], text: &str, user: &str| {
            let Some((Range { container: 0, length: 1, .. }, own)) = ranges.split_first() else {
                return false;
            };
            own == subordinates_behind_root(text, |name| name == user)
        };
        let mut users = subordinates(&local.subuid).map(|(user, ..)| user);
        users.any(|user| follows(&self.uids, &local.subuid, user) && follows(&self.gids, &local.subgid, user))
    }

    /// Whom a user of a container was on the host under each of these maps. A number that this map has is a present
    /// user's, and nobody's of before; without a map every number is one's own, and tells nothing.
    pub fn formerly(&self, former: &[Self], inside: Owner) -> impl Iterator<Item = Owner> {
        let all = former.iter().filter_map(move |map| map.to_host(inside));
        all.filter(|owner| self.is_identity() || self.uid_to_container(owner.uid).is_none())
    }

    /// The map of a service with this `userns_mode:`. `host` leaves a remapping engine's map; a rootless
    /// engine has nothing to leave it for. `keep-id` and `nomap` are those of Podman without root.
    pub fn for_mode(&self, info: &Info, userns_mode: &str) -> Answer<Self> {
        match userns_mode {
            "" => Answer::Known(self.clone()),
            "host" if info.is_rootless => Answer::Known(self.clone()),
            "host" => Answer::Known(Self::identity()),
            other if info.is_rootless => self.of_podman(other),
            other => Self::chosen(other),
        }
    }

    fn chosen(mode: &str) -> Answer<Self> {
        Answer::Unknown(format!("the map of `userns_mode: {mode}` is the engine's own choice"))
    }

    /// Podman's own modes. `keep-id` gives the user who runs it a number of its own choice in the container, the
    /// same one as on the host where it names none; those of the subordinate ids follow around it. `nomap` leaves
    /// that user out.
    fn of_podman(&self, mode: &str) -> Answer<Self> {
        let (name, options) = mode.split_once(':').unwrap_or((mode, ""));
        let first =
            |ranges: &[Range]| ranges.iter().find(|range| range.container == 0).map(|range| range.host);
        let (Some(mut uid), Some(mut gid)) = (first(&self.uids), first(&self.gids)) else {
            return Self::chosen(mode);
        };
        match name {
            "keep-id" => {
                for option in options.split(',').filter(|option| !option.is_empty()) {
                    match option.split_once('=').map(|(key, value)| (key, value.parse())) {
                        Some(("uid", Ok(number))) => uid = number,
                        Some(("gid", Ok(number))) => gid = number,
                        _ => return Self::chosen(mode),
                    }
                }
                Answer::Known(Self { uids: kept(&self.uids, uid), gids: kept(&self.gids, gid) })
            }
            "nomap" if options.is_empty() => Answer::Known(Self {
                uids: part(&self.uids, 1, u32::MAX, 0),
                gids: part(&self.gids, 1, u32::MAX, 0),
            }),
            _ => Self::chosen(mode),
        }
    }

    /// The host's id of a user in the container; `None` where the map has none for it.
    pub fn uid_to_host(&self, uid: u32) -> Option<u32> {
        self.uids.iter().find_map(|range| range.forward(uid))
    }

    pub fn gid_to_host(&self, gid: u32) -> Option<u32> {
        self.gids.iter().find_map(|range| range.forward(gid))
    }

    /// The host's owner for a user and group in the container.
    pub fn to_host(&self, inside: Owner) -> Option<Owner> {
        Some(Owner::new(self.uid_to_host(inside.uid)?, self.gid_to_host(inside.gid)?))
    }

    pub fn uid_to_container(&self, uid: u32) -> Option<u32> {
        self.uids.iter().find_map(|range| range.back(uid))
    }

    pub fn gid_to_container(&self, gid: u32) -> Option<u32> {
        self.gids.iter().find_map(|range| range.back(gid))
    }

    /// What a container sees as the owner of a file of the host: 65534 for what its map does not have,
    /// which nobody in it can change, not even its root.
    pub fn seen_inside(&self, outside: Owner) -> Owner {
        Owner::new(
            self.uid_to_container(outside.uid).unwrap_or(OVERFLOW),
            self.gid_to_container(outside.gid).unwrap_or(OVERFLOW),
        )
    }

    pub fn uids(&self) -> &[Range] {
        &self.uids
    }

    pub fn gids(&self) -> &[Range] {
        &self.gids
    }
}

/// The ids of a map from `from` on, `length` of them at most, as they are from `to` on in a map of a namespace inside.
fn part(ranges: &[Range], from: u32, length: u32, to: u32) -> Vec<Range> {
    let end = from.saturating_add(length);
    let cut = |range: &Range| {
        let first = range.container.max(from);
        let last = range.container.saturating_add(range.length).min(end);
        let host = range.host.checked_add(first - range.container)?;
        (first < last).then(|| Range { container: to + (first - from), host, length: last - first })
    };
    ranges.iter().filter_map(cut).collect()
}

/// The map in which 0 of this one is `id`, with the others around it in their order.
fn kept(ranges: &[Range], id: u32) -> Vec<Range> {
    let mut all = part(ranges, 1, id, 0);
    all.extend(part(ranges, 0, 1, id));
    all.extend(part(ranges, id.saturating_add(1), u32::MAX, id.saturating_add(1)));
    all
}

/// What the engine's machine knows about subordinate ids.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// The text of `/etc/subuid`; empty where there is none.
    pub subuid: String,
    pub subgid: String,
    /// Who runs a rootless engine: its number, its name, and its primary group.
    pub engine_user: Option<EngineUser>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineUser {
    pub owner: Owner,
    pub name: String,
}

impl EngineUser {
    /// By the text of a passwd file.
    fn find(passwd: &str, uid: u32) -> Option<Self> {
        let (name, gid) = super::user::find_user(passwd, uid)?;
        Some(Self { owner: Owner::new(uid, gid), name })
    }
}

impl Local {
    /// Reads this machine's files; `engine_user` is the user whose the engine's socket is. Of the socket's group
    /// nothing follows: it says who may use the engine.
    ///
    /// # Errors
    /// The file that cannot be read, and why: without it, all but the first ids would be guessed.
    pub fn read(engine_user: Option<u32>) -> Result<Self, String> {
        let text = |path: &str| match std::fs::read(path) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(format!("the engine maps users, and {path} cannot be read: {error}")),
        };
        let engine_user = match engine_user {
            Some(uid) => EngineUser::find(&text("/etc/passwd")?, uid),
            None => None,
        };
        Ok(Self { subuid: text("/etc/subuid")?, subgid: text("/etc/subgid")?, engine_user })
    }
}

/// The entries `user:first:count` of `/etc/subuid` or `/etc/subgid`.
fn subordinates(text: &str) -> impl Iterator<Item = (&str, u32, u32)> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let (user, first, count) = (fields.next()?, fields.next()?, fields.next()?);
        Some((user, first.parse().ok()?, count.parse().ok()?))
    })
}

/// A user's ranges as an engine without root takes them: one after the other, behind its root.
fn subordinates_behind_root(text: &str, is_own: impl Fn(&str) -> bool) -> Vec<Range> {
    let mut container = 1;
    let mut ranges = Vec::new();
    for (_, host, length) in subordinates(text).filter(|(user, ..)| is_own(user)) {
        ranges.push(Range { container, host, length });
        container = container.saturating_add(length);
    }
    ranges
}

/// All ranges of the user whose lowest range begins at `first`, in the engine's order. Where the file
/// does not tell, the size that tools have always given: 65536.
fn subordinate_from(text: &str, first: u32) -> Vec<Range> {
    let of = |user: &str| {
        let mut ranges: Vec<(u32, u32)> = subordinates(text)
            .filter(|(name, ..)| *name == user)
            .map(|(_, first, count)| (first, count))
            .collect();
        ranges.sort_unstable();
        ranges
    };
    let user = subordinates(text)
        .map(|(user, ..)| user)
        .find(|user| of(user).first().is_some_and(|(lowest, _)| *lowest == first));
    let ranges = user.map_or_else(|| vec![(first, 65536)], of);
    let mut container = 0;
    ranges
        .into_iter()
        .map(|(host, length)| {
            let range = Range { container, host, length };
            container = container.saturating_add(length);
            range
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remapped(root_dir: &str, subuid: &str) -> Answer<IdMap> {
        let info = Info {
            root_dir: root_dir.into(),
            security_options: vec!["name=userns".into()],
            ..Info::default()
        };
        IdMap::of(&info, &Local { subuid: subuid.into(), subgid: subuid.into(), ..Local::default() })
    }

    #[test]
    fn a_remapped_user_is_the_base_plus_its_number() {
        let map = remapped("/data/231072.231072", "op:100000:65536\nsw:231072:65536\n").known().unwrap();
        assert_eq!(map.to_host(Owner::new(1000, 1000)), Some(Owner::new(232_072, 232_072)));
        assert_eq!(map.to_host(Owner::new(65536, 0)), None);
        assert_eq!(map.seen_inside(Owner::new(232_072, 231_072)), Owner::new(1000, 0));
        assert_eq!(map.seen_inside(Owner::new(1000, 0)), Owner::new(OVERFLOW, OVERFLOW));
    }

    #[test]
    fn several_ranges_of_one_user_follow_each_other() {
        let map = remapped("/data/1000.1000", "sw:5000:10\nsw:1000:10\n").known().unwrap();
        assert_eq!(
            (map.uid_to_host(9), map.uid_to_host(10), map.uid_to_host(20)),
            (Some(1009), Some(5000), None)
        );
        assert_eq!(map.uid_to_container(5003), Some(13));
    }

    #[test]
    fn without_the_file_the_usual_size_is_taken_and_without_a_base_nothing() {
        let map = remapped("/data/231072.231072", "").known().unwrap();
        assert_eq!((map.uid_to_host(65535), map.uid_to_host(65536)), (Some(296_607), None));
        assert!(!remapped("/var/lib/docker", "").is_known());
    }

    #[test]
    fn root_of_a_rootless_engine_is_its_user() {
        let info = Info { is_rootless: true, ..Info::default() };
        let local = Local {
            subuid: "op:100000:65536\nother:165536:65536\n1500:300000:10\n".into(),
            subgid: "op:100000:65536\n".into(),
            engine_user: EngineUser::find("root:x:0:0\nop:x:1500:1501::/home/op:/bin/sh\n", 1500),
        };
        let map = IdMap::of(&info, &local).known().unwrap();
        assert_eq!(map.to_host(Owner::ROOT), Some(Owner::new(1500, 1501)));
        assert_eq!(map.uid_to_host(1000), Some(100_999));
        assert_eq!(map.uid_to_host(65537), Some(300_000));
        assert!(!IdMap::of(&info, &Local::default()).is_known());
        assert_eq!(map.for_mode(&info, "host").known(), Some(map));
    }

    #[test]
    fn an_assumed_map_is_the_one_that_the_engine_would_have() {
        let local = Local {
            subuid: "op:100000:65536\ndockremap:165536:65536\nbig:300000:131072\n".into(),
            subgid: "op:100000:65536\n".into(),
            ..Local::default()
        };
        let usual = IdMap::assumed(None, &local);
        assert_eq!((usual.uid_to_host(1000), usual.gid_to_host(1000)), (Some(166_536), Some(101_000)));
        let given = IdMap::assumed(Some(300_000), &local);
        assert_eq!((given.uid_to_host(100_000), given.gid_to_host(100_000)), (Some(400_000), None));
    }

    #[test]
    fn without_namespaces_every_id_is_itself() {
        let map = IdMap::of(&Info::default(), &Local::default()).known().unwrap();
        assert!(map.is_identity());
        assert_eq!(map.uid_to_host(4_294_967_294), Some(4_294_967_294));
        assert_eq!(map.seen_inside(Owner::new(7, 8)), Owner::new(7, 8));
    }

    #[test]
    fn host_mode_leaves_a_remapping_engines_map() {
        let info = Info { security_options: vec!["name=userns".into()], ..Info::default() };
        let map = remapped("/data/231072.231072", "").known().unwrap();
        assert_eq!(map.for_mode(&info, "").known(), Some(map.clone()));
        assert!(map.for_mode(&info, "host").known().unwrap().is_identity());
        assert!(!map.for_mode(&info, "keep-id").is_known());
    }

    #[test]
    fn keep_id_and_nomap_are_known_without_root() {
        let info = Info { is_rootless: true, ..Info::default() };
        let uids = vec![
            Range { container: 0, host: 1510, length: 1 },
            Range { container: 1, host: 500_000, length: 65536 },
        ];
        let map = IdMap::new(uids.clone(), uids);
        let uid = |mode: &str, id| map.for_mode(&info, mode).known().unwrap().uid_to_host(id);
        // As the kernel showed it: 0 1 1510, 1510 0 1, 1511 1511 64026 in the engine's namespace.
        let shown = |id| uid("keep-id", id);
        assert_eq!((shown(0), shown(1509), shown(1510)), (Some(500_000), Some(501_509), Some(1510)));
        assert_eq!((shown(1511), shown(65536), shown(65537)), (Some(501_510), Some(565_535), None));
        assert_eq!(
            (uid("keep-id:uid=7,gid=9", 7), uid("keep-id:uid=7,gid=9", 8)),
            (Some(1510), Some(500_007))
        );
        let gid = map.for_mode(&info, "keep-id:uid=7,gid=9").known().unwrap();
        assert_eq!((gid.gid_to_host(9), gid.gid_to_host(7)), (Some(1510), Some(500_007)));
        assert_eq!((uid("nomap", 0), uid("nomap", 65536)), (Some(500_000), None));
        assert_eq!(map.for_mode(&info, "nomap").known().unwrap().uid_to_container(1510), None);
        for mode in ["auto", "auto:size=9", "keep-id:size=9", "keep-id:uid=x", "nomap:uid=1"] {
            assert!(!map.for_mode(&info, mode).is_known(), "{mode}");
        }
        assert!(!map.for_mode(&Info::default(), "keep-id").is_known());
    }

    #[test]
    fn the_kernels_own_text_is_read() {
        let map = IdMap::parse("         0     231072      65536\n", "0 231072 65536\n").unwrap();
        assert_eq!(map.uid_to_host(1), Some(231_073));
        assert!(IdMap::parse("         0          0 4294967295\n", "0 0 4294967295").unwrap().is_identity());
        assert_eq!(IdMap::parse("0 1", ""), None);
        assert_eq!(IdMap::parse("0 1 2 3", ""), None);
    }

    #[test]
    fn ranges_are_shown_with_both_ends() {
        let range = |container, host, length| Range { container, host, length };
        assert_eq!(
            shown(&[range(0, 1500, 1), range(1, 100_000, 65536)]),
            "0 → 1500, 1-65536 → 100000-165535"
        );
    }

    #[test]
    fn a_number_is_a_former_ones_only_where_the_present_map_does_not_have_it() {
        let text = "dockremap:231072:65536\nop:400000:65536\n";
        let local = Local { subuid: text.into(), subgid: text.into(), ..Local::default() };
        let at = |host| {
            let range = vec![Range { container: 0, host, length: 65536 }];
            IdMap::new(range.clone(), range)
        };
        let was = |map: &IdMap, noted: &[IdMap], uid| -> Vec<u32> {
            map.formerly(&map.others(&local, noted), Owner::new(uid, uid)).map(|owner| owner.uid).collect()
        };
        assert_eq!(was(&IdMap::identity(), &[], 3002), [234_074, 403_002]);
        assert_eq!(was(&at(231_072), &[], 3002), [3002, 403_002]);
        // An engine without root has the same ids, one further: those are its present users'.
        let uids = vec![
            Range { container: 0, host: 1500, length: 1 },
            Range { container: 1, host: 231_072, length: 65536 },
        ];
        let without_root = IdMap::new(uids.clone(), uids);
        assert_eq!(was(&without_root, &[], 3002), [3002, 403_002]);
        // It is known of a launch; a note with numbers that no user of this machine has is not believed.
        let noted = [without_root.clone()];
        assert_eq!(was(&IdMap::identity(), &noted, 3002), [234_074, 403_002, 234_073]);
        assert_eq!(was(&without_root, &noted, 3002), [3002, 403_002]);
        let forged = |ranges: Vec<Range>| [IdMap::new(ranges.clone(), ranges)];
        let root = Range { container: 0, host: 1500, length: 1 };
        let behind = |container, host, length| Range { container, host, length };
        for ranges in [
            // Numbers of nobody; those of a user in another place; of two users; a part; none.
            vec![root, behind(1, 231_000, 65536)],
            vec![root, behind(501, 231_072, 65536)],
            vec![root, behind(1, 231_072, 65536), behind(65537, 400_000, 65536)],
            vec![root, behind(1, 231_072, 9)],
            vec![root],
        ] {
            assert_eq!(
                was(&IdMap::identity(), &forged(ranges.clone()), 3002),
                [234_074, 403_002],
                "{ranges:?}"
            );
        }
        let of_two =
            [IdMap::new(vec![root, behind(1, 231_072, 65536)], vec![root, behind(1, 400_000, 65536)])];
        assert_eq!(was(&IdMap::identity(), &of_two, 3002), [234_074, 403_002]);
    }
}
