//! From words to a [`Request`].

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::slice;

use clap::ArgMatches;

use super::flags::{self, Flags};
use super::global::{self, Environment};
use super::grammar::{self, WORDS};
use super::help;
use super::options::{
    AttestOptions, CheckOptions, ConfigOptions, DoctorOptions, ExplainOptions, GcOptions, IdsOptions,
    InitOptions, InstallOptions, KubeOptions, Overlays, PlanOptions, ProbeOptions, RepairOptions,
    SealOptions, SnapshotDo, SnapshotOptions, StackDo, StackOptions, WhoisOptions,
};
use super::plugin::{self, Call};
use super::request::{Command, ComposeCommand, Global, Request};
use super::spec::{Class, Spec, Words};
use super::table::{self, COMPOSE_GLOBALS, DOCKER_GLOBALS};
use super::usage::{self, Place};
use crate::diagnostic::Finding;

/// Reads a command line, the program's name first.
///
/// # Errors
/// Says what cannot be read, as [`crate::diagnostic::Code::Usage`].
pub fn parse(args: impl IntoIterator<Item = OsString>, env: Environment) -> Result<Request, Finding> {
    let (program, docker, words) = match plugin::call(args) {
        Call::Metadata => return Ok(alone(Command::PluginMetadata(plugin::metadata()))),
        Call::Words { program, docker, words } => (program, docker, words),
        Call::InPlace { docker, words, all } => {
            let read = read(plugin::COMPOSE, docker, &words, env);
            return if is_composes_own(&words, &read) { Ok(alone(Command::InPlace(all))) } else { read };
        }
    };
    read(program, docker, &words, env)
}

/// Whether the real Compose should answer: what it says of itself and of its commands. A mistake is told by us, since
/// what we cannot read might launch something.
fn is_composes_own(words: &[OsString], read: &Result<Request, Finding>) -> bool {
    let first = read_root(words).ok().and_then(|matches| further(&matches)).map(|(word, _)| word);
    let word = first.as_deref().and_then(OsStr::to_str);
    if word.is_some_and(|word| plugin::ANSWERS_FOR_ITSELF.contains(&word)) {
        return true;
    }
    match read.as_ref().map(|request| &request.command) {
        Ok(Command::Version) => true,
        Ok(Command::Help(_)) => {
            let spec = word.and_then(|word| table::find(None, word));
            spec.is_none_or(|spec| spec.class != Class::Own)
        }
        _ => false,
    }
}

fn read(
    program: &'static str,
    docker: Vec<OsString>,
    words: &[OsString],
    env: Environment,
) -> Result<Request, Finding> {
    let root = Place { program, spec: None };
    let matches = read_root(words).map_err(|error| root.refusal(&error))?;
    let flags = flags::collect(grammar::root_flags(), &matches, words).map_err(|bad| root.bad_value(bad))?;
    if flags.on("version") {
        return Ok(alone(Command::Version));
    }
    let Some((word, rest)) = further(&matches) else {
        return Ok(alone(Command::Help(help::of(program, None))));
    };

    if after_double_dash(words, rest.len()) {
        return Err(root.unknown_command(&word));
    }
    let typed = [slice::from_ref(&word), &rest].concat();
    let found = find(program, &word, rest)?;
    if flags.on("help") {
        return Ok(alone(Command::Help(help::of(program, Some(found.spec)))));
    }
    let mut global = global::understand(root, &flags, found.spec.class, env)?;
    global.docker = docker;
    global.docker.extend(flags::words(DOCKER_GLOBALS, &matches));
    let (command, dry_run) = command(program, found)?;
    global.dry_run = dry_run.unwrap_or(global.dry_run);
    Ok(Request { global, command, root: flags::words(COMPOSE_GLOBALS, &matches), words: typed })
}

fn alone(command: Command) -> Request {
    Request { global: Global::default(), command, root: Vec::new(), words: Vec::new() }
}

fn read_root(words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    grammar::root_reader(grammar::root_flags()).try_get_matches_from(words)
}

/// Whether `--` stands before the command, which Compose then does not take for one. It may also
/// be the value of a flag, which would lack it.
fn after_double_dash(words: &[OsString], behind: usize) -> bool {
    let before = words.len().saturating_sub(behind + 1);
    match words.get(..before) {
        Some([flags @ .., last]) => last == "--" && read_root(flags).is_ok(),
        _ => false,
    }
}

