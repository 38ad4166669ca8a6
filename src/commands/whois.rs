//! `whois`: which service a host uid, a process, a path or a container is of.

use crate::cli::{Request, WhoisOptions};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::{Answer, Options};
use crate::host::processes;
use crate::operate::history::{self, History};
use crate::operate::whois::{Asked, Facts, Live, Report, attribute};
use crate::render::kept;
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::session::Session;
use crate::run::{pass, print};

pub fn run(request: &Request, options: &WhoisOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let mut asked = Vec::new();
    for word in &options.asked {
        match Asked::parse(word) {
            Ok(one) => asked.push(one),
            Err(problem) => session.sink.push(Finding::error(Code::Usage, problem).help(
                "Ask about a number, uid=NUMBER, pid=NUMBER, a path with a slash in it, or a container's name.",
            )),
        }
    }
    if session.sink.has_errors() {
        return Err(session.report());
    }
    let facts = facts(&mut session)?;
    let mut report = Report {
        version: 1,
        unknown: facts.containers.reason().map(str::to_owned),
        unreadable: facts.history.unreadable,
        answers: Vec::new(),
    };
    let mut is_missing = false;
    for one in &asked {
        match attribute(one, &facts) {
            Ok(answers) => {
                is_missing |= answers.found.is_empty();
                report.answers.push(answers);
            }
            Err(problem) => {
                is_missing = true;
                session.sink.push(
                    Finding::warning(Code::Usage, problem)
                        .help("What has ended is known by its uid, its container's name, or not any more."),
                );
            }
        }
    }
    if let Some(reason) = &report.unknown {
        session.sink.push(
            Finding::warning(Code::EngineUnavailable, format!("what runs is not known: {reason}"))
                .help("Only what was noted at launches is answered from."),
        );
    }
    if report.unreadable > 0 {
        session.sink.push(
            Finding::warning(
                Code::InputUnreadable,
                format!("{} lines of the history cannot be read", report.unreadable),
            )
            .help("A newer seaworthy wrote them, or they were changed; the next launch leaves them out."),
        );
    }
    // Who is missing may be what the engine would have said.
    let exit = match (is_missing, &report.unknown) {
        (false, _) => Exit::Done,
        (true, None) => Exit::Findings,
        (true, Some(_)) => Exit::EngineUnavailable,
    };
    let text = crate::run::told(&report, options.json, Report::human)?;
    session.warn()?;
    print(session.redactor().text(&text).as_bytes())?;
    Ok(exit)
}

/// The answers of the engine, the kernel and the history.
fn facts(session: &mut Session<'_>) -> Result<Facts, Exit> {
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..pass::options(session.request) });
    let identity = engine.get().map(|engine| engine.identity().clone()).known();
    let containers = engine.get().and_then(|engine| {
        if engine.is_remote() {
            return Answer::unknown(
                "the engine runs on another machine, whose numbers are not those of this one",
            );
        }
        Live::all(engine)
    });
    let processes = processes::all().map_err(|error| {
        pass::refuse(
            Finding::error(
                Code::InputUnreadable,
                format!("the processes of this machine cannot be listed: {error}"),
            )
            .help("It takes a /proc that shows them."),
        )
    })?;
    let history = kept().map_or_else(|| Ok(History::default()), |folder| history::read(&folder));
    let history = history.unwrap_or_else(|error| {
        session.sink.push(
            Finding::warning(Code::InputUnreadable, format!("the history of launches is not known: {error}"))
                .help("Run it as whoever launches, whose history it is."),
        );
        History::default()
    });
    Ok(Facts { engine: identity, containers, processes, history })
}
