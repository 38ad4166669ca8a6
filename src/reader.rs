//! The version of Docker Compose whose reading of a project counts, and what versions do differently.
//!
//! One value for a whole run: [`crate::project::Given::reader`] carries it in, [`crate::project::Project::reader`]
//! and [`crate::compose::Model::reader`] carry it on. Code asks [`Reader::has`] for a [`Habit`]; the numbers of
//! versions stand in the rows of the habits, of the fields and of the flags alone.

mod habit;
pub mod release;

use std::fmt;
use std::str::FromStr;

pub use habit::{Habit, Row};

/// A version of Docker Compose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

/// Why a text names no version that can be read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    #[error("{0:?} is not a version of Docker Compose")]
    NotAVersion(String),
    #[error("Docker Compose {0} is older than {oldest}, the oldest one that is supported", oldest = Reader::OLDEST)]
    TooOld(Reader),
    #[error("Docker Compose {0} is none of the versions that this seaworthy knows: {known}", known = Reader::known())]
    NotKnown(Reader),
}

impl ReaderError {
    /// How to put it right.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NotAVersion(_) => "Write it as `5.5` or `2.40.3`.",
            Self::TooOld(_) => "Install Docker Compose 2.40 or newer.",
            Self::NotKnown(_) => "Name one of these, or update seaworthy.",
        }
    }
}

impl Reader {
    /// The oldest one that is supported.
    pub const OLDEST: Self = Self::new(2, 40, 0);
    /// The newest one whose habits are known.
    pub const NEWEST: Self = Self::new(5, 5, 0);

    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Whether it is of a series whose habits are known. A newer one is read as [`Self::NEWEST`] would.
    pub fn is_known(self) -> bool {
        release::SERIES.contains(&(self.major, self.minor))
    }

    /// Whether it is newer than any that is known. It may have keys that nobody here has heard of.
    pub fn is_beyond(self) -> bool {
        self > Self::NEWEST && !self.is_known()
    }

    /// A version that somebody names, who must name one that is known.
    ///
    /// # Errors
    /// Where the text is no version, or one that is not known.
    pub fn named(text: &str) -> Result<Self, ReaderError> {
        let reader: Self = text.parse()?;
        if reader.is_known() { Ok(reader) } else { Err(ReaderError::NotKnown(reader)) }
    }

    /// The series that are known, for messages.
    fn known() -> String {
        release::SERIES.map(|(major, minor)| format!("{major}.{minor}")).join(", ")
    }

    /// Whether this version has the habit.
    pub const fn has(self, habit: Habit) -> bool {
        let row = habit.row();
        self.is_within(row.since, row.until)
    }

    /// Whether this version lies in a span that begins at `since` and ends before `until`; without one, the span has
    /// no such end.
    pub const fn is_within(self, since: Option<Self>, until: Option<Self>) -> bool {
        let reaches = match since {
            Some(since) => self.is_at_least(since),
            None => true,
        };
        let ended = match until {
            Some(until) => self.is_at_least(until),
            None => false,
        };
        reaches && !ended
    }

    /// As `>=`, for constants.
    const fn is_at_least(self, other: Self) -> bool {
        if self.major != other.major {
            return self.major > other.major;
        }
        if self.minor != other.minor {
            return self.minor > other.minor;
        }
        self.patch >= other.patch
    }
}

/// The one that counts where nothing says which.
impl Default for Reader {
    fn default() -> Self {
        Self::NEWEST
    }
}

/// Why a project is read as one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `--compose-version` names it.
    CommandLine,
    /// It is the one that will be run.
    Installed,
    /// `compose:` in the policy names it.
    Policy,
    /// It is the newest that is known.
    Newest,
}

impl By {
    /// One word, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommandLine => "command-line",
            Self::Installed => "installed",
            Self::Policy => "policy",
            Self::Newest => "newest-known",
        }
    }

    pub fn describe(self) -> &'static str {
        match self {
            Self::CommandLine => "named by --compose-version",
            Self::Installed => "the one installed",
            Self::Policy => "named by the policy",
            Self::Newest => "the newest known; none is installed",
        }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// `2.40.3`, `v5.5.0`, `5.4` (the first of that series), and with what a distribution adds: `2.40.3-3`,
/// `5.0.0-desktop.1`, `2.40.3+ds1`.
impl FromStr for Reader {
    type Err = ReaderError;

    fn from_str(text: &str) -> Result<Self, ReaderError> {
        let unreadable = || ReaderError::NotAVersion(text.to_owned());
        let trimmed = text.trim();
        let bare = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let core = bare.split(['-', '+', '~']).next().unwrap_or_default();
        let mut numbers = Vec::new();
        for part in core.split('.') {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            numbers.push(part.parse().ok().filter(|_| is_number).ok_or_else(unreadable)?);
        }
        let reader = match numbers.as_slice() {
            [major, minor] => Self::new(*major, *minor, 0),
            [major, minor, patch] => Self::new(*major, *minor, *patch),
            _ => return Err(unreadable()),
        };
        if reader < Self::OLDEST { Err(ReaderError::TooOld(reader)) } else { Ok(reader) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_compose_and_distributions_write_them() {
        for (text, wanted) in [
            ("2.40.3", (2, 40, 3)),
            ("v5.5.0", (5, 5, 0)),
            ("5.4", (5, 4, 0)),
            ("2.40", (2, 40, 0)),
            ("2.40.3-3", (2, 40, 3)),
            ("2.40.3+ds1-0ubuntu1", (2, 40, 3)),
            ("5.0.0-desktop.1", (5, 0, 0)),
            ("  5.1.4\n", (5, 1, 4)),
        ] {
            let (major, minor, patch) = wanted;
            assert_eq!(text.parse(), Ok(Reader::new(major, minor, patch)), "{text}");
        }
    }

    #[test]
    fn what_is_no_version_is_said_to_be_none() {
        for text in
            ["", "v", "5", "5.", "5.x", "5.-1", "5.+1", "five", "5.5.0.1", "vv5.5.0", "5 .5", "99999999999.1"]
        {
            assert_eq!(text.parse::<Reader>(), Err(ReaderError::NotAVersion(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_too_old_is_said_to_be_that() {
        for text in ["2.39.4", "1.29.2", "v2.0.0-rc.1"] {
            let error = text.parse::<Reader>().unwrap_err();
            assert!(matches!(error, ReaderError::TooOld(_)), "{text}: {error}");
        }
    }

    #[test]
    fn who_names_a_version_names_a_known_one() {
        assert_eq!(Reader::named("5.4"), Ok(Reader::new(5, 4, 0)));
        for (text, says) in [
            ("5.6", "Docker Compose 5.6.0 is none of the versions that this seaworthy knows: 2.40, 5.0,"),
            ("3.1", "is none of the versions"),
            ("2.39", "is older than 2.40.0"),
            ("latest", "is not a version of Docker Compose"),
        ] {
            let error = Reader::named(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number_and_newer_ones_are_unknown() {
        let readers: Vec<Reader> =
            ["2.40.0", "2.40.3", "5.0.0", "5.0.2", "5.1.10", "5.5.0", "5.10.0", "10.0.0"]
                .map(|text| text.parse().unwrap())
                .into();
        assert!(readers.is_sorted());
        let known: Vec<bool> = readers.iter().map(|reader| reader.is_known()).collect();
        assert_eq!(known, [true, true, true, true, true, true, false, false]);
        assert!(!Reader::new(4, 0, 0).is_known(), "there is none");
        assert_eq!(Reader::new(5, 0, 2).to_string(), "5.0.2");
    }
}
