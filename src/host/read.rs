//! Reading an input once, and whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};

use super::sys::expect_memory;

/// What was read and what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub metadata: Metadata,
}

/// The file as its descriptor showed it, before and after the read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub dev: u64,
    pub ino: u64,
    /// In bytes; 0 for a stream.
    pub size: u64,
    /// Seconds and nanoseconds since 1970-01-01 UTC.
    pub mtime: (i64, u32),
    pub uid: u32,
    pub gid: u32,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// A pipe, a terminal or another file without a size: whether it ended early cannot be told from
    /// the outside.
    pub is_stream: bool,
}

/// Why an input was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}: no such file", .0.display())]
    Missing(PathBuf),
    #[error("{} is a directory", .0.display())]
    Directory(PathBuf),
    #[error("{} is {kind}, which cannot be an input", path.display())]
    Unsuitable { path: PathBuf, kind: &'static str },
    #[error("{} has more than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{} changed while it was being read ({what})", path.display())]
    Changed { path: PathBuf, what: &'static str },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Texts of more bytes than this are worth telling the allocator of.
const LARGE: usize = 64 * 1024;
/// So many bytes of memory a byte of a text comes to while it is loaded.
const GROWTH: usize = 28;

/// Says that texts of so many bytes are about to be read and taken apart.
pub fn expect_text(bytes: usize) {
    if bytes > LARGE {
        expect_memory(bytes.saturating_mul(GROWTH));
    }
}

/// Reads a file from beginning to end, opening it exactly once: a process substitution can only be
/// read once. At most `limit` bytes. Blocks on a pipe until its writers are gone.
pub fn read_file(path: &Path, limit: u64) -> Result<Content, ReadError> {
    read_open(path, open(path, OFlags::empty())?, limit)
}

/// As [`read_file`], what was found by its name and not given: a pipe in its place, which might never be
/// written to, is refused and not waited for.
pub fn read_found(path: &Path, limit: u64) -> Result<Content, ReadError> {
    let file = open(path, OFlags::NONBLOCK)?;
    let io_error = |errno: rustix::io::Errno| ReadError::Io { path: path.to_owned(), source: errno.into() };
    let stat = rustix::fs::fstat(&file).map_err(io_error)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Fifo {
        return Err(ReadError::Unsuitable { path: path.to_owned(), kind: "a pipe" });
    }
    read_open(path, file, limit)
}

fn open(path: &Path, more: OFlags) -> Result<File, ReadError> {
    // Opening a terminal must not make it ours.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | more;
    match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Ok(descriptor) => Ok(File::from(descriptor)),
        Err(rustix::io::Errno::NOENT) => Err(ReadError::Missing(path.to_owned())),
        Err(errno) => Err(ReadError::Io { path: path.to_owned(), source: errno.into() }),
    }
}

/// Reads standard input to its end; messages call it `-`.
pub fn read_stdin(limit: u64) -> Result<Content, ReadError> {
    let path = Path::new("-");
    let io_error = |source: io::Error| ReadError::Io { path: path.to_owned(), source };
    let duplicate =
        rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map_err(|errno| io_error(errno.into()))?;
    read_open(path, File::from(duplicate), limit)
}

fn read_open(path: &Path, mut file: File, limit: u64) -> Result<Content, ReadError> {
    let io_error = |source: io::Error| ReadError::Io { path: path.to_owned(), source };
    let too_large = || ReadError::TooLarge { path: path.to_owned(), limit };
    let before = stat(path, &file)?;
    if !before.is_stream && before.size > limit {
        return Err(too_large());
    }

    let size = usize::try_from(before.size).unwrap_or(0);
    expect_text(size);
    let mut bytes = Vec::with_capacity(size);
    // One byte more than allowed tells a file of exactly that size from a larger one.
    file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io_error)?;
    let length = bytes.len() as u64;
    if length > limit {
        return Err(too_large());
    }

    let after = stat(path, &file)?;
    let metadata =
        settle(before, after, length).map_err(|what| ReadError::Changed { path: path.to_owned(), what })?;
    Ok(Content { bytes, metadata })
}

/// Compares what the descriptor showed before and after `length` bytes were read.
fn settle(before: Metadata, after: Metadata, length: u64) -> Result<Metadata, &'static str> {
    if before.is_stream {
        return Ok(before);
    }
    if (before.dev, before.ino) != (after.dev, after.ino) {
        return Err("it is another file now");
    }
    if before.size != after.size {
        return Err("its size changed");
    }
    if before.mtime != after.mtime {
        return Err("it was written to");
    }
    // Files of /proc and its like have no size and yet a content; nothing vouches for its end.
    if before.size == 0 && length > 0 {
        return Ok(Metadata { is_stream: true, ..before });
    }
    if before.size != length {
        return Err("fewer or more bytes came than it has");
    }
    Ok(before)
}

