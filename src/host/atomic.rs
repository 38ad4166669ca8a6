//! A file that is either the old one or the new one, never half of either.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, Mode, Uid, flock};
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::{FileSystem, Owner};

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Create,
    Write,
    SetOwner,
    SetMode,
    Flush,
    Rename,
    /// What killed runs left is to go first.
    Sweep,
    /// The new content is in place, but may not survive a loss of power.
    FlushDirectory,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sweep => "clear away what killed runs left",
            Self::Create => "create a temporary file beside it",
            Self::Write => "write its new content",
            Self::SetOwner => "set its owner",
            Self::SetMode => "set its mode",
            Self::Flush => "flush it to disk",
            Self::Rename => "rename it into place",
            Self::FlushDirectory => "flush its directory to disk",
        })
    }
}

/// Why a file was not replaced. Up to and including [`Step::Rename`] the old one is untouched.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot {step}: {source}", path.display())]
pub struct AtomicError {
    pub path: PathBuf,
    pub step: Step,
    pub source: io::Error,
}

/// A new content for `path`, kept in a temporary file beside it until [`AtomicFile::commit`]. Dropped
/// without that, it vanishes and the old file stays.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: NamedTempFile,
}

impl AtomicFile {
    /// Begins a new content. The temporary file is in the same directory, because only there a rename
    /// is atomic; it has mode 0600 until the end. A symbolic link at `path` will be replaced, not
    /// followed.
    pub fn create(path: &Path) -> Result<Self, AtomicError> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let failed = |source: io::Error| AtomicError { path: path.to_owned(), step: Step::Create, source };
        let temporary = std::iter::repeat_with(|| held(directory)).take(ATTEMPTS).find_map(Result::transpose);
        let temporary = temporary.unwrap_or_else(|| Err(Errno::BUSY.into())).map_err(failed)?;
        Ok(Self { target: path.to_owned(), temporary })
    }

    /// Makes the new content the file's, with these permission bits (`0o600`) and, where given, this
    /// owner.
    pub fn commit(self, mode: u32, owner: Option<Owner>) -> Result<(), AtomicError> {
        self.finish(mode, owner, NamedTempFile::persist)
    }

    /// The same, where nothing may be there yet: what is there stays, and that is an error.
    pub fn commit_new(self, mode: u32, owner: Option<Owner>) -> Result<(), AtomicError> {
        self.finish(mode, owner, NamedTempFile::persist_noclobber)
    }

    fn finish(
        mut self,
        mode: u32,
        owner: Option<Owner>,
        persist: impl FnOnce(NamedTempFile, PathBuf) -> Result<File, tempfile::PersistError>,
    ) -> Result<(), AtomicError> {
        let path = self.target.clone();
        let at = |step| {
            let path = path.clone();
            move |source: io::Error| AtomicError { path, step, source }
        };
        let file = self.temporary.as_file();
        if let Some(Owner { uid, gid }) = owner {
            rustix::fs::fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                .map_err(|errno| at(Step::SetOwner)(errno.into()))?;
        }
        // After the owner: changing that clears the set-id bits.
        match rustix::fs::fchmod(file, Mode::from_raw_mode(mode & 0o7777)) {
            Ok(()) => {}
            // The file server gives our file to another user, so that only its creation can set its mode.
            Err(Errno::PERM) if owner.is_none() && is_served(file) => {
                self.temporary = born_with(&self.temporary, mode).map_err(at(Step::SetMode))?;
            }
            Err(errno) => return Err(at(Step::SetMode)(errno.into())),
        }
        let file = self.temporary.as_file();
        file.sync_all().map_err(at(Step::Flush))?;

        let directory = self.temporary.path().parent().unwrap_or(Path::new(".")).to_owned();
        persist(self.temporary, path.clone()).map_err(|failed| at(Step::Rename)(failed.error))?;
        File::open(directory).and_then(|directory| directory.sync_all()).or_else(|error| {
            // Some network and FUSE filesystems cannot flush a directory; they have nothing to flush.
            match error.raw_os_error() {
                Some(libc::EINVAL | libc::ENOTSUP | libc::ENOSYS) => Ok(()),
                _ => Err(at(Step::FlushDirectory)(error)),
            }
        })
    }

    fn write_whole(&mut self, bytes: &[u8]) -> Result<(), AtomicError> {
        // The wrapper's own methods hide the error number behind a text.
        self.temporary.as_file_mut().write_all(bytes).map_err(|source| AtomicError {
            path: self.target.clone(),
            step: Step::Write,
            source,
        })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.as_file_mut().flush()
    }
}

/// Replaces the content of `path` as a whole, with these permission bits.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AtomicError> {
    let mut file = AtomicFile::create(path)?;
    file.write_whole(bytes)?;
    file.commit(mode, None)
}

