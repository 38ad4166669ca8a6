//! Whether the service's user can use what is there.

use rustix::fs::CWD;

use crate::diagnostic::{Code, Finding};
use crate::engine::IdMap;
use crate::host::access::{self, Access, Blocked, Verdict, is_denied};
use crate::host::{Credentials, FileSystem, Kind, Owner};
use crate::ownership::command;

use super::Role;
use super::explain::Say;
use super::look::Seen;
use super::whom::Whom;

/// What is wrong with it for this user, if anything. The directories above a source do not count: the
/// engine reaches it with its own rights.
pub(super) fn judge(say: &Say<'_>, whom: &Whom, seen: &Seen) -> Option<Finding> {
    let who = whom.credentials()?;
    let (needed, hoped) = match seen.kind {
        Kind::Directory if say.mount.read_only => (Access { write: false, ..Access::USE_DIRECTORY }, None),
        Kind::Directory => (Access { write: false, ..Access::USE_DIRECTORY }, Some(Access::USE_DIRECTORY)),
        Kind::File if say.mount.read_only => (Access::READ, None),
        Kind::File => (Access::READ, Some(Access { write: true, ..Access::READ })),
        // Who may use a socket, a pipe or a device is the affair of those who made it.
        _ => return None,
    };
    // There, another machine or a program decides, and the modes do not say the whole truth.
    let directory = if seen.kind == Kind::Directory { seen.real.as_path() } else { seen.real.parent()? };
    match FileSystem::of(directory) {
        Ok(system) if system.is_foreign() => return None,
        Ok(_) => {}
        Err(_) if is_denied(CWD, directory, Access::default()) => {}
        Err(error) => {
            let message = format!("{} of service `{}` cannot be judged: {error}", say.path(), say.service);
            return Some(
                Finding::error(Code::BindAccess, message)
                    .at_origin(say.mount.origin, "mounted here")
                    .help("It could not be looked up what filesystem it is on. Correct the cause."),
            );
        }
    }
    if let Some(blocked) = blocked(whom, &who, seen, needed) {
        return Some(unreadable(say, whom, seen, &blocked));
    }
    if let Some(blocked) = hoped.and_then(|hoped| blocked(whom, &who, seen, hoped)) {
        return Some(unwritable(say, whom, seen, &blocked));
    }
    if say.strict && hoped.is_some() && seen.kind == Kind::Directory && seen.owner.uid != who.owner.uid {
        return Some(foreign(say, whom, seen));
    }
    None
}

/// A file that is not there yet, but will be: ours, with this mode.
pub(super) fn judge_copy(say: &Say<'_>, whom: &Whom, ours: Owner, mode: u32) -> Option<Finding> {
    let who = whom.credentials()?;
    if access::permits(ours, mode, &who, Access::READ) || whom.passes_over(ours) {
        return None;
    }
    let message = format!(
        "service `{}` runs as {} and could not read the copy {}: it will be of {ours}, with mode {mode:04o}",
        say.service,
        user(whom),
        say.path(),
    );
    Some(
        say.judged(Code::BindAccess, message, "mounted here")
            .help("Give the copy a mode that lets that user read it: `mode: \"0644\"` in `copies`."),
    )
}

/// Something that will be made, and that its service could not use.
pub(super) fn judge_new(say: &Say<'_>, whom: &Whom, kind: Kind, owner: Owner, mode: u32) -> Option<Finding> {
    let who = whom.credentials()?;
    let wanted = match kind {
        Kind::Directory => Access { write: !say.mount.read_only, ..Access::USE_DIRECTORY },
        _ => Access::READ,
    };
    if !say.strict || access::permits(owner, mode, &who, wanted) || whom.passes_over(owner) {
        return None;
    }
    let message = format!(
        "service `{}` runs as {} and could not use {}: it would be made for {owner}, with mode {mode:04o}",
        say.service,
        user(whom),
        say.path(),
    );
    Some(say.judged(Code::BindAccess, message, "mounted here").help(
        "Say in `binds.create` whose it is to be and with which mode: `owner:` and `mode:`. Where a service only \
         reads it, `mode: \"0755\"` lets it (`\"0644\"` for a file).",
    ))
}

