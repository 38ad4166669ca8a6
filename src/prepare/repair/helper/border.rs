//! What of a request and of an answer are numbers of users. Each type is taken apart to its last field, so
//! that a new one is not forgotten.

use super::super::super::there::{Found, Seek};
use super::{Part, Reply, Request, Work};
use crate::engine::IdMap;
use crate::engine::border::{Enter, Leave};
use crate::engine::idmap::OVERFLOW;
use crate::host::Handover;
use crate::host::walk::share::{By, Share};
use crate::host::walk::{Summary, Theirs, Why};

impl Enter for Request {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { version, root, seeks, trees } = self;
        Ok(Self { version, root, seeks: seeks.enter(map)?, trees: trees.enter(map)? })
    }
}

impl Enter for Part {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { relative, work } = self;
        let work = match work {
            Work::HandOver(handover) => Work::HandOver(handover.enter(map)?),
            Work::Share(share) => Work::Share(share.enter(map)?),
        };
        Ok(Self { relative, work })
    }
}

/// Former owners whom it does not have, it could not take from either.
impl Enter for Handover {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { to, from, groups, takes, dry_run } = self;
        Ok(Self {
            to: to.enter(map)?,
            from: from.iter().filter_map(|uid| map.uid_to_container(*uid)).collect(),
            groups: groups.iter().filter_map(|gid| map.gid_to_container(*gid)).collect(),
            takes,
            dry_run,
        })
    }
}

impl Enter for Share {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { by, from, top, groups, dry_run } = self;
        let user = |uid: &u32| map.uid_to_container(*uid);
        Ok(Self {
            by: match by {
                By::Group(gid) => {
                    let missing = || format!("the engine's map of users does not have group {gid}");
                    By::Group(map.gid_to_container(gid).ok_or_else(missing)?)
                }
                By::List(users) => {
                    By::List(users.iter().filter_map(|(uid, writes)| Some((user(uid)?, *writes))).collect())
                }
            },
            from: from.iter().filter_map(user).collect(),
            top: top.iter().filter_map(user).collect(),
            groups: groups.iter().filter_map(|gid| map.gid_to_container(*gid)).collect(),
            dry_run,
        })
    }
}

impl Leave for Reply {
    fn leave(self, map: &IdMap) -> Self {
        match self {
            Self::Done { found, trees } => Self::Done { found: found.leave(map), trees: trees.leave(map) },
            Self::Failed(reason) => Self::Failed(reason),
        }
    }
}

impl Leave for Summary {
    fn leave(mut self, map: &IdMap) -> Self {
        for left in &mut self.left {
            left.why = match left.why.clone() {
                Why::Owner(theirs) if theirs.owner.uid == OVERFLOW && !map.is_identity() => {
                    Why::Unmapped(theirs)
                }
                Why::Owner(theirs) => Why::Owner(Theirs { owner: theirs.owner.leave(map), ..theirs }),
                Why::Operator(theirs) => Why::Operator(Theirs { owner: theirs.owner.leave(map), ..theirs }),
                why @ (Why::Unmapped(_) | Why::HardLinked | Why::Special(_) | Why::Mounted | Why::Moved) => {
                    why
                }
            };
        }
        self
    }
}

impl Enter for Seek {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { relative, kind, mut step, who } = self;
        if let Some(step) = &mut step {
            let place = step.place_mut();
            place.owner = place.owner.enter(map)?;
        }
        let who = who.map(|(who, access)| Ok::<_, String>((who.enter(map)?, access))).transpose()?;
        Ok(Self { relative, kind, step, who })
    }
}

