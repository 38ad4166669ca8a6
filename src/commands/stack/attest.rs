//! `attest --stack`: the services of a stack, and its tasks on this node, beside the model.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::cli::{AttestOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::launch::live::Weakness;
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::{pass, print, told};

use super::apply::Apply;
use super::diff::{Change, compare};
use super::gate::{self, Passed};
use super::{known, settle};

/// The report on one stack.
#[derive(Debug, Serialize)]
struct Report {
    stack: String,
    /// Everything is as the model says, and nothing is there besides.
    holds: bool,
    /// The differences between the swarm and a deployment.
    changes: Vec<Change>,
    /// Tasks on this node.
    containers: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    service: String,
    holds: bool,
    weaknesses: Vec<Weakness>,
}

pub fn run(request: &Request, options: &AttestOptions, name: &str) -> Result<Exit, Exit> {
    super::check_name(name)?;
    let mut session = Session::new(request);
    if !options.services.is_empty() {
        let finding =
            Finding::error(Code::Usage, "a stack is compared as a whole, and no service is named with it");
        session.sink.push(finding.help("Leave the services out."));
        return Err(session.report());
    }
    let engine = LazyEngine::new(pass::options(request));
    let Passed { manager, model, stack, .. } = gate::pass(&mut session, &engine, name)?;
    let mut apply = Apply::new(&manager, &stack, name);
    let compared = compare(&mut apply).and_then(|changes| {
        let mut running = BTreeMap::new();
        let there = apply.present()?;
        for object in &stack.services {
            if let Some(found) = there.iter().find(|found| found.name == object.name) {
                running.insert(object.key.clone(), settle::running(&manager, found)?);
            }
        }
        Ok((changes, settle::look(known(engine.get())?, &model, &running)?))
    });
    let (changes, seen) = match compared {
        Ok(compared) => compared,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    let rows = seen.containers.into_iter().map(|(service, name)| {
        let of = seen.weak.iter().filter(|weakness| weakness.container == name);
        let weaknesses: Vec<Weakness> = of.cloned().collect();
        Row { holds: weaknesses.is_empty(), name, service, weaknesses }
    });
    let containers: Vec<Row> = rows.collect();
    let holds = changes.is_empty() && containers.iter().all(|row| row.holds);
    let report = Report { stack: name.to_owned(), holds, changes, containers };
    let text = told(&report, options.json, human)?;
    print(session.redactor().text(&text).as_bytes())?;
    Ok(if holds { Exit::Done } else { Exit::Findings })
}

fn human(report: &Report) -> String {
    let mut text: String = report.changes.iter().map(Change::human).collect();
    for row in &report.containers {
        let verdict = if row.holds { "as verified" } else { "weaker" };
        let _ = writeln!(text, "{} ({}): {verdict}", row.name, row.service);
        for weakness in &row.weaknesses {
            let _ = writeln!(text, "  {}: {}, not {}", weakness.field, weakness.found, weakness.expected);
            let _ = writeln!(text, "    {}", weakness.why);
        }
    }
    let end = if report.holds { "is as the model says" } else { "is not as the model says" };
    let _ = writeln!(text, "the stack {} {end}", report.stack);
    text
}