/// The same finding, where what is there was the service's under another map of users: with what carries it over.
pub(super) fn say_former(
    say: &Say<'_>,
    whom: &Whom,
    seen: &Seen,
    former: &dyn Fn() -> Vec<IdMap>,
    finding: Finding,
) -> Finding {
    if finding.code != Code::BindAccess {
        return finding;
    }
    let is_theirs = |inside: &Owner| {
        let was = |map: &IdMap| map.formerly(&former(), *inside).any(|owner| owner.uid == seen.owner.uid);
        whom.map.as_ref().known().is_some_and(was) && whom.owner.as_ref().known() != Some(&seen.owner)
    };
    let inside = whom.inside.as_ref().known().filter(|inside| inside.uid != 0 && is_theirs(inside));
    let Some(inside) = inside.filter(|_| say.strict && seen.kind == Kind::Directory && !say.mount.read_only)
    else {
        return finding;
    };
    finding.help(format!(
        "{} is user {}'s as the engine's map of users was before: user namespaces were switched on, off or moved since. \
         `seaworthy repair --migrate {}` carries it over. `state: [{{path: {}, strategy: idmap}}]` in the policy spares \
         it with every map.",
        seen.owner,
        inside,
        say.service,
        say.path()
    ))
}

fn blocked(whom: &Whom, who: &Credentials, seen: &Seen, wanted: Access) -> Option<Blocked> {
    match access::check_below(&seen.real, std::path::Path::new(""), who, wanted) {
        Ok(Verdict::Blocked(blocked)) if !whom.passes_over(blocked.owner) => Some(blocked),
        _ => None,
    }
}

/// "10001:10001", with the host's numbers where they are others.
pub(super) fn user(whom: &Whom) -> String {
    let inside = whom.inside.as_ref().known().map(ToString::to_string).unwrap_or_default();
    match whom.owner.as_ref().known().map(ToString::to_string) {
        Some(outside) if outside != inside => format!("{inside}, which is {outside} here"),
        _ => inside,
    }
}

fn unreadable(say: &Say<'_>, whom: &Whom, seen: &Seen, blocked: &Blocked) -> Finding {
    let message = format!(
        "service `{}` runs as {} and cannot {} {}: {blocked}",
        say.service,
        user(whom),
        if seen.kind == Kind::Directory { "use" } else { "read" },
        say.path(),
    );
    say.judged(Code::BindAccess, message, "mounted here")
        .help(help(whom, seen, false) + &as_state(say, whom, seen))
}

fn unwritable(say: &Say<'_>, whom: &Whom, seen: &Seen, blocked: &Blocked) -> Finding {
    let message = format!(
        "service `{}` runs as {} and cannot write {}, which it mounts read-write: {blocked}",
        say.service,
        user(whom),
        say.path(),
    );
    let label = "not mounted read-only";
    // Most files that are mounted read-write are only ever read.
    let finding = match (say.strict, seen.kind) {
        (true, Kind::Directory) if say.refuses => Finding::error(Code::BindAccess, message),
        (true, _) => Finding::warning(Code::BindAccess, message),
        (false, _) => Finding::note(Code::BindAccess, message),
    };
    finding
        .at_origin(say.mount.origin, label)
        .help(sentences(&help(whom, seen, true), &as_state(say, whom, seen)))
}

/// Two pieces of advice, each a sentence.
fn sentences(first: &str, second: &str) -> String {
    let stop = if second.is_empty() || first.ends_with('.') { "" } else { "." };
    format!("{first}{stop}{second}")
}

/// How a policy has it taken over, or shown to the service as its own.
fn as_state(say: &Say<'_>, whom: &Whom, seen: &Seen) -> String {
    if !say.strict || seen.kind != Kind::Directory || say.mount.read_only || say.source.role != Role::Bind {
        return String::new();
    }
    let path = say.path();
    if seen.owner.uid == 0 {
        return format!(
            " Or declare it, `state: [{{path: {path}, strategy: idmap}}]`: then the service sees it as its own."
        );
    }
    let map = whom.map.as_ref().known();
    let inside = map
        .map(|map| map.seen_inside(seen.owner))
        .filter(|inside| map.and_then(|map| map.to_host(*inside)) == Some(seen.owner) && inside.uid != 0);
    inside.map_or_else(String::new, |inside| {
        format!(" Or, if it was the service's before, declare it: `state: [{{path: {path}, from: [\"{inside}\"]}}]`.")
    })
}

fn foreign(say: &Say<'_>, whom: &Whom, seen: &Seen) -> Finding {
    let message = format!(
        "{} belongs to {}, and service `{}` runs as {}; it can write there all the same",
        say.path(),
        seen.owner,
        say.service,
        user(whom),
    );
    Finding::note(Code::BindOwner, message)
        .at_origin(say.mount.origin, "another owner")
        .help(help(whom, seen, false))
}

fn help(whom: &Whom, seen: &Seen, or_read_only: bool) -> String {
    let otherwise = if or_read_only { ", or mount it read-only (`:ro`)" } else { "" };
    match whom.owner.as_ref().known() {
        Some(owner) => {
            format!("Give it to that user: {}{otherwise}", command::give(&seen.real, seen.kind, *owner))
        }
        None => format!("Change its permissions{otherwise}."),
    }
}
