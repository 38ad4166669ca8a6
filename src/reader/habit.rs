//! Versions of Docker Compose differ in their habits. A habit is here where no field or flag can carry the difference.

use super::Reader;
use super::release::{V5_0, V5_0_2, V5_1_2, V5_1_4, V5_2, V5_3, V5_5};

/// Something that the versions from one on do, and those before it do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Habit {
    AliasRatio,
    BindFalsePrinted,
    DatesAsText,
    DotsInAliased,
    HashWithEnvFiles,
    HomeInEnvFile,
    IncludesBeforeExtends,
    IncludesMerge,
    LazyDefault,
    MinusZero,
    NegativeSizes,
    NoInfinity,
    NoSequenceUnderMerge,
}

/// A habit with the versions that have it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub habit: Habit,
    /// Its name in tables and pages.
    pub id: &'static str,
    /// The first version that has it.
    pub since: Option<Reader>,
    /// The first version that has it no more.
    pub until: Option<Reader>,
    /// A sentence that says how versions with it behave.
    pub text: &'static str,
    /// Projects whose answer changes exactly where the habit begins or ends.
    pub cases: &'static [&'static str],
}

const fn since(
    habit: Habit,
    id: &'static str,
    since: Reader,
    text: &'static str,
    cases: &'static [&'static str],
) -> Row {
    Row { habit, id, since: Some(since), until: None, text, cases }
}

impl Habit {
    /// All of them, in the order of the enum.
    pub const ALL: &'static [Row] = &[
        since(
            Self::AliasRatio,
            "alias-ratio",
            V5_1_4,
            "A document nearly all of which is what its aliases stand for is refused.",
            &["alias-bomb-small", "aliases-deep-pairs"],
        ),
        since(
            Self::BindFalsePrinted,
            "bind-false-printed",
            V5_0,
            "`create_host_path` is printed only where it is false.",
            &["bind-short", "bind-true", "bind-false", "bind-false-text"],
        ),
        since(
            Self::DatesAsText,
            "dates-as-text",
            V5_0,
            "A date without quotes is text: `2001-01-01 00:00:00 +0000 UTC`.",
            &["date-in-environment"],
        ),
        since(
            Self::DotsInAliased,
            "dots-in-aliased",
            V5_3,
            "One alias may stand at `app` and at `app.web`: a name with a dot is no part of another.",
            &["dotted-name-no-cycle"],
        ),
        since(
            Self::HashWithEnvFiles,
            "hash-with-env-files",
            V5_5,
            "`config --hash` counts what the env files of a service hold.",
            &["own/hash-with-env-file"],
        ),
        since(
            Self::HomeInEnvFile,
            "home-in-env-file",
            V5_0_2,
            "`--env-file ~/FILE` is a file in the home.",
            &["own/home-in-env-file"],
        ),
        since(
            Self::IncludesBeforeExtends,
            "includes-before-extends",
            V5_1_2,
            "A service extends one as its includes and the file define it together.",
            &["extends-of-included", "extends-of-included-and-own"],
        ),
        since(
            Self::IncludesMerge,
            "includes-merge",
            V5_0,
            "A resource that an include defines, and the including file or an earlier include as well, is merged.",
            &["include-overridden", "include-twice-one-service", "include-same-volume"],
        ),
        since(
            Self::LazyDefault,
            "lazy-default",
            V5_0_2,
            "The word in `${NAME:-word}` and `${NAME:+word}` is expanded only where it is used.",
            &["default-not-evaluated", "alternative-not-evaluated"],
        ),
        since(Self::MinusZero, "minus-zero", V5_0, "`-0` stays `-0`.", &["minus-zero"]),
        since(
            Self::NegativeSizes,
            "negative-sizes",
            V5_1_4,
            "A size that is written as text may be negative.",
            &["size-minus-one", "size-negative-build", "size-negative-deploy"],
        ),
        since(
            Self::NoInfinity,
            "no-infinity",
            V5_0,
            "`.inf` and `.nan` are refused.",
            &["infinity-in-extension", "nan-in-extension"],
        ),
        Row {
            habit: Self::NoSequenceUnderMerge,
            id: "no-sequence-under-merge",
            since: Some(V5_1_4),
            until: Some(V5_2),
            text: "An alias of a sequence under `<<` is refused.",
            cases: &["merge-key-sequence"],
        },
    ];

    /// Its row of the table.
    pub const fn row(self) -> &'static Row {
        #[expect(clippy::indexing_slicing, reason = "a test says that each habit has its row, in this order")]
        &Self::ALL[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_habit_has_its_row() {
        for (at, row) in Habit::ALL.iter().enumerate() {
            assert_eq!(row.habit as usize, at, "{}", row.id);
            assert_eq!(row.habit.row().id, row.id);
        }
        assert!(Habit::ALL.is_sorted_by_key(|row| row.id));
    }

    #[test]
    fn a_habit_begins_with_its_version() {
        let has = |major, minor, patch| Reader::new(major, minor, patch).has(Habit::BindFalsePrinted);
        assert_eq!(
            [has(2, 40, 0), has(2, 40, 3), has(5, 0, 0), has(5, 5, 0), has(99, 0, 0)],
            [false, false, true, true, true],
            "a newer one is as the newest known"
        );
    }
}
