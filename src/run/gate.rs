//! The gate: a launch is decided, rendered, checked and prepared, proved, and only then handed over to Compose.

mod by_name;
mod ready;
mod rounds;

use crate::cli::{Class, ComposeCommand, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::host::process::shell_word;
use crate::launch::program::Program;
use crate::launch::{kept, standing};

use super::hand_over::HandOver;
use super::history::Notes;
use super::images::LazyEngine;
use super::launch_checked::{self, Launch};
use super::pass::{self, options};
use super::session::Session;
use super::verify::Verified;
use super::{mapped, settle};

pub use rounds::{Settled, Wanted, settle as decide};

/// `up`, `create`, `run`, `start`, `restart`, `scale`, `watch`: the whole gate. `build`, `pull`, `push`,
/// `publish` start nothing, so the host is not prepared for them.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    // What starts nothing may be what puts the user right: a build, a pull.
    session.tolerates_drift = command.class != Class::Gate;
    let engine = LazyEngine::new(options(request));
    if by_name::is_of_another_directory(request, command, &engine) {
        return pass::run(request);
    }
    let services = named_services(command);
    let launches = command.class == Class::Gate && !request.global.dry_run;
    let wanted = Wanted {
        services: &services,
        launches,
        // What is only started has the image that it has, here or nowhere.
        fetches: launches && !kept::makes_nothing(command),
        takes_turn: launches,
    };
    let Some(Settled { mut verified, engine, turn }) = decide(&mut session, &wanted, engine) else {
        if by_name::has_only_a_name(&session, command) {
            return pass::run(request);
        }
        return Err(session.report());
    };
    mapped::rewrite(&mut verified);
    if let ("run", Some(service)) = (command.name, services.first()) {
        settle::keep_for_one_off(&mut verified, service);
    }
    let outcome = launch(&mut session, command, &verified, &wanted, &engine);
    drop(turn);
    outcome.map_err(|finding| {
        session.sink.push(finding);
        session.report()
    })
}

/// Renders what was decided, has it checked, prepares the host, and becomes Compose. Returns only on failure, or where
/// nothing is left to do.
fn launch(
    session: &mut Session<'_>,
    command: &ComposeCommand,
    verified: &Verified,
    wanted: &Wanted<'_>,
    engine: &LazyEngine,
) -> Result<Exit, Finding> {
    let (request, launches) = (session.request, wanted.launches);
    let hand_over = HandOver::write(session, verified, engine)?;
    if hand_over.is_sealed() && request.global.no_launch {
        return Err(within_reach());
    }
    ready::make_ready(session, verified, wanted.services, &hand_over, (engine, launches))?;
    if launches {
        let mut refused = crate::commands::probe::before_launch(verified, engine);
        if let Some(last) = refused.pop() {
            session.sink.extend(refused);
            return Err(last);
        }
    }
    let standing = if launches { standing::note(&verified.host.binds)? } else { Vec::new() };
    if let Some(lock) = verified.lock.as_ref().filter(|_| launches && !kept::makes_nothing(command)) {
        lock.write(&verified.users)?;
    }
    let proves = launches && launch_checked::is_proved(verified);
    let settles = launches && settle::is_needed(verified);
    let in_steps = proves || settles;
    if settles && request.global.no_launch {
        session.sink.push(settle::not_by_a_command(verified));
    }
    let is_noted = launches && !request.global.no_launch;
    let notes = if is_noted { Notes::of(verified, &hand_over.reach, engine)? } else { None };
    if let Some(notes) = notes.as_ref().filter(|_| !in_steps) {
        notes.write(&[])?;
    }
    if let Err(exit) = session.warn() {
        return Ok(exit);
    }
    if request.global.no_launch {
        return print(request, &hand_over);
    }
    if in_steps {
        let (standing, notes) = (standing.as_slice(), notes.as_ref());
        let hand_over = &hand_over;
        let launch =
            Launch { request, command, verified, proves, settles, engine, hand_over, standing, notes };
        return launch_checked::run(session, &launch);
    }
    let program = Program::for_command(&hand_over.docker, command)?;
    Err(program.exec(hand_over.words(request), &hand_over.variables))
}

/// The line that would be handed over, to be typed.
fn print(request: &Request, hand_over: &HandOver) -> Result<Exit, Finding> {
    // The plug-in by itself does the same, but this is what people know.
    let program = Program::docker(&hand_over.docker)?;
    let words = program.with(hand_over.words(request));
    let words = words.iter().map(|word| shell_word(&word.to_string_lossy()));
    let line: Vec<String> =
        std::iter::once(shell_word(&program.path.to_string_lossy())).chain(words).collect();
    Ok(super::print(format!("{}\n", line.join(" ")).as_bytes()).unwrap_or_else(|exit| exit))
}

/// The services that a command names; none means all.
pub fn named_services(command: &ComposeCommand) -> Vec<String> {
    match command.name {
        "run" => command.positionals.first().cloned().into_iter().collect(),
        "scale" => {
            let name = |word: &String| word.split('=').next().unwrap_or(word).to_owned();
            command.positionals.iter().map(name).collect()
        }
        "publish" => Vec::new(),
        _ => command.positionals.clone(),
    }
}

fn within_reach() -> Finding {
    let message = "there is no place for the rendered file that can be written, and that no service of the project can write";
    Finding::error(Code::PrepareFailed, message).help(
        "A launch hands it over in memory, which nobody else can. To have it in a file, name a directory of yours that no \
         service mounts with --state-dir.",
    )
}
