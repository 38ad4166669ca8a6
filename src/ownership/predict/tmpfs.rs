//! A `tmpfs` that hides what the image has there, and those that a launch does not look at.

use super::Subject;
use crate::diagnostic::{Code, Finding};
use crate::host::Kind;
use crate::ownership::{Images, tmpfs};

pub(super) fn predict(subject: &Subject<'_>, images: &dyn Images, findings: &mut Vec<Finding>) {
    for tmpfs in tmpfs::of(subject.service) {
        let Some(Some(found)) = images.entry_at(&subject.image_name, &tmpfs.target).known() else { continue };
        if tmpfs.is_conventional()
            && let Some(decision) = subject.decision
            && let Some(why) = tmpfs.closed_to(subject.service, decision, Some(&found), images.tmpfs_mode())
        {
            findings.push(
                subject
                    .warning(&why)
                    .at_origin(tmpfs.origin, "closed to the user")
                    .help(tmpfs.remedy(decision)),
            );
        }
        if found.kind == Kind::Directory && found.is_filled {
            let message = format!(
                "the tmpfs at {} of service `{}` hides what the image has there",
                tmpfs.target, subject.name
            );
            findings.push(
                Finding::note(Code::WillNotWork, message)
                    .at_origin(tmpfs.origin, "begins empty")
                    .help("Nothing is copied into a tmpfs. A named volume begins with the image's content."),
            );
        }
    }
}
