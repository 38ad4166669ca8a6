//! A `tmpfs` that the service's user could not write.

use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::Kind;
use crate::ownership::images::image_of;
use crate::ownership::tmpfs;
use crate::yaml::Node;

use super::judge::Judge;
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
    for tmpfs in tmpfs::of(service).into_iter().filter(|tmpfs| !tmpfs.is_conventional()) {
        // Neither can be for a user who may write whatever it becomes.
        if tmpfs.closed_to(service, decision, Some(&tmpfs::CLOSED)).is_none()
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
        } else if let Some(why) = tmpfs.closed_to(service, decision, found.as_ref()) {
            findings.push(
                Finding::error(Code::BindAccess, format!("service `{name}` {why}"))
                    .at_origin(tmpfs.origin, "closed to the user")
                    .help(tmpfs.remedy(decision)),
            );
        }
    }
    findings
}
