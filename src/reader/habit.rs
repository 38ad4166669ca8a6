//! What some versions of Docker Compose do otherwise than others, where no field or flag can carry it.

use super::Reader;

/// Something that the versions from one on do, and those before it do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Habit {
    AliasLimit,
    BindCreatedByDefault,
    BindFalsePrinted,
    DatesAsText,
    DottedNames,
    EnvFilePrinted,
    FailsOnBrokenDotenv,
    HashWithEnvironment,
    HomeInEnvFile,
    IncludeBeforeExtends,
    IncludesMerge,
    LazyDefault,
    ListingsObeyFlags,
    MinusZero,
    MissingEnvFileAtRuntime,
    NegativeSizes,
    NoInfinity,
    NoSequenceUnderMerge,
    VariablesUnvalidated,
}

/// What is known of a habit.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub habit: Habit,
    /// Its name in tables and pages.
    pub id: &'static str,
    /// The first version that has it.
    pub since: Option<Reader>,
    /// The first version that has it no more.
    pub until: Option<Reader>,
    /// What versions with it do, as a sentence.
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

const V5_0: Reader = Reader::new(5, 0, 0);
const V5_0_1: Reader = Reader::new(5, 0, 1);
const V5_0_2: Reader = Reader::new(5, 0, 2);
const V5_1_2: Reader = Reader::new(5, 1, 2);
const V5_1_4: Reader = Reader::new(5, 1, 4);
const V5_2: Reader = Reader::new(5, 2, 0);
const V5_3: Reader = Reader::new(5, 3, 0);
const V5_4: Reader = Reader::new(5, 4, 0);
const V5_5: Reader = Reader::new(5, 5, 0);

impl Habit {
    /// All of them, in the order of the enum.
    pub const ALL: &'static [Row] = &[
        since(
            Self::AliasLimit,
            "alias-limit",
            V5_1_4,
            "A document that has more than 100,000 nodes once its aliases are written out, or whose aliases nest too deep, is refused.",
            &["alias-bomb-small", "aliases-deep-pairs"],
        ),
        since(
            Self::BindCreatedByDefault,
            "bind-created-by-default",
            V5_0_2,
            "A bind mount with `bind:` but without `create_host_path` has its missing source created.",
            &["bind-empty", "bind-propagation", "bind-selinux", "bind-extension"],
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
            "An unquoted date is text: `2001-01-01 00:00:00 +0000 UTC`.",
            &["date-in-environment"],
        ),
        since(
            Self::DottedNames,
            "dotted-names",
            V5_3,
            "Services whose names differ by a dot and what follows it extend one another without a cycle.",
            &["dotted-name-no-cycle"],
        ),
        since(
            Self::EnvFilePrinted,
            "env-file-printed",
            V5_0_2,
            "With --no-env-resolution, an entry of `env_file` is printed as a mapping with `path`, `required` and `format`.",
            &[],
        ),
        since(
            Self::FailsOnBrokenDotenv,
            "fails-on-broken-dotenv",
            V5_0_1,
            "A `.env` file that cannot be read fails every command.",
            &[],
        ),
        since(
            Self::HashWithEnvironment,
            "hash-with-environment",
            V5_5,
            "`config --hash` reads the env files first.",
            &[],
        ),
        since(
            Self::HomeInEnvFile,
            "home-in-env-file",
            V5_0_2,
            "`~` at the start of an --env-file is the home directory.",
            &[],
        ),
        since(
            Self::IncludeBeforeExtends,
            "include-before-extends",
            V5_1_2,
            "A service can extend one that only an include defines.",
            &["extends-of-included", "extends-of-included-and-own"],
        ),
        since(
            Self::IncludesMerge,
            "includes-merge",
            V5_0,
            "What an include defines, the including file and later includes may define again: it is merged.",
            &["include-overridden", "include-twice-one-service", "include-same-volume"],
        ),
        since(
            Self::LazyDefault,
            "lazy-default",
            V5_0_2,
            "The default in `${NAME:-default}` is worked out only where it is used.",
            &["default-not-evaluated", "alternative-not-evaluated"],
        ),
        since(
            Self::ListingsObeyFlags,
            "listings-obey-flags",
            V5_4,
            "`config --services`, `--volumes`, `--networks`, `--models` and `--hash` obey the flags given beside them.",
            &[],
        ),
        since(
            Self::MinusZero,
            "minus-zero",
            V5_0,
            "`-0` stays `-0`, and `<<` as text is printed in quotes.",
            &["minus-zero"],
        ),
        since(
            Self::MissingEnvFileAtRuntime,
            "missing-env-file-at-runtime",
            V5_4,
            "`scale` and `watch` go on without an env file that is missing, as `start` and `restart` do.",
            &[],
        ),
        since(
            Self::NegativeSizes,
            "negative-sizes",
            V5_1_4,
            "A size may be negative.",
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
            text: "A sequence under `<<` is refused.",
            cases: &["merge-key-sequence"],
        },
        since(
            Self::VariablesUnvalidated,
            "variables-unvalidated",
            V5_2,
            "`config --variables` lists the variables of projects that are not valid.",
            &[],
        ),
    ];

    /// What is known of it.
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
    fn a_habit_begins_and_ends_with_its_versions() {
        let has = |major, minor, patch| Reader::new(major, minor, patch).has(Habit::NoSequenceUnderMerge);
        assert_eq!(
            [has(2, 40, 3), has(5, 1, 3), has(5, 1, 4), has(5, 1, 9), has(5, 2, 0), has(5, 5, 0)],
            [false, false, true, true, false, false]
        );
        assert!(Reader::new(99, 0, 0).has(Habit::IncludesMerge), "a newer one is as the newest known");
        assert!(!Reader::OLDEST.has(Habit::IncludesMerge));
    }
}
