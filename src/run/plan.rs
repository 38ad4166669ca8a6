//! `plan`: what `up` would do, without doing it.

use std::collections::HashSet;

use crate::cli::{PlanFormat, PlanOptions, Request};
use crate::diagnostic::Exit;
use crate::engine::Options;
use crate::plan::{self, Plan, PlanFile, PlanFinding, Role};
use crate::render;

use super::images::LazyEngine;
use super::session::{Session, screen};
use super::verify::{Verified, verify};

/// How long an engine may take to answer before the plan goes on without it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

pub fn run(request: &Request, options: &PlanOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let Some(verified) = verify(&mut session, &options.services, &engine) else { return Err(session.report()) };
    let plan = describe(&session, &verified, &options.services);
    let text = match options.format {
        PlanFormat::Json => match serde_json::to_string_pretty(&plan) {
            Ok(text) => text + "\n",
            Err(error) => return Err(super::failed(&error.into())),
        },
        _ => plan::write_human(&plan, screen().width),
    };
    super::print(text.as_bytes())
}

fn describe(session: &Session<'_>, verified: &Verified, services: &[String]) -> Plan {
    let sources = session.inputs.sources();
    let model = &verified.model;
    let selected: HashSet<&str> = verified.selected.services().map(|(name, _)| name).collect();
    let path = render::path(&model.directory, &model.name);
    let mut command = vec!["docker".to_owned(), "compose".to_owned()];
    let globals = session.request.launch_globals(&model.directory, &model.name, &path);
    command.extend(globals.iter().map(|word| word.to_string_lossy().into_owned()));
    command.push("up".to_owned());
    command.extend_from_slice(services);
    Plan {
        project: model.name.clone(),
        directory: model.directory.display().to_string(),
        policy: None,
        files: files(session, verified),
        services: plan::services(&verified.selected, &verified.users, sources),
        disabled: model.services().map(|(name, _)| name).filter(|name| !selected.contains(name)).map(str::to_owned).collect(),
        steps: verified.steps.clone(),
        findings: session.sink.findings().iter().map(|finding| PlanFinding::new(finding, sources)).collect(),
        command,
    }
}

/// The listed files in their order, then everything else that was read.
fn files(session: &Session<'_>, verified: &Verified) -> Vec<PlanFile> {
    let listed = &verified.project.files;
    let mut files: Vec<PlanFile> = session
        .inputs
        .sources()
        .entries()
        .map(|(id, file)| {
            let role = match listed.iter().position(|known| *known == id) {
                Some(0) => Role::Base,
                Some(_) => Role::Overlay,
                None => Role::Referenced,
            };
            PlanFile {
                name: file.name.clone(),
                role,
                size: file.text.len() as u64,
                sha256: file.sha256.clone(),
            }
        })
        .collect();
    files.sort_by_key(|file| file.role);
    files
}
