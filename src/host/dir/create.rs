//! Making what is missing, born with its owner.

use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use serde::Serialize;

use super::{Dir, DirError, Kind, Owner, Stat, birth, open_beneath};
use crate::host::{Credentials, run_as};

/// How a new file or directory comes into the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Permission bits, as they will be whatever the umask says.
    pub mode: u32,
    /// Whose it shall be; `None` leaves it to whoever runs this.
    pub owner: Option<Owner>,
    /// Create as that owner instead of giving it away afterwards. Where root's requests are mapped to
    /// nobody (NFS with `root_squash`) this is the only way; it needs a parent that the owner may
    /// write to.
    pub as_owner: bool,
}

/// One thing that was created, for the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Created {
    pub path: PathBuf,
    pub kind: Kind,
    /// As its descriptor showed them at the end.
    pub owner: Owner,
    pub mode: u32,
}

/// The mode of directories that only lead to others.
pub(super) const PASSAGE: u32 = 0o755;

impl Dir {
    /// Makes every missing component of `relative` a directory, and returns the last one opened. That one
    /// is born as asked; those on the way to it belong to whoever owns the directory that they are made in,
    /// and everybody may pass through. What is there already stays as it is. What was made is added to
    /// `created`, also where a later component fails; a component that cannot get its owner and mode is
    /// removed again.
    pub fn create_directories(
        &self,
        relative: &Path,
        birth: &Birth,
        created: &mut Vec<Created>,
    ) -> Result<Self, DirError> {
        let names = self.names(relative)?;
        let Some((last, parents)) = names.split_last() else { return self.enter(Path::new("")) };
        let here = self.create_parents(&parents.iter().collect::<PathBuf>(), birth, created)?;
        let last = Path::new(last);
        match here.find(last)? {
            Some(entry) => entry.into_dir(),
            None => here.create_directory(last, birth, created),
        }
    }

    /// Makes the missing ones of the directories that something lies in.
    pub fn create_parents(
        &self,
        relative: &Path,
        birth: &Birth,
        created: &mut Vec<Created>,
    ) -> Result<Self, DirError> {
        let mut here = self.enter(Path::new(""))?;
        for name in self.names(relative)? {
            let name = Path::new(name);
            here = match here.find(name)? {
                Some(entry) => entry.into_dir()?,
                None => {
                    let birth = here.passage(birth)?;
                    here.create_directory(name, &birth, created)?
                }
            };
        }
        Ok(here)
    }

    /// How a directory is born in this one that only leads to another.
    fn passage(&self, birth: &Birth) -> Result<Birth, DirError> {
        // Where only the future owner can make anything, the way to it is theirs, too.
        if birth.as_owner {
            return Ok(Birth { mode: PASSAGE, ..*birth });
        }
        let owner = self.stat()?.owner;
        let ours = Owner::current();
        let owner = (ours.uid == 0 || owner == ours).then_some(owner);
        Ok(Birth { mode: PASSAGE, owner, as_owner: false })
    }

    fn create_directory(
        &self,
        name: &Path,
        birth: &Birth,
        created: &mut Vec<Created>,
    ) -> Result<Self, DirError> {
        let path = self.path.join(name);
        let made = as_whom(birth, &path, || {
            birth::sweep(self)?;
            let temporary = birth::name();
            rustix::fs::mkdirat(self, &temporary, Mode::RWXU)
                .map_err(|errno| DirError::io(&path, "create it", errno))?;
            let result = self.own_directory(&temporary, name, &path, birth);
            if !matches!(result, Ok(Some(_))) {
                // Removes an empty directory only, and says nothing of its own failure: the first one
                // is the one to report.
                let _ = rustix::fs::unlinkat(self, &temporary, AtFlags::REMOVEDIR);
            }
            result
        })?;
        match made {
            Some((directory, receipt)) => {
                created.push(receipt);
                Ok(directory)
            }
            None => self.enter(name),
        }
    }