/// The first word that is no flag, and all that follow it.
fn further(matches: &ArgMatches) -> Option<(OsString, Vec<OsString>)> {
    let (word, rest) = matches.subcommand()?;
    Some((OsString::from(word), rest.get_many::<OsString>("").into_iter().flatten().cloned().collect()))
}

/// A command of the table and what was typed after its name.
struct Found {
    spec: &'static Spec,
    args: Vec<OsString>,
    /// Said by the groups it is in.
    dry_run: Option<bool>,
    help: bool,
}

fn find(program: &'static str, word: &OsStr, args: Vec<OsString>) -> Result<Found, Finding> {
    let unknown = |spec, word: &OsStr| Place { program, spec }.unknown_command(word);
    let spec = word.to_str().and_then(|word| table::find(None, word)).ok_or_else(|| unknown(None, word))?;
    let mut found = Found { spec, args, dry_run: None, help: false };
    while let Words::Command(default) = found.spec.words {
        let place = Place { program, spec: Some(found.spec) };
        let matches = grammar::command_reader(found.spec)
            .try_get_matches_from(&found.args)
            .map_err(|error| place.refusal(&error))?;
        let flags = flags::collect(found.spec.all_flags(), &matches, &found.args)
            .map_err(|bad| place.bad_value(bad))?;
        found.help |= flags.on("help");
        found.dry_run = dry_run(&flags).or(found.dry_run);
        match (further(&matches), default) {
            (Some((word, rest)), _) => {
                let inner = word.to_str().and_then(|word| table::find(Some(found.spec.name), word));
                found.spec = inner.ok_or_else(|| unknown(Some(found.spec), &word))?;
                found.args = rest;
            }
            (None, Some(name)) if !found.help => {
                let inner = table::COMMANDS.iter().find(|spec| spec.name == name);
                found.spec = inner.ok_or_else(|| unknown(Some(found.spec), OsStr::new(name)))?;
                found.args = Vec::new();
            }
            (None, _) => {
                found.help = true;
                break;
            }
        }
    }
    Ok(found)
}

fn dry_run(flags: &Flags) -> Option<bool> {
    flags.typed("dry-run").then(|| flags.on("dry-run"))
}

fn command(program: &'static str, found: Found) -> Result<(Command, Option<bool>), Finding> {
    let Found { spec, args, dry_run: outer, help } = found;
    let place = Place { program, spec: Some(spec) };
    if help {
        return Ok((Command::Help(help::of(program, Some(spec))), outer));
    }
    let read = grammar::command_reader(spec)
        .try_get_matches_from(&args)
        .map_err(|error| place.refusal(&error))
        .and_then(|matches| understand(place, spec, &matches, &args));
    let (flags, words) = match read {
        Ok(read) => read,
        // A later Compose may know better; the way out is never blocked.
        Err(_) if spec.class == Class::PassThrough => (Flags::default(), Vec::new()),
        Err(finding) => return Err(finding),
    };
    let inner = dry_run(&flags).or(outer);
    if flags.on("help") {
        return Ok((Command::Help(help::of(program, Some(spec))), inner));
    }
    if let (true, Some(problem)) = (spec.class != Class::PassThrough, miscounted(spec, words.len())) {
        return Err(place.finding(problem));
    }
    let command = match spec.class {
        Class::Own => own(place, spec, &flags, words)?,
        _ if spec.name == "config" => Command::Config(ConfigOptions::new(&flags, words)),
        class => Command::Compose(ComposeCommand { name: spec.name, class, args, flags, positionals: words }),
    };
    Ok((command, inner))
}

fn understand(
    place: Place,
    spec: &'static Spec,
    matches: &ArgMatches,
    args: &[OsString],
) -> Result<(Flags, Vec<String>), Finding> {
    let flags = flags::collect(spec.all_flags(), matches, args).map_err(|bad| place.bad_value(bad))?;
    let words = match spec.words {
        Words::Between(..) | Words::Program(..) => matches.get_raw(WORDS).into_iter().flatten().collect(),
        Words::No | Words::Command(_) => Vec::new(),
    };
    let mut texts = Vec::new();
    for (position, word) in words.into_iter().enumerate() {
        // The words of the program that is run need not be text. A service's name must be.
        let free = position > 0 && matches!(spec.words, Words::Program(..));
        if !free && word.to_str().is_none() {
            return Err(place.finding(format!("{:?} is not valid UTF-8", word.to_string_lossy())));
        }
        texts.push(word.to_string_lossy().into_owned());
    }
    Ok((flags, texts))
}

