//! A policy while it is put together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::host::Owner;
use crate::policy::Posture;
use crate::policy::rules::{self, Rule};

use super::levels::Levels;

/// The content of the file.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub postures: Levels,
    /// The services whose user is written in numbers, with the evidence.
    pub users: BTreeMap<String, NamedUser>,
    /// Which candidate each service is at.
    pub at: BTreeMap<String, usize>,
    pub roots: BTreeSet<PathBuf>,
    /// A missing file or directory that the policy declares, with the service that mounts it.
    pub create: BTreeMap<PathBuf, Missing>,
    /// Directories that services with different users write.
    pub shared: BTreeSet<PathBuf>,
    /// By service and rule, what is allowed.
    pub waivers: BTreeMap<(String, &'static str), BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub service: String,
    pub made: Made,
}

/// The answer for one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// An empty one.
    File,
    /// A directory of the host's own, which stays root's.
    OfTheHost,
    /// A directory that root uses as well, and that another one needs to own, in the container's numbers.
    For(Owner),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedUser {
    pub owner: Owner,
    pub why: String,
}

impl Draft {
    pub fn new(postures: Levels, roots: BTreeSet<PathBuf>) -> Self {
        Self {
            postures,
            users: BTreeMap::new(),
            at: BTreeMap::new(),
            roots,
            create: BTreeMap::new(),
            shared: BTreeSet::new(),
            waivers: BTreeMap::new(),
        }
    }

    /// Whether that is new.
    pub fn waive(
        &mut self,
        service: &str,
        rule: &'static str,
        allow: impl IntoIterator<Item = String>,
    ) -> bool {
        let key = (service.to_owned(), rule);
        let is_new = !self.waivers.contains_key(&key);
        let allowed = self.waivers.entry(key).or_default();
        let before = allowed.len();
        allowed.extend(allow);
        allowed.len() > before || is_new
    }

    /// The waivers that no weaker posture needs.
    pub fn of_posture(&self, posture: Posture) -> impl Iterator<Item = (&str, &'static Rule)> {
        self.waivers.keys().filter_map(move |(service, rule)| {
            let rule = rules::find(rule)?;
            (rule.from == Some(posture)).then_some((service.as_str(), rule))
        })
    }
}
