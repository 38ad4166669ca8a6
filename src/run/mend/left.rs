//! What a repair left alone, and what follows from that.

use std::io::ErrorKind;
use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::engine::IdMap;
use crate::host::access::{Access, Verdict, check_below};
use crate::host::owner::is_root;
use crate::host::walk::{Left, Theirs, Why};
use crate::host::{Credentials, Kind, Owner};
use crate::ownership::lock::repair::{Repair, Tree};

use super::{Mended, left_in_short};
use crate::run::former::former_maps;
use crate::run::images::LazyEngine;

/// Why a service cannot use all of its state, if so: something in it is closed to its user, and is not known to
/// have been the service's.
pub fn unusable(mended: &Mended<'_>, engine: &LazyEngine) -> Option<Finding> {
    let Mended { repair, tree, summary } = mended;
    let who = tree.who.as_ref()?;
    let closed: Vec<&Left> = summary.left.iter().filter(|left| is_closed(left, who)).collect();
    let first = closed.first()?;
    let more = match closed.len() {
        1 => String::new(),
        count => format!(", and {} more are closed too", count - 1),
    };
    let message = format!(
        "service `{}` runs as {} and cannot use {}, in {}, which is its state: {}, and closed to that user{more}",
        repair.service,
        repair.user,
        first.path.display(),
        tree.shown(),
        first.why
    );
    let theirs = closed.iter().filter_map(|left| theirs(left).map(|theirs| (left, theirs)));
    let help: Vec<String> = helps(repair, tree, theirs, engine);
    Some(Finding::error(Code::BindAccess, message).help(help.join(" ")))
}

fn theirs(left: &Left) -> Option<Theirs> {
    match left.why {
        Why::Owner(theirs) | Why::Operator(theirs) | Why::Unmapped(theirs) => Some(theirs),
        _ => None,
    }
}

/// By what stands there where we may look, lists and all; else by what the walk saw.
fn is_closed(left: &Left, who: &Credentials) -> bool {
    let Some(theirs) = theirs(left).filter(|theirs| theirs.kind != Kind::Symlink) else { return false };
    let wanted = Access { execute: theirs.kind == Kind::Directory, ..Access::READ };
    match check_below(&left.path, Path::new(""), who, wanted) {
        Ok(verdict) => matches!(verdict, Verdict::Blocked(_)),
        // It is not here, or nothing that we may look at: what the walk saw counts.
        Err(error) if error.kind() == ErrorKind::NotFound => !theirs.lets_in(who),
        Err(error) if error.kind() == ErrorKind::PermissionDenied && !is_root() => !theirs.lets_in(who),
        Err(_) => true,
    }
}

/// What to do about each kind of owner, once.
fn helps<'l>(
    repair: &Repair,
    tree: &Tree,
    theirs: impl Iterator<Item = (&'l &'l Left, Theirs)>,
    engine: &LazyEngine,
) -> Vec<String> {
    let mut helps: Vec<String> = Vec::new();
    for (left, theirs) in theirs {
        let help = match left.why {
            _ if is_former(repair, theirs.owner, engine) => format!(
                "{} is user {}'s as the engine's map of users was before: user namespaces were switched on, off or moved \
                 since. `seaworthy repair --migrate {}` carries it over. With `strategy: idmap` every map finds it.{}",
                theirs.owner,
                repair.user,
                repair.service,
                match left.why {
                    Why::Operator(_) =>
                        " The operator has that number, too: after a look, add `--take-mine`.",
                    _ => "",
                }
            ),
            Why::Operator(_) if !tree.spared.contains(&theirs.owner.uid) => {
                "What is the operator's own, move away, or let the service read it (`chmod`).".to_owned()
            }
            Why::Operator(_) => format!(
                "What is user {}'s may be the operator's own: after a look, `seaworthy repair --take-mine {}` takes it.",
                theirs.owner.uid, repair.service
            ),
            Why::Unmapped(_) => {
                "What the engine's map of users does not have, nobody in a container made: move it away, \
                                or let the service read it."
                    .to_owned()
            }
            _ if theirs.owner.uid == 0 && tree.volume.is_none() => format!(
                "Nothing is taken from root. Where root goes on writing there, `state: [{{{}, strategy: idmap}}]` in the \
                 policy shows all of it to the service as its own; else give it away by hand, after a look.",
                declared(tree)
            ),
            _ => taken_over(repair, tree, theirs.owner),
        };
        if !helps.contains(&help) {
            helps.push(help);
        }
    }
    helps
}