fn miscounted(spec: &Spec, given: usize) -> Option<String> {
    match spec.words {
        Words::Between(least, most, _) => usage::wrong_number(least, most, given),
        Words::Program(least, _) => usage::wrong_number(least, usize::MAX, given),
        Words::No | Words::Command(_) => None,
    }
}

fn own(place: Place, spec: &'static Spec, flags: &Flags, words: Vec<String>) -> Result<Command, Finding> {
    let first = || words.first().cloned().unwrap_or_default();
    let paths = || words.iter().map(PathBuf::from).collect();
    Ok(match spec.name {
        "attest" => Command::Attest(AttestOptions::new(flags, words)),
        "check" => Command::Check(CheckOptions::new(flags)),
        "completions" => {
            let shell = first();
            if !help::is_shell(&shell) {
                return Err(place.finding(format!("no completions for {shell:?}: {}", spec.words.usage())));
            }
            Command::Completions(shell)
        }
        "doctor" => Command::Doctor(DoctorOptions::new(flags)),
        "explain" => Command::Explain(ExplainOptions::new(flags, words)),
        "ids" => Command::Ids(IdsOptions::new(flags, words).map_err(|problem| place.finding(problem))?),
        "whois" => Command::Whois(WhoisOptions::new(flags, words)),
        "gc" => Command::Gc(GcOptions::new(flags)),
        "kube" => Command::Kube(KubeOptions::new(flags, words)),
        "annotate" => Command::Annotate,
        "probe" => Command::Probe(ProbeOptions::new(flags, words)),
        "help" => Command::Help(help::of(place.program, named(place, &words)?)),
        "init" => Command::Init(InitOptions::new(flags)),
        "install" => Command::Install(InstallOptions::new(flags)),
        "uninstall" => Command::Uninstall(InstallOptions::new(flags)),
        "man" => {
            named(place, &words)?;
            match flags.last("output") {
                Some(folder) if words.is_empty() => Command::ManPages(folder.into()),
                Some(_) => {
                    return Err(place.finding("--output writes the pages of all commands, so name none"));
                }
                None => Command::Man(words),
            }
        }
        "overlays list" => Command::Overlays(Overlays::List),
        "overlays pin" => Command::Overlays(Overlays::Pin(paths())),
        "overlays seal" => Command::Overlays(Overlays::Seal(SealOptions::new(flags, paths()))),
        "overlays show" => Command::Overlays(Overlays::Show(first())),
        "plan" => Command::Plan(PlanOptions::new(flags, words)),
        "prepare" => Command::Prepare(words),
        "repair" => Command::Repair(RepairOptions {
            migrate: flags.on("migrate"),
            take_mine: flags.on("take-mine"),
            services: words,
        }),
        "snapshot check" => Command::Snapshot(SnapshotOptions::new(SnapshotDo::Check, flags)),
        "snapshot diff" => Command::Snapshot(SnapshotOptions::new(SnapshotDo::Diff, flags)),
        "snapshot write" => Command::Snapshot(SnapshotOptions::new(SnapshotDo::Write, flags)),
        "schema" => Command::Schema(first()),
        "stack deploy" => Command::Stack(StackOptions::new(StackDo::Deploy, flags, first())),
        "stack config" => Command::Stack(StackOptions::new(StackDo::Config, flags, first())),
        "stack diff" => Command::Stack(StackOptions::new(StackDo::Diff, flags, first())),
        "stack rm" => Command::Stack(StackOptions::new(StackDo::Remove, flags, first())),
        // Each name of the table is above; a test says so.
        other => return Err(place.unknown_command(OsStr::new(other))),
    })
}

/// The command that these words name.
fn named(place: Place, words: &[String]) -> Result<Option<&'static Spec>, Finding> {
    table::named(words).map_err(|(spec, word)| Place { spec, ..place }.unknown_command(OsStr::new(word)))
}
