//! Why a deployment does not go on, in words.

use crate::diagnostic::{Code, Finding};
use crate::engine::swarm::{Kind, Object};
use crate::reach::swarm::compare::Difference;
use crate::reach::swarm::{self, NAMESPACE};

pub fn not_there(kind: Kind, wanted: &swarm::Object, count: usize) -> Finding {
    let message = match count {
        0 => format!("the {} {} is not in the swarm", kind.name(), wanted.name),
        _ => format!("the swarm has {count} {}s of the name {}", kind.name(), wanted.name),
    };
    Finding::error(Code::ComposeReference, message)
        .at_origin(wanted.origin, "external here")
        .help(format!("Make it first: docker {} create …", kind.name()))
}

pub fn foreign(kind: Kind, wanted: &swarm::Object, found: &Object) -> Finding {
    let whose = match found.label(NAMESPACE) {
        Some(stack) => format!("of the stack {stack}"),
        None => "of no stack".to_owned(),
    };
    let message = format!("the {} {} is there already, {whose}", kind.name(), wanted.name);
    Finding::error(Code::StackForeign, message)
        .at_origin(wanted.origin, "declared here")
        .help(Code::StackForeign.remedy())
}

pub fn changed(kind: Kind, wanted: &swarm::Object) -> Finding {
    let (key, kind) = (&wanted.key, kind.name());
    let message = format!("the {kind} {} is in the swarm with another content", wanted.name);
    Finding::error(Code::StackContent, message).at_origin(wanted.origin, "declared here").help(format!(
        "Swarm never changes one. Give the new content another name, and services change over to it: {kind}s: {{ {key}: {{ name: {}-2, … }} }}",
        wanted.name
    ))
}

pub fn gone(object: &swarm::Object) -> Finding {
    let message = format!("the service {} was removed by somebody while it was deployed", object.name);
    Finding::error(Code::SwarmRefused, message).help("Deploy again when nobody else changes the stack.")
}

/// Refuses what is not as it was asked for.
pub fn refuse_differences(what: &str, object: &swarm::Object, differs: &[Difference]) -> Result<(), Finding> {
    if differs.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = differs
        .iter()
        .map(|one| format!("{} is {}, not {}", one.path, short(&one.found), short(&one.wanted)))
        .collect();
    let message = format!("the engine has {what} otherwise than it was asked for: {}", shown.join("; "));
    Err(Finding::error(Code::LivePosture, message)
        .at_origin(object.origin, "declared here")
        .help("Something between this and the swarm changes it, or the engine does not know the field: update the engine."))
}

fn short(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}
