//! Bind sources that a service could exchange between the judgement and the start.
//!
//! The engine looks a source up by its path when it starts a container. Where a service of the project may write
//! on the way to it, what is there then need not be what was judged; it is compared before the start, and once
//! more in the container itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::engine::Inspection;
use crate::host::Identity;
use crate::ownership::bind::BindDecision;
use crate::source::Origin;

/// One source, and what it was.
#[derive(Clone, Debug)]
pub struct Standing {
    service: String,
    source: PathBuf,
    target: PathBuf,
    /// Who may change the way to it.
    by: String,
    origin: Origin,
    was: Identity,
}

impl Standing {
    fn finding(&self, what: &str, help: &str) -> Finding {
        let message = format!(
            "{} of service `{}` is not what was judged: service `{}` may change the way to it, and {what}",
            self.source.display(),
            self.service,
            self.by
        );
        Finding::error(Code::LivePosture, message).at_origin(self.origin, "mounted here").help(help)
    }
}

const HELP: &str = "Mount it from a directory that no other service writes.";

/// Notes what each source is once everything that was missing was made. A source that was there is what it was
/// when it was judged.
///
/// # Errors
/// The first that is not, or that is no longer there.
pub fn note(binds: &[BindDecision]) -> Result<Vec<Standing>, Finding> {
    let mut all = Vec::new();
    for bind in binds {
        let Some(by) = &bind.changed_by else { continue };
        // What is not made by us is the engine's to complain of.
        let Ok(now) = Identity::of(&bind.source) else { continue };
        let standing = Standing {
            service: bind.service.clone(),
            source: bind.source.clone(),
            target: PathBuf::from(&bind.target),
            by: by.clone(),
            origin: bind.origin,
            was: bind.identity.unwrap_or(now),
        };
        let is_link = bind.source.is_symlink() && bind.identity.is_none();
        if standing.was != now || is_link {
            return Err(standing.finding("it was exchanged", &format!("Nothing was started. {HELP}")));
        }
        all.push(standing);
    }
    Ok(all)
}

/// What is wrong with the sources right before the start.
pub fn changed(all: &[Standing]) -> Vec<Finding> {
    let is_other = |one: &&Standing| Identity::of(&one.source).ok() != Some(one.was);
    let say = |one: &Standing| one.finding("it was exchanged", &format!("Nothing was started. {HELP}"));
    all.iter().filter(is_other).map(say).collect()
}

/// The containers that have something else mounted than was judged, by id, with what is wrong. Of one that has
/// ended, or that we may not look into, the path is looked at again.
pub fn mounted_otherwise(all: &[Standing], running: &[Inspection]) -> BTreeMap<String, Finding> {
    let mut found = BTreeMap::new();
    for container in running {
        for one in all.iter().filter(|one| one.service == container.service) {
            if seen(container, &one.target, &one.source) != Some(one.was) {
                let help = format!("Container {} was stopped. {HELP}", container.name);
                found.insert(container.id.clone(), one.finding("its container has another one", &help));
            }
        }
    }
    found
}

fn seen(container: &Inspection, target: &Path, source: &Path) -> Option<Identity> {
    let inside = container.pid.and_then(|pid| Identity::inside(pid, target).ok());
    inside.or_else(|| Identity::of(source).ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::engine::{Answer, Inspection};
    use crate::host::Kind;
    use crate::launch::live::tests::recorded;
    use crate::ownership::bind::{Outcome, Role};
    use crate::ownership::kind::KindFrom;

    fn bind(source: &Path, identity: Option<Identity>) -> BindDecision {
        BindDecision {
            service: "a".to_owned(),
            role: Role::Bind,
            source: source.to_owned(),
            target: source.display().to_string(),
            read_only: false,
            origin: Origin::CommandLine,
            kind: Kind::Directory,
            kind_from: KindFrom::Source,
            identity,
            changed_by: Some("w".to_owned()),
            owner: Answer::unknown("nobody asked"),
            outcome: Outcome::Present,
        }
    }

    #[test]
    fn what_is_put_in_its_place_is_seen_before_the_start_and_in_the_container() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        let (source, outside) = (base.join("sub"), base.join("outside"));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&outside).unwrap();
        let judged = bind(&source, Some(Identity::of(&source).unwrap()));
        let standing = note(std::slice::from_ref(&judged)).unwrap();
        let container = |pid| {
            let mut container = Inspection::read(recorded().remove(0)).unwrap();
            (container.service, container.pid) = ("a".to_owned(), pid);
            vec![container]
        };
        // This process has at that path what is there.
        let us = container(Some(std::process::id()));
        assert!(changed(&standing).is_empty() && mounted_otherwise(&standing, &us).is_empty());
        fs::rename(&source, base.join("old")).unwrap();
        symlink(&outside, &source).unwrap();
        assert_eq!(changed(&standing).len(), 1);
        for running in [us, container(None)] {
            let found = mounted_otherwise(&standing, &running);
            let text = &found.values().next().unwrap().message;
            assert!(text.contains("service `w` may change the way to it"), "{text}");
        }
        assert!(note(&[judged]).is_err());
        // One that was still to be made is no link.
        assert!(note(&[bind(&source, None)]).is_err());
        assert_eq!(note(&[bind(&outside, None)]).unwrap().len(), 1);
    }
}
