//! From words to a [`Request`].

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::slice;

use clap::ArgMatches;

use super::flags::{self, Flags};
use super::grammar::{self, WORDS};
use super::help;
use super::options::{CheckOptions, ConfigOptions, Overlays, PlanOptions};
use super::plugin::{self, Call};
use super::request::{Command, ComposeCommand, EngineChoice, Global, Request};
use super::spec::{Class, Spec, Words};
use super::table::{self, COMPOSE_GLOBALS, DOCKER_GLOBALS};
use super::usage::{self, Place};
use crate::diagnostic::Finding;

/// The variables of the process environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const PROGRESS: &[&str] = &["auto", "tty", "plain", "json", "quiet", "none"];

/// Reads a command line, the program's name first.
///
/// # Errors
/// Says what cannot be read, as [`crate::diagnostic::Code::Usage`].
pub fn parse(args: impl IntoIterator<Item = OsString>, env: Environment) -> Result<Request, Finding> {
    let (program, docker, words) = match plugin::call(args) {
        Call::Metadata => return Ok(alone(Command::PluginMetadata(plugin::metadata()))),
        Call::Words { program, docker, words } => (program, docker, words),
    };
    let root = Place { program, spec: None };
    let matches = read_root(&words).map_err(|error| root.refusal(&error))?;
    let flags = flags::collect(grammar::root_flags(), &matches, &words).map_err(|bad| root.bad_value(bad))?;
    if flags.on("version") {
        return Ok(alone(Command::Version));
    }
    let Some((word, rest)) = further(&matches) else {
        return Ok(alone(Command::Help(help::of(program, None))));
    };

    if after_double_dash(&words, rest.len()) {
        return Err(root.unknown_command(&word));
    }
    let typed = [slice::from_ref(&word), &rest].concat();
    let found = find(program, &word, rest)?;
    if flags.on("help") {
        return Ok(alone(Command::Help(help::of(program, Some(found.spec)))));
    }
    let mut global = global(root, &flags, found.spec.class, env)?;
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

fn global(root: Place, flags: &Flags, class: Class, env: Environment) -> Result<Global, Finding> {
    let text = |long| flags.last(long).map(str::to_owned);
    // To Compose, an empty value of these is the same as none.
    let filled = |long| text(long).filter(|value| !value.is_empty());
    let variable = |name| env(name).filter(|value| !value.is_empty());
    let mut global = Global {
        files: flags.all("file").to_vec(),
        project_name: filled("project-name"),
        project_directory: filled("project-directory").map(PathBuf::from),
        profiles: flags.all("profile").to_vec(),
        env_files: flags.all("env-file").to_vec(),
        progress: filled("progress").or_else(|| variable("COMPOSE_PROGRESS")),
        ansi: filled("ansi").or_else(|| variable("COMPOSE_ANSI")),
        parallel: flags.last("parallel").and_then(flags::whole_number),
        compatibility: flags.on("compatibility"),
        all_resources: flags.on("all-resources"),
        dry_run: flags.on("dry-run"),
        verbose: flags.on("verbose"),
        policy: text("policy").or_else(|| env("SEAWORTHY_POLICY")).map(PathBuf::from),
        files_from: text("files-from"),
        files_cmd: text("files-cmd"),
        expect_files: None,
        engine: match flags.value("engine") {
            "docker" => EngineChoice::Docker,
            "podman" => EngineChoice::Podman,
            _ => EngineChoice::Auto,
        },
        no_launch: flags.on("no-launch"),
        show_values: flags.on("show-values"),
        docker: Vec::new(),
    };
    if global.env_files.is_empty() {
        global.env_files = variable("COMPOSE_ENV_FILES")
            .map(|files| files.split(',').map(str::to_owned).collect())
            .unwrap_or_default();
    }
    let deprecated = deprecated(root, flags, &mut global);
    let expected = expected_files(root, flags, &mut global);
    // Nothing here may stand in the way of stopping or clearing away: Compose judges what is
    // passed on to it, and the rest does not matter there.
    if class != Class::PassThrough {
        deprecated?;
        expected?;
        refuse_contradictions(root, &global)?;
    }
    Ok(global)
}

fn deprecated(root: Place, flags: &Flags, global: &mut Global) -> Result<(), Finding> {
    if let Some(directory) = flags.last("workdir").filter(|directory| !directory.is_empty()) {
        if global.project_directory.is_some() {
            return Err(root.finding("--workdir and --project-directory exclude one another"));
        }
        global.project_directory = Some(PathBuf::from(directory));
    }
    if flags.on("no-ansi") {
        if flags.typed("ansi") {
            return Err(root.finding("--no-ansi and --ansi exclude one another"));
        }
        global.ansi = Some("never".to_owned());
    }
    Ok(())
}

fn expected_files(root: Place, flags: &Flags, global: &mut Global) -> Result<(), Finding> {
    if let Some(count) = flags.last("expect-files") {
        let number = count.parse().map_err(|_| {
            root.finding(format!(
                "invalid argument {count:?} for \"--expect-files\" flag: it is not a number"
            ))
        })?;
        global.expect_files = Some(number);
    }
    Ok(())
}

fn refuse_contradictions(root: Place, global: &Global) -> Result<(), Finding> {
    // Where these are empty, a variable was meant that has no value. Going on without the policy
    // or the list would launch something weaker than was asked for.
    let policy = global.policy.as_ref().map(|policy| policy.as_os_str().is_empty());
    let given = [
        ("--policy (or SEAWORTHY_POLICY)", policy),
        ("--files-from", global.files_from.as_ref().map(String::is_empty)),
        ("--files-cmd", global.files_cmd.as_ref().map(String::is_empty)),
    ];
    if let Some((flag, _)) = given.iter().find(|(_, empty)| *empty == Some(true)) {
        return Err(root.finding(format!("{flag} has an empty value")));
    }
    if global.files_from.is_some() && global.files_cmd.is_some() {
        return Err(root.finding("--files-from and --files-cmd exclude one another"));
    }
    match &global.progress {
        Some(kind) if !PROGRESS.contains(&kind.as_str()) => {
            Err(root.finding(format!("unsupported --progress value {kind:?}")))
        }
        _ => Ok(()),
    }
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
            return Err(place.finding(format!("{word:?} is not valid UTF-8")));
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
        "check" => Command::Check(CheckOptions::new(flags)),
        "completions" => {
            let shell = first();
            if !help::is_shell(&shell) {
                return Err(place.finding(format!("no completions for {shell:?}: {}", spec.words.usage())));
            }
            Command::Completions(shell)
        }
        "doctor" => Command::Doctor,
        "explain" => Command::Explain(first()),
        "help" => Command::Help(help::of(place.program, named(place, &words)?)),
        "man" => {
            named(place, &words)?;
            Command::Man(words)
        }
        "overlays list" => Command::Overlays(Overlays::List),
        "overlays pin" => Command::Overlays(Overlays::Pin(paths())),
        "overlays seal" => Command::Overlays(Overlays::Seal(paths())),
        "overlays show" => Command::Overlays(Overlays::Show(first())),
        "plan" => Command::Plan(PlanOptions::new(flags, words)),
        "prepare" => Command::Prepare(words),
        "schema" => Command::Schema(first()),
        // Each name of the table is above; a test says so.
        other => return Err(place.unknown_command(OsStr::new(other))),
    })
}

/// The command that these words name.
fn named(place: Place, words: &[String]) -> Result<Option<&'static Spec>, Finding> {
    table::named(words).map_err(|(spec, word)| Place { spec, ..place }.unknown_command(OsStr::new(word)))
}
