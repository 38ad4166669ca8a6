//! A rule that does not hold somewhere.

use std::borrow::Cow;

use crate::source::Origin;
use crate::yaml::Node;

#[derive(Clone, Debug)]
pub struct Breach {
    /// The service, or `networks.NAME` and the like.
    pub place: String,
    /// What a waiver would have to allow, normalised.
    pub value: Option<String>,
    /// Another name that a waiver may give the value.
    pub also: Option<String>,
    /// The values of the waiver that is proposed, where that is another one than of the value itself.
    pub proposed: Vec<String>,
    pub origin: Origin,
    /// Completes "rule ID: PLACE …".
    pub what: Cow<'static, str>,
    /// Something is missing that an overlay could set, and nothing says otherwise.
    pub is_lack: bool,
    /// The remedy for this very value, where the rule's own could not be pasted.
    pub fix: Option<String>,
    /// The service that this one enters with it: the breach concerns that one as well.
    pub entered: Option<String>,
}

impl Breach {
    /// About a value that was written somewhere.
    pub fn at(place: &str, node: &Node, what: impl Into<Cow<'static, str>>) -> Self {
        Self::of(place, node.origin, what)
    }

    /// As [`Breach::at`], where the value has no node of its own.
    pub fn of(place: impl Into<String>, origin: Origin, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            place: place.into(),
            value: None,
            also: None,
            proposed: Vec::new(),
            origin,
            what: what.into(),
            is_lack: false,
            fix: None,
            entered: None,
        }
    }

    /// Names the service that is entered, where it is one of the project.
    #[must_use]
    pub fn entering(mut self, service: Option<&str>) -> Self {
        self.entered = service.map(str::to_owned);
        self
    }

    /// Names the remedy for this very value.
    #[must_use]
    pub fn mended_by(mut self, fix: String) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Says that an overlay could set what is missing.
    #[must_use]
    pub fn lacking(mut self) -> Self {
        self.is_lack = true;
        self
    }

    /// Names what a waiver may call it as well.
    #[must_use]
    pub fn or_allowing(mut self, value: Option<impl Into<String>>) -> Self {
        self.also = value.map(Into::into);
        self
    }

    /// Names the values of the waiver that is proposed.
    #[must_use]
    pub fn proposing(mut self, values: Vec<String>) -> Self {
        self.proposed = values;
        self
    }

    #[must_use]
    pub fn allowing(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }
}
