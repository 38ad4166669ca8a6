//! `doctor`: what works here and what does not.

use std::path::{Path, PathBuf};

use crate::cli::{DoctorOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity};
use crate::engine::{Answer, Command, Compose, Engine, Options};
use crate::launch::version;
use crate::operate::accounts::Accounts;
use crate::operate::doctor::{Area, Check, Report, engine, files, program};
use crate::ownership::{Allowed, Caller, way};
use crate::policy::{self, Policy};
use crate::project::Project;
use crate::render::kept_writable;
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::policy::state;
use crate::run::session::{Session, current_directory};
use crate::run::{install, pass, print};

pub fn run(request: &Request, options: DoctorOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let docker = Options { deadline: PATIENCE, ..pass::options(request) };
    let accounts = Accounts::read().map_err(|error| {
        pass::refuse(
            Finding::error(Code::InputUnreadable, error.to_string()).help("See that everybody can read it."),
        )
    })?;
    let asked = LazyEngine::new(docker.clone());
    let mut checks = engine::checks(&asked.get(), &docker, &accounts);
    checks.extend(program::compose(&compose(&asked.get(), &docker), &docker));
    checks.extend(match install::placements(&docker) {
        Ok(found) => program::placements(&found),
        Err(finding) => vec![of(Area::Compose, "plugins", &finding)],
    });
    let (policy, roots) = project(&mut session, &mut checks);
    let allowed = policy.as_ref().map_or(Allowed::default(), |policy| state(policy).repair);
    match Caller::find(roots.first().map_or(Path::new("/"), PathBuf::as_path), None) {
        Ok(caller) => checks.push(program::way(way(allowed, caller.may_chown()))),
        Err(finding) => checks.push(of(Area::Users, "owners", &finding)),
    }
    checks.push(program::history(kept_writable().as_deref()));
    checks.extend(roots.iter().flat_map(|root| files::root(root)));
    let report = Report::new(checks);
    let text = crate::run::told(&report, options.json, Report::human)?;
    print(session.redactor().text(&text).as_bytes())?;
    Ok(if report.works { Exit::Done } else { Exit::Findings })
}

/// The engine may have said it already.
fn compose(engine: &Answer<&Engine>, docker: &Options) -> Answer<Compose> {
    let said = match engine {
        Answer::Known(engine) => Compose::from_info(engine.command(), engine.info()),
        Answer::Unknown(_) => None,
    };
    said.map_or_else(
        || Command::find(docker.clone()).and_then(|command| version::described(&command)),
        Answer::Known,
    )
}

/// The policies in force and the directories in which something may be made. Without a project, this one.
fn project(session: &mut Session<'_>, checks: &mut Vec<Check>) -> (Option<Policy>, Vec<PathBuf>) {
    let found = session.locate();
    let found = found.and_then(|project| {
        let given = session.policy_given();
        let policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
        Some((project, policy))
    });
    let findings = std::mem::take(&mut session.sink).into_findings();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        checks.push(if finding.code == Code::NoComposeFile {
            let fact = "no compose file here or above: only this directory is looked at";
            Check::limited(
                Area::Policy,
                "project",
                fact,
                "Run it in a project's directory, or name one with -f.",
            )
        } else {
            of(Area::Policy, finding.code.name(), finding)
        });
    }
    let Some((project, policy)) = found else { return (None, vec![current_directory()]) };
    checks.extend(policies(session, &project, policy.as_ref()));
    let roots = match &policy {
        Some(policy) => policy::gc::roots(&policy.binds, &project),
        None => vec![project.directory.clone()],
    };
    (policy, roots)
}

/// Each policy that applies, with the one that governs from above named as such.
fn policies(session: &Session<'_>, project: &Project, policy: Option<&Policy>) -> Vec<Check> {
    let Some(policy) = policy else {
        return vec![Check::limited(
            Area::Policy,
            "policy",
            "none: the project runs as Docker Compose would run it",
            "`seaworthy overlays list` shows what a policy can demand; docs/policy.md has a first one.",
        )];
    };
    let names = policy.sources.iter().filter_map(|file| session.inputs.sources().get(*file));
    let one = |name: &str| {
        let path = project.directory.join(name);
        let place = path.parent().unwrap_or(Path::new("/"));
        if path == Path::new(policy::SYSTEM_PATH) {
            Check::works(
                Area::Policy,
                "policy",
                format!("{name}, the host's own: it governs every project here"),
            )
        } else if project.directory.starts_with(place) && place != project.directory {
            Check::works(Area::Policy, "policy", format!("{}, from above the project", path.display()))
        } else {
            Check::works(Area::Policy, "policy", path.display().to_string())
        }
    };
    let mut checks: Vec<Check> = names.map(|file| one(&file.name)).collect();
    checks.push(Check::works(Area::Policy, "posture", policy.posture.describe()));
    checks
}

/// The findings that would refuse a launch.
fn of(area: Area, what: &str, finding: &Finding) -> Check {
    let remedy = finding.help.clone().unwrap_or_else(|| finding.code.remedy().to_owned());
    Check::fails(area, what, finding.message.clone(), remedy)
}
