//! Versions of Kubernetes, and what each has.

use std::fmt;
use std::str::FromStr;

/// `1.MINOR`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32);

/// The oldest and the newest version that is known.
const OLDEST: Version = Version(31);
const NEWEST: Version = Version(37);

/// The oldest version that its makers still keep: what is stable there is stable in all that are in use.
pub const DEFAULT: Version = Version(35);

impl Version {
    /// `supplementalGroupsPolicy` is stable.
    pub fn has_strict_groups(self) -> bool {
        self >= Self(35)
    }

    /// `hostUsers` is stable.
    pub fn has_user_namespaces(self) -> bool {
        self >= Self(36)
    }

    /// Since when something is, by its minor version.
    pub fn is_from(self, minor: u32) -> bool {
        self >= Self(minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        let mut parts = plain.split('.');
        let minor = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("1"), Some(minor), patch, None)
                if patch.is_none_or(|patch| patch.parse::<u32>().is_ok()) =>
            {
                minor.parse().ok().map(Self)
            }
            _ => None,
        };
        minor.filter(|version| (OLDEST..=NEWEST).contains(version)).ok_or_else(|| {
            format!("{text:?} is no version of Kubernetes that is known here: {OLDEST} to {NEWEST}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_or_refused() {
        for text in ["1.35", "v1.36", "1.37.2", "1.31"] {
            assert!(text.parse::<Version>().is_ok(), "{text}");
        }
        for text in ["", "1", "1.30", "1.38", "2.35", "1.35.x", "1.35.1.1", "latest"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        assert!(DEFAULT.has_strict_groups() && !DEFAULT.has_user_namespaces());
    }
}
