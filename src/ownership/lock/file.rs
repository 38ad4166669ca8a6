//! The file beside the project's base file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Lock;
use super::read::{self, RESTORE};
use crate::diagnostic::{Code, Finding};
use crate::host::owner::is_root;
use crate::host::{AtomicFile, Dir, FileSystem, Owner, ReadError, read_found};
use crate::project::{Inputs, Project};
use crate::source::Span;

/// Its name.
pub const FILE_NAME: &str = "seaworthy.lock";

/// A lock larger than this is not one.
const LARGEST: u64 = 16 << 20;

/// The lock as it was read.
#[derive(Clone, Debug)]
pub struct LockFile {
    /// Absolute.
    pub path: PathBuf,
    pub lock: Lock,
    /// The text that was read; `None` where there was no file.
    text: Option<String>,
    places: BTreeMap<String, Span>,
}

impl LockFile {
    /// Where a project has its lock: beside its first file.
    pub fn place(project: &Project) -> PathBuf {
        let base =
            project.paths.first().filter(|path| path.as_os_str() != "-").and_then(|path| path.parent());
        base.unwrap_or(&project.directory).join(FILE_NAME)
    }

    /// Reads it whole; a lock that is not there is an empty one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path, inputs: &mut Inputs) -> Result<Self, Vec<Finding>> {
        let Some(text) = text(path).map_err(|finding| vec![*finding])? else {
            let (lock, places) = (Lock::default(), BTreeMap::new());
            return Ok(Self { path: path.to_owned(), lock, text: None, places });
        };
        let file = inputs.add(FILE_NAME, path, &text);
        let (lock, places) = read::parse(file, &text)?;
        Ok(Self { path: path.to_owned(), lock, text: Some(text), places })
    }

    pub fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// Where a service's user stands in it.
    pub fn span(&self, service: &str) -> Option<Span> {
        self.places.get(service).copied()
    }

    /// The directory that its relative paths start from.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Whether the file is not any more what was read.
    ///
    /// # Errors
    /// Where it cannot be read now.
    pub fn is_stale(&self) -> Result<bool, Finding> {
        text(&self.path).map(|now| now != self.text).map_err(|finding| *finding)
    }

    /// Whether the file says just this.
    pub fn has(&self, lock: &Lock) -> bool {
        self.text.as_ref() == Some(&lock.text())
    }

    /// Writes `lock` in its place, whole or not at all; the same content is not written again. Says
    /// whether it was.
    ///
    /// # Errors
    /// Where it cannot be written; the old one is still there then.
    pub fn write(&self, lock: &Lock) -> Result<bool, Finding> {
        let text = lock.text();
        if self.has(lock) {
            return Ok(false);
        }
        let written = self.future_owner().and_then(|owner| {
            AtomicFile::create(&self.path).map_err(|error| error.to_string()).and_then(|mut file| {
                file.write_all(text.as_bytes()).map_err(|error| {
                    format!("{}: cannot write its new content: {error}", self.path.display())
                })?;
                file.commit(0o644, owner).map_err(|error| error.to_string())
            })
        });
        written.map(|()| true).map_err(|error| {
            Finding::error(Code::PrepareFailed, format!("the lock was not written: {error}"))
                .help("Nothing was launched: without the lock the next launch could choose another user.")
        })
    }

    /// Under sudo the file stays the project's: whose the old one is, or the directory. On a file server root may be
    /// nobody, who gives nothing away.
    fn future_owner(&self) -> Result<Option<Owner>, String> {
        if !is_root() {
            return Ok(None);
        }
        let directory = Dir::open(self.directory()).map_err(|error| error.to_string())?;
        let system = FileSystem::of_descriptor(&directory).map_err(|error| {
            format!("the filesystem of {} cannot be looked at: {error}", self.directory().display())
        })?;
        if system.is_foreign() {
            return Ok(None);
        }
        let old = directory.find(Path::new(FILE_NAME)).map_err(|error| error.to_string())?;
        let owner = match old {
            Some(old) => Ok(old.stat.owner),
            None => directory.stat().map(|stat| stat.owner),
        };
        owner.map(Some).map_err(|error| error.to_string())
    }
}

fn text(path: &Path) -> Result<Option<String>, Box<Finding>> {
    let refuse = |message: String| Box::new(Finding::error(Code::LockInvalid, message).help(RESTORE));
    let content = match read_found(path, LARGEST) {
        Ok(content) => content,
        Err(ReadError::Missing(_)) if path.symlink_metadata().is_err() => return Ok(None),
        Err(error) => return Err(refuse(format!("the lock cannot be read: {error}"))),
    };
    match String::from_utf8(content.bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(refuse(format!("the lock {} is not valid UTF-8", path.display()))),
    }
}
