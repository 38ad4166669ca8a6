//! The lock of the project at hand: read for every command, written by those that act.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::CWD;
use rustix::io::Errno;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::access::{Access, is_denied};
use crate::host::turn::who;
use crate::host::{Turn, TurnError, may_write};
use crate::ownership::bind::Reach;
use crate::ownership::images::image_of;
use crate::ownership::lock::{Drift, Eyes, LockFile, Observed, StateRoots, drift, next, state_paths};
use crate::ownership::{Images, UserDecision};
use crate::policy::Policy;
use crate::project::Project;
use crate::render::Home;

use super::session::Session;

/// How long another launch may have the turn before this one says that it waits.
const NOTICE: Duration = Duration::from_secs(1);

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A lock in force, with what this run knows of the services.
pub struct Locked {
    pub file: LockFile,
    images: BTreeMap<String, String>,
    state: BTreeMap<String, Vec<PathBuf>>,
}

impl Locked {
    /// Reads the lock where the policy gives users; without one nobody is held to it. `None` where the
    /// lock cannot be used, which the sink then says.
    pub fn read(
        session: &mut Session<'_>,
        project: &Project,
        policy: Option<&Policy>,
        model: &Model,
    ) -> Option<Option<LockFile>> {
        let Some(policy) = policy else { return Some(None) };
        match LockFile::read(&LockFile::place(project), &mut session.inputs) {
            Ok(file) if file.exists() || gives_users(policy, model) => Some(Some(file)),
            Ok(_) => Some(None),
            Err(findings) => {
                session.sink.extend(findings);
                None
            }
        }
    }

    /// Adds what there is to know: whose image was asked, which directories are state.
    pub fn new(
        file: LockFile,
        model: &Model,
        users: &[UserDecision],
        images: &dyn Images,
        roots: &[PathBuf],
    ) -> Self {
        let roots = StateRoots::new(model, roots);
        let mut locked = Self { file, images: BTreeMap::new(), state: BTreeMap::new() };
        for (name, service) in model.services() {
            locked.state.insert(name.to_owned(), state_paths(service, &roots));
            let decision = users.iter().find(|user| user.service == name);
            if !decision.is_some_and(Observed::reads_image) {
                continue;
            }
            if let Some(image) = image_of(model, name, service)
                && let (Answer::Known(id), Answer::Known(content)) =
                    (images.id(&image), images.content(&image))
            {
                // Locks of before have the id that the image had where they were written.
                let was = locked.file.lock.services.get(name).and_then(|entry| entry.image.as_ref());
                let is = if was == Some(&id) { id } else { content };
                locked.images.insert(name.to_owned(), is);
            }
        }
        locked
    }

    /// The state directories of a service.
    pub fn state(&self, service: &str) -> &[PathBuf] {
        self.state.get(service).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn observed<'a>(&self, users: &'a [UserDecision]) -> Vec<Observed<'a>> {
        let observe = |decision: &'a UserDecision| Observed {
            decision,
            image: self.images.get(&decision.service).cloned(),
            state: self.state.get(&decision.service).cloned().unwrap_or_default(),
        };
        users.iter().map(observe).collect()
    }

    /// The services of `model` that would run as another user than before.
    pub fn drift(&self, model: &Model, users: &[UserDecision], eyes: &Eyes<'_>) -> Vec<Drift> {
        drift(&self.file, model, &self.observed(users), eyes)
    }

    /// Waits until no other launch of the project is at work. The turn is that of the lock's own directory, which is the
    /// same for everybody; where that cannot be locked, of a file where the rendered one lies.
    pub fn turn(&self, home: &Home<'_>) -> Result<Turn, Finding> {
        let refuse = |message: String, help: &str| Finding::error(Code::PrepareFailed, message).help(help);
        let waits = |holder: Option<u32>| {
            let _ = writeln!(
                std::io::stderr(),
                "seaworthy: waiting for another launch of this project ({})",
                who(holder)
            );
        };
        let turn = match Turn::of_directory(self.file.directory(), NOTICE, PATIENCE, waits) {
            // A directory that we may not read, or a file system that locks none. Anything else has failed.
            Err(TurnError::Io { path, action, source })
                if is_denied(CWD, &path, Access::READ) || locks_no_directory(&source) =>
            {
                let folders = home.folders(&Reach::default());
                let usable = folders.into_iter().find(|folder| folder.ensure().is_ok());
                match usable {
                    Some(folder) => Turn::take(&folder.path.join("launch.lock"), NOTICE, PATIENCE, waits),
                    None => Err(TurnError::Io { path, action, source }),
                }
            }
            turn => turn,
        };
        turn.map_err(|error| {
            let help = match error {
                TurnError::Busy { .. } => "See what that process does; its turn ends with it.",
                TurnError::Io { .. } => "Correct the cause and run again.",
            };
            refuse(format!("no turn for this launch: {error}"), help)
        })
    }

    /// What is wrong where this launch would have to change the lock and cannot.
    pub fn unwritable(&self, users: &[UserDecision]) -> Option<Finding> {
        let directory = self.file.directory();
        if self.file.has(&next(&self.file, &self.observed(users))) || may_write(directory) {
            return None;
        }
        let message = format!(
            "the lock {} would change, and nothing can be written in its directory",
            self.file.path.display()
        );
        Some(Finding::error(Code::PrepareFailed, message).help(
            "Launch once where the project can be written, and keep the lock with it. `seaworthy check --locked` says \
             what is missing.",
        ))
    }

    /// Remembers what this launch decided.
    pub fn write(&self, users: &[UserDecision]) -> Result<(), Finding> {
        self.file.write(&next(&self.file, &self.observed(users))).map(drop)
    }
}

fn gives_users(policy: &Policy, model: &Model) -> bool {
    !policy.state.is_empty()
        || policy.users.default.is_some()
        || !policy.users.services.is_empty()
        || model.services().any(|(_, service)| service.at(&["x-seaworthy", "user"]).is_some())
}

/// What file systems say that lock files alone, as NFS does.
fn locks_no_directory(error: &std::io::Error) -> bool {
    let said = Errno::from_io_error(error);
    said.is_some_and(|errno| {
        matches!(errno, Errno::BADF | Errno::OPNOTSUPP | Errno::NOLCK | Errno::NOSYS | Errno::INVAL)
    })
}
