//! `init`: writes a policy that fits the project, and with which `check` is green.

mod attempt;
mod choose;
mod draft;
mod evidence;
mod levels;
mod roots;
mod seen;
mod settle;
mod summary;
mod text;

use std::io::{IsTerminal, Write as _};
use std::path::Path;

use crate::cli::{InitOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity};
use crate::engine::Options;
use crate::host::{AtomicFile, Dir, Owner, link};
use crate::policy::Posture;
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::session::Session;
use crate::run::verify::verify;
use crate::run::{agreed, failed, pass, print};

use choose::choose;
use seen::Seen;

pub fn run(request: &Request, options: &InitOptions) -> Result<Exit, Exit> {
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..pass::options(request) });
    let posture = options.posture.as_deref().and_then(Posture::parse);
    let seen = Seen::of(request, &engine)?;
    let chosen = choose(&seen, posture).map_err(|session| refused(*session))?;
    let text = text::write(&seen, &chosen);
    let summary = summary::write(&seen, &chosen);
    if request.global.dry_run {
        tell(&summary)?;
        return print(text.as_bytes());
    }
    print(summary.as_bytes())?;
    // Nothing is replaced, so nobody needs to be asked; who sits at a terminal may still want to look first.
    if !options.yes && std::io::stdin().is_terminal() {
        let question = format!("Write {}? [y/N] ", seen.target.display());
        if !agreed(&question).map_err(|error| failed(&error))? {
            return Err(pass::refuse(
                Finding::error(Code::Usage, "nothing was written, because nobody agreed")
                    .help("Answer y, or give --yes. `--dry-run` prints the whole file."),
            ));
        }
    }
    write(&seen.target, &text).map_err(pass::refuse)?;
    prove(request, &seen, &engine)?;
    let again = |command: &str| request.again(command).join(" ");
    let next = if seen.asks_for_images() {
        format!(
            "next: `{}`, remove {} and run init again: then it knows those images\n",
            again("pull"),
            seen.name
        )
    } else {
        format!("next: read {}, then `{}` shows what `up` will do\n", seen.name, again("plan"))
    };
    print(next.as_bytes())
}

/// No policy makes the project green: what remains is said, and nothing is written.
fn refused(mut session: Session<'_>) -> Exit {
    // Warnings do not count.
    let findings = std::mem::take(&mut session.sink).into_findings();
    session.sink.extend(findings.into_iter().filter(|finding| finding.severity == Severity::Error));
    let exit = session.report();
    let _ = tell("seaworthy: no policy is written: what is said above holds under every one of them\n");
    exit
}

fn tell(text: &str) -> Result<(), Exit> {
    std::io::stderr().write_all(text.as_bytes()).map_err(|error| failed(&error))
}

/// Writes the file anew, for whoever owns its directory.
fn write(target: &Path, text: &str) -> Result<(), Finding> {
    let failed = |error: &dyn std::fmt::Display| {
        Finding::error(Code::PrepareFailed, format!("the policy cannot be written: {error}"))
            .help("Correct the cause, or print it with --dry-run and write it yourself.")
    };
    let directory = target.parent().unwrap_or(Path::new("/"));
    let owner = Dir::open(directory).and_then(|dir| dir.stat()).map_err(|error| failed(&error))?.owner;
    // Root, as by sudo, leaves it to the one whose project it is.
    let owner = Some(owner).filter(|owner| Owner::current().uid == 0 && owner.uid != 0);
    let mut file = AtomicFile::create(target).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    file.commit_new(0o644, owner).map_err(|error| failed(&error))
}

/// The file as it is on disk is checked once more, as `check` does it. What is not green does not stay.
fn prove(request: &Request, seen: &Seen<'_>, engine: &LazyEngine) -> Result<(), Exit> {
    let mut session = Session::new(request);
    session.inputs = seen.inputs.clone();
    let verified = verify(&mut session, &[], engine, Images::WhereNeeded);
    if verified.is_some_and(|verified| verified.policy.is_some()) && !session.sink.has_errors() {
        return Ok(());
    }
    let removed = link::remove(&seen.target);
    let exit = session.report();
    let _ = match removed {
        Ok(()) => tell("seaworthy: the project changed meanwhile; the policy was removed again\n"),
        Err(error) => tell(&format!(
            "seaworthy: the project changed meanwhile, and {} stays: {error}\n",
            seen.target.display()
        )),
    };
    Err(if exit == Exit::Done { Exit::Internal } else { exit })
}