    /// `None` where somebody was faster: what is theirs is not given away.
    fn own_directory(
        &self,
        temporary: &Path,
        name: &Path,
        path: &Path,
        birth: &Birth,
    ) -> Result<Option<(Self, Created)>, DirError> {
        let descriptor = open_beneath(self, temporary, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW)
            .map_err(|errno| DirError::io(path, "open what was created", errno))?;
        birth::hold(&descriptor).map_err(|errno| DirError::io(path, "keep it", errno))?;
        let directory = Self { descriptor, path: path.to_owned() };
        // Between the two calls somebody who may write in the parent can have put another directory in
        // its place. An empty one that was ours already gives nothing away.
        if !is_empty(&directory).map_err(|errno| DirError::io(path, "list it", errno))? {
            return Err(not_ours(path, "it is not empty"));
        }
        let receipt = take(&directory.descriptor, path, Kind::Directory, birth)?;
        if !self.name_finished(temporary, name, path, &directory.descriptor)? {
            return Ok(None);
        }
        Ok(Some((directory, receipt)))
    }

    fn name_finished(
        &self,
        temporary: &Path,
        name: &Path,
        path: &Path,
        descriptor: &rustix::fd::OwnedFd,
    ) -> Result<bool, DirError> {
        let is_named = birth::finish(self, temporary, name)
            .map_err(|errno| DirError::io(path, "give it its name", errno))?;
        if is_named {
            let is_same = birth::is_same(self, name, descriptor)
                .map_err(|errno| DirError::io(path, "look at it", errno))?;
            if !is_same {
                return Err(not_ours(path, "something else was put in its place"));
            }
        }
        Ok(is_named)
    }

    /// Gives a directory below this one, which has nothing in it, another mode.
    pub fn set_empty_mode(&self, relative: &Path, mode: u32) -> Result<(), DirError> {
        let path = self.path.join(relative);
        let names: PathBuf = self.names(relative)?.iter().collect();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let descriptor =
            open_beneath(self, &names, flags).map_err(|errno| DirError::io(&path, "open it", errno))?;
        let directory = Self { descriptor, path };
        let at = directory.path.as_path();
        let failed = |action| move |errno| DirError::io(at, action, errno);
        if !is_empty(&directory).map_err(failed("list it"))? {
            return Err(DirError::Filled(directory.path));
        }
        let mode = Mode::from_raw_mode(mode & 0o7777);
        rustix::fs::fchmod(&directory.descriptor, mode).map_err(failed("change its mode"))
    }

    /// Creates a file that does not exist yet, with this content. Never overwrites, never follows a
    /// link; its parent must be there. A file that cannot be written whole, or cannot get its owner and
    /// mode, is removed again.
    pub fn create_file(
        &self,
        relative: &Path,
        birth: &Birth,
        content: &[u8],
        created: &mut Vec<Created>,
    ) -> Result<(), DirError> {
        let names = self.names(relative)?;
        let path = self.path.join(relative);
        let Some((name, parents)) = names.split_last() else { return Err(DirError::Exists(path)) };
        let parent = self.enter(&parents.iter().collect::<PathBuf>())?;
        let receipt = as_whom(birth, &path, || {
            birth::sweep(&parent)?;
            let (name, temporary) = (Path::new(name), birth::name());
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = rustix::fs::openat(&parent, &temporary, flags, Mode::RUSR | Mode::WUSR)
                .map_err(|errno| DirError::io(&path, "create it", errno))?;
            // The descriptor is the file that was made here, whatever becomes of its name.
            let result = birth::hold(&file)
                .and_then(|()| write_whole(&file, content))
                .map_err(|errno| DirError::io(&path, "write it", errno))
                .and_then(|()| take(&file, &path, Kind::File, birth))
                .and_then(|receipt| {
                    let is_named = parent.name_finished(&temporary, name, &path, &file)?;
                    is_named.then_some(receipt).ok_or_else(|| DirError::Exists(path.clone()))
                });
            if result.is_err() {
                let _ = rustix::fs::unlinkat(&parent, &temporary, AtFlags::empty());
            }
            result
        })?;
        created.push(receipt);
        Ok(())
    }
}

/// Runs `work` as the future owner where that is asked for.
fn as_whom<T: Send>(
    birth: &Birth,
    path: &Path,
    work: impl FnOnce() -> Result<T, DirError> + Send,
) -> Result<T, DirError> {
    match birth.owner {
        Some(owner) if birth.as_owner => run_as(&Credentials::plain(owner), work)
            .map_err(|error| DirError::Switch { path: path.to_owned(), reason: error.to_string() })?,
        _ => work(),
    }
}