fn stat(path: &Path, file: &File) -> Result<Metadata, ReadError> {
    let stat = rustix::fs::fstat(file)
        .map_err(|errno| ReadError::Io { path: path.to_owned(), source: errno.into() })?;
    let unsuitable = |kind| ReadError::Unsuitable { path: path.to_owned(), kind };
    let is_stream = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => false,
        FileType::Fifo | FileType::CharacterDevice | FileType::Socket => true,
        FileType::Directory => return Err(ReadError::Directory(path.to_owned())),
        FileType::BlockDevice => return Err(unsuitable("a block device")),
        _ => return Err(unsuitable("neither a file nor a stream")),
    };
    Ok(Metadata {
        dev: stat.st_dev,
        ino: stat.st_ino,
        size: if is_stream { 0 } else { u64::try_from(stat.st_size).unwrap_or(0) },
        mtime: (stat.st_mtime, u32::try_from(stat.st_mtime_nsec).unwrap_or(0)),
        uid: stat.st_uid,
        gid: stat.st_gid,
        mode: stat.st_mode & 0o7777,
        is_stream,
    })
}

/// Whether something is at a path, behind its links. What cannot be looked at is.
pub fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// The names in a directory that are text; none where it cannot be listed.
pub fn names_in(directory: &Path) -> Vec<String> {
    // The directory of a bare name is the current one.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MANY: u64 = 1 << 20;

    #[test]
    fn a_pipe_that_nobody_named_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let error = read_found(&path, MANY).unwrap_err().to_string();
        assert_eq!(error, format!("{} is a pipe, which cannot be an input", path.display()));
        let path = dir.path().join("b.yaml");
        fs::write(&path, "services: {}\n").unwrap();
        assert_eq!(read_found(&path, MANY).unwrap(), read_file(&path, MANY).unwrap());
    }

    #[test]
    fn a_regular_file_comes_whole_with_its_metadata() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "services: {}\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let content = read_file(&path, MANY).unwrap();
        assert_eq!(content.bytes, b"services: {}\n");
        assert_eq!((content.metadata.size, content.metadata.mode), (13, 0o640));
        assert!(!content.metadata.is_stream);
    }

    #[test]
    fn an_empty_file_is_read_as_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "").unwrap();
        let content = read_file(&path, MANY).unwrap();
        assert!(content.bytes.is_empty() && !content.metadata.is_stream);
    }

    #[test]
    fn the_limit_is_inclusive() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "12345").unwrap();
        assert!(read_file(&path, 5).is_ok());
        assert!(matches!(read_file(&path, 4), Err(ReadError::TooLarge { limit: 4, .. })));
        assert!(matches!(read_file(Path::new("/dev/zero"), 9), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn a_directory_and_a_missing_file_have_names_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(read_file(dir.path(), MANY), Err(ReadError::Directory(_))));
        assert!(matches!(read_file(&dir.path().join("x"), MANY), Err(ReadError::Missing(_))));
    }

    #[test]
    fn a_pipe_is_a_stream_and_is_read_through_its_descriptor_path() {
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, b"services: {}\n...\n").unwrap();
        drop(writer);
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let content = read_file(Path::new(&path), MANY).unwrap();
        assert_eq!(content.bytes, b"services: {}\n...\n");
        assert!(content.metadata.is_stream);
    }

    #[test]
    fn a_file_without_a_size_but_with_a_content_is_a_stream() {
        let content = read_file(Path::new("/proc/self/status"), MANY).unwrap();
        assert!(content.metadata.is_stream && !content.bytes.is_empty());
        assert!(read_file(Path::new("/dev/null"), MANY).unwrap().metadata.is_stream);
    }

    #[test]
    fn every_way_of_changing_is_noticed() {
        let before = Metadata {
            dev: 1,
            ino: 2,
            size: 3,
            mtime: (4, 5),
            uid: 0,
            gid: 0,
            mode: 0o644,
            is_stream: false,
        };
        assert_eq!(settle(before, before, 3), Ok(before));
        assert!(settle(before, Metadata { ino: 9, ..before }, 3).is_err());
        assert!(settle(before, Metadata { size: 9, ..before }, 3).is_err());
        assert!(settle(before, Metadata { mtime: (4, 6), ..before }, 3).is_err());
        assert!(settle(before, before, 2).is_err());
        let empty = Metadata { size: 0, ..before };
        assert!(settle(empty, Metadata { size: 1, ..empty }, 0).is_err());
    }

    #[test]
    fn a_file_written_to_during_the_read_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        fs::write(&path, "x: 1\n").unwrap();
        let file = File::open(&path).unwrap();
        let before = stat(&path, &file).unwrap();
        fs::write(&path, "x: 1\nprivileged: true\n").unwrap();
        assert!(settle(before, stat(&path, &file).unwrap(), 5).is_err());
    }
}
