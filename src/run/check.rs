//! `check`: load and verify, and nothing else; for CI.

use std::fmt::Write;

use crate::cli::{CheckFormat, CheckOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Sink, github, json, sarif};
use crate::engine::{Answer, Options};
use crate::ownership::lock::would_change;
use crate::policy::rules;

use super::images::LazyEngine;
use super::plan::PATIENCE;
use super::session::Session;
use super::verify::{Images, Verified, verify};

pub fn run(request: &Request, options: CheckOptions) -> Result<Exit, Exit> {
    if options.rules {
        let text = match options.format {
            CheckFormat::Json => pretty(&rules::json()),
            _ => catalogue(),
        };
        return super::print(text.as_bytes());
    }
    let mut session = Session::new(request);
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let verified = verify(&mut session, &[], &engine, Images::WhereNeeded);
    if let Some(verified) = verified.as_ref().filter(|_| options.locked) {
        compare(verified, &mut session.sink);
    }
    let fails = verified.is_none() || session.sink.has_errors();
    let exit = if fails { Exit::Findings } else { Exit::Done };
    let redactor = session.redactor();
    let (sink, sources) = (redactor.sink(&session.sink), redactor.sources(session.inputs.sources()));
    let sources = match options.format {
        CheckFormat::Sarif | CheckFormat::Github => super::snapshot::located(&sources),
        _ => sources,
    };
    let (findings, sources) = (sink.findings(), &sources);
    let text = match options.format {
        CheckFormat::Human => {
            let said = session.report();
            return Ok(if exit == Exit::Done { said } else { exit });
        }
        CheckFormat::Json => pretty(&json(findings, sources)),
        CheckFormat::Sarif => pretty(&sarif(findings, sources)),
        CheckFormat::Github => github(findings, sources),
    };
    session.sink = Sink::new();
    super::print(text.as_bytes()).map(|_| exit)
}

/// What a launch would change in the lock.
fn compare(verified: &Verified, sink: &mut Sink) {
    let Some(lock) = &verified.lock else { return };
    for line in would_change(&lock.file, &lock.observed(&verified.users)) {
        sink.push(
            Finding::error(Code::UserDrift, format!("the lock would change: {line}"))
                .help("Launch once, or run `seaworthy prepare`, and commit seaworthy.lock."),
        );
    }
    for user in &verified.users {
        if let Answer::Unknown(reason) = &user.user {
            let message = format!("service `{}` was not compared with the lock: {reason}", user.service);
            sink.push(Finding::warning(Code::UserDrift, message).help("Pull or build its image first."));
        }
    }
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// Every rule, a line each; the rest is in the JSON and in docs/rules.md.
fn catalogue() -> String {
    let rules = &rules::CATALOGUE;
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules.iter() {
        let from = rule.from.map_or("overlay", |posture| posture.name());
        let cis: Vec<String> = rule.cis.iter().map(|item| format!("CIS {item}")).collect();
        let owasp = rule.owasp.iter().map(|item| format!("OWASP {item}"));
        let items: Vec<String> = cis.into_iter().chain(owasp).collect();
        let items = if items.is_empty() { String::new() } else { format!(" ({})", items.join(", ")) };
        let _ = writeln!(text, "{:width$}  {from:9}  a service may not {}{items}", rule.id, rule.forbids);
    }
    text
}
