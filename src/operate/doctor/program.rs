//! Compose, this program's own place, and who does what the host needs.

use std::path::{Path, PathBuf};

use super::{Area, Check};
use crate::engine::compose::own_directory;
use crate::engine::{Answer, Compose, Options, helper};
use crate::ownership::Way;
use crate::reader::{Reader, ReaderError};

/// The plugin directories that hold this program, or another one of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// `docker seaworthy` is the program that this path leads to.
    Plugin(PathBuf),
    /// `docker compose` is.
    Compose(PathBuf),
    /// It was `docker compose`, and an update put the real one back into this place.
    Lost(PathBuf),
    /// This link of ours leads nowhere.
    Dangling(PathBuf),
}

/// Which Compose there is, and whether it is one whose reading is known.
pub fn compose(compose: &Answer<Compose>, options: &Options) -> Vec<Check> {
    let found = match compose {
        Answer::Known(found) => found,
        Answer::Unknown(reason) => {
            return vec![Check::fails(
                Area::Compose,
                "version",
                reason,
                "Install Docker Compose 2.40 or newer as docker's plugin.",
            )];
        }
    };
    let fact = format!("Docker Compose {}", found.version);
    let known: Result<Reader, ReaderError> = found.version.parse();
    let version = match known {
        Ok(reader) if reader.is_known() => Check::works(Area::Compose, "version", fact),
        Ok(_) => Check::limited(
            Area::Compose,
            "version",
            format!("{fact}, which is newer than what is known; read as {}", Reader::NEWEST),
            "Update seaworthy; until then the cross-check refuses what the two read differently.",
        ),
        Err(error) => Check::fails(Area::Compose, "version", error.to_string(), error.help()),
    };
    let plugin = match &found.plugin {
        Some(path) if own_directory(options).is_some_and(|own| path.starts_with(own)) => Check::limited(
            Area::Compose,
            "program",
            format!("{}, in your own directory: it stands before the system's", path.display()),
            "Remove it if you did not put it there: whoever can write it decides what a launch runs.",
        ),
        Some(path) => Check::works(Area::Compose, "program", path.display().to_string()),
        None => Check::limited(
            Area::Compose,
            "program",
            "docker finds it, and where it lies is not known",
            "`docker info` lists the plugins with their paths.",
        ),
    };
    vec![version, plugin]
}

/// Whether `docker seaworthy` and `docker compose` are this program.
pub fn placements(placements: &[Placement]) -> Vec<Check> {
    let check = |placement: &Placement| match placement {
        Placement::Plugin(path) => {
            Check::works(Area::Compose, "docker seaworthy", format!("this program, by {}", path.display()))
        }
        Placement::Compose(path) => Check::works(
            Area::Compose,
            "docker compose",
            format!("seaworthy, by {}, with the real one behind it", path.display()),
        ),
        Placement::Lost(path) => Check::fails(
            Area::Compose,
            "docker compose",
            format!("an update put the real Compose back to {}: launches are not judged", path.display()),
            "Run `seaworthy install --as-compose` again, with --system where it was installed so.",
        ),
        Placement::Dangling(path) => Check::fails(
            Area::Compose,
            "plugin",
            format!("{} leads nowhere", path.display()),
            "Run `seaworthy install` again, or remove that link.",
        ),
    };
    if placements.is_empty() {
        return vec![Check::works(
            Area::Compose,
            "docker seaworthy",
            "not installed as docker's plugin; `seaworthy install` does that",
        )];
    }
    placements.iter().map(check).collect()
}

/// Who makes and gives away what belongs to services, and whether that one can.
pub fn way(way: Result<(Way, &'static str), &'static str>) -> Check {
    let what = "owners";
    match way {
        Err(reason) => Check::limited(
            Area::Users,
            what,
            format!("nothing is given to services: {reason}"),
            "Where state belongs to others, put it right by hand, or allow it in the policy.",
        ),
        Ok((Way::Host, reason)) => {
            Check::works(Area::Users, what, format!("given by this process: {reason}"))
        }
        Ok((Way::Helper, reason)) => match helper::program() {
            Ok(_) => Check::works(Area::Users, what, format!("given by a helper container: {reason}")),
            Err(error) => Check::fails(
                Area::Users,
                what,
                format!("no helper container can be made: {error}"),
                format!("Use a static program of this version, or name one in {}.", helper::VARIABLE),
            ),
        },
    }
}

/// The history of launches, by which ended containers are attributed.
pub fn history(kept: Option<&Path>) -> Check {
    match kept {
        Some(folder) => Check::works(
            Area::Users,
            "history",
            format!("launches under a policy are noted in {}", folder.display()),
        ),
        None => Check::limited(
            Area::Users,
            "history",
            "launches are not noted: where this user's programs keep their own cannot be written, or is another user's",
            "Set XDG_STATE_HOME to a directory of the user who launches; `whois` answers from it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::doctor::Verdict;

    #[test]
    fn only_a_version_that_is_known_works_without_a_word() {
        let of = |version: &str| {
            let found = Compose { docker: "/d".into(), plugin: Some("/p".into()), version: version.into() };
            let checks = compose(&Answer::Known(found), &Options::default());
            checks[0].verdict
        };
        assert_eq!(of("2.40.3"), Verdict::Works);
        assert_eq!(of("9.0.0"), Verdict::Limited);
        assert_eq!(of("2.20.0"), Verdict::Fails);
        assert_eq!(of("dev"), Verdict::Fails);
        let none = compose(&Answer::unknown("no Docker Compose"), &Options::default());
        assert_eq!((none.len(), none[0].verdict), (1, Verdict::Fails));
    }

    #[test]
    fn a_history_that_cannot_be_kept_is_said() {
        assert_eq!(history(Some(Path::new("/s"))).verdict, Verdict::Works);
        assert_eq!(history(None).verdict, Verdict::Limited);
    }

    #[test]
    fn a_place_that_was_lost_or_leads_nowhere_fails() {
        let of = |one| placements(&[one])[0].verdict;
        assert_eq!(of(Placement::Plugin("/a".into())), Verdict::Works);
        assert_eq!(of(Placement::Compose("/a".into())), Verdict::Works);
        assert_eq!(of(Placement::Lost("/a".into())), Verdict::Fails);
        assert_eq!(of(Placement::Dangling("/a".into())), Verdict::Fails);
        assert_eq!(placements(&[])[0].verdict, Verdict::Works);
    }
}
