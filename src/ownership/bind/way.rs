//! The way to a bind source, component by component, and which services could change it.

use std::cell::LazyCell;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{read_link, symlink_metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::diagnostic::{Code, Finding};
use crate::host::access::{Access, Verdict, check_below};
use crate::host::{Credentials, Owner};
use crate::model::namespace;
use crate::ownership::root::Standing;

use super::explain::Say;
use super::judge::Judge;
use super::look::Seen;
use super::mounts;
use super::whom::Whom;
use super::{BindQuestion, Role};

/// As many links as the kernel follows.
const LINKS: usize = 40;

/// One component on the way.
#[derive(Clone, Debug)]
struct Step {
    /// It is looked up here; without links.
    directory: PathBuf,
    name: OsString,
    /// Whose link it is, where it is one.
    link: Option<Owner>,
}

impl Step {
    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }
}

/// Every component that the kernel looks up on the way to an absolute path, as far as it is there.
fn steps(path: &Path) -> io::Result<Vec<Step>> {
    let words = |path: &Path| -> Vec<OsString> {
        let all = path.components();
        all.filter(|one| matches!(one, Component::Normal(_) | Component::ParentDir))
            .map(|one| one.as_os_str().to_owned())
            .collect()
    };
    let mut rest = VecDeque::from(words(path));
    let (mut at, mut steps, mut links) = (PathBuf::from("/"), Vec::new(), 0);
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let found = match symlink_metadata(&next) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                steps.push(Step { directory: at, name, link: None });
                break;
            }
            Err(error) => return Err(error),
        };
        let link = found.is_symlink().then(|| Owner::new(found.uid(), found.gid()));
        steps.push(Step { directory: at.clone(), name, link });
        if link.is_none() {
            at = next;
            continue;
        }
        links += 1;
        if links > LINKS {
            return Err(io::Error::from_raw_os_error(libc::ELOOP));
        }
        let target = read_link(&next)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for word in words(&target).into_iter().rev() {
            rest.push_front(word);
        }
    }
    Ok(steps)
}

/// A directory that a service may write.
pub(super) struct Writer<'q> {
    service: String,
    real: PathBuf,
    who: Rc<Who<'q>>,
}

/// The user of a service in the host's numbers; `None` where that is not known, or where permissions do not stop it.
/// Looked up where it decides something: the map of users is then read, which may fail.
type Who<'q> = LazyCell<Option<Credentials>, Box<dyn FnOnce() -> Option<Credentials> + 'q>>;

impl<'q> Writer<'q> {
    /// What the services of all profiles mount for writing: one that is not launched now may have run before.
    pub fn all(question: &BindQuestion<'q>) -> Vec<Self> {
        let mut all = Vec::new();
        for (name, service) in question.whole.services() {
            let written = mounts::of_service(question.whole, service, question.sources);
            let written: Vec<PathBuf> = written
                .into_iter()
                .filter(|mount| !mount.read_only)
                .filter_map(|mount| mount.source?.path.canonicalize().ok())
                .collect();
            if written.is_empty() {
                continue;
            }
            let userns = namespace::USERNS.str(service).unwrap_or_default();
            let (known, maps) = (question.users, question.maps);
            let who: Rc<Who<'q>> = Rc::new(LazyCell::new(Box::new(move || {
                let whom = Whom::of(service, known.of(name), maps(userns));
                whom.credentials().filter(|_| !whom.overrides)
            })));
            let writer = |real| Self { service: name.to_owned(), real, who: Rc::clone(&who) };
            all.extend(written.into_iter().map(writer));
        }
        all
    }

    fn who(&self) -> Option<&Credentials> {
        LazyCell::force(&self.who).as_ref()
    }

    /// Whether it may take a name out of a directory, and put another thing under it.
    fn may_change(&self, directory: &Path) -> bool {
        let change = Access { read: false, ..Access::USE_DIRECTORY };
        directory.starts_with(&self.real)
            && self.who().is_none_or(|who| {
                // Its owner may give itself whatever it lacks.
                let owns = directory.metadata().is_ok_and(|found| found.uid() == who.owner.uid);
                owns || !matches!(check_below(directory, Path::new(""), who, change), Ok(Verdict::Blocked(_)))
            })
    }

    fn is(&self, owner: Owner) -> bool {
        self.who().is_some_and(|who| who.owner.uid == owner.uid)
    }
}

/// A service that could put something else in the place of what is on the way to a source.
pub(super) fn changed_by(judge: &Judge<'_>, source: &Path) -> Option<String> {
    if !judge.strict() {
        return None;
    }
    let steps = steps(source).unwrap_or_default();
    let changes = |step: &Step| judge.writers.iter().find(|writer| writer.may_change(&step.directory));
    steps.iter().find_map(changes).map(|writer| writer.service.clone())
}

/// What is wrong with the way to a source that is there.
pub(super) fn judge(judge: &Judge<'_>, say: &Say<'_>, seen: &Seen) -> Option<Finding> {
    if !judge.strict() {
        return None;
    }
    let caller = judge.question.caller;
    let is_operators = |owner: Owner| {
        owner.uid == 0
            || owner.uid == caller.process.uid
            || caller.person.is_some_and(|person| person.uid == owner.uid)
    };
    for step in steps(&say.source.path).unwrap_or_default() {
        let Some(owner) = step.link else { continue };
        let changes = judge.writers.iter().find(|writer| writer.may_change(&step.directory));
        let made = judge.writers.iter().find(|writer| writer.is(owner) && !is_operators(owner));
        if let Some(writer) = changes.or(made) {
            return Some(planted(say, &step, &writer.service, changes.is_some(), &seen.real));
        }
    }
    let is_mount = matches!(say.source.role, Role::Bind | Role::Volume);
    match judge.roots.standing(&say.source.path, &say.source.path) {
        Standing::BehindLink(link) if is_mount && judge.declared(&say.source.path).is_none() => {
            Some(leads_out(say, &link, &seen.real))
        }
        _ => None,
    }
}

fn planted(say: &Say<'_>, step: &Step, writer: &str, may_write: bool, real: &Path) -> Finding {
    let link = step.path();
    let why = if may_write {
        format!("service `{writer}` may write in {}, and could have put it there", step.directory.display())
    } else {
        format!("it belongs to the user of service `{writer}`")
    };
    let message = format!("{} is reached through the link {}: {why}", say.what(), link.display());
    Finding::error(Code::BindLink, message)
        .at_origin(say.mount.origin, format!("leads to {}", real.display()))
        .help(format!(
            "If {} is what is meant, mount it by that path. Or move the link to a directory that no service \
             writes.",
            real.display()
        ))
}

fn leads_out(say: &Say<'_>, link: &Path, real: &Path) -> Finding {
    let message = format!("{} leads out of the roots, through the link {}", say.what(), link.display());
    say.judged(Code::BindOutside, message, &format!("leads to {}", real.display()))
        .help(format!("If that is meant, add {} to binds.roots, or mount it by that path.", real.display()))
}
