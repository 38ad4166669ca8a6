//! The command line as a whole.

mod compose;
mod oracle;
mod own;
mod reading;
mod rebuild;

use std::ffi::OsString;

use super::table::COMMANDS;
use super::{Command, ComposeCommand, Request, grammar, parse};

fn owned(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// Reads the words, or says why not.
fn read(words: &[&str]) -> Result<Request, String> {
    read_with(words, &[])
}

fn read_with(words: &[&str], variables: &[(&str, &str)]) -> Result<Request, String> {
    let env = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    parse(owned(&[&["seaworthy"], words].concat()), &env).map_err(|finding| finding.message)
}

/// Reads a line of words without spaces, which must be one of Compose's commands.
fn compose(line: &str) -> ComposeCommand {
    let words: Vec<&str> = line.split(' ').collect();
    match read(&words).map(|request| request.command) {
        Ok(Command::Compose(command)) => command,
        other => panic!("{line}: {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    read(&line.split(' ').collect::<Vec<_>>()).expect_err(line)
}

#[test]
fn clap_finds_no_fault_with_what_the_table_says() {
    grammar::shown_root("seaworthy").debug_assert();
    grammar::root_reader(grammar::root_flags()).debug_assert();
    for spec in COMMANDS {
        grammar::command_reader(spec).debug_assert();
    }
}

#[test]
fn every_name_is_in_the_table_once_and_its_group_too() {
    for (position, spec) in COMMANDS.iter().enumerate() {
        assert!(COMMANDS.iter().skip(position + 1).all(|other| other.name != spec.name), "{}", spec.name);
        if let Some(parent) = spec.parent() {
            assert!(COMMANDS.iter().any(|other| other.name == parent), "{}", spec.name);
        }
    }
}
