//! What the helper sees to: on the engine's machine where that is another one, and here what this process may
//! not make.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Receipt;
use super::create::{self, StepError};
use super::repair::{By, helper};
use crate::diagnostic::{Code, Finding};
use crate::host::access::{self, Access, Verdict};
use crate::host::{Credentials, Dir, FileSystem, Kind, Owner};
use crate::ownership::{HostStep, Sought};

/// Something to be looked at below the root that the helper gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seek {
    pub(super) relative: std::path::PathBuf,
    pub(super) kind: Kind,
    pub(super) step: Option<HostStep>,
    pub(super) who: Option<(Credentials, Access)>,
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    Right,
    Made,
    Missing,
    /// Something of another kind is there.
    Other(Kind),
    /// The user cannot use it: so much is needed of something of this owner and mode.
    Closed {
        owner: Owner,
        mode: u32,
        needs: Access,
    },
    /// Somebody else made it meanwhile.
    Foreign {
        kind: Kind,
        owner: Owner,
    },
    /// It must belong to somebody to whom the helper may not give it.
    MayNotGive {
        wanted: Owner,
        ours: Owner,
    },
    /// No text has a number of a user.
    Failed(String),
}

/// Which part of it is done: what is repaired is made before, and judged after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub makes: bool,
    pub judges: bool,
}

/// Has the helper see to all of it, and says what it made and what is wrong.
///
/// # Errors
/// Where the helper could not be asked.
pub fn see_to(sought: &[Sought], part: Part, by: &By<'_>) -> Result<Vec<Finding>, Finding> {
    let By::Helper(helper) = by else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    let mut roots: Vec<&Path> = sought.iter().map(|one| one.root.as_path()).collect();
    roots.sort();
    roots.dedup();
    for root in roots {
        let here: Vec<&Sought> = sought.iter().filter(|one| one.root == root).collect();
        let seeks: Vec<Seek> = here.iter().map(|one| seek(one, part)).collect();
        let is_elsewhere = here.iter().any(|one| one.is_elsewhere);
        // The helper makes it, and this process has the turn.
        let turn = if is_elsewhere { Ok(None) } else { create::take_turn(root) };
        let turn = turn.map_err(|error| unasked(root, &error.to_string(), is_elsewhere))?;
        let found = helper::look(helper, root, &seeks);
        drop(turn);
        let found = found.and_then(|found| {
            if found.len() == seeks.len() { Ok(found) } else { Err("its answer is cut".to_owned()) }
        });
        let found = found.map_err(|reason| unasked(root, &reason, is_elsewhere))?;
        findings.extend(here.iter().zip(&found).filter_map(|(one, found)| explain(one, found)));
    }
    Ok(findings)
}

fn seek(sought: &Sought, part: Part) -> Seek {
    Seek {
        relative: sought.relative.clone(),
        kind: sought.kind,
        step: sought.step.clone().filter(|_| part.makes),
        who: sought.who.clone().filter(|_| part.judges),
    }
}

/// At the helper's end: `root` is the directory that it was given.
pub fn find(root: &Path, seek: &Seek) -> Found {
    let failed = |error: &dyn std::fmt::Display| Found::Failed(error.to_string());
    let look = || Dir::open(root).and_then(|root| root.find(&seek.relative));
    let mut is_new = false;
    let there = match look() {
        Ok(None) => match &seek.step {
            Some(step) => match create::carry_out_in_turn(&step.clone().below(root), &mut Receipt::default())
            {
                Ok(()) => {
                    is_new = true;
                    look()
                }
                Err(StepError::Foreign { found }) => {
                    return Found::Foreign { kind: found.kind, owner: found.owner };
                }
                Err(StepError::MayNotGive { wanted, ours }) => return Found::MayNotGive { wanted, ours },
                Err(StepError::Host(error)) => return failed(&error),
            },
            None => return Found::Missing,
        },
        found => found,
    };
    let kind = match there {
        Ok(Some(entry)) => entry.stat.kind,
        Ok(None) => return Found::Missing,
        Err(error) => return failed(&error),
    };
    if kind != seek.kind {
        return Found::Other(kind);
    }
    if let Some((who, access)) = &seek.who {
        let path =
            if seek.relative.as_os_str().is_empty() { root.to_owned() } else { root.join(&seek.relative) };
        let directory = if kind == Kind::Directory { path.as_path() } else { path.parent().unwrap_or(root) };
        // There, the modes do not say the whole truth.
        let is_foreign = FileSystem::of(directory).is_ok_and(|system| system.is_foreign());
        match access::check_below(&path, Path::new(""), who, *access) {
            Ok(Verdict::Blocked(blocked)) if !is_foreign => {
                return Found::Closed { owner: blocked.owner, mode: blocked.mode, needs: blocked.needs };
            }
            Err(error) => return failed(&error),
            Ok(_) => {}
        }
    }
    if is_new { Found::Made } else { Found::Right }
}

