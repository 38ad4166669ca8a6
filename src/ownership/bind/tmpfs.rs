//! A `tmpfs` that the service's user could not write, or that others could.

use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, ImageEntry, Location};
use crate::host::{FileSystem, Kind};
use crate::ownership::command;
use crate::ownership::images::image_of;
use crate::ownership::root::Standing;
use crate::ownership::step::{HostStep, Place};
use crate::ownership::tmpfs::{self, Tmpfs};
use crate::yaml::Node;

use super::explain::shown;
use super::judge::{Judge, Service};
use super::look::{Seen, clean};
use super::mounts::{Mount, enclosing};

/// What is wrong with those of one service. What every image has for everybody is not looked at: a launch
/// would ask the engine each time for nothing; `plan` does.
pub(super) fn judge(judge: &Judge<'_>, name: &str, service: &Node, mounts: &[Mount]) -> Vec<Finding> {
    let question = judge.question;
    let Some(image) = image_of(question.model, name, service) else { return Vec::new() };
    let Some(decision) = question.users.of(name).filter(|decision| decision.user.is_known()) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let by = question.images.tmpfs_mode();
    for tmpfs in tmpfs::of(service).into_iter().filter(|tmpfs| !tmpfs.is_conventional()) {
        // Neither can be for a user who may write whatever it becomes.
        if tmpfs.closed_to(service, decision, Some(&tmpfs::CLOSED), by).is_none()
            || enclosing(mounts, tmpfs.target.as_ref()).is_some()
        {
            continue;
        }
        let found = match question.images.entry_at(&image, &tmpfs.target) {
            Answer::Known(found) => found,
            Answer::Unknown(reason) => {
                if let Some(mount) = mounts.iter().find(|mount| mount.target == Path::new(&tmpfs.target)) {
                    judge.unclear_image(mount, name, &tmpfs.target, &reason);
                }
                continue;
            }
        };
        if found.as_ref().is_some_and(|entry| entry.kind == Kind::File) {
            let message = format!(
                "service `{name}` mounts a tmpfs at {}, and the image has a file there",
                tmpfs.target
            );
            findings.push(
                Finding::error(Code::BindKind, message)
                    .at_origin(tmpfs.origin, "over a file")
                    .help("Mount it over a directory, or where the image has nothing."),
            );
        } else if let Some(why) = tmpfs.closed_to(service, decision, found.as_ref(), by) {
            findings.push(
                Finding::error(Code::BindAccess, format!("service `{name}` {why}"))
                    .at_origin(tmpfs.origin, "closed to the user")
                    .help(tmpfs.remedy(decision)),
            );
        }
    }
    findings
}

/// The tmpfs that is mounted there, if one is.
pub(super) fn at(service: &Node, mount: &Mount) -> Option<Tmpfs> {
    if mount.source.is_some() || mount.volume.is_some() || !mount.is_mounted {
        return None;
    }
    tmpfs::of(service).into_iter().find(|tmpfs| clean(&tmpfs.target) == mount.target)
}

/// One directory of the host is the mount point of all services that mount a tmpfs in the same place of it.
pub(super) fn agree(judge: &mut Judge<'_>, service: &Service<'_>, tmpfs: &Tmpfs, mount: &Mount, path: &Path) {
    if tmpfs.keeps_its_mode(judge.question.images.tmpfs_mode()) {
        return;
    }
    let mode = tmpfs.wanted_mode();
    let Some((other_mode, other)) = judge.tmpfs.get(path) else {
        judge.tmpfs.insert(path.to_owned(), (mode, service.name.to_owned()));
        return;
    };
    if *other_mode == mode {
        return;
    }
    let message = format!(
        "the tmpfs at {} of service `{}` is to have mode {mode:04o}, and that of service `{other}` in the same \
         place {other_mode:04o}: both get the one mode of their mount point {}",
        tmpfs.target,
        service.name,
        shown(path, &judge.question.model.directory)
    );
    let finding = if judge.refuses(service.name) {
        Finding::error(Code::BindAccess, message)
    } else {
        Finding::warning(Code::BindAccess, message)
    };
    judge.findings.push(
        finding
            .at_origin(mount.origin, "mounted inside another mount")
            .help("Give both the same mode, or mount one of them elsewhere."),
    );
}

/// What becomes of a mount point that is there: a tmpfs gets its mode where none is asked for, and under an older
/// runtime also where one is. An empty one gets the mode that the tmpfs is to have.
pub(super) fn mount_point(
    judge: &mut Judge<'_>,
    service: &Service<'_>,
    tmpfs: &Tmpfs,
    mount: &Mount,
    (path, seen): (&Path, &Seen),
) -> Option<HostStep> {
    let mode = tmpfs.wanted_mode();
    if seen.mode == mode || tmpfs.keeps_its_mode(judge.question.images.tmpfs_mode()) {
        return None;
    }
    let is_empty = judge.is_empty(mount, &seen.real);
    let caller = judge.question.caller;
    let may = caller.may_chown() || caller.process.uid == seen.owner.uid;
    // Elsewhere a mode may be anything, whoever sets it.
    let is_settable =
        || FileSystem::of(&seen.real).is_ok_and(|system| !system.is_foreign() && !system.is_read_only);
    if judge.question.location == &Location::Here
        && is_empty
        && may
        && let Standing::Inside { anchor, relative } = judge.standing(path, path, false)
        && is_settable()
    {
        let service = service.name.to_owned();
        let place = Place { root: anchor, path: relative, owner: Some(seen.owner), mode, service };
        return Some(HostStep::SetMode { place });
    }
    let finding = wrong_mode(judge, service, tmpfs, mount, (path, seen), is_empty);
    judge.findings.extend(finding);
    None
}

fn wrong_mode(
    judge: &Judge<'_>,
    service: &Service<'_>,
    tmpfs: &Tmpfs,
    mount: &Mount,
    (path, seen): (&Path, &Seen),
    is_empty: bool,
) -> Option<Finding> {
    let (owner, mode) = (seen.owner, seen.mode);
    let entry = ImageEntry { kind: Kind::Directory, owner, mode, is_filled: !is_empty, content: None };
    let decision = judge.question.users.of(service.name);
    let by = judge.question.images.tmpfs_mode();
    let is_closed =
        decision.is_some_and(|user| tmpfs.closed_to(service.node, user, Some(&entry), by).is_some());
    if !is_closed && !tmpfs.is_opened_by(mode) {
        return None;
    }
    let (name, target) = (service.name, &tmpfs.target);
    let what = if is_closed { "closed to its user" } else { "open to others" };
    let at = shown(path, &judge.question.model.directory);
    let message = format!(
        "the tmpfs at {target} of service `{name}` will be {what}: it gets the mode of its mount point {at}, \
         {mode:04o}, not {:04o}",
        tmpfs.wanted_mode()
    );
    let finding = if judge.refuses(service.name) {
        Finding::error(Code::BindAccess, message)
    } else {
        Finding::warning(Code::BindAccess, message)
    };
    let help = if is_empty {
        format!("Give it that mode: chmod {:o} {}", tmpfs.wanted_mode(), command::quoted(path))
    } else {
        "It is not empty, so it is left as it is. Mount the tmpfs elsewhere, or move away what is in it."
            .to_owned()
    };
    Some(finding.at_origin(mount.origin, "mounted inside another mount").help(help))
}
