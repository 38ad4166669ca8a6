//! Looking at a tree through descriptors, below one root and never through a link.

mod birth;
mod content;
mod create;
mod error;
mod replace;

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::Owner;

pub use content::{NotRead, led_to};
pub use create::{Birth, Created};
pub use error::DirError;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    File,
    Directory,
    Symlink,
    Socket,
    Fifo,
    CharDevice,
    BlockDevice,
}

impl Kind {
    /// From `st_mode`; `None` for a type this kernel does not have.
    pub fn from_mode(mode: u32) -> Option<Self> {
        match FileType::from_raw_mode(mode) {
            FileType::RegularFile => Some(Self::File),
            FileType::Directory => Some(Self::Directory),
            FileType::Symlink => Some(Self::Symlink),
            FileType::Socket => Some(Self::Socket),
            FileType::Fifo => Some(Self::Fifo),
            FileType::CharacterDevice => Some(Self::CharDevice),
            FileType::BlockDevice => Some(Self::BlockDevice),
            FileType::Unknown => None,
        }
    }

    /// With its article, for messages: "a directory".
    pub fn describe(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Socket => "a socket",
            Self::Fifo => "a named pipe",
            Self::CharDevice => "a character device",
            Self::BlockDevice => "a block device",
        }
    }
}

/// What a descriptor says of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub kind: Kind,
    pub owner: Owner,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    pub dev: u64,
    pub ino: u64,
    /// Number of names (hard links).
    pub links: u64,
    /// In bytes.
    pub size: u64,
}

impl Stat {
    /// Of what a path leads to; links are followed, as the engine follows them.
    ///
    /// # Errors
    /// Where nothing is there, or it may not be looked at.
    pub fn at(path: &Path) -> std::io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Ok(Self::of(rustix::fs::openat(CWD, path, flags, Mode::empty())?)?)
    }

    #[allow(clippy::useless_conversion)] // the width of st_nlink differs between architectures
    pub(crate) fn of(descriptor: impl AsFd) -> rustix::io::Result<Self> {
        let stat = rustix::fs::fstat(descriptor)?;
        Ok(Self {
            kind: Kind::from_mode(stat.st_mode).ok_or(Errno::NOTSUP)?,
            owner: Owner::new(stat.st_uid, stat.st_gid),
            mode: stat.st_mode & 0o7777,
            dev: stat.st_dev,
            ino: stat.st_ino,
            links: stat.st_nlink.into(),
            size: u64::try_from(stat.st_size).unwrap_or(0),
        })
    }
}

/// One entry, held open (`O_PATH`) so that it stays the one that was looked at.
#[derive(Debug)]
pub struct Entry {
    descriptor: OwnedFd,
    path: PathBuf,
    pub stat: Stat,
}

impl Entry {
    /// The path it was found by; for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry as a directory to look into.
    pub fn into_dir(self) -> Result<Dir, DirError> {
        match self.stat.kind {
            Kind::Directory => Ok(Dir { descriptor: self.descriptor, path: self.path }),
            Kind::Symlink => Err(DirError::Symlink(self.path)),
            kind => Err(DirError::NotADirectory { path: self.path, kind }),
        }
    }
}

impl AsFd for Entry {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// An open directory. Everything is named relative to it and found below it: `..`, absolute paths and
/// symbolic links are refused, wherever they lead.
#[derive(Debug)]
pub struct Dir {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Dir {
    /// Opens a root by its path, following the links in it: the caller has declared this very path.
    pub fn open(path: &Path) -> Result<Self, DirError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(descriptor) => Ok(Self { descriptor, path: path.to_owned() }),
            Err(Errno::NOENT) => Err(DirError::Missing(path.to_owned())),
            Err(Errno::NOTDIR) => Err(DirError::NotADirectory { path: path.to_owned(), kind: Kind::File }),
            Err(errno) => Err(DirError::io(path, "open it", errno)),
        }
    }

    pub(crate) fn from_descriptor(descriptor: OwnedFd, path: PathBuf) -> Self {
        Self { descriptor, path }
    }

