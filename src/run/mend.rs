//! Putting state directories right, before a launch and by `repair`.

pub mod left;

use std::fmt::Write;

use crate::diagnostic::{Code, Finding, Severity};
use crate::engine::{Answer, Engine, Location};
use crate::host::Kind;
use crate::host::walk::{Summary, Why};
use crate::ownership::lock::repair::{Repair, Tree};
use crate::ownership::{Allowed, Way, command};
use crate::prepare::probe::try_all;
use crate::prepare::repair::{By, Helper, Job, RepairError, repair};
use crate::prepare::there::{Part, see_to};

use super::images::LazyEngine;
use super::progress::Progress;
use super::verify::Verified;
use super::{mapped, shared};

/// How many of what was left alone are shown for a directory.
const SHOWN: usize = 20;

/// One directory that was gone through.
pub struct Mended<'r> {
    pub repair: &'r Repair,
    pub tree: &'r Tree,
    pub summary: Summary,
}

/// Whoever carries it out.
pub fn by(way: Way, engine: &LazyEngine) -> Result<By<'_>, Finding> {
    if way == Way::Host {
        return Ok(By::Host);
    }
    engine.get().and_then(Helper::new).into_result().map(By::Helper).map_err(|reason| {
        Finding::error(
            Code::EngineUnavailable,
            format!("only root may give files away, and the engine cannot help: {reason}"),
        )
        .help("Start the engine, or run it with sudo.")
    })
}

/// Why nothing may be repaired from here, if so. The helper can, where it is told to.
pub fn elsewhere(engine: Answer<&Engine>, allowed: Allowed) -> Option<Finding> {
    let reason = match engine.known().map(Engine::location) {
        None | Some(Location::Here) => return None,
        Some(Location::VirtualMachine) => {
            "the engine runs in a virtual machine, which keeps owners of its own".to_owned()
        }
        Some(Location::Elsewhere(_)) if allowed == Allowed::Helper => return None,
        Some(Location::Elsewhere(reason)) => reason,
    };
    let message = format!("nothing can be repaired from here: {reason}");
    Some(
        Finding::error(Code::RemoteEngine, message)
            .help("Run it there, or write `repair: helper` in the policy: then the helper does it there."),
    )
}

