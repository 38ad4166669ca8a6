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
use crate::run::decide::{Images, decide};
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::session::Session;
use crate::run::verify::complete;
use crate::run::{agreed, failed, pass, print};

use attempt::{Attempt, Drift};
use choose::choose;
use seen::Seen;

pub fn run(request: &Request, options: &InitOptions) -> Result<Exit, Exit> {
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..pass::options(request) });
    let posture = options.posture.as_deref().and_then(Posture::parse);
    let mut seen = Seen::of(request, &engine)?;
    let mut chosen = choose(&seen, posture);
    if let Err(session) = &chosen {
        let left = attempt::names(session);
        drop(chosen);
        seen.left = left;
        chosen = choose(&seen, posture);
    }
    let chosen = chosen.map_err(|session| refused(*session))?;
    let text = text::write(&seen, &chosen);
    let summary = summary::write(&seen, &chosen);
    if request.global.dry_run {
        tell(&summary)?;
        prove(request, &seen, &engine, Some(&text))?;
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
    prove(request, &seen, &engine, None)?;
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
    keep_errors(&mut session);
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

/// The policy is checked once more, as `check` does it: the file on disk, which does not stay where it is not green, or
/// this text. What no policy changes is left to the operator, and said.
fn prove(request: &Request, seen: &Seen<'_>, engine: &LazyEngine, text: Option<&str>) -> Result<(), Exit> {
    let mut session = match text {
        Some(text) => Attempt::new(seen, text, Drift::Refused).session,
        None => {
            let mut session = Session::new(request);
            session.inputs = seen.inputs.clone();
            if let Some(decided) = decide(&mut session, &[], engine, Images::WhereNeeded) {
                complete(&mut session, decided, engine);
            }
            session
        }
    };
    if session.sink.findings().iter().all(|finding| !is_error(finding) || seen.is_left(finding)) {
        return leave(session, seen);
    }
    if text.is_some() {
        return Err(session.report());
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

/// Says what is left to mend in the project or on this machine.
fn leave(mut session: Session<'_>, seen: &Seen<'_>) -> Result<(), Exit> {
    keep_errors(&mut session);
    let left = session.sink.findings().len();
    if left == 0 {
        return Ok(());
    }
    session.report_as(Exit::Done, "");
    let them = if left == 1 { "this" } else { "these" };
    tell(&format!(
        "seaworthy: {} fits the project; no policy mends {them}, and `check` is green once you did\n",
        seen.name
    ))
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

fn keep_errors(session: &mut Session<'_>) {
    let findings = std::mem::take(&mut session.sink).into_findings();
    session.sink.extend(findings.into_iter().filter(is_error));
}
