//! `seaworthy.lock`: who each service ran as, so that it is the same user next time.
//!
//! The file is for people and for git: one entry per service, sorted, closed by a line `...` so that a
//! file cut at any byte is noticed. Whatever is wrong with it stops a launch; it is never rebuilt
//! silently, because what it remembers is nowhere else. `docs/lock.md` describes it.

mod drift;
mod file;
mod read;
pub mod repair;
mod state;
#[cfg(test)]
mod tests;
mod update;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use crate::host::Owner;

use super::{UserDecision, UserSource, UserSpec};

pub use drift::{Drift, Eyes, drift};
pub use file::{FILE_NAME, LockFile};
pub(in crate::ownership) use state::written_places;
pub use state::{StateRoots, StateVolume, shown, state_paths};
pub(crate) use state::{mounts, source};
pub use update::{Observed, next, would_change};

/// The version that is written and read.
pub const VERSION: i64 = 1;

/// What is remembered, by service. Services that are gone stay: their user is not given again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub services: BTreeMap<String, Entry>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// In the container's numbers.
    pub user: Owner,
    pub from: From,
    /// The id of the image that the user was read from, where it was.
    pub image: Option<String>,
    /// Users it had before, the oldest first: repair may take from them.
    pub previous: Vec<Owner>,
    /// The directories that it writes, relative to the lock where they are below it.
    pub state: Vec<String>,
}

/// Where a user came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// The service's own `user:`.
    Service,
    /// Numbers in the policy or in `x-seaworthy.user`.
    Policy,
    /// The image's `USER`.
    Image,
    /// The person who launched it.
    Caller,
    /// A user of its own.
    PerService,
}

impl From {
    pub const ALL: [Self; 5] = [Self::Service, Self::Policy, Self::Image, Self::Caller, Self::PerService];

    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Policy => "policy",
            Self::Image => "image",
            Self::Caller => "caller",
            Self::PerService => "per-service",
        }
    }

    /// For people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Service => "its own user:",
            Self::Policy => "numbers in the policy",
            Self::Image => "the image's USER",
            Self::Caller => "whoever called",
            Self::PerService => "a user of its own",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|from| from.name() == text)
    }

    /// Where a decision came from.
    pub fn of(decision: &UserDecision) -> Self {
        match (decision.from, decision.spec) {
            (UserSource::Service(_), _) => Self::Service,
            (_, Some(UserSpec::Fixed(_))) => Self::Policy,
            (_, Some(UserSpec::Caller)) => Self::Caller,
            (_, Some(UserSpec::PerService)) => Self::PerService,
            (_, Some(UserSpec::Image) | None) => Self::Image,
        }
    }
}

impl Lock {
    /// The users that `per-service` gave, by service.
    pub fn given(&self) -> BTreeMap<String, Owner> {
        let given = self.services.iter().filter(|(_, entry)| entry.from == From::PerService);
        given.map(|(name, entry)| (name.clone(), entry.user)).collect()
    }

    /// Every id that `per-service` must not give to another service: all that were ever anybody's.
    pub fn reserved(&self) -> BTreeSet<u32> {
        let owners = self.services.values().flat_map(|entry| entry.previous.iter().chain([&entry.user]));
        owners.flat_map(|owner| [owner.uid, owner.gid]).collect()
    }
}
