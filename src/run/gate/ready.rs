//! Prepares the host while Compose reads the rendered file.

use std::io;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use crate::diagnostic::{Code, Finding};
use crate::engine::socket::Socket;
use crate::engine::{Answer, Engine};
use crate::launch::{HandedOver, cross_check};
use crate::run::hand_over::HandOver;
use crate::run::images::LazyEngine;
use crate::run::prepare::see_to;
use crate::run::session::Session;
use crate::run::verify::Verified;

/// Has Compose read the rendered file and say what it understood. Meanwhile, where the command acts on the host, makes
/// there what is missing. Notes are said also where it fails.
///
/// # Errors
/// The first of: Compose understood something else, the host could not be prepared, what an interrupted run left in
/// the engine could not be removed.
pub fn make_ready(
    session: &mut Session<'_>,
    verified: &Verified,
    services: &[String],
    hand_over: &HandOver,
    (engine, acts): (&LazyEngine, bool),
) -> Result<(), Finding> {
    let mut notes = Vec::new();
    let globals = hand_over.globals(session.request);
    let outcome = std::thread::scope(|scope| {
        let check = spawned(scope, "cross-check", || {
            let file =
                HandedOver { rendered: &hand_over.rendered, path: hand_over.path(), globals: &globals };
            cross_check(&hand_over.docker, services, &file)
        })?;
        // What an interrupted run left in the engine is nobody's.
        let connected = engine.connected().filter(|engine| acts && Socket::of(engine).is_some());
        let sweep = connected.map(|engine| spawned(scope, "sweep", || swept(engine))).transpose()?;
        let prepared = if acts { see_to(verified, engine, &mut notes).map(drop) } else { Ok(()) };
        let checked = joined(check);
        let swept = sweep.map_or(Ok(()), joined);
        checked.and(prepared).and(swept)
    });
    session.sink.extend(notes);
    outcome
}

fn swept(engine: &Engine) -> Result<(), Finding> {
    match engine.sweep() {
        Answer::Unknown(reason) => Err(crate::engine::unanswered(reason)),
        Answer::Known(_) => Ok(()),
    }
}

type Handle<'scope> = ScopedJoinHandle<'scope, Result<(), Finding>>;

fn spawned<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> Result<(), Finding> + Send + 'scope,
) -> Result<Handle<'scope>, Finding> {
    Builder::new().name(name.to_owned()).spawn_scoped(scope, work).map_err(|error: io::Error| {
        Finding::error(Code::PrepareFailed, format!("cannot start a thread: {error}"))
            .help(Code::PrepareFailed.remedy())
    })
}

fn joined(handle: Handle<'_>) -> Result<(), Finding> {
    let name = handle.thread().name().unwrap_or_default().to_owned();
    handle.join().unwrap_or_else(|_| {
        Err(Finding::error(Code::Internal, format!("the {name} ended unexpectedly"))
            .help(Code::Internal.remedy()))
    })
}