/// Gives what was just created its owner and mode, and checks that it has them.
pub(super) fn take(
    descriptor: &rustix::fd::OwnedFd,
    path: &Path,
    kind: Kind,
    birth: &Birth,
) -> Result<Created, DirError> {
    let look = |action| move |errno| DirError::io(path, action, errno);
    let before = Stat::of(descriptor).map_err(look("look at it"))?;
    let maker = match birth.owner {
        Some(owner) if birth.as_owner => owner,
        _ => Owner::current(),
    };
    if before.kind != kind {
        return Err(not_ours(path, &format!("it is {}", before.kind.describe())));
    }
    if before.owner.uid != maker.uid {
        let what = format!(
            "it belongs to user {} instead of {}: the filesystem maps users (root_squash?), or somebody \
             put it there",
            before.owner.uid, maker.uid
        );
        return Err(not_ours(path, &what));
    }
    // We asked for nothing for group and others: a directory that lets them in is not the one we made.
    if kind == Kind::Directory && before.mode & 0o077 != 0 {
        return Err(not_ours(path, &format!("it has mode {:04o}", before.mode)));
    }
    let wanted = birth.owner.unwrap_or(before.owner);
    if before.owner != wanted {
        rustix::fs::fchown(descriptor, Some(Uid::from_raw(wanted.uid)), Some(Gid::from_raw(wanted.gid)))
            .map_err(look("change its owner"))?;
    }
    // After the owner: changing that clears the set-id bits.
    let mode = birth.mode & 0o7777;
    rustix::fs::fchmod(descriptor, Mode::from_raw_mode(mode)).map_err(look("change its mode"))?;
    let after = Stat::of(descriptor).map_err(look("look at it"))?;
    if after.owner != wanted || after.mode != mode {
        let what = format!(
            "it has owner {} and mode {:04o} instead of {wanted} and {mode:04o}",
            after.owner, after.mode
        );
        return Err(not_ours(path, &what));
    }
    Ok(Created { path: path.to_owned(), kind, owner: after.owner, mode: after.mode })
}

fn not_ours(path: &Path, what: &str) -> DirError {
    DirError::NotOurs { path: path.to_owned(), what: what.to_owned() }
}

