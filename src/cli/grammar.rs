//! The table as clap commands: one kind to read words with, one to show to people.
//!
//! They differ because Compose's switches take `=true` and `=false`. The reader must accept that;
//! help and completions would only be cluttered by it.

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, value_parser};

use super::spec::{Class, Flag, Spec, Takes, Words};
use super::table::{self, COMPOSE_GLOBALS, DOCKER_GLOBALS, HELP, OWN_GLOBALS, VERSION};

/// Under this id are the words that are not flags.
pub const WORDS: &str = "WORDS";

/// Reads flags up to the first other word, which it leaves with all that follow it.
pub fn root_reader(flags: impl IntoIterator<Item = &'static Flag>) -> Command {
    reader("seaworthy").args(flags.into_iter().map(readable)).allow_external_subcommands(true)
}

/// Reads what follows a command's name.
pub fn command_reader(spec: &Spec) -> Command {
    let command = reader(spec.word()).args(spec.all_flags().map(readable));
    let words =
        || Arg::new(WORDS).num_args(0..).action(ArgAction::Append).value_parser(value_parser!(OsString));
    match spec.words {
        Words::No => command,
        Words::Between(..) => command.arg(words()),
        Words::Program(..) => command.arg(words().trailing_var_arg(true)),
        Words::Command(_) => command.allow_external_subcommands(true),
    }
}

fn reader(name: &'static str) -> Command {
    // Clap acts on its own help and version flags where it meets them, even before a mistake. Ours
    // are ordinary switches, looked at when all is read, as Compose does.
    Command::new(name)
        .no_binary_name(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
}

fn readable(flag: &'static Flag) -> Arg {
    let arg = named(flag).action(ArgAction::Append).value_parser(value_parser!(OsString));
    match flag.takes {
        Takes::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        Takes::Optional(_) => arg.num_args(0..=1).require_equals(true).default_missing_value(""),
        // Whatever comes next is the value, also where it begins with a hyphen.
        _ => arg.num_args(1).allow_hyphen_values(true),
    }
}

fn shown(flag: &'static Flag) -> Arg {
    let arg = named(flag).help(flag.help);
    match flag.takes {
        Takes::Switch => arg.action(ArgAction::SetTrue),
        Takes::Text(name) => arg.action(ArgAction::Set).value_name(name),
        Takes::Optional(name) => {
            arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).value_name(name)
        }
        Takes::Number => arg.action(ArgAction::Set).value_name("N"),
        Takes::List(name) => arg.action(ArgAction::Append).value_name(name),
        Takes::Choice(words) => {
            arg.action(ArgAction::Set).value_name("WORD").value_parser(PossibleValuesParser::new(words))
        }
    }
}

fn named(flag: &'static Flag) -> Arg {
    let arg = Arg::new(flag.long).long(flag.long).aliases(flag.aliases.iter().copied()).hide(flag.hidden);
    match flag.short {
        Some(short) => arg.short(short),
        None => arg,
    }
}

/// Every flag that may stand before the command.
pub fn root_flags() -> impl Iterator<Item = &'static Flag> {
    OWN_GLOBALS.iter().chain(COMPOSE_GLOBALS).chain(DOCKER_GLOBALS).chain([&HELP, &VERSION])
}

/// The whole of it, for completions, manual and suggestions.
pub fn shown_root(program: &'static str) -> Command {
    let commands = table::within(None).map(|spec| shown_command(program, spec));
    shown_options(program).subcommands(commands)
}

/// What stands before the command.
pub fn shown_options(program: &'static str) -> Command {
    let section = |heading: &'static str, flags: &'static [Flag]| {
        flags.iter().map(move |flag| shown(flag).help_heading(heading))
    };
    Command::new("seaworthy")
        .bin_name(program)
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .override_usage(format!("{program} [OPTIONS] COMMAND"))
        .args(section("Seaworthy's options", OWN_GLOBALS))
        .args(section("Compose's options", COMPOSE_GLOBALS))
        .args(section("Docker's options", DOCKER_GLOBALS))
        .arg(shown(&HELP))
        .arg(shown(&VERSION))
}

/// One command, with what is in it.
pub fn shown_command(program: &'static str, spec: &Spec) -> Command {
    let name = format!("{program} {}", spec.name);
    let mut command = Command::new(spec.word())
        .bin_name(name.clone())
        .about(spec.about)
        .hide(spec.hidden)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .override_usage(usage(&name, spec))
        .args(spec.all_flags().map(shown));
    if let Some(alias) = spec.alias {
        command = command.alias(alias);
    }
    match spec.words {
        Words::No => {}
        Words::Between(..) | Words::Program(..) => {
            let words = Arg::new(WORDS).num_args(0..).value_name(words_name(spec)).hide(true);
            command = command.arg(words.trailing_var_arg(matches!(spec.words, Words::Program(..))));
        }
        Words::Command(_) => {
            for inner in table::within(Some(spec.name)) {
                command = command.subcommand(shown_command(program, inner));
            }
        }
    }
    command
}

fn words_name(spec: &Spec) -> &'static str {
    spec.words.usage().split(['.', ' ']).next().unwrap_or_default().trim_matches(['[', ']'])
}

/// `seaworthy exec [OPTIONS] SERVICE COMMAND [ARGS...]`
fn usage(name: &str, spec: &Spec) -> String {
    let flags = if spec.class == Class::Own && spec.flags.is_empty() { "" } else { " [OPTIONS]" };
    let words = spec.words.usage();
    let gap = if words.is_empty() { "" } else { " " };
    format!("{name}{flags}{gap}{words}")
}
