//! `stack diff`: what a deployment would change.

use std::fmt::Write;

use serde_json::Value;

use crate::cli::{Request, StackOptions};
use crate::diagnostic::{Exit, Finding};
use crate::engine::swarm::{Kind, Object};
use crate::reach::swarm::compare::differences;
use crate::reach::swarm::{self, NAMESPACE, stacked};
use crate::run::decide::Images;
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::verify::verify;
use crate::run::{pass, print};

use super::apply::Apply;
use super::known;
use super::network::network_as_asked;

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.skips_host = true;
    let engine = LazyEngine::new(pass::options(request));
    let Some(verified) = verify(&mut session, &[], &engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    let manager = match super::manager(&engine) {
        Ok(manager) => manager,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    let model = stacked(&verified.selected, &options.name);
    let stack = super::deploy::translated(&mut session, &model, &verified, &manager);
    if session.sink.has_errors() {
        return Err(session.report());
    }
    session.warn()?;
    let mut apply = Apply::new(&manager, &stack, &options.name);
    let text = match compare(&mut apply) {
        Ok(text) => text,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    print(session.redactor().text(&text).as_bytes())?;
    Ok(if text.is_empty() { Exit::Done } else { Exit::Findings })
}

/// `+` is made, `~` changed, `-` only there.
fn compare(apply: &mut Apply<'_>) -> Result<String, Finding> {
    let mut text = String::new();
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
                    resource(&mut text, kind, object, found);
                }
                None => drop(writeln!(text, "+ {} {}", kind.name(), object.name)),
            }
        }
        surplus(&mut text, kind, wanted, &there);
    }
    let there = apply.present()?;
    for object in &apply.stack.services {
        let found = there.iter().find(|found| found.name == object.name);
        let Some(found) = found else {
            let _ = writeln!(text, "+ service {}", object.name);
            continue;
        };
        let wanted = apply.wanted(object, Some(found), None);
        changes(&mut text, Kind::Service, &object.name, &wanted, &found.spec);
    }
    surplus(&mut text, Kind::Service, &apply.stack.services, &there);
    Ok(text)
}

fn resource(text: &mut String, kind: Kind, object: &swarm::Object, found: &Object) {
    if object.is_external {
        return;
    }
    let without = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            // What a secret holds is never told; a deployment finds out whether it is the same.
            fields.remove("Data");
        }
        spec
    };
    match kind {
        Kind::Network => {
            changes(text, kind, &object.name, &object.spec, &network_as_asked(&object.spec, &found.spec));
        }
        Kind::Secret => changes(text, kind, &object.name, &without(&object.spec), &without(&found.spec)),
        _ => changes(text, kind, &object.name, &object.spec, &found.spec),
    }
}

fn changes(text: &mut String, kind: Kind, name: &str, wanted: &Value, found: &Value) {
    let differs = differences(wanted, found);
    if differs.is_empty() {
        return;
    }
    let _ = writeln!(text, "~ {} {name}", kind.name());
    for one in differs {
        let _ = writeln!(text, "    {}: {} -> {}", one.path, one.found, one.wanted);
    }
}

/// What is of the stack, and not of the model.
fn surplus(text: &mut String, kind: Kind, wanted: &[swarm::Object], there: &[Object]) {
    for object in there.iter().filter(|object| object.label(NAMESPACE).is_some()) {
        if !wanted.iter().any(|wanted| wanted.name == object.name) {
            let _ = writeln!(text, "- {} {} (removed with --prune)", kind.name(), object.name);
        }
    }
}