fn is_empty(directory: &Dir) -> rustix::io::Result<bool> {
    for entry in rustix::fs::Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn write_whole(file: &rustix::fd::OwnedFd, mut content: &[u8]) -> rustix::io::Result<()> {
    while !content.is_empty() {
        match rustix::io::write(file, content) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => content = content.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    use super::*;
    use crate::host::owner::is_root;

    const OURS: Birth = Birth { mode: 0o750, owner: None, as_owner: false };
    const GIVEN: Birth = Birth { mode: 0o750, owner: Some(Owner::new(3001, 3002)), as_owner: false };

    fn owner_and_mode(path: &Path) -> (u32, u32, u32) {
        let metadata = fs::symlink_metadata(path).unwrap();
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    }

    #[test]
    fn missing_components_are_made_and_present_ones_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("a")).unwrap();
        fs::set_permissions(temp.path().join("a"), fs::Permissions::from_mode(0o711)).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let mut created = Vec::new();
        root.create_directories(Path::new("a/b/c"), &OURS, &mut created).unwrap();
        let paths: Vec<_> = created.iter().map(|one| one.path.strip_prefix(temp.path()).unwrap()).collect();
        assert_eq!(paths, [Path::new("a/b"), Path::new("a/b/c")]);
        assert_eq!(owner_and_mode(&temp.path().join("a")).2, 0o711);
        assert_eq!(owner_and_mode(&temp.path().join("a/b")).2, 0o755);
        assert_eq!(owner_and_mode(&temp.path().join("a/b/c")).2, 0o750);
        root.create_directories(Path::new("a/b/c"), &OURS, &mut created).unwrap();
        assert_eq!(created.len(), 2);
    }

    #[test]
    fn a_link_on_the_way_stops_the_creation() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("real")).unwrap();
        symlink("real", temp.path().join("link")).unwrap();
        symlink("nowhere", temp.path().join("dangling")).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let mut created = Vec::new();
        for path in ["link/x", "dangling/x", "dangling"] {
            let error = root.create_directories(Path::new(path), &OURS, &mut created).unwrap_err();
            assert!(matches!(error, DirError::Symlink(_)), "{path}: {error}");
        }
        assert!(created.is_empty());
        assert_eq!(fs::read_dir(temp.path().join("real")).unwrap().count(), 0);
    }

    #[test]
    fn new_parents_belong_to_whoever_owns_the_directory_they_are_in() {
        if !is_root() {
            return; // only root can give away
        }
        let temp = tempfile::tempdir().unwrap();
        chown(temp.path(), Some(1500), Some(1501)).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let mut created = Vec::new();
        let leaf = root.create_directories(Path::new("a/b"), &GIVEN, &mut created).unwrap();
        leaf.create_file(Path::new("f"), &Birth { mode: 0o640, ..GIVEN }, b"{}", &mut created).unwrap();
        assert_eq!(owner_and_mode(&temp.path().join("a")), (1500, 1501, 0o755));
        assert_eq!(owner_and_mode(&temp.path().join("a/b")), (3001, 3002, 0o750));
        assert_eq!(owner_and_mode(&temp.path().join("a/b/f")), (3001, 3002, 0o640));
        assert_eq!(fs::read(temp.path().join("a/b/f")).unwrap(), b"{}");
        let owners: Vec<_> = created.iter().map(|one| one.owner.uid).collect();
        assert_eq!(owners, [1500, 3001, 3001]);
    }

    #[test]
    fn a_file_is_never_overwritten_and_a_link_never_followed() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::open(temp.path()).unwrap();
        fs::write(temp.path().join("there"), "mine").unwrap();
        symlink("elsewhere", temp.path().join("link")).unwrap();
        let mut created = Vec::new();
        for name in ["there", "link", ""] {
            let error = root.create_file(Path::new(name), &OURS, b"x", &mut created).unwrap_err();
            assert!(matches!(error, DirError::Exists(_)), "{name}: {error}");
        }
        assert_eq!(fs::read(temp.path().join("there")).unwrap(), b"mine");
        assert!(!temp.path().join("elsewhere").exists() && created.is_empty());
        assert!(matches!(
            root.create_file(Path::new("no/x"), &OURS, b"", &mut created),
            Err(DirError::Missing(_))
        ));
    }

    #[test]
    fn what_cannot_get_its_owner_is_not_left_behind() {
        if is_root() {
            // As an ordinary user, through the same code: giving away fails.
            let temp = tempfile::tempdir().unwrap();
            fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(temp.path(), Some(3001), Some(3001)).unwrap();
            let root = Dir::open(temp.path()).unwrap();
            let who = Credentials::plain(Owner::new(3001, 3001));
            let mut created = Vec::new();
            let file = run_as(&who, || root.create_file(Path::new("f"), &GIVEN, b"", &mut created)).unwrap();
            assert!(file.is_err());
            let directory =
                run_as(&who, || root.create_directories(Path::new("d"), &GIVEN, &mut created)).unwrap();
            assert!(directory.is_err());
            assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
            assert!(created.is_empty());
        }
    }

    #[test]
    fn the_future_owner_creates_where_only_he_may() {
        if !is_root() {
            return; // only root can act as another
        }
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let state = temp.path().join("state");
        fs::create_dir(&state).unwrap();
        chown(&state, Some(3001), Some(3002)).unwrap();
        let birth = Birth { as_owner: true, ..GIVEN };
        let root = Dir::open(&state).unwrap();
        let mut created = Vec::new();
        let leaf = root.create_directories(Path::new("a/b"), &birth, &mut created).unwrap();
        leaf.create_file(Path::new("f"), &birth, b"x", &mut created).unwrap();
        assert_eq!(owner_and_mode(&state.join("a/b/f")), (3001, 3002, 0o750));
        // Root's own directory is closed to that user, and stays so.
        let error = Dir::open(temp.path()).unwrap().create_directories(Path::new("c"), &birth, &mut created);
        assert_eq!(error.unwrap_err().errno(), Some(libc::EACCES));
    }
}
