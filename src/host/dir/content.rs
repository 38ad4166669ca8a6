//! Reading a file below a directory, with links followed only as far as they stay below it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{Dir, Kind, Stat, open_stepwise};

/// How often a file is read that changes meanwhile.
const TRIES: usize = 3;

/// Why a file below a directory was not read.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    #[error("nothing is there")]
    Missing,
    #[error("permission denied")]
    Denied,
    #[error("a link on the way leads out")]
    LeadsOut,
    #[error("it is {}", .0.describe())]
    Kind(Kind),
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    #[error("it changes while it is read")]
    Changes,
    #[error("{0}")]
    Io(io::Error),
}

impl From<Errno> for NotRead {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR => Self::Missing,
            Errno::ACCESS | Errno::PERM => Self::Denied,
            Errno::XDEV | Errno::LOOP => Self::LeadsOut,
            errno => Self::Io(errno.into()),
        }
    }
}

/// What a path leads to with all its links followed, as the engine follows them in a mount's source. `None`: nothing
/// is there.
///
/// # Errors
/// Where it may not be looked at.
pub fn led_to(path: &Path) -> io::Result<Option<(PathBuf, Kind)>> {
    match path.canonicalize() {
        Ok(real) => {
            let descriptor =
                rustix::fs::open(&real, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            let kind = Stat::of(descriptor)?.kind;
            Ok(Some((real, kind)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Dir {
    /// Reads a file from beginning to end, as this thread's user. No device is opened and no pipe is waited for.
    ///
    /// # Errors
    /// Why it was not read.
    pub fn read_below(&self, relative: &Path, limit: u64) -> Result<Vec<u8>, NotRead> {
        // `..` by name is nobody's; by a link it may stay below.
        let names = self.names(relative).map_err(|_| NotRead::LeadsOut)?;
        let path: PathBuf = if names.is_empty() { ".".into() } else { names.iter().collect() };
        for _ in 0..TRIES {
            let found = Stat::of(following(self, &path, OFlags::PATH)?)?;
            if found.kind != Kind::File {
                return Err(NotRead::Kind(found.kind));
            }
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
            let mut file = File::from(following(self, &path, flags)?);
            let before = file.metadata().map_err(NotRead::Io)?;
            let opened = Stat::of(&file)?;
            if (opened.dev, opened.ino) != (found.dev, found.ino) {
                continue;
            }
            let mut bytes = Vec::new();
            file.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(NotRead::Io)?;
            if bytes.len() as u64 > limit {
                return Err(NotRead::TooLarge(limit));
            }
            let after = file.metadata().map_err(NotRead::Io)?;
            let is_same =
                before.modified().ok() == after.modified().ok() && after.len() == bytes.len() as u64;
            if is_same {
                return Ok(bytes);
            }
        }
        Err(NotRead::Changes)
    }
}

/// Opens what a path below a directory leads to.
fn following(directory: &Dir, path: &Path, flags: OFlags) -> rustix::io::Result<std::os::fd::OwnedFd> {
    let flags = flags | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(directory.as_fd(), path, flags, Mode::empty(), resolve) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            // Where the kernel lacks the call, no link is followed at all.
            Err(Errno::NOSYS | Errno::PERM) => return open_stepwise(directory, path, flags),
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(dir: &Dir, path: &str) -> Result<Vec<u8>, NotRead> {
        dir.read_below(Path::new(path), 100)
    }

    #[test]
    fn links_are_followed_within_and_never_out() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("tree/sub")).unwrap();
        fs::write(temp.path().join("outside"), "secret").unwrap();
        fs::write(temp.path().join("tree/real"), "inside").unwrap();
        symlink("../real", temp.path().join("tree/sub/within")).unwrap();
        symlink("../../outside", temp.path().join("tree/sub/out")).unwrap();
        symlink(temp.path().join("outside"), temp.path().join("tree/absolute")).unwrap();
        symlink("none", temp.path().join("tree/dangling")).unwrap();
        symlink("round", temp.path().join("tree/round")).unwrap();
        let dir = Dir::open(&temp.path().join("tree")).unwrap();
        assert_eq!(read(&dir, "sub/within").unwrap(), b"inside");
        for path in ["sub/out", "absolute", "round", "../outside"] {
            assert!(matches!(read(&dir, path), Err(NotRead::LeadsOut)), "{path}: {:?}", read(&dir, path));
        }
        for path in ["dangling", "none", "sub/none", "real/x"] {
            assert!(matches!(read(&dir, path), Err(NotRead::Missing)), "{path}");
        }
    }

    #[test]
    fn only_files_of_a_bearable_size_are_read_and_no_pipe_is_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        rustix::fs::mknodat(&dir, "fifo", rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        fs::create_dir(temp.path().join("directory")).unwrap();
        fs::write(temp.path().join("full"), [b'x'; 100]).unwrap();
        fs::write(temp.path().join("large"), [b'x'; 101]).unwrap();
        assert!(matches!(read(&dir, "fifo"), Err(NotRead::Kind(Kind::Fifo))));
        assert!(matches!(read(&dir, "directory"), Err(NotRead::Kind(Kind::Directory))));
        assert_eq!(read(&dir, "full").unwrap().len(), 100);
        assert!(matches!(read(&dir, "large"), Err(NotRead::TooLarge(100))));
    }
}