/// Goes through every directory, in order; `done` is told of each one. Entries that could not be given are
/// not an error here: each summary has them.
///
/// # Errors
/// The first directory of which nothing can be said; the others were gone through all the same.
pub fn mend<'r>(
    repairs: &'r [Repair],
    dry_run: bool,
    by: &By<'_>,
    mut done: impl FnMut(Mended<'r>),
) -> Result<(), Finding> {
    let trees: Vec<(&Repair, &Tree)> =
        repairs.iter().flat_map(|one| one.trees.iter().map(move |tree| (one, tree))).collect();
    let [(_, first), rest @ ..] = trees.as_slice() else { return Ok(()) };
    let verb = if dry_run { "looking through" } else { "repairing" };
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let progress = Progress::new(format!("{verb} {}{more}", first.shown()));
    let jobs: Vec<Job> = trees.iter().map(|(_, tree)| Job::of_tree(tree, dry_run)).collect();
    let summaries = repair(&jobs, by, &|count| progress.tell(count));
    drop(progress);
    let mut failed = None;
    for ((repair, tree), summary) in trees.into_iter().zip(summaries) {
        match summary {
            Ok(summary) => done(Mended { repair, tree, summary: spared(summary, tree) }),
            Err(error) if failed.is_none() => failed = Some(refused(tree, &error)),
            Err(_) => {}
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The same, with the operator's own told from strangers'.
fn spared(mut summary: Summary, tree: &Tree) -> Summary {
    for left in &mut summary.left {
        if let Why::Owner(theirs) = left.why
            && tree.operators.contains(&theirs.owner.uid)
        {
            left.why = Why::Operator(theirs);
        }
    }
    summary
}

fn refused(tree: &Tree, error: &RepairError) -> Finding {
    let path = tree.shown();
    let finding = Finding::error(Code::PrepareFailed, format!("cannot repair {path}: {error}"));
    match error {
        RepairError::Host(_) => finding.help("Correct the cause and run it again; what was done stays."),
        RepairError::Helper(_) if tree.volume.is_some() => {
            finding.help("Correct the cause, or let root run it; what was done stays.")
        }
        RepairError::Helper(_) => finding.help(format!(
            "Let root do it: {}",
            command::give(&tree.path, Kind::Directory, tree.handover.to)
        )),
    }
}

/// Why a directory is not whole after it was gone through, if so.
pub fn incomplete(mended: &Mended<'_>) -> Option<Finding> {
    let error = mended.summary.errors.first()?;
    let path = mended.tree.shown();
    let served = crate::host::FileSystem::decides_at(&mended.tree.root);
    let help = match served.filter(|_| matches!(error.errno, libc::EPERM | libc::EACCES)) {
        Some(why) => {
            format!("{why}: run the repair where the files are, or let the server allow root to do it.")
        }
        None => "Correct the cause and run it again; what was done stays.".to_owned(),
    };
    let message = format!("the repair of {path} is not whole: {error}");
    Some(Finding::error(Code::PrepareFailed, message).help(help))
}

/// A paragraph about one directory.
pub fn describe(text: &mut String, path: &str, summary: &Summary, dry_run: bool) {
    let (given, opened) = if dry_run { ("to give", "to open") } else { ("given", "opened") };
    let opened = if summary.opened > 0 { format!("{} {opened}, ", summary.opened) } else { String::new() };
    let _ = writeln!(
        text,
        "  {path}: {} {given}, {opened}{} already right, {} left alone",
        summary.given, summary.right, summary.left_in_all
    );
    left_alone(text, summary, SHOWN);
}

/// What was left alone, in one line for a finding.
pub fn left_in_short(summary: &Summary) -> String {
    let mut help = String::new();
    left_alone(&mut help, summary, 3);
    help.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// What was left alone, and why.
pub fn left_alone(text: &mut String, summary: &Summary, at_most: usize) {
    let mut more = summary.left_in_all;
    for left in summary.left.iter().take(at_most) {
        let path = left.path.display().to_string();
        let _ = writeln!(text, "    left alone: {} ({})", path.escape_debug(), left.why);
        more -= 1;
    }
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
}

/// Looks through what is declared durable and puts it right, then tries what the services are to write. What
/// there is to say of it is added to `notes`.
///
/// # Errors
/// Where a directory could not be put right as a whole, or a service cannot write.
pub fn before_launch(
    verified: &Verified,
    engine: &LazyEngine,
    notes: &mut Vec<Finding>,
) -> Result<(), Finding> {
    let in_one_go = verified.host.repairs.is_empty() && verified.host.shared.is_empty();
    there(verified, engine, notes, Part { makes: true, judges: in_one_go })?;
    if let (Ok((way, _)), false) = (verified.host.way, verified.host.repairs.is_empty()) {
        let by = by(way, engine)?;
        let mut failed = None;
        mend(&verified.host.repairs, false, &by, |mended| {
            notes.extend(note(&mended));
            failed =
                failed.take().or_else(|| incomplete(&mended)).or_else(|| left::unusable(&mended, engine));
        })?;
        failed.map_or(Ok(()), Err)?;
    }
    if let (Ok((way, _)), false) = (verified.host.way, verified.host.shared.is_empty()) {
        let by = by(way, engine)?;
        shared::keep(&verified.host.shared, false, &by, |tree, summary| {
            notes.extend(shared::note(tree, summary));
        })?;
    }
    if !in_one_go {
        there(verified, engine, notes, Part { makes: false, judges: true })?;
    }
    mapped::mount(&verified.host.repairs)?;
    let mut refused = try_all(&verified.host.probes);
    let last = refused.pop();
    notes.append(&mut refused);
    last.map_or(Ok(()), Err)
}

/// Has the helper see to what is its own to do: elsewhere, or what this process may not make.
fn there(
    verified: &Verified,
    engine: &LazyEngine,
    notes: &mut Vec<Finding>,
    part: Part,
) -> Result<(), Finding> {
    if verified.host.sought.is_empty() {
        return Ok(());
    }
    let said = see_to(&verified.host.sought, part, &by(Way::Helper, engine)?)?;
    let (mut refused, mut made): (Vec<_>, Vec<_>) =
        said.into_iter().partition(|finding| finding.severity == Severity::Error);
    notes.append(&mut made);
    let last = refused.pop();
    notes.append(&mut refused);
    last.map_or(Ok(()), Err)
}

/// What happened to one directory, where anything did.
fn note(mended: &Mended<'_>) -> Option<Finding> {
    let Mended { repair, tree, summary } = mended;
    if !summary.changes() && summary.left_in_all == 0 {
        return None;
    }
    let path = tree.shown();
    let mut message =
        format!("{path}: {} given to {} for service `{}`", summary.given, tree.handover.to, repair.service);
    if summary.opened > 0 {
        let _ = write!(message, ", {} opened for their owner", summary.opened);
    }
    if summary.left_in_all == 0 {
        return Some(Finding::note(Code::BindOwner, message));
    }
    let _ = write!(message, ", {} left alone", summary.left_in_all);
    Some(Finding::warning(Code::BindOwner, message).help(left_in_short(summary)))
}
