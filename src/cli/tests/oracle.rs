//! The table beside the help of an installed Compose.

use std::collections::BTreeMap;
use std::process::Command as Process;

use crate::cli::spec::{Class, Flag, Spec, Takes};
use crate::cli::table::{COMMANDS, COMPOSE_GLOBALS, HELP, OWN_FLAGS};

fn compose(words: &[&str]) -> (bool, String) {
    let output = Process::new("docker").arg("compose").args(words).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), text.concat())
}

/// The flags in a help text: by long name, the short one and what is taken.
fn listed(help: &str) -> BTreeMap<String, (Option<char>, &'static str)> {
    let mut flags = BTreeMap::new();
    for line in help.lines() {
        // Further in, a line continues what is said of a flag.
        let rest = line.trim_start();
        if line.len() - rest.len() > 6 {
            continue;
        }
        let (short, rest) = match rest.strip_prefix('-').and_then(|rest| rest.split_once(", --")) {
            Some((short, rest)) if short.len() == 1 => (short.chars().next(), rest),
            _ => match rest.strip_prefix("--") {
                Some(rest) => (None, rest),
                None => continue,
            },
        };
        let mut parts = rest.split("   ").next().unwrap().split(' ');
        let long = parts.next().unwrap();
        let takes = match parts.next() {
            None => "switch",
            Some("int") => "number",
            Some("stringArray" | "list" | "scale" | "filter") => "list",
            Some(_) => "text",
        };
        flags.insert(long.to_owned(), (short, takes));
    }
    flags
}

fn tabled<'a>(flags: impl Iterator<Item = &'a Flag>) -> BTreeMap<String, (Option<char>, &'static str)> {
    let takes = |flag: &Flag| match flag.takes {
        Takes::Switch => "switch",
        Takes::Number => "number",
        Takes::List(_) => "list",
        Takes::Text(_) | Takes::Optional(_) | Takes::Choice(_) => "text",
    };
    flags
        .filter(|flag| !flag.hidden && is_in_all(flag))
        .map(|flag| (flag.long.to_owned(), (flag.short, takes(flag))))
        .collect()
}

/// Whether the oldest supported version has it.
fn is_in_all(flag: &Flag) -> bool {
    flag.since.is_none()
}

fn of_compose(spec: &Spec) -> impl Iterator<Item = &'static Flag> {
    spec.all_flags().filter(|flag| **flag != HELP && !OWN_FLAGS.contains(flag) && is_in_all(flag))
}

#[test]
#[ignore = "asks the docker compose that is installed"]
fn the_table_agrees_with_the_help_of_compose() {
    assert_eq!(tabled(COMPOSE_GLOBALS.iter()), listed(&compose(&["--help"]).1));
    for spec in COMMANDS.iter().filter(|spec| spec.class != Class::Own) {
        let words: Vec<_> = spec.name.split(' ').chain(["--help"]).collect();
        assert_eq!(tabled(of_compose(spec)), listed(&compose(&words).1), "{}", spec.name);
    }
}

#[test]
#[ignore = "asks the docker compose that is installed"]
fn compose_accepts_the_hidden_flags_and_other_spellings() {
    for spec in COMMANDS.iter().filter(|spec| spec.class != Class::Own) {
        for flag in of_compose(spec) {
            let hidden = flag.hidden.then_some(flag.long);
            for long in flag.aliases.iter().copied().chain(hidden) {
                let word = format!("--{long}=1");
                let words: Vec<_> = spec.name.split(' ').chain([&*word, "--help"]).collect();
                let (accepted, text) = compose(&words);
                assert!(accepted && text.contains("Usage:"), "{words:?}: {text}");
            }
        }
    }
}
