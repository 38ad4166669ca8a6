//! `stack rm`: removes what belongs to a stack, found by its label.

use std::fmt::Write;

use crate::cli::{Request, StackOptions};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::swarm::{Kind, Manager, Object};
use crate::run::images::LazyEngine;
use crate::run::{pass, print};

/// Services first: what they use cannot go before them.
const ORDER: [Kind; 4] = [Kind::Service, Kind::Secret, Kind::Config, Kind::Network];

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    let engine = LazyEngine::new(pass::options(request));
    let manager = super::manager(&engine).map_err(pass::refuse)?;
    let found = all(&manager, &options.name).map_err(pass::refuse)?;
    if found.is_empty() {
        let finding = Finding::error(Code::ComposeReference, format!("there is no stack {}", options.name));
        return Err(pass::refuse(finding.help("`docker stack ls` lists those that there are.")));
    }
    let mut text = String::new();
    for object in &found {
        let what = format!("{} {}", object.kind.name(), object.name);
        if request.global.dry_run {
            let _ = writeln!(text, "would remove {what}");
            continue;
        }
        let done = super::done(&format!("the removal of {what}"), manager.remove(object));
        if let Err(finding) = done {
            print(text.as_bytes())?;
            return Err(pass::refuse(finding.help("Nothing else was removed; run it again.")));
        }
        let _ = writeln!(text, "removed {what}");
    }
    print(text.as_bytes())
}

/// Everything that has the label, in the order of its removal.
pub fn all(manager: &Manager, stack: &str) -> Result<Vec<Object>, Finding> {
    let mut all = Vec::new();
    for kind in ORDER {
        let mut found = super::known(manager.labelled(kind, &super::label(stack)))?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        all.extend(found);
    }
    Ok(all)
}
