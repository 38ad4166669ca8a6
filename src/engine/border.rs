//! Numbers of users on the two sides of a user namespace, as two types that cannot be mixed.
//!
//! A helper of an engine without root has other numbers than we have. What is written for it is an
//! [`Inside`], which only a [`Border`] makes of ours; what it says is an [`Inside`], too, and only the border
//! makes ours of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::IdMap;
use super::idmap::OVERFLOW;
use crate::host::{Credentials, Owner};

/// Something whose numbers are those of the helper.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inside<T>(T);

impl<T> Inside<T> {
    /// At the helper's end, which knows no other numbers.
    pub fn of_helper(own: T) -> Self {
        Self(own)
    }

    /// As [`Inside::of_helper`], the other way.
    pub fn for_helper(self) -> T {
        self.0
    }

    /// A part of it, or what follows from it.
    pub fn map<U>(&self, part: impl FnOnce(&T) -> U) -> Inside<U> {
        Inside(part(&self.0))
    }
}

impl Inside<BTreeSet<u32>> {
    /// As words of a command that makes the helper.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(u32::to_string)
    }
}

/// Where numbers change.
#[derive(Clone, Debug)]
pub struct Border(IdMap);

impl Border {
    /// With this map of the helper's user namespace.
    pub fn new(map: IdMap) -> Self {
        Self(map)
    }

    /// # Errors
    /// Whom of it the helper does not have.
    pub fn enter<T: Enter>(&self, ours: T) -> Result<Inside<T>, String> {
        ours.enter(&self.0).map(Inside)
    }

    pub fn leave<T: Leave>(&self, said: Inside<T>) -> T {
        said.0.leave(&self.0)
    }
}

/// What can be asked. Each implementation takes its type apart to the last field, so that a new one that holds
/// a number is not forgotten.
pub trait Enter: Sized {
    /// # Errors
    /// Whom of it the map does not have.
    fn enter(self, map: &IdMap) -> Result<Self, String>;
}

/// What can be answered.
pub trait Leave: Sized {
    #[must_use]
    fn leave(self, map: &IdMap) -> Self;
}

impl Enter for Owner {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let inside = map.uid_to_container(self.uid).zip(map.gid_to_container(self.gid));
        let (uid, gid) = inside.ok_or_else(|| format!("the engine's map of users does not have {self}"))?;
        Ok(Self::new(uid, gid))
    }
}

/// Groups that the map does not have, nobody in it is in.
impl Enter for Credentials {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        let Self { owner, groups, dac_override } = self;
        let groups = groups.into_iter().filter_map(|gid| map.gid_to_container(gid)).collect();
        Ok(Self { owner: owner.enter(map)?, groups, dac_override })
    }
}

impl<T: Enter> Enter for Option<T> {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        self.map(|one| one.enter(map)).transpose()
    }
}

impl<T: Enter> Enter for Vec<T> {
    fn enter(self, map: &IdMap) -> Result<Self, String> {
        self.into_iter().map(|one| one.enter(map)).collect()
    }
}

/// What the helper's map does not have, it sees as [`OVERFLOW`], and so do we in its answer.
impl Leave for Owner {
    fn leave(self, map: &IdMap) -> Self {
        let gid = Some(self.gid).filter(|gid| *gid != OVERFLOW).and_then(|gid| map.gid_to_host(gid));
        Self::new(uid_outside(self.uid, map), gid.unwrap_or(self.gid))
    }
}

/// As [`Owner::leave`], of a user alone.
pub fn uid_outside(uid: u32, map: &IdMap) -> u32 {
    Some(uid).filter(|uid| *uid != OVERFLOW).and_then(|uid| map.uid_to_host(uid)).unwrap_or(uid)
}

impl<T: Leave> Leave for Vec<T> {
    fn leave(self, map: &IdMap) -> Self {
        self.into_iter().map(|one| one.leave(map)).collect()
    }
}

impl<T: Leave> Leave for Result<T, String> {
    fn leave(self, map: &IdMap) -> Self {
        self.map(|one| one.leave(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::idmap::Range;

    fn border() -> Border {
        let ranges = vec![
            Range { container: 0, host: 1500, length: 1 },
            Range { container: 1, host: 100_000, length: 65536 },
        ];
        Border::new(IdMap::new(ranges.clone(), ranges))
    }

    #[test]
    fn whoever_goes_in_comes_out_again() {
        let border = border();
        for (ours, its) in [(Owner::new(1500, 100_999), "0:1000"), (Owner::new(103_000, 1500), "3001:0")] {
            let inside = border.enter(ours).unwrap();
            assert_eq!(serde_json::to_string(&inside).unwrap(), format!("\"{its}\""));
            assert_eq!(border.leave(inside), ours);
        }
        assert!(border.enter(Owner::new(5, 1500)).unwrap_err().contains("does not have 5:1500"));
    }

    #[test]
    fn whom_the_helper_cannot_see_is_nobody_of_ours() {
        let nobody = Inside::of_helper(Owner::new(OVERFLOW, OVERFLOW));
        assert_eq!(border().leave(nobody), Owner::new(OVERFLOW, OVERFLOW));
    }

    #[test]
    fn groups_that_it_lacks_are_left_out() {
        let who = Credentials { groups: vec![1500, 7], ..Credentials::plain(Owner::new(100_000, 100_000)) };
        let inside = border().enter(who).unwrap().for_helper();
        assert_eq!((inside.owner, inside.groups), (Owner::new(1, 1), vec![0]));
    }
}