/// Whether it is the service's under a map of users that the engine had before.
fn is_former(repair: &Repair, owner: Owner, engine: &LazyEngine) -> bool {
    let former = former_maps(engine).known().unwrap_or_default();
    let was = |map: &IdMap| map.formerly(&former, repair.user).any(|former| former.uid == owner.uid);
    owner.uid != 0 && repair.map.as_ref().is_some_and(was)
}

/// As it stands in the policy.
fn declared(tree: &Tree) -> String {
    match crate::model::volume::key_of(&tree.path) {
        Some(key) => format!("volume: {key}"),
        None => format!("path: {}", tree.path.display()),
    }
}

fn taken_over(repair: &Repair, tree: &Tree, owner: Owner) -> String {
    let inside = repair.map.as_ref().map(|map: &IdMap| (map.seen_inside(owner), map.clone()));
    match inside.filter(|(inside, map)| map.to_host(*inside) == Some(owner)) {
        Some((inside, _)) => format!(
            "If it was the service's before, say so in the policy: `state: [{{{}, from: [\"{inside}\"]}}]`.",
            declared(tree)
        ),
        None => format!(
            "The engine's map of users does not have {owner}, so nobody in a container made it: move it away, or give \
             it to {}.",
            tree.handover.to
        ),
    }
}

/// Why a migration came to nothing, if so: none of a service's files could be given to its new user, and some are
/// left. The lock keeps the old user then. Where the user is the same and only the engine's map may have changed, it
/// came to nothing if no entry at all is the service's.
pub fn in_vain(repair: &Repair, trees: &[&Mended<'_>], engine: &LazyEngine) -> Option<Finding> {
    let given: u64 = trees.iter().map(|mended| mended.summary.given).sum();
    let right: u64 = trees.iter().map(|mended| mended.summary.right + mended.summary.opened).sum();
    let of_somebody = |mended: &&&Mended<'_>| {
        mended.summary.left.iter().filter_map(theirs).any(|theirs| theirs.owner.uid != 0 || right == 0)
    };
    let first = trees.iter().find(of_somebody)?;
    if given > 0 || (repair.moved_from.is_none() && right > 0) {
        return None;
    }
    let left: u64 = trees.iter().map(|mended| mended.summary.left_in_all).sum();
    let message = format!(
        "service `{}` is not carried over to {}: nothing could be given, and {left} left alone{lock}",
        repair.service,
        repair.user,
        left = if left == 1 { "1 entry is".to_owned() } else { format!("{left} entries are") },
        lock = repair.moved_from.map(|old| format!("; the lock still has {old}")).unwrap_or_default(),
    );
    let all = trees.iter().flat_map(|mended| mended.summary.left.iter().map(move |left| (mended.tree, left)));
    let mut lines: Vec<String> = vec![left_in_short(&first.summary) + "."];
    for (tree, left) in all {
        let Some(theirs) = theirs(left) else { continue };
        let help = match left.why {
            Why::Operator(_) if tree.spared.contains(&theirs.owner.uid) => format!(
                "They may be the operator's own: after a look, `seaworthy repair --migrate --take-mine {}` takes them.",
                repair.service
            ),
            _ => helps(repair, tree, std::iter::once((&left, theirs)), engine).concat(),
        };
        if !lines.contains(&help) {
            lines.push(help);
        }
    }
    Some(Finding::error(Code::PrepareFailed, message).help(lines.join(" ")))
}
