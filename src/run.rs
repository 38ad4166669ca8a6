//! From the command line to the exit status: what each command does with the stages.

mod asked;
mod attest;
mod check;
mod config;
pub(crate) mod decide;
mod down;
mod explain;
mod former;
mod gate;
mod hand_over;
mod helper;
mod history;
pub(crate) mod identities;
pub(crate) mod images;
pub(crate) mod install;
pub(crate) mod judge;
mod launch_checked;
pub(crate) mod lock;
mod mapped;
mod mend;
mod on_host;
mod overlays;
pub(crate) mod pass;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod prepare;
mod progress;
mod repair;
mod schema;
pub(crate) mod session;
mod settle;
mod shared;
mod snapshot;
mod stays;
pub(crate) mod verify;
mod volumes;

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{self, Class, Command};
use crate::commands;
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::engine::Options;
use crate::engine::compose::is_behind_another;
use crate::host::{idmap, write_atomic};

/// Does what the words ask for; `args` begins with the program's own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if helper::is_meant(args.first()) {
        return helper::run();
    }
    if idmap::is_holder(args.first()) {
        return if idmap::hold().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(words) = cli::called_in_place(&args).filter(|_| is_behind_another(&Options::default())) {
        return status(pass::as_compose(&words).unwrap_or_else(|exit| exit));
    }
    let variable = |name: &str| std::env::var(name).ok();
    let request = match cli::parse(args, &variable) {
        Ok(request) => request,
        Err(finding) => {
            let exit = finding.code.exit();
            let mut sink = Sink::new();
            sink.push(finding);
            // The status says it where the words cannot.
            let screen = session::screen(None);
            let _ = session::report(&sink, &crate::source::SourceMap::default(), screen, None);
            return status(exit);
        }
    };
    let outcome = match &request.command {
        Command::InPlace(words) => pass::as_compose(words),
        Command::Help(text) | Command::PluginMetadata(text) => print(text.as_bytes()),
        Command::Version => print(concat!("seaworthy ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()),
        Command::Completions(shell) => print(&cli::completions(shell)),
        Command::Man(command) => match cli::manual(command) {
            Ok(page) => print(&page),
            Err(error) => Err(failed(&error)),
        },
        Command::ManPages(folder) => man_pages(folder),
        Command::Snapshot(options) => snapshot::run(&request, options),
        Command::Schema(name) => schema::run(name),
        Command::Config(options) => config::run(&request, options),
        Command::Attest(options) => attest::run(&request, options),
        Command::Check(options) => check::run(&request, *options),
        Command::Doctor(options) => commands::doctor::run(&request, *options),
        Command::Gc(options) => commands::gc::run(&request, *options),
        Command::Whois(options) => commands::whois::run(&request, options),
        Command::Ids(options) => commands::ids::run(&request, options),
        Command::Init(options) => commands::init::run(&request, options),
        Command::Kube(options) => commands::kube::run(&request, options),
        Command::Stack(options) => commands::stack::run(&request, options),
        Command::Annotate => commands::annotate::run(&request),
        Command::Probe(options) => commands::probe::run(&request, options),
        Command::Explain(options) => explain::run(&request, options),
        Command::Install(options) => install::install(&request, *options),
        Command::Uninstall(options) => install::uninstall(&request, *options),
        Command::Overlays(what) => overlays::run(&request, what),
        Command::Plan(options) => plan::run(&request, options),
        Command::Prepare(services) => prepare::run(&request, services),
        Command::Repair(options) => repair::run(&request, options),
        Command::Compose(compose) => match compose.class {
            Class::Gate | Class::Load => gate::run(&request, compose),
            Class::Judge => judge::run(&request, compose),
            Class::PassThrough if compose.name == "down" => down::run(&request, compose),
            Class::PassThrough | Class::Own => pass::run(&request),
        },
    };
    match outcome {
        Ok(exit) | Err(exit) => status(exit),
    }
}

fn man_pages(folder: &Path) -> Result<Exit, Exit> {
    for (name, page) in cli::manuals().map_err(|error| failed(&error))? {
        write_atomic(&folder.join(name), &page, 0o644).map_err(|error| {
            pass::refuse(
                Finding::error(Code::PrepareFailed, error.to_string()).help("Name a directory that exists."),
            )
        })?;
    }
    Ok(Exit::Done)
}

fn status(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}

/// Results go to standard output. A reader that has gone away is no failure.
pub(crate) fn print(bytes: &[u8]) -> Result<Exit, Exit> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(Exit::Done),
    }
}

/// A report as one line of JSON, or in words.
pub(crate) fn told<R: serde::Serialize>(
    report: &R,
    json: bool,
    words: impl FnOnce(&R) -> String,
) -> Result<String, Exit> {
    if json {
        serde_json::to_string(report).map(|text| text + "\n").map_err(|error| failed(&error.into()))
    } else {
        Ok(words(report))
    }
}

/// Asks, and says whether whoever sits at the terminal agrees. Without one nobody does.
pub(crate) fn agreed(question: &str) -> std::io::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    std::io::stderr().write_all(question.as_bytes())?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

pub(crate) fn failed(error: &std::io::Error) -> Exit {
    let _ = writeln!(std::io::stderr(), "seaworthy: {error}");
    Exit::Internal
}