    /// The path it was opened by; for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn stat(&self) -> Result<Stat, DirError> {
        Stat::of(&self.descriptor).map_err(|errno| DirError::io(&self.path, "look at it", errno))
    }

    /// Finds what `relative` stands for, or `None` where nothing is there. A link as the last component
    /// is returned as a [`Kind::Symlink`]; one on the way is an error that names it.
    pub fn find(&self, relative: &Path) -> Result<Option<Entry>, DirError> {
        let names = self.names(relative)?;
        // Joining nothing would add a slash.
        let path = if names.is_empty() { self.path.clone() } else { self.path.join(relative) };
        let whole: PathBuf = if names.is_empty() { ".".into() } else { names.iter().collect() };
        match open_beneath(&self.descriptor, &whole, OFlags::PATH | OFlags::NOFOLLOW) {
            Ok(descriptor) => {
                let stat = Stat::of(&descriptor).map_err(|errno| DirError::io(&path, "look at it", errno))?;
                Ok(Some(Entry { descriptor, path, stat }))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.why_not(&names, errno)),
        }
    }

    /// Finds a directory below this one.
    pub fn enter(&self, relative: &Path) -> Result<Self, DirError> {
        let found = self.find(relative)?;
        found.ok_or_else(|| DirError::Missing(self.path.join(relative)))?.into_dir()
    }

    /// The components of a relative path that stays below.
    fn names<'a>(&self, relative: &'a Path) -> Result<Vec<&'a OsStr>, DirError> {
        let outside = || DirError::Outside { root: self.path.clone(), path: relative.to_owned() };
        relative
            .components()
            .filter(|component| *component != Component::CurDir)
            .map(|component| match component {
                Component::Normal(name) => Ok(name),
                _ => Err(outside()),
            })
            .collect()
    }

    /// Says which component made the kernel refuse; it names only the kind of refusal.
    fn why_not(&self, names: &[&OsStr], errno: Errno) -> DirError {
        let mut so_far = PathBuf::new();
        for name in names {
            so_far.push(name);
            let path = self.path.join(&so_far);
            match open_beneath(&self.descriptor, &so_far, OFlags::PATH | OFlags::NOFOLLOW) {
                Ok(descriptor) => match Stat::of(&descriptor).map(|stat| stat.kind) {
                    Ok(Kind::Symlink) => return DirError::Symlink(path),
                    Ok(Kind::Directory) => {}
                    Ok(kind) => return DirError::NotADirectory { path, kind },
                    Err(errno) => return DirError::io(&path, "look at it", errno),
                },
                Err(errno) => return DirError::io(&path, "open it", errno),
            }
        }
        DirError::io(&self.path.join(&so_far), "open it", errno)
    }
}

/// Opens `relative` below `root`, through no link and no magic link (`/proc/PID/fd/N`).
fn open_beneath(root: impl AsFd, relative: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(root.as_fd(), relative, flags, Mode::empty(), resolve) {
        // Kernels before 5.6 lack the call, and some sandboxes forbid what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => open_stepwise(root, relative, flags),
        result => result,
    }
}

