//! `gc`: removes directories whose container is certainly gone.

use std::path::PathBuf;

use crate::cli::{GcOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::operate::gc::{Order, Report, sweep};
use crate::operate::uses::uses;
use crate::ownership::lock::repair::MOUNTS;
use crate::policy::{self, Policy};
use crate::project::Project;
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::{pass, print, told};

pub fn run(request: &Request, options: GcOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let Some((project, policy)) = read(&mut session) else { return Err(session.report()) };
    let sweeps = policy.as_ref().map(|policy| policy.gc.as_slice()).unwrap_or_default();
    if sweeps.is_empty() {
        session.sink.push(
            Finding::note(Code::PolicySyntax, "nothing is removed: no policy declares `gc:`")
                .help("Name what belongs to containers: `gc: [{path: \"sessions/*\", older_than: 1h}]`."),
        );
        // Mounts of projects that are gone are nobody's to declare.
        if !shows_state() {
            session.warn()?;
            return show(&session, &empty(request), options);
        }
    }
    let roots = policy.as_ref().map(|policy| policy::gc::roots(&policy.binds, &project)).unwrap_or_default();
    let kept = policy.as_ref().map(|policy| kept(&session, &project, policy)).unwrap_or_default();
    let order = Order { sweeps, roots: &roots, kept: &kept, dry_run: request.global.dry_run };
    // Connected anew each time: an engine that went away meanwhile is not known any more.
    let ask = || LazyEngine::new(pass::options(request)).get().and_then(uses);
    let report = sweep(&order, &ask);
    if let Some(reason) = &report.unknown {
        session.sink.push(
            Finding::warning(Code::EngineUnavailable, format!("nothing is removed: {reason}"))
                .help("Only an engine that says which containers there are shows that one is gone."),
        );
    }
    for line in report.failed() {
        let what = format!("{} is not removed: {}", line.path.display(), line.reason);
        session.sink.push(
            Finding::warning(Code::PrepareFailed, what)
                .help("What belongs to a container's user can be removed by that user, or by root."),
        );
    }
    session.warn()?;
    show(&session, &report, options)
}

/// Whether this machine shows state to services as their own, as far as we may look.
fn shows_state() -> bool {
    std::fs::read_dir(MOUNTS).is_ok_and(|mut entries| entries.next().is_some())
}

/// The policy alone: what can be swept does not hang on whether the compose files are in order.
fn read(session: &mut Session<'_>) -> Option<(Project, Option<Policy>)> {
    let project = session.locate()?;
    let given = policy::Given { path: session.policy_path(), ..policy::Given::default() };
    let policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
    Some((project, policy))
}

fn empty(request: &Request) -> Report {
    Report {
        version: 1,
        dry_run: request.global.dry_run,
        unknown: None,
        directories: Vec::new(),
        mounts: Vec::new(),
    }
}

/// What a sweep never takes, whatever the patterns say.
fn kept(session: &Session<'_>, project: &Project, policy: &Policy) -> Vec<(PathBuf, &'static str)> {
    let inputs = project.paths.iter().chain(&project.env_files).cloned();
    let mut kept: Vec<_> = inputs.map(|path| (path, "is an input of the project")).collect();
    kept.extend(session.policy_path().map(|path| (path, "is the policy")));
    kept.push((project.home().join(".seaworthy"), "is seaworthy's own"));
    for state in &policy.state {
        let (path, patterns) = plain(&state.path.value);
        // Where a pattern names several, all that it could name is kept.
        kept.push((path, if patterns { "holds declared state" } else { "is declared state" }));
    }
    for overlay in &policy.overlays {
        if let policy::overlay::Kind::File { path, .. } = &overlay.kind {
            kept.push((path.clone(), "is an overlay"));
        }
    }
    kept
}

/// The part of a path before its first pattern, and whether there is one.
fn plain(path: &std::path::Path) -> (PathBuf, bool) {
    let is_plain = |part: &std::path::Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?']);
    let plain: PathBuf = path.components().take_while(is_plain).collect();
    let has_pattern = plain.components().count() < path.components().count();
    (plain, has_pattern)
}

fn show(session: &Session<'_>, report: &Report, options: GcOptions) -> Result<Exit, Exit> {
    let text = told(report, options.json, |report| {
        if report.directories.is_empty() && report.mounts.is_empty() {
            String::from("nothing to remove\n")
        } else {
            report.human()
        }
    })?;
    print(session.redactor().text(&text).as_bytes())
}
