//! How a value came about: what each document said, what won, and what was done to it.

use crate::source::Span;
use crate::yaml::Node;

use super::place::Place;
use super::variables::Used;

/// What an event did to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// The first to say it.
    Sets,
    /// As the first, in a service that is extended.
    Extended,
    /// Another value instead.
    Replaces,
    /// The same value again.
    Repeats,
    /// More of a list or mapping.
    Adds,
    /// `!override`: what was before does not count.
    Overrides,
    /// `!reset`: what was before is gone.
    Resets,
    /// The model has nothing here, since what was written says nothing.
    LeavesOut,
    /// A default of Compose.
    Defaults,
    /// Taken from the environment under the same name.
    Inherits,
    /// An env file or label file of the service.
    EnvFile,
    /// The policy put it there.
    Policy,
    /// Written one way, in the model another way.
    Becomes,
}

impl Did {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sets => "set",
            Self::Extended => "extended",
            Self::Replaces => "replaced",
            Self::Repeats => "repeated",
            Self::Adds => "added",
            Self::Overrides => "overridden",
            Self::Resets => "reset",
            Self::LeavesOut => "left out",
            Self::Defaults => "default",
            Self::Inherits => "inherited",
            Self::EnvFile => "env file",
            Self::Policy => "policy",
            Self::Becomes => "becomes",
        }
    }
}

/// One step of the chain.
#[derive(Clone, Debug)]
pub struct Event {
    pub did: Did,
    pub place: Option<Span>,
    /// As it is written there.
    pub written: Option<String>,
    /// Whether something of it is in the model.
    pub counts: bool,
    pub note: Option<String>,
    pub variables: Vec<Used>,
}

/// A place of the model with all that happened to it.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    pub place: Place,
    pub value: Option<&'a Node>,
    pub events: Vec<Event>,
}

impl Chain<'_> {
    /// Whether the value in the model comes, at least in part, from outside the files.
    pub fn is_from_outside(&self) -> bool {
        self.events.iter().any(|event| {
            event.counts
                && (matches!(event.did, Did::Inherits | Did::EnvFile)
                    || event.variables.iter().any(Used::is_from_outside))
        })
    }
}