/// A temporary file that no sweep takes away: one that nobody holds was left by a run that was killed.
/// There is none where a sweep was quicker than the lock.
fn held(directory: &Path) -> io::Result<Option<NamedTempFile>> {
    let temporary = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(directory)?;
    match flock(temporary.as_file(), FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok((rustix::fs::fstat(temporary.as_file())?.st_nlink > 0).then_some(temporary)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        // Some filesystems have no locks, and then nobody sweeps there either.
        Err(_) => Ok(Some(temporary)),
    }
}

fn is_served(file: &File) -> bool {
    FileSystem::of_descriptor(file).is_ok_and(|system| system.is_foreign())
}

/// The same content in a file that was made with this mode, as far as the umask allows it.
fn born_with(old: &NamedTempFile, mode: u32) -> io::Result<NamedTempFile> {
    let directory = old.path().parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let permissions = std::fs::Permissions::from_mode(mode & 0o7777);
    let mut new = builder.prefix(PREFIX).suffix(SUFFIX).permissions(permissions).tempfile_in(directory)?;
    let mut content = old.as_file();
    content.rewind()?;
    io::copy(&mut content, new.as_file_mut())?;
    Ok(new)
}

/// More sweeps than this do not meet one file.
const ATTEMPTS: usize = 100;
const PREFIX: &str = ".sw-";
const SUFFIX: &str = ".tmp";

/// Removes the temporary files that killed runs left in a directory of ours.
pub fn sweep(directory: &Path) -> Result<(), AtomicError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| AtomicError { path, step: Step::Sweep, source }
    };
    for entry in std::fs::read_dir(directory).map_err(failed(directory))? {
        let entry = entry.map_err(failed(directory))?;
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        let path = entry.path();
        if !is_ours || !entry.file_type().map_err(failed(&path))?.is_file() {
            continue;
        }
        let removed = File::open(&path).and_then(|file| {
            let is_free = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
            if is_free { std::fs::remove_file(&path) } else { Ok(()) }
        });
        match removed {
            // Another run was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.map_err(failed(&path))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_is_in_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join(".sw-abcdef.tmp");
        fs::write(&left, "half").unwrap();
        fs::write(dir.path().join("other.tmp"), "").unwrap();
        let mut used = AtomicFile::create(&dir.path().join("lock")).unwrap();
        used.write_all(b"new").unwrap();
        sweep(dir.path()).unwrap();
        assert!(!left.exists());
        used.commit(0o600, None).unwrap();
        assert_eq!(names(dir.path()), ["lock", "other.tmp"]);
    }

    #[test]
    fn writers_and_sweeps_at_once_do_not_meet() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        sweep(dir.path()).unwrap();
                        write_atomic(&path, b"whole", 0o600).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(dir.path()), ["lock"]);
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_has_to_be_new_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("policy");
        let write = |text: &str| {
            let mut file = AtomicFile::create(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.commit_new(0o644, None)
        };
        write("one").unwrap();
        assert_eq!(write("two").unwrap_err().step, Step::Rename);
        assert_eq!(
            (fs::read(&path).unwrap(), names(dir.path())),
            (b"one".to_vec(), vec!["policy".to_owned()])
        );
    }

    #[test]
    fn a_new_file_has_the_content_and_the_mode_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        write_atomic(&path, b"one", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
        write_atomic(&path, b"", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(names(dir.path()), ["lock"]);
    }

    #[test]
    fn a_reader_of_the_old_file_keeps_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        write_atomic(&path, b"old", 0o644).unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        let mut open = File::open(&path).unwrap();
        write_atomic(&path, b"new", 0o644).unwrap();
        assert_eq!(io::read_to_string(&mut open).unwrap(), "old");
        assert_ne!(fs::metadata(&path).unwrap().ino(), before);
    }

    #[test]
    fn a_failed_rename_leaves_the_old_entry_and_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = write_atomic(&path, b"x", 0o644).unwrap_err();
        assert_eq!(error.step, Step::Rename);
        assert!(error.to_string().contains("taken: cannot rename it into place: "), "{error}");
        assert_eq!(names(dir.path()), ["taken"]);
    }

    #[test]
    fn an_abandoned_content_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        write_atomic(&path, b"old", 0o644).unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["lock"]);
    }

    #[test]
    fn a_missing_directory_is_an_error_of_the_first_step() {
        let dir = tempfile::tempdir().unwrap();
        let error = write_atomic(&dir.path().join("no/lock"), b"x", 0o644).unwrap_err();
        assert_eq!(error.step, Step::Create);
    }

    #[test]
    fn a_link_is_replaced_and_its_target_stays() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "mine").unwrap();
        let path = dir.path().join("lock");
        symlink(&target, &path).unwrap();
        write_atomic(&path, b"new", 0o644).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"mine");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn a_full_disk_leaves_the_old_file() {
        // /dev/full cannot be a directory; a write to it shows that the error carries its step.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        write_atomic(&path, b"old", 0o644).unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (_, temporary) = file.temporary.into_parts();
        file.temporary = NamedTempFile::from_parts(full, temporary);
        let error = file.write_whole(b"new").unwrap_err();
        assert_eq!((error.step, error.source.raw_os_error()), (Step::Write, Some(libc::ENOSPC)));
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["lock"]);
    }
}
