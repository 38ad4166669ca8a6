//! The ways to say who a service runs as, as a policy or `x-seaworthy.user` writes them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::host::Owner;
use crate::source::Span;

/// A value and the place where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    pub value: T,
    pub span: Option<Span>,
}

impl<T> Placed<T> {
    pub fn new(value: T, span: Option<Span>) -> Self {
        Self { value, span }
    }
}

/// Whom a service without a `user:` of its own runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserSpec {
    /// These numbers.
    Fixed(Owner),
    /// The image's own `USER`, in numbers.
    Image,
    /// The person who runs seaworthy; never root.
    Caller,
    /// A user that no other service of the project has.
    PerService,
}

impl fmt::Display for UserSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(owner) => write!(f, "{owner}"),
            Self::Image => f.write_str("image"),
            Self::Caller => f.write_str("caller"),
            Self::PerService => f.write_str("per-service"),
        }
    }
}

/// Why a text says nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    #[error("`{0}` has no group: the image would choose it, or it would be group 0")]
    NoGroup(String),
    #[error("`{0}` is not \"UID:GID\", `image`, `caller` or `per-service`")]
    Unknown(String),
    #[error("`{0}` has an id above 2147483647, which engines refuse")]
    OutOfRange(String),
}

/// The largest id that engines accept.
pub(crate) const MAX_ID: u32 = 2_147_483_647;

impl FromStr for UserSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        match text {
            "image" => return Ok(Self::Image),
            "caller" => return Ok(Self::Caller),
            "per-service" => return Ok(Self::PerService),
            _ => {}
        }
        if let Some(incomplete) = Incomplete::of(text) {
            return Err(incomplete.into());
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SpecError::NoGroup(text.to_owned()));
        }
        let owner: Owner = text.parse().map_err(|_| SpecError::Unknown(text.to_owned()))?;
        if owner.uid > MAX_ID || owner.gid > MAX_ID {
            return Err(SpecError::OutOfRange(text.to_owned()));
        }
        Ok(Self::Fixed(owner))
    }
}

/// The texts of a `user:` that leave out what the engine then takes to be 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    #[error("it is empty, and the engine takes the image's user, which often is root")]
    Empty,
    #[error("`:` names neither user nor group, and the engine runs it as root")]
    Nothing,
    #[error("`{0}` names no user, and the engine runs it as root")]
    NoUser(String),
    #[error("`{0}` names no group, and the engine takes the image's group for this user, or group 0")]
    NoGroup(String),
}

impl Incomplete {
    /// What the text leaves out, if anything.
    pub fn of(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text.is_empty() => Some(Self::Empty),
            Some(("", "")) => Some(Self::Nothing),
            Some(("", _)) => Some(Self::NoUser(text.to_owned())),
            Some((_, "")) => Some(Self::NoGroup(text.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_kinds_read_back_as_they_print() {
        for text in ["10001:10001", "0:0", "image", "caller", "per-service"] {
            assert_eq!(text.parse::<UserSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn every_incomplete_text_is_told_apart() {
        assert_eq!(Incomplete::of(""), Some(Incomplete::Empty));
        assert_eq!(Incomplete::of(":"), Some(Incomplete::Nothing));
        assert_eq!(Incomplete::of(":10001"), Some(Incomplete::NoUser(":10001".into())));
        assert_eq!(Incomplete::of("10001:"), Some(Incomplete::NoGroup("10001:".into())));
        for whole in ["10001", "app", "app:staff", "1:2", "1:2:3"] {
            assert_eq!(Incomplete::of(whole), None, "{whole}");
        }
    }

    #[test]
    fn a_policy_may_not_leave_anything_to_the_engine() {
        for text in ["", ":", "1:", ":1", "app", "app:app", "1:2:3", "-1:1", "1e3", "Image"] {
            assert!(text.parse::<UserSpec>().is_err(), "{text}");
        }
        assert_eq!("10001".parse::<UserSpec>(), Err(SpecError::NoGroup("10001".into())));
        assert_eq!("2147483648:1".parse::<UserSpec>(), Err(SpecError::OutOfRange("2147483648:1".into())));
    }
}
