//! `check`: load and verify, and nothing else; for CI.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::cli::{CheckFormat, CheckOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity, Sink, ahead, closing, concise, github, json, sarif};
use crate::engine::{Answer, Options};
use crate::ownership::lock::would_change;
use crate::policy::rules;

use super::decide::Images;
use super::images::LazyEngine;
use super::plan::{PATIENCE, foresee};
use super::session::{Session, brief};
use super::verify::{Verified, verify};

pub fn run(request: &Request, options: CheckOptions) -> Result<Exit, Exit> {
    if options.rules {
        let text = match options.format {
            CheckFormat::Json => pretty(&rules::json()),
            _ => catalogue(),
        };
        return super::print(text.as_bytes());
    }
    let mut session = Session::new(request);
    session.skips_host = options.no_host;
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let verified = verify(&mut session, &[], &engine, Images::WhereNeeded);
    if let Some(verified) = &verified {
        foresee(&mut session, verified, &engine);
    }
    if let Some(verified) = verified.as_ref().filter(|_| options.locked) {
        compare(verified, &mut session.sink);
    }
    let fails = verified.is_none() || session.sink.has_errors();
    let exit = if fails { Exit::Findings } else { Exit::Done };
    let sum = verified.as_ref().filter(|_| !fails).map(|verified| sum(verified, &session));
    let text = match options.format {
        CheckFormat::Human => {
            let said = session.report_as(exit, NOT_GREEN);
            // Where the words could not be written.
            if exit == Exit::Done && said != Exit::Done {
                return Err(said);
            }
            say(sum);
            return Ok(exit);
        }
        CheckFormat::Concise => {
            let (sink, sources) = session.shown();
            let findings = brief(&sink);
            let text = concise(&findings, &sources);
            let end =
                closing(&findings, exit, NOT_GREEN).filter(|_| fails).map(|end| format!("seaworthy: {end}"));
            session.sink = Sink::new();
            super::print(text.as_bytes())?;
            say(end.or(sum));
            return Ok(exit);
        }
        CheckFormat::Json => {
            let (sink, sources) = session.shown();
            pretty(&json(sink.findings(), &sources))
        }
        CheckFormat::Sarif => {
            let (sink, sources) = session.shown();
            pretty(&sarif(sink.findings(), &super::snapshot::located(&sources)))
        }
        CheckFormat::Github => {
            let (sink, sources) = session.shown();
            github(sink.findings(), &super::snapshot::located(&sources))
        }
    };
    session.sink = Sink::new();
    super::print(text.as_bytes()).map(|_| exit)
}

/// How `check` ends where something is wrong.
const NOT_GREEN: &str = "`up` would start nothing";

/// The last line, on standard error.
fn say(line: Option<String>) {
    if let Some(line) = line {
        // The status says it where the words cannot.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// A check that found no error, in one line: the project, and everything that was asked of it.
fn sum(verified: &Verified, session: &Session<'_>) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let services = count(verified.model.services().count(), "service");
    let asked = match &verified.policy {
        None => "no policy, so only Compose's own rules".to_owned(),
        Some(policy) => {
            let demanded = policy.demanded_rules(&verified.model, &verified.arranged);
            let waivers = match policy.waivers.iter().filter(|waiver| !waiver.is_implied).count() {
                0 => String::new(),
                many => format!(", {}", count(many, "waiver")),
            };
            let posture = if policy.posture.is_written() {
                policy.posture.describe()
            } else {
                format!(
                    "{} (default: the policy has no `posture:`, so no rule is enforced)",
                    policy.posture.default.value
                )
            };
            format!("posture {posture}, {}{waivers}", count(demanded, "rule"))
        }
    };
    let host = if session.skips_host { ", this machine's disk left out" } else { "" };
    let warnings =
        session.sink.findings().iter().filter(|finding| finding.severity == Severity::Warning).count();
    let ahead = ahead(session.sink.findings()).unwrap_or_default();
    let warnings =
        if warnings == 0 { String::new() } else { format!(", {}{ahead}", count(warnings, "warning")) };
    format!("{}: {services}, {asked}{host}: ok{warnings}", verified.model.name)
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
