//! `plan`: what `up` would do, without doing it.

use std::collections::HashSet;

use crate::cli::{PlanFormat, PlanOptions, Request};
use crate::diagnostic::Exit;
use crate::engine::Options;
use crate::plan::{self, Plan, PlanCopy, PlanFile, PlanFinding, PlanLock, PlanPolicy, PlanService, Role};
use crate::render;
use crate::source::{FileId, SourceMap};

use super::images::LazyEngine;
use super::session::{Session, screen};
use super::verify::{Images, Verified, verify};

/// How long an engine may take to answer before the plan goes on without it.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

pub fn run(request: &Request, options: &PlanOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let Some(verified) = verify(&mut session, &options.services, &engine, Images::Always) else {
        return Err(session.report());
    };
    let plan = describe(&session, &verified, &options.services);
    let text = match options.format {
        PlanFormat::Json => match serde_json::to_string_pretty(&plan) {
            Ok(text) => text + "\n",
            Err(error) => return Err(super::failed(&error.into())),
        },
        PlanFormat::Human => plan::write_human(&plan, screen().width),
    };
    super::print(text.as_bytes())
}

fn describe(session: &Session<'_>, verified: &Verified, services: &[String]) -> Plan {
    let sources = session.inputs.sources();
    let model = &verified.model;
    let selected: HashSet<&str> = verified.selected.services().map(|(name, _)| name).collect();
    let path = render::path(verified.project.home(), &model.name);
    let mut command = vec!["docker".to_owned(), "compose".to_owned()];
    let globals = session.request.launch_globals(&model.directory, &model.name, &path);
    command.extend(globals.iter().map(|word| word.to_string_lossy().into_owned()));
    command.push("up".to_owned());
    command.extend_from_slice(services);
    Plan {
        project: model.name.clone(),
        directory: model.directory.display().to_string(),
        policy: verified.policy.as_ref().map(|policy| PlanPolicy {
            file: policy
                .sources
                .iter()
                .filter_map(|id| sources.get(*id))
                .map(|file| file.name.clone())
                .collect::<Vec<_>>()
                .join(", "),
            posture: policy.posture.value.to_string(),
        }),
        files: files(session, verified),
        services: listed(verified, sources),
        disabled: model
            .services()
            .map(|(name, _)| name)
            .filter(|name| !selected.contains(name))
            .map(str::to_owned)
            .collect(),
        steps: verified.steps.clone(),
        copies: verified.copies.iter().map(PlanCopy::new).collect(),
        repairs: verified.way.map(|way| plan::repairs(&verified.repairs, way)).unwrap_or_default(),
        findings: session.sink.findings().iter().map(|finding| PlanFinding::new(finding, sources)).collect(),
        command,
    }
}

/// The services, with what the lock knows of them.
fn listed(verified: &Verified, sources: &SourceMap) -> Vec<PlanService> {
    let mut services = plan::services(&verified.selected, &verified.users, sources);
    let Some(lock) = &verified.lock else { return services };
    for service in &mut services {
        let place = lock.file.span(&service.name).map(|span| PlanLock::Has(sources.describe(span)));
        service.user.lock = place.or_else(|| service.user.pending.is_none().then_some(PlanLock::New));
        service.state = lock.state(&service.name).iter().map(|path| path.display().to_string()).collect();
    }
    services
}

/// The files in the order in which they are merged, then everything else that was read.
fn files(session: &Session<'_>, verified: &Verified) -> Vec<PlanFile> {
    let sources = session.inputs.sources();
    let describe = |id: FileId, role: Role| {
        sources.get(id).map(|file| PlanFile {
            name: file.name.clone(),
            role,
            size: file.text.len() as u64,
            sha256: file.sha256.clone(),
        })
    };
    let mandatory: HashSet<FileId> = verified.arranged.mandatory.iter().map(|overlay| overlay.file).collect();
    let mut listed: Vec<FileId> = Vec::new();
    let mut files = Vec::new();
    for (at, layer) in verified.arranged.layers.iter().enumerate() {
        let role = match at {
            0 => Role::Base,
            _ if mandatory.contains(&layer.file) => Role::Mandatory,
            _ => Role::Overlay,
        };
        files.extend(describe(layer.file, role));
        listed.push(layer.file);
    }
    let policies = verified.policy.iter().flat_map(|policy| &policy.sources);
    for id in policies {
        files.extend(describe(*id, Role::Policy));
        listed.push(*id);
    }
    files.extend(
        sources
            .entries()
            .filter(|(id, _)| !listed.contains(id))
            .filter_map(|(id, _)| describe(id, Role::Referenced)),
    );
    files
}
