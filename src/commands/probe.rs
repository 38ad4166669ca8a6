//! `probe SERVICE`: whether a service can do its work. As a gate, the same before a launch.

use std::path::Path;

use crate::cli::{ProbeOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Severity, Sink};
use crate::host::Owner;
use crate::operate::probe::{Question, Report};
use crate::ownership::UserDecision;
use crate::policy::probes::Probe;
use crate::run::decide::{Images, decide};
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::verify::{Verified, complete};
use crate::run::{pass, print};
use crate::yaml::Node;

pub fn run(request: &Request, options: &ProbeOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.tolerates_drift = true;
    let engine = LazyEngine::new(pass::options(request));
    let services = std::slice::from_ref(&options.service);
    let Some(decided) = decide(&mut session, services, &engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    if probes(decided.policy.as_ref(), &options.service).next().is_none() {
        session.sink.push(nothing_declared(&options.service));
    }
    if session.sink.has_errors() {
        return Err(session.report());
    }
    // Only how its directories are shown is wanted; what a launch would refuse is no answer to what was asked.
    let before = std::mem::take(&mut session.sink);
    let verified = complete(&mut session, decided, &engine);
    session.sink = before;
    let report = match ask(&verified, &options.service, &engine, |_| true, &|path| on_disk(&verified, path)) {
        Ok(report) => report,
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    session.warn()?;
    let text = if options.json {
        match report.json() {
            Ok(text) => text + "\n",
            Err(error) => return Err(crate::run::failed(&error.into())),
        }
    } else {
        report.human()
    };
    print(session.redactor().text(&text).as_bytes())?;
    Ok(report.status().exit())
}

fn nothing_declared(service: &str) -> Finding {
    Finding::error(Code::PolicySyntax, format!("no policy says what to ask about service `{service}`")).help(format!(
        "Declare it: `probes: {{{service}: {{command: [PROGRAM, --version], credentials: {{path: FILE, format: json}}}}}}`."
    ))
}

fn probes<'p>(
    policy: Option<&'p crate::policy::Policy>,
    service: &'p str,
) -> impl Iterator<Item = &'p Probe> + 'p {
    policy.into_iter().flat_map(|policy| &policy.probes).filter(move |probe| probe.service.value == service)
}

/// Whose a directory is on disk that the service will see as its own once a launch has mounted it so.
fn on_disk(verified: &Verified, path: &Path) -> Option<Owner> {
    let trees = verified.host.repairs.iter().flat_map(|repair| &repair.trees);
    let mapped = trees.filter(|tree| path.starts_with(&tree.path)).filter_map(|tree| tree.mapped.as_ref());
    mapped.map(|mapped| mapped.disk).next()
}

type Found<'v> = (&'v str, &'v Node, &'v UserDecision);

fn find<'v>(verified: &'v Verified, service: &str) -> Option<Found<'v>> {
    let (name, node) = verified.model.services().find(|(name, _)| *name == service)?;
    let decision = verified.users.iter().find(|decision| decision.service == service)?;
    Some((name, node, decision))
}

/// Asks what is declared about a service, as far as it is wanted.
fn ask(
    verified: &Verified,
    service: &str,
    engine: &LazyEngine,
    wanted: impl Fn(&&Probe) -> bool,
    on_disk: &dyn Fn(&Path) -> Option<Owner>,
) -> Result<Report, Finding> {
    let engine = engine.get().into_result().map_err(crate::engine::unanswered)?;
    let Some((name, node, decision)) = find(verified, service) else {
        return Err(Finding::error(Code::Internal, format!("nothing was decided about {service}"))
            .help(Code::Internal.remedy()));
    };
    let question = Question::new(&verified.model, (name, node), decision, engine, on_disk);
    Ok(question.ask(probes(verified.policy.as_ref(), service).filter(wanted)))
}

/// The services of this launch that must be ready first.
fn gated(verified: &Verified) -> impl Iterator<Item = &str> {
    let is_gated = |name: &str| probes(verified.policy.as_ref(), name).any(|probe| probe.before_up);
    verified.selected.services().map(|(name, _)| name).filter(move |name| is_gated(name))
}

/// The probes with `before: up` that failed or could not be decided; they stop the launch.
pub fn before_launch(verified: &Verified, engine: &LazyEngine) -> Vec<Finding> {
    let of = |name: &str| match ask(verified, name, engine, |probe| probe.before_up, &|_| None) {
        Ok(report) => report.findings(),
        Err(finding) => vec![finding],
    };
    gated(verified).flat_map(of).collect()
}

/// The services that must be ready first, and whose image the engine does not have yet.
pub fn without_image(verified: &Verified, engine: &LazyEngine) -> Vec<String> {
    let gated: Vec<&str> = gated(verified).collect();
    let Some(engine) = (if gated.is_empty() { None } else { engine.get().known() }) else {
        return Vec::new();
    };
    let lacks = |name: &&str| {
        find(verified, name).is_some_and(|(name, node, decision)| {
            Question::new(&verified.model, (name, node), decision, engine, &|_| None).lacks_image()
        })
    };
    gated.into_iter().filter(lacks).map(str::to_owned).collect()
}

/// Says first of a missing bind source that it is the credential which a launch waits for.
pub fn name_missing(verified: &Verified, engine: &LazyEngine, sink: &mut Sink) {
    let is_missing =
        |finding: &Finding| finding.code == Code::BindMissing && finding.severity == Severity::Error;
    if !sink.findings().iter().any(is_missing) {
        return;
    }
    let gated: Vec<&str> = gated(verified).collect();
    let Some(engine) = (if gated.is_empty() { None } else { engine.get().known() }) else { return };
    let mut named = Sink::new();
    for (name, node, decision) in gated.into_iter().filter_map(|name| find(verified, name)) {
        let question = Question::new(&verified.model, (name, node), decision, engine, &|_| None);
        let asked = probes(verified.policy.as_ref(), name).filter(|probe| probe.before_up);
        named.extend(question.sources_missing(asked).findings());
    }
    if named.has_errors() {
        named.extend(std::mem::take(sink).into_findings());
        *sink = named;
    }
}
