//! Being called by `docker` as its plugin: `docker seaworthy up`, or as `docker compose` itself.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::flags;
use super::grammar;
use super::table::DOCKER_PLUGIN_GLOBALS;

/// How the program was called.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {
    /// Docker looks for plugins.
    Metadata,
    /// `program` is what the user types for it, `docker` what docker was given for itself.
    Words { program: &'static str, docker: Vec<OsString>, words: Vec<OsString> },
    /// In the place of Compose. `all` is all that was typed, for the real one.
    InPlace { docker: Vec<OsString>, words: Vec<OsString>, all: Vec<OsString> },
}

/// What the user types where this program is `docker compose`.
pub const COMPOSE: &str = "docker compose";
/// Commands by which Compose tells of itself.
pub const ANSWERS_FOR_ITSELF: [&str; 5] = [METADATA, "help", "completion", "__complete", "__completeNoDesc"];
const METADATA: &str = "docker-cli-plugin-metadata";

/// The answer to docker's question what this plugin is.
pub fn metadata() -> String {
    concat!(
        r#"{"SchemaVersion":"0.1.0","Vendor":"seaworthy","Version":""#,
        env!("CARGO_PKG_VERSION"),
        r#"","ShortDescription":"docker compose that launches only what was verified"}"#
    )
    .to_owned()
}

/// Splits what docker puts before our own words from those words.
pub fn call(args: impl IntoIterator<Item = OsString>) -> Call {
    let mut args = args.into_iter();
    let name = args.next().unwrap_or_default();
    let words: Vec<OsString> = args.collect();
    let is_metadata = words.first().is_some_and(|word| word == METADATA);
    let stem = Path::new(&name).file_stem();
    if stem.is_some_and(|stem| stem == "docker-compose") {
        // Docker's plugins know who called them by this variable; without it the words are Compose's from the start.
        let (docker, rest) = after_own_name("compose", &words).unwrap_or((Vec::new(), words.clone()));
        return Call::InPlace { docker, words: rest, all: words };
    }
    if is_metadata {
        return Call::Metadata;
    }
    let plugin = stem.is_some_and(|stem| stem == "docker-seaworthy");
    // Docker passes on its whole command line, its own flags and our name included. Called by that
    // name without docker, the words are ours from the start.
    match plugin.then(|| after_own_name("seaworthy", &words)).flatten() {
        Some((docker, words)) => Call::Words { program: "docker seaworthy", docker, words },
        None => Call::Words { program: "seaworthy", docker: Vec::new(), words },
    }
}

/// The words after the program's name, where that is Compose's.
pub fn called_in_place(args: &[OsString]) -> Option<Vec<OsString>> {
    match call(args.iter().cloned()) {
        Call::InPlace { all, .. } => Some(all),
        _ => None,
    }
}

fn after_own_name(own: &str, words: &[OsString]) -> Option<(Vec<OsString>, Vec<OsString>)> {
    let matches = grammar::root_reader(DOCKER_PLUGIN_GLOBALS).try_get_matches_from(words).ok()?;
    let (name, rest) = matches.subcommand()?;
    let rest = rest.get_many::<OsString>("").into_iter().flatten().cloned().collect();
    (OsStr::new(name) == own).then(|| (flags::words(DOCKER_PLUGIN_GLOBALS, &matches), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(words: &[&str]) -> Call {
        call(words.iter().map(OsString::from))
    }

    fn owned(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn docker_is_told_what_the_plugin_is() {
        assert_eq!(called(&["docker-seaworthy", "docker-cli-plugin-metadata"]), Call::Metadata);
        assert!(metadata().starts_with('{') && metadata().contains(r#""SchemaVersion":"0.1.0""#));
    }

    #[test]
    fn the_plugins_own_name_is_skipped_and_dockers_flags_are_kept() {
        let call = called(&["/x/docker-seaworthy", "-c", "far", "--tls", "seaworthy", "up", "-d"]);
        let docker = owned(&["-c", "far", "--tls"]);
        assert_eq!(call, Call::Words { program: "docker seaworthy", docker, words: owned(&["up", "-d"]) });
    }

    #[test]
    fn in_the_place_of_compose_all_that_was_typed_is_kept_for_the_real_one() {
        let all = owned(&["-c", "far", "compose", "up", "-d"]);
        let (docker, words) = (owned(&["-c", "far"]), owned(&["up", "-d"]));
        let called_by_docker = called(&["/x/docker-compose", "-c", "far", "compose", "up", "-d"]);
        assert_eq!(called_by_docker, Call::InPlace { docker, words, all });
        let words = owned(&["-f", "a.yaml", "up"]);
        let alone = Call::InPlace { docker: Vec::new(), all: words.clone(), words };
        assert_eq!(called(&["docker-compose", "-f", "a.yaml", "up"]), alone);
        let words = owned(&[METADATA]);
        let asked = Call::InPlace { docker: Vec::new(), all: words.clone(), words };
        assert_eq!(called(&["docker-compose", METADATA]), asked);
    }

    #[test]
    fn the_name_is_an_ordinary_word_when_docker_did_not_call() {
        let words = owned(&["seaworthy", "up"]);
        assert_eq!(
            called(&["seaworthy", "seaworthy", "up"]),
            Call::Words { program: "seaworthy", docker: Vec::new(), words }
        );
        let words = owned(&["-f", "a.yaml", "up"]);
        assert_eq!(
            called(&["docker-seaworthy", "-f", "a.yaml", "up"]),
            Call::Words { program: "seaworthy", docker: Vec::new(), words }
        );
    }
}