/// The same, one component after the other: without `..` and with each component opened as itself,
/// there is nothing left that could lead elsewhere.
fn open_stepwise(root: impl AsFd, relative: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    let mut components = relative.components().peekable();
    let mut held: Option<OwnedFd> = None;
    while let Some(component) = components.next() {
        let name = match component {
            Component::Normal(name) => name,
            Component::CurDir => OsStr::new("."),
            _ => return Err(Errno::XDEV),
        };
        let last = components.peek().is_none();
        let step = if last { flags } else { OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC };
        let at = held.as_ref().map_or(root.as_fd(), AsFd::as_fd);
        let next = rustix::fs::openat(at, name, step | OFlags::NOFOLLOW, Mode::empty())?;
        held = Some(next);
    }
    held.ok_or(Errno::NOENT)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn find(dir: &Dir, relative: &str) -> Result<Option<Kind>, DirError> {
        Ok(dir.find(Path::new(relative))?.map(|entry| entry.stat.kind))
    }

    #[test]
    fn every_kind_is_told_apart() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::open(temp.path()).unwrap();
        fs::create_dir_all(temp.path().join("a/b")).unwrap();
        fs::write(temp.path().join("a/b/c"), "x").unwrap();
        symlink("c", temp.path().join("a/b/link")).unwrap();
        let _listener = UnixListener::bind(temp.path().join("socket")).unwrap();
        rustix::fs::mknodat(&root, "fifo", FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert_eq!(find(&root, "fifo").unwrap(), Some(Kind::Fifo));
        assert_eq!(find(&root, "a/b").unwrap(), Some(Kind::Directory));
        assert_eq!(find(&root, "./a/./b/c").unwrap(), Some(Kind::File));
        assert_eq!(find(&root, "a/b/link").unwrap(), Some(Kind::Symlink));
        assert_eq!(find(&root, "socket").unwrap(), Some(Kind::Socket));
        assert_eq!(find(&root, "").unwrap(), Some(Kind::Directory));
        assert_eq!(find(&root, "a/none").unwrap(), None);
        assert_eq!(find(&root, "none/none").unwrap(), None);
        assert_eq!(find(&Dir::open(Path::new("/dev")).unwrap(), "null").unwrap(), Some(Kind::CharDevice));
    }

    #[test]
    fn a_link_on_the_way_is_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/real/x")).unwrap();
        symlink("real", temp.path().join("a/link")).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let error = root.find(Path::new("a/link/x")).unwrap_err();
        assert!(matches!(&error, DirError::Symlink(path) if path.ends_with("a/link")), "{error}");
        assert!(matches!(root.enter(Path::new("a/link")), Err(DirError::Symlink(_))));
    }

    #[test]
    fn a_file_on_the_way_is_refused_by_name() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let error = root.find(Path::new("file/x")).unwrap_err();
        assert!(matches!(&error, DirError::NotADirectory { kind: Kind::File, .. }), "{error}");
        assert!(matches!(root.enter(Path::new("none")), Err(DirError::Missing(_))));
        assert!(matches!(Dir::open(&temp.path().join("file")), Err(DirError::NotADirectory { .. })));
    }

    #[test]
    fn nothing_above_the_root_can_be_named() {
        let temp = tempfile::tempdir().unwrap();
        let root = Dir::open(temp.path()).unwrap();
        for path in ["..", "a/../..", "a/..", "/etc", "/"] {
            assert!(matches!(root.find(Path::new(path)), Err(DirError::Outside { .. })), "{path}");
        }
    }

    #[test]
    fn the_stepwise_way_gives_the_same_answers() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/b")).unwrap();
        symlink("b", temp.path().join("a/link")).unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        for path in [".", "a", "a/b", "a/link", "a/none", "none", "a/none/x"] {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let kind = |opened: rustix::io::Result<OwnedFd>| opened.and_then(Stat::of).map(|stat| stat.ino);
            let one = kind(rustix::fs::openat2(&root, path, flags, Mode::empty(), resolve));
            let other = kind(open_stepwise(&root, Path::new(path), flags));
            assert_eq!(one, other, "{path}");
        }
        // Only the error differs where a link or a file is on the way.
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        assert_eq!(open_stepwise(&root, Path::new("a/link/x"), flags).unwrap_err(), Errno::NOTDIR);
        assert_eq!(open_stepwise(&root, Path::new("file/x"), flags).unwrap_err(), Errno::NOTDIR);
    }

    #[test]
    fn an_entry_stays_the_one_that_was_found() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("a")).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let entry = root.find(Path::new("a")).unwrap().unwrap();
        fs::rename(temp.path().join("a"), temp.path().join("b")).unwrap();
        symlink("/etc", temp.path().join("a")).unwrap();
        let held = Stat::of(&entry).unwrap();
        assert_eq!(held.ino, entry.stat.ino);
        assert_eq!(find(&entry.into_dir().unwrap(), "passwd").unwrap(), None);
    }
}
