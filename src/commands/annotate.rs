//! `annotate`: lines of logs from standard input to standard output, with whose their numbers are.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::cli::Request;
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::{Answer, Engine, Location};
use crate::host::{ReadError, read_found};
use crate::operate::annotate::{Live, annotate};
use crate::render::kept;
use crate::run::images::LazyEngine;
use crate::run::pass;

/// More than any `/etc/passwd` has.
const LARGEST: u64 = 16 << 20;

pub fn run(request: &Request) -> Result<Exit, Exit> {
    let lazy = LazyEngine::new(pass::options(request));
    let live =
        lazy.get().and_then(|engine| here(engine).and_then(|accounts| Live::new(engine, accounts, kept())));
    let mut live = match live {
        Answer::Known(live) => live,
        Answer::Unknown(reason) => {
            let message = format!("nothing was read: {reason}");
            let help = "Only an engine on this machine that answers says whose its users and processes are.";
            return Err(pass::refuse(Finding::error(Code::EngineUnavailable, message).help(help)));
        }
    };
    let outcome = annotate(io::stdin().lock(), io::stdout().lock(), &mut live);
    let counts = match outcome {
        Ok(counts) => counts,
        // A reader that has gone away is no failure.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Done),
        Err(error) => return Err(crate::run::failed(&error)),
    };
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "seaworthy: {} lines, {} of them annotated", counts.lines, counts.annotated);
    if let Some(reason) = &live.unread {
        let _ = writeln!(err, "seaworthy: what launches noted is not known: {reason}");
    }
    if let Some(reason) = &live.silent {
        let _ = writeln!(
            err,
            "seaworthy: the engine did not answer again, so what is younger is not known: {reason}"
        );
    }
    Ok(Exit::Done)
}

/// The text of this machine's accounts, where the engine's numbers are this machine's.
fn here(engine: &Engine) -> Answer<String> {
    match engine.location() {
        Location::Here => {}
        Location::VirtualMachine => return Answer::unknown("the engine runs in a virtual machine"),
        Location::Elsewhere(reason) => return Answer::Unknown(reason),
    }
    match read_found(Path::new("/etc/passwd"), LARGEST) {
        Ok(content) => Answer::Known(String::from_utf8_lossy(&content.bytes).into_owned()),
        Err(ReadError::Missing(_)) => Answer::Known(String::new()),
        Err(error) => Answer::unknown(error),
    }
}