fn explain(sought: &Sought, found: &Found) -> Option<Finding> {
    let (place, label) = if sought.is_elsewhere {
        (", on the engine's machine,", "on the engine's machine")
    } else {
        ("", "left to the helper")
    };
    let what = |rest: String| {
        format!("{} of service `{}`{place} {rest}", sought.full_path().display(), sought.service)
    };
    let failed = |reason: String| {
        let served = FileSystem::decides_at(&sought.root).filter(|_| !sought.is_elsewhere);
        let help = match served {
            Some(why) => format!("{why}: create {} there as its owner.", sought.full_path().display()),
            None => "Correct the cause and run it again; what was made stays.".to_owned(),
        };
        (Code::PrepareFailed, what(format!("could not be seen to: {reason}")), help)
    };
    let (code, message, help) = match found {
        Found::Right => return None,
        Found::Made => {
            let message = what("was made by the helper".to_owned());
            return Some(Finding::note(Code::BindOwner, message).at_origin(sought.origin, label));
        }
        Found::Missing => (
            Code::BindMissing,
            what(format!("is missing, and should be {}", sought.kind.describe())),
            "Create it there. What the policy declares under binds.create, the helper makes.".to_owned(),
        ),
        Found::Other(kind) => (
            Code::BindKind,
            what(format!("is {}, and should be {}", kind.describe(), sought.kind.describe())),
            "Move away there what stands in its place.".to_owned(),
        ),
        Found::Closed { owner, mode, needs } => {
            let why = format!("it is of {owner}, mode {mode:04o}, and refuses to {needs}");
            let user = sought.who.as_ref().map(|(who, _)| who.owner.to_string()).unwrap_or_default();
            (
                Code::BindAccess,
                what(format!("is closed to its user {user}: {why}")),
                "Give it to that user there, or declare it under `state`, with the users that it had in `from`.".to_owned(),
            )
        }
        Found::Foreign { kind, owner } => failed(StepError::foreign(*kind, *owner)),
        Found::MayNotGive { wanted, ours } => {
            failed(StepError::MayNotGive { wanted: *wanted, ours: *ours }.to_string())
        }
        Found::Failed(reason) => failed(reason.clone()),
    };
    Some(Finding::error(code, message).at_origin(sought.origin, label).help(help))
}

fn unasked(root: &Path, reason: &str, is_elsewhere: bool) -> Finding {
    let (place, help) = if is_elsewhere {
        (
            " on the engine's machine",
            "The roots themselves have to be there: create the directory on that machine, for whoever owns it.",
        )
    } else {
        ("", "Let root run it once, or create there what is missing.")
    };
    let message = format!("the helper could not see to {}{place}: {reason}", root.display());
    Finding::error(Code::PrepareFailed, message).help(help)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::ownership::step::Place;

    #[test]
    fn what_is_missing_is_made_and_what_is_there_is_judged() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let ours = Owner::current();
        let place = |path: &str| Place {
            root: "/elsewhere".into(),
            path: path.into(),
            owner: Some(ours),
            mode: 0o750,
            service: "a".into(),
        };
        let seek = |path: &str, kind, makes: bool| Seek {
            relative: path.into(),
            kind,
            step: makes.then(|| HostStep::CreateDirectory { place: place(path) }),
            who: None,
        };
        assert_eq!(find(&root, &seek("a/b", Kind::Directory, false)), Found::Missing);
        assert!(!root.join("a").exists());
        assert_eq!(find(&root, &seek("a/b", Kind::Directory, true)), Found::Made);
        assert_eq!(fs::metadata(root.join("a/b")).unwrap().permissions().mode() & 0o777, 0o750);
        assert_eq!(find(&root, &seek("a/b", Kind::Directory, true)), Found::Right);
        assert_eq!(find(&root, &seek("a/b", Kind::File, false)), Found::Other(Kind::Directory));
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        assert!(matches!(find(&root, &seek("link/passwd", Kind::File, false)), Found::Failed(_)));
        let other = Credentials::plain(Owner::new(ours.uid + 1, ours.gid + 1));
        let closed =
            Seek { who: Some((other, Access::USE_DIRECTORY)), ..seek("a/b", Kind::Directory, false) };
        let access = Access::USE_DIRECTORY;
        assert_eq!(find(&root, &closed), Found::Closed { owner: ours, mode: 0o750, needs: access });
    }
}
