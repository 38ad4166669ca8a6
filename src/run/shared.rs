//! Directories that several users share, before a launch and by `repair`.

use std::fmt::Write;

use crate::diagnostic::{Code, Finding};
use crate::host::FileSystem;
use crate::host::walk::Summary;
use crate::ownership::SharedTree;
use crate::prepare::repair::{By, Job, repair};

use super::mend::{left_alone, left_in_short};
use super::progress::Progress;

/// How many of what was left alone are shown for a directory.
const SHOWN: usize = 20;

/// Goes through every directory, in order; `done` is told of each one.
///
/// # Errors
/// The first directory that could not be shared as a whole; the others were gone through all the same.
pub fn keep<'t>(
    trees: &'t [SharedTree],
    dry_run: bool,
    by: &By<'_>,
    mut done: impl FnMut(&'t SharedTree, &Summary),
) -> Result<(), Finding> {
    let Some(first) = trees.first() else { return Ok(()) };
    let progress = Progress::new(format!("sharing {}", first.shown()));
    let jobs: Vec<Job> = trees.iter().map(|tree| Job::of_shared(tree, dry_run)).collect();
    let summaries = repair(&jobs, by, &|count| progress.tell(count));
    drop(progress);
    let mut failed = None;
    for (tree, summary) in trees.iter().zip(summaries) {
        let finding = match summary {
            Ok(summary) => {
                done(tree, &summary);
                incomplete(tree, &summary)
            }
            Err(error) => Some(
                refused(tree, &error.to_string())
                    .help("Correct the cause and run it again; what was done stays."),
            ),
        };
        failed = failed.or(finding);
    }
    failed.map_or(Ok(()), Err)
}

fn refused(tree: &SharedTree, why: &str) -> Finding {
    let message = format!("{} cannot be shared: {why}", tree.shown());
    Finding::error(Code::PrepareFailed, message)
}

fn incomplete(tree: &SharedTree, summary: &Summary) -> Option<Finding> {
    let error = summary.errors.first()?;
    let finding = refused(tree, &error.to_string());
    Some(match FileSystem::of(&tree.root) {
        Ok(system) if error.errno == libc::EOPNOTSUPP => finding.help(format!(
            "It is on {} ({}), which has no access control lists. `strategy: group` needs none.",
            system.name, system.source
        )),
        Ok(system) if system.is_network() && matches!(error.errno, libc::EPERM | libc::EACCES) => {
            finding.help(format!(
                "It is on {} ({}), whose server refuses this machine's root: export it with no_root_squash, or \
                 run it there.",
                system.name, system.source
            ))
        }
        _ => finding.help("Correct the cause and run it again; what was done stays."),
    })
}

/// A paragraph about one directory.
pub fn describe(text: &mut String, tree: &SharedTree, summary: &Summary, dry_run: bool) {
    let opened = if dry_run { "to open" } else { "opened" };
    let _ = writeln!(
        text,
        "{}: shared with {}\n  {}: {} {opened}, {} already right, {} left alone",
        tree.services.join(", "),
        tree.whom(),
        tree.shown(),
        summary.opened,
        summary.right,
        summary.left_in_all
    );
    left_alone(text, summary, SHOWN);
}

/// What happened to one directory, where anything did.
pub fn note(tree: &SharedTree, summary: &Summary) -> Option<Finding> {
    if !summary.changes() && summary.left_in_all == 0 {
        return None;
    }
    let mut message = format!("{}: {} opened for {}", tree.shown(), summary.opened, tree.whom());
    if summary.left_in_all == 0 {
        return Some(Finding::note(Code::BindOwner, message));
    }
    let _ = write!(message, ", {} left alone", summary.left_in_all);
    Some(Finding::warning(Code::BindOwner, message).help(left_in_short(summary)))
}
