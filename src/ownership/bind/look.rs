//! What stands at a path of the host.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::CWD;

use crate::host::access::{Access, is_denied};
use crate::host::{Identity, Kind, Owner};

/// What was found at a bind source. Links are followed, as the engine follows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Present(Seen),
    /// The last directory on the way that is there.
    Missing {
        existing: PathBuf,
    },
    /// A link on the way leads nowhere, or in a circle.
    Dangling(PathBuf),
    /// Something on the way is not a directory.
    InTheWay(PathBuf, Kind),
    /// We may not look there.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Without links.
    pub real: PathBuf,
    pub kind: Kind,
    pub owner: Owner,
    pub mode: u32,
    pub identity: Identity,
}

/// Looks at an absolute path.
pub(super) fn look(path: &Path) -> Found {
    match seen(path) {
        Ok(Some(seen)) => return Found::Present(seen),
        Ok(None) => return Found::Unknown(format!("{} is of a kind that is not known", path.display())),
        Err(error) if is_absence(&error) => {}
        Err(error) => return Found::Unknown(format!("{}: {error}", path.display())),
    }
    let mut ways: Vec<&Path> = path.ancestors().collect();
    ways.reverse();
    let mut existing = PathBuf::from("/");
    for way in ways {
        match seen(way) {
            Ok(Some(seen)) if seen.kind == Kind::Directory => way.clone_into(&mut existing),
            Ok(Some(seen)) => return Found::InTheWay(way.to_owned(), seen.kind),
            // Not even a link is there.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !way.is_symlink() => {
                return Found::Missing { existing };
            }
            Err(error) if is_absence(&error) => return Found::Dangling(way.to_owned()),
            Err(error) => return Found::Unknown(format!("{}: {error}", way.display())),
            Ok(None) => break,
        }
    }
    // It came to be between the two looks.
    Found::Unknown(format!("{} is changing", path.display()))
}

fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || matches!(error.raw_os_error(), Some(libc::ENOTDIR | libc::ELOOP))
}

fn seen(path: &Path) -> io::Result<Option<Seen>> {
    let metadata = fs::metadata(path)?;
    let Some(kind) = kind(metadata.file_type()) else { return Ok(None) };
    let owner = Owner::new(metadata.uid(), metadata.gid());
    let real = path.canonicalize()?;
    let identity = Identity::from(&metadata);
    Ok(Some(Seen { real, kind, owner, mode: metadata.mode() & 0o7777, identity }))
}

fn kind(file_type: fs::FileType) -> Option<Kind> {
    let kinds = [
        (file_type.is_file(), Kind::File),
        (file_type.is_dir(), Kind::Directory),
        (file_type.is_socket(), Kind::Socket),
        (file_type.is_fifo(), Kind::Fifo),
        (file_type.is_char_device(), Kind::CharDevice),
        (file_type.is_block_device(), Kind::BlockDevice),
    ];
    kinds.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}

/// Whether a directory has nothing in it; `false` where it may not be listed, or is none.
pub(super) fn is_empty(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path).and_then(|mut entries| entries.next().transpose()) {
        Ok(first) => Ok(first.is_none()),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied && is_denied(CWD, path, Access::READ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// `.` and `..` removed by name alone, as the engine does before it looks.
pub(super) fn clean(path: &str) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn each_way_to_be_missing_is_told_apart() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        fs::create_dir(at("dir")).unwrap();
        fs::write(at("file"), "").unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("circle", at("circle")).unwrap();
        let missing = |existing: &str| Found::Missing { existing: at(existing) };
        assert_eq!(look(&at("dir/a/b")), missing("dir"));
        assert_eq!(look(&at("file/x")), Found::InTheWay(at("file"), Kind::File));
        assert_eq!(look(&at("dangling")), Found::Dangling(at("dangling")));
        assert_eq!(look(&at("dangling/x")), Found::Dangling(at("dangling")));
        assert_eq!(look(&at("circle/x")), Found::Dangling(at("circle")));
        assert_eq!(look(Path::new("/no-such-thing/x")), Found::Missing { existing: "/".into() });
    }

    #[test]
    fn what_is_there_is_seen_through_links() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        let _socket = UnixListener::bind(base.join("s.sock")).unwrap();
        symlink("s.sock", base.join("link")).unwrap();
        let Found::Present(seen) = look(&base.join("link")) else { panic!("not there") };
        assert_eq!((seen.kind, seen.real), (Kind::Socket, base.join("s.sock")));
        assert!(!is_empty(&base.join("none")).unwrap() && !is_empty(&base).unwrap());
    }

    #[test]
    fn paths_are_cleaned_by_name() {
        for (text, expected) in [("/a/../b/./c/", "/b/c"), ("//x", "/x"), ("/../..", "/")] {
            assert_eq!(clean(text), Path::new(expected));
        }
    }
}