impl Leave for Found {
    fn leave(self, map: &IdMap) -> Self {
        match self {
            Self::Closed { owner, mode, needs } => Self::Closed { owner: owner.leave(map), mode, needs },
            Self::Foreign { kind, owner } => Self::Foreign { kind, owner: owner.leave(map) },
            Self::MayNotGive { wanted, ours } => {
                Self::MayNotGive { wanted: wanted.leave(map), ours: ours.leave(map) }
            }
            Self::Right | Self::Made | Self::Missing | Self::Other(_) | Self::Failed(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::engine::Inside;
    use crate::engine::border::Border;
    use crate::engine::idmap::Range;
    use crate::host::access::Access;
    use crate::host::walk::Left;
    use crate::host::{Credentials, Kind, Owner, Takes};
    use crate::ownership::HostStep;
    use crate::ownership::step::Place;

    fn border() -> Border {
        let ranges = vec![
            Range { container: 0, host: 1500, length: 1 },
            Range { container: 1, host: 100_000, length: 65536 },
        ];
        Border::new(IdMap::new(ranges.clone(), ranges))
    }

    fn handover() -> Handover {
        Handover {
            to: Owner::new(100_999, 100_999),
            from: BTreeSet::from([103_000, 77]),
            groups: BTreeSet::from([1500]),
            takes: Takes::Known,
            dry_run: false,
        }
    }

    /// A file of somebody's.
    fn of(uid: u32, gid: u32) -> Theirs {
        Theirs { owner: Owner::new(uid, gid), kind: Kind::File, mode: 0o600 }
    }

    #[test]
    fn an_engine_without_root_is_asked_in_its_own_numbers() {
        let there = border().enter(handover()).unwrap().for_helper();
        assert_eq!(there.to, Owner::new(1000, 1000));
        assert_eq!((there.from, there.groups), (BTreeSet::from([3001]), BTreeSet::from([0])));
        assert!(border().enter(Handover { to: Owner::new(5, 5), ..handover() }).is_err());
        let share = Share {
            by: By::List(BTreeMap::from([(1500, true), (100_999, false), (5, true)])),
            from: BTreeSet::from([100_999, 5]),
            top: BTreeSet::from([1500]),
            groups: BTreeSet::from([100_999]),
            dry_run: true,
        };
        let there = border().enter(share.clone()).unwrap().for_helper();
        assert_eq!(there.by, By::List(BTreeMap::from([(0, true), (1000, false)])));
        assert_eq!((there.from, there.top), (BTreeSet::from([1000]), BTreeSet::from([0])));
        assert!(there.groups == BTreeSet::from([1000]) && there.dry_run);
        assert!(border().enter(Share { by: By::Group(5), ..share }).is_err());
    }

    #[test]
    fn what_it_is_to_make_and_whom_it_judges_are_told_in_its_own_numbers() {
        let owner = Owner::new(103_000, 103_000);
        let place = Place {
            root: "/r".into(),
            path: "a".into(),
            owner: Some(owner),
            mode: 0o750,
            service: "a".into(),
        };
        let seek = Seek {
            relative: "a".into(),
            kind: Kind::Directory,
            step: Some(HostStep::CreateDirectory { place }),
            who: Some((Credentials::plain(owner), Access::USE_DIRECTORY)),
        };
        let request = Request {
            version: String::new(),
            root: None,
            seeks: vec![seek.clone()],
            trees: vec![Part { relative: "b".into(), work: Work::HandOver(handover()) }],
        };
        let there = border().enter(request).unwrap().for_helper();
        let inside = Owner::new(3001, 3001);
        let one = &there.seeks[0];
        assert_eq!(one.step.as_ref().unwrap().place().owner, Some(inside));
        assert_eq!(one.who.as_ref().unwrap().0.owner, inside);
        assert!(matches!(&there.trees[0].work, Work::HandOver(to) if to.to == Owner::new(1000, 1000)));
        let mut stranger = seek;
        stranger.who = Some((Credentials::plain(Owner::new(5, 5)), Access::USE_DIRECTORY));
        assert!(border().enter(stranger).is_err());
    }

    #[test]
    fn what_it_says_of_owners_is_told_in_ours() {
        let reply = Reply::Done {
            found: vec![
                Found::Closed { owner: Owner::new(3001, 0), mode: 0o700, needs: Access::ENTER },
                Found::Foreign { kind: Kind::File, owner: Owner::new(1, 1) },
            ],
            trees: vec![Ok(Summary {
                left: [0, 3001, OVERFLOW]
                    .map(|uid| Left { path: "f".into(), why: Why::Owner(of(uid, uid)) })
                    .into(),
                ..Summary::default()
            })],
        };
        let Reply::Done { found, trees } = border().leave(Inside::of_helper(reply)) else { panic!() };
        let why: Vec<Why> = trees[0].as_ref().unwrap().left.iter().map(|left| left.why.clone()).collect();
        let (first, second) = (of(1500, 1500), of(103_000, 103_000));
        assert_eq!(why, [Why::Owner(first), Why::Owner(second), Why::Unmapped(of(OVERFLOW, OVERFLOW))]);
        let closed = Found::Closed { owner: Owner::new(103_000, 1500), mode: 0o700, needs: Access::ENTER };
        assert_eq!(found, [closed, Found::Foreign { kind: Kind::File, owner: Owner::new(100_000, 100_000) }]);
    }
}
