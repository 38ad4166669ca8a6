//! `stack diff`: what a deployment would change.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

use crate::cli::{Request, StackOptions};
use crate::diagnostic::{Exit, Finding};
use crate::engine::swarm::{Kind, Object};
use crate::reach::swarm::compare::{Difference, differences};
use crate::reach::swarm::{self};
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::{pass, print};

use super::apply::Apply;
use super::gate::{self, Passed};
use super::known;
use super::network::network_as_asked;

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let engine = LazyEngine::new(pass::options(request));
    let Passed { manager, stack, .. } = gate::pass(&mut session, &engine, &options.name)?;
    let mut apply = Apply::new(&manager, &stack, &options.name);
    let changes = match compare(&mut apply) {
        Ok(changes) => changes,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    let text: String = changes.iter().map(Change::human).collect();
    print(session.redactor().text(&text).as_bytes())?;
    Ok(if changes.is_empty() { Exit::Done } else { Exit::Findings })
}

/// The step that a deployment would take for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    Made,
    Changed,
    /// It is of the stack, and not of the model.
    Surplus,
}

/// An object that is not as the model says.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    pub mark: Mark,
    pub kind: &'static str,
    pub name: String,
    pub fields: Vec<Difference>,
}

impl Change {
    fn new(mark: Mark, kind: Kind, name: &str) -> Self {
        Self { mark, kind: kind.name(), name: name.to_owned(), fields: Vec::new() }
    }

    pub fn human(&self) -> String {
        let (sign, more) = match self.mark {
            Mark::Made => ('+', ""),
            Mark::Changed => ('~', ""),
            Mark::Surplus => ('-', " (removed with --prune)"),
        };
        let mut text = format!("{sign} {} {}{more}\n", self.kind, self.name);
        for one in &self.fields {
            let _ = writeln!(text, "    {}: {} -> {}", one.path, one.found, one.wanted);
        }
        text
    }
}

/// Everything that a deployment would make or change, and what it would leave.
pub fn compare(apply: &mut Apply<'_>) -> Result<Vec<Change>, Finding> {
    let mut changes = Vec::new();
    let kinds = [
        (Kind::Network, &apply.stack.networks),
        (Kind::Secret, &apply.stack.secrets),
        (Kind::Config, &apply.stack.configs),
    ];
    for (kind, wanted) in kinds {
        let there = known(apply.manager.labelled(kind, &super::label(apply.name)))?;
        for object in wanted {
            let found = if object.is_external {
                known(apply.manager.named(kind, &object.name))?.into_iter().next()
            } else {
                there.iter().find(|found| found.name == object.name).cloned()
            };
            match &found {
                Some(found) => {
                    apply.ids.insert(kind, &object.name, &found.id);
                    changes.extend(resource(kind, object, found));
                }
                None => changes.push(Change::new(Mark::Made, kind, &object.name)),
            }
        }
        changes.extend(surplus(kind, wanted, &there));
    }
    let there = apply.present()?;
    for object in &apply.stack.services {
        let found = there.iter().find(|found| found.name == object.name);
        let Some(found) = found else {
            changes.push(Change::new(Mark::Made, Kind::Service, &object.name));
            continue;
        };
        let wanted = apply.wanted(object, Some(found), None);
        changes.extend(changed(Kind::Service, &object.name, &wanted, &found.spec));
    }
    changes.extend(surplus(Kind::Service, &apply.stack.services, &there));
    Ok(changes)
}

fn resource(kind: Kind, object: &swarm::Object, found: &Object) -> Option<Change> {
    if object.is_external {
        return None;
    }
    let without = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            // The swarm never tells what a secret holds; a deployment finds out whether it is the same.
            fields.remove("Data");
        }
        spec
    };
    match kind {
        Kind::Network => {
            changed(kind, &object.name, &object.spec, &network_as_asked(&object.spec, &found.spec))
        }
        Kind::Secret => changed(kind, &object.name, &without(&object.spec), &without(&found.spec)),
        _ => changed(kind, &object.name, &object.spec, &found.spec),
    }
}

fn changed(kind: Kind, name: &str, wanted: &Value, found: &Value) -> Option<Change> {
    let fields = differences(wanted, found);
    (!fields.is_empty()).then(|| Change { fields, ..Change::new(Mark::Changed, kind, name) })
}

/// Objects of the stack that the model does not have.
fn surplus(kind: Kind, wanted: &[swarm::Object], there: &[Object]) -> Vec<Change> {
    let others = there.iter().filter(|object| !wanted.iter().any(|wanted| wanted.name == object.name));
    others.map(|object| Change::new(Mark::Surplus, kind, &object.name)).collect()
}
