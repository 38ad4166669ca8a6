//! Who every service runs as, and where that was said.
//!
//! The service's own `user:` stands; else its `x-seaworthy.user`, the policy's entry for it, or the
//! policy's default. An image that starts as root and cannot do without that, or that is told by a variable whom to
//! become, keeps its own user where only the default speaks of it. Without a policy nothing is given: the image's own user stands, and is worked out
//! only to know whom to prepare bind sources for.

mod explain;
mod resolve;

pub use resolve::numbers;

use std::collections::{BTreeMap, BTreeSet};

use super::images::Images;
use super::spec::{Placed, UserSpec};
use super::{Caller, allocate};
use crate::compose::Model;
use crate::diagnostic::Finding;
use crate::engine::Answer;
use crate::host::Owner;
use crate::source::{Origin, SourceMap, Span};

/// What a policy says about users.
#[derive(Clone, Debug)]
pub struct UserPolicy {
    pub default: Option<Placed<UserSpec>>,
    pub services: BTreeMap<String, Placed<UserSpec>>,
    /// Services that may not run as root: those whose posture refuses it (`hardened` and above), but for those that a
    /// waiver lets.
    pub refuses_root: BTreeSet<String>,
    /// The first user that `per-service` gives.
    pub base: u32,
    /// Ids that it does not give to a service that is not known: the lock has them for somebody.
    pub reserved: BTreeSet<u32>,
}

impl Default for UserPolicy {
    fn default() -> Self {
        Self {
            default: None,
            services: BTreeMap::new(),
            refuses_root: BTreeSet::new(),
            base: allocate::DEFAULT_BASE,
            reserved: BTreeSet::new(),
        }
    }
}

/// Everything that the answer depends on.
pub struct UserQuestion<'a> {
    /// With the services of every profile, so that `per-service` does not depend on what is launched.
    pub model: &'a Model,
    pub sources: &'a SourceMap,
    /// `None` where no policy is in force: then nothing is injected, and what the engine would run
    /// anyway is a warning.
    pub policy: Option<&'a UserPolicy>,
    pub images: &'a dyn Images,
    pub caller: &'a Caller,
    /// The users that were given before, also to services that are gone.
    pub known: &'a BTreeMap<String, Owner>,
}

/// A user in the container's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub owner: Owner,
    /// Groups beside the primary one, without the service's `group_add`.
    pub supplementary: Vec<u32>,
    /// What `HOME` will be where nothing sets it; `None` where only the image would tell.
    pub home: Option<String>,
}

/// Where it was said who a service runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// The service's own `user:`.
    Service(Origin),
    /// The service's `x-seaworthy.user`.
    Extension(Origin),
    /// The policy's entry for this service.
    Policy(Option<Span>),
    PolicyDefault(Option<Span>),
    /// Nobody said anything; the image has a `USER`.
    Image,
    /// Nobody said anything, or it is not known whether the image does.
    EngineDefault,
}

impl UserSource {
    /// The place in a file, where there is one.
    pub fn span(self) -> Option<Span> {
        match self {
            Self::Service(origin) | Self::Extension(origin) => origin.span(),
            Self::Policy(span) | Self::PolicyDefault(span) => span,
            Self::Image | Self::EngineDefault => None,
        }
    }

    /// For people: `user:`, `x-seaworthy.user`, `user.services`, …
    pub fn describe(self) -> &'static str {
        match self {
            Self::Service(_) => "its own user:",
            Self::Extension(_) => "x-seaworthy.user",
            Self::Policy(_) => "user.services",
            Self::PolicyDefault(_) => "user.default",
            Self::Image => "the image's USER",
            Self::EngineDefault => "the engine's default",
        }
    }
}

/// Who one service runs as.
#[derive(Clone, Debug)]
pub struct UserDecision {
    pub service: String,
    /// What goes into, or stands in, `user:`; `None` where there is nothing to write, or it is not
    /// known yet.
    pub value: Option<String>,
    /// Groups that have to go into `group_add:` with it, so that the image's user keeps its groups.
    pub groups: Vec<u32>,
    /// Unknown, with the reason, until the image is there.
    pub user: Answer<Identity>,
    pub from: UserSource,
    /// How the policy says it; `None` for the service's own `user:` and the engine's default.
    pub spec: Option<UserSpec>,
    /// Whether [`apply`](super::apply) writes it into the model.
    pub inject: bool,
    /// Whether the image, which is not there yet, could show that it gives itself a user: then it keeps its own.
    pub awaits_image: bool,
}

impl UserDecision {
    /// Whether the answer has to wait for the image. A launch may not go on with it.
    pub fn is_pending(&self) -> bool {
        self.value.is_none() && self.spec.is_some()
    }
}

/// All decisions, in the order of the services, and what is wrong.
#[derive(Debug, Default)]
pub struct Users {
    pub decisions: Vec<UserDecision>,
    pub findings: Vec<Finding>,
}

impl Users {
    /// By service, the user of its image, where nobody says another and the image is known.
    pub fn of_images(&self) -> BTreeMap<String, Owner> {
        let by_image =
            |decision: &&UserDecision| matches!(decision.from, UserSource::Image | UserSource::EngineDefault);
        let known =
            |decision: &UserDecision| Some((decision.service.clone(), decision.user.as_ref().known()?.owner));
        self.decisions.iter().filter(by_image).filter_map(known).collect()
    }

    pub fn of(&self, service: &str) -> Option<&UserDecision> {
        self.decisions.iter().find(|decision| decision.service == service)
    }
}

/// Decides for every service of the model.
pub fn decide_users(question: &UserQuestion<'_>) -> Users {
    resolve::Resolver::new(question).run()
}

#[cfg(test)]
mod tests;
