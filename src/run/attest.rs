//! `attest`: compares what runs with what was verified.

use std::collections::BTreeSet;

use crate::cli::{AttestOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Answer;
use crate::launch::facts::Question;
use crate::operate::attest::{Report, report};

use super::decide::Images;
use super::images::LazyEngine;
use super::session::Session;
use super::verify::verify;

pub fn run(request: &Request, options: &AttestOptions) -> Result<Exit, Exit> {
    if let Some(stack) = &options.stack {
        return crate::commands::stack::attest(request, options, stack);
    }
    let mut session = Session::new(request);
    let engine = LazyEngine::new(super::pass::options(request));
    let Some(verified) = verify(&mut session, &[], &engine, Images::Always) else {
        return Err(session.report());
    };
    for name in &options.services {
        if !verified.model.services().any(|(known, _)| known == name) {
            session.sink.push(Finding::error(Code::ComposeReference, format!("no such service: {name}")));
        }
    }
    if session.sink.has_errors() {
        return Err(session.report());
    }
    let all: BTreeSet<String> = verified.model.services().map(|(name, _)| name.to_owned()).collect();
    let question = Question { one_offs: true, ..Question::new(&verified.model, &all) };
    let facts = match engine.get().and_then(|engine| question.ask(engine)) {
        Answer::Known(facts) => facts,
        Answer::Unknown(reason) => {
            session.sink.push(crate::engine::unanswered(reason));
            return Err(session.report());
        }
    };
    let sources = session.inputs.sources();
    let report = report(
        (&verified.model, &verified.selected),
        verified.policy.as_ref(),
        &options.services,
        &facts,
        sources,
    );
    session.warn()?;
    super::print(session.redactor().text(&text(&report, options.json)?).as_bytes())?;
    Ok(if report.holds { Exit::Done } else { Exit::Findings })
}

fn text(report: &Report, json: bool) -> Result<String, Exit> {
    if !json {
        return Ok(report.human());
    }
    match serde_json::to_string_pretty(report) {
        Ok(text) => Ok(text + "\n"),
        Err(error) => Err(super::failed(&error.into())),
    }
}
