//! Whether a user may read, write or enter a path, by the permission bits and POSIX ACLs on the way.
//!
//! This is arithmetic on what the host shows; nothing is tried. On filesystems where another machine or
//! a program decides ([`FileSystem::is_foreign`](super::FileSystem::is_foreign)) only a probe tells.

pub(in crate::host) mod acl;

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::path::Arg;
use serde::{Deserialize, Serialize};

use super::dir::Kind;
use super::{Credentials, Owner};
use acl::Acl;

/// What is wanted of a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub read: bool,
    pub write: bool,
    /// Running a file, entering a directory.
    pub execute: bool,
}

impl Access {
    pub const READ: Self = Self { read: true, write: false, execute: false };
    pub const WRITE: Self = Self { read: false, write: true, execute: false };
    pub const ENTER: Self = Self { read: false, write: false, execute: true };
    /// What it takes to keep files in a directory.
    pub const USE_DIRECTORY: Self = Self { read: true, write: true, execute: true };

    /// As the three low bits of a mode: read 4, write 2, execute 1.
    fn bits(self) -> u32 {
        u32::from(self.read) << 2 | u32::from(self.write) << 1 | u32::from(self.execute)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.read, "read"), (self.write, "write"), (self.execute, "enter")];
        let words: Vec<&str> = words.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).collect();
        f.write_str(&words.join(" and "))
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Blocked(Blocked),
}

/// The first component in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub component: PathBuf,
    pub kind: Kind,
    /// What would have been needed of it.
    pub needs: Access,
    pub owner: Owner,
    /// Permission bits, `0o7777` at most.
    pub mode: u32,
    /// Whether an access control list decided.
    pub has_acl: bool,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.component.display();
        let acl = if self.has_acl { " with an ACL" } else { "" };
        write!(f, "{path} (owner {}, mode {:04o}{acl}) refuses to {}", self.owner, self.mode, self.needs)
    }
}

/// Judges `path` and every directory above it, as a program on the host would be judged. Links are
/// followed first.
pub fn check(path: &Path, who: &Credentials, wanted: Access) -> io::Result<Verdict> {
    let path = path.canonicalize()?;
    check_components(Path::new("/"), &path, who, wanted)
}

/// Judges `relative` below `base`, and `base` itself, but nothing above: a container reaches the source
/// of a bind mount directly, whatever the directories above it allow. Links are followed first; one that
/// leads out of `base` is judged from the root.
pub fn check_below(base: &Path, relative: &Path, who: &Credentials, wanted: Access) -> io::Result<Verdict> {
    let base = base.canonicalize()?;
    // Joining an empty path would add a slash, which asks for a directory.
    let path =
        if relative.as_os_str().is_empty() { base.clone() } else { base.join(relative).canonicalize()? };
    let start = if path.starts_with(&base) { base.as_path() } else { Path::new("/") };
    check_components(start, &path, who, wanted)
}

/// Both paths are canonical, the second one below the first.
fn check_components(base: &Path, path: &Path, who: &Credentials, wanted: Access) -> io::Result<Verdict> {
    let mut components: Vec<&Path> = path.ancestors().take_while(|one| one.starts_with(base)).collect();
    components.reverse();
    for component in components {
        let needs = if component == path { wanted } else { Access::ENTER };
        let stat = rustix::fs::statat(CWD, component, rustix::fs::AtFlags::empty())?;
        let subject = Subject {
            kind: Kind::from_mode(stat.st_mode).ok_or(Errno::NOTSUP)?,
            owner: Owner::new(stat.st_uid, stat.st_gid),
            mode: stat.st_mode & 0o7777,
        };
        let list = acl::read(component)?;
        if !allows(&subject, list.as_ref(), who, needs) {
            let Subject { kind, owner, mode } = subject;
            let component = component.to_owned();
            let has_acl = list.is_some();
            return Ok(Verdict::Blocked(Blocked { component, kind, needs, owner, mode, has_acl }));
        }
    }
    Ok(Verdict::Allowed)
}

/// Whether the kernel says, when it is asked, that this process may not: what failed with "permission denied"
/// and is permitted was refused by something else, a failing disk or server.
pub fn is_denied(directory: impl AsFd, path: impl Arg, wanted: Access) -> bool {
    use rustix::fs::Access as Bits;
    let mut bits = Bits::EXISTS;
    bits.set(Bits::READ_OK, wanted.read);
    bits.set(Bits::WRITE_OK, wanted.write);
    bits.set(Bits::EXEC_OK, wanted.execute);
    // By the effective user: it is that one who was refused.
    let answer = rustix::fs::accessat(directory, path, bits, rustix::fs::AtFlags::EACCESS);
    matches!(answer, Err(Errno::ACCESS | Errno::PERM))
}

/// Whether this process may make something in a directory, as far as the kernel says it without trying.
pub fn may_write(directory: &Path) -> bool {
    use rustix::fs::{Access as Bits, AtFlags, accessat};
    accessat(CWD, directory, Bits::WRITE_OK | Bits::EXEC_OK, AtFlags::EACCESS).is_ok()
}

/// Whether a file with this owner and mode, and no list, would let this user do it.
pub fn permits(owner: Owner, mode: u32, who: &Credentials, wanted: Access) -> bool {
    allows(&Subject { kind: Kind::File, owner, mode }, None, who, wanted)
}

/// What the decision depends on.
struct Subject {
    kind: Kind,
    owner: Owner,
    mode: u32,
}

/// The kernel's own order of questions (`acl(5)`, "access check algorithm").
fn allows(subject: &Subject, list: Option<&Acl>, who: &Credentials, needs: Access) -> bool {
    let granted = match list {
        // The owner's entry of a list is always the one in the mode.
        _ if who.owner.uid == subject.owner.uid => subject.mode >> 6 & 7,
        Some(list) => list.granted(subject.owner, who, needs.bits()),
        None if who.in_group(subject.owner.gid) => subject.mode >> 3 & 7,
        None => subject.mode & 7,
    };
    if granted & needs.bits() == needs.bits() {
        return true;
    }
    // The override lets everything through but running a file that nobody may run.
    let runnable = subject.kind == Kind::Directory || subject.mode & 0o111 != 0;
    who.dac_override && (!needs.execute || runnable)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;
    use crate::host::owner::is_root;
    use crate::host::run_as;

    fn plain(uid: u32, gid: u32) -> Credentials {
        Credentials::plain(Owner::new(uid, gid))
    }

    fn directory(mode: u32) -> Subject {
        Subject { kind: Kind::Directory, owner: Owner::new(1, 2), mode }
    }

    #[test]
    fn the_first_class_that_fits_decides_even_where_a_later_one_would_allow() {
        assert!(!allows(&directory(0o077), None, &plain(1, 2), Access::READ));
        assert!(!allows(&directory(0o707), None, &plain(9, 2), Access::READ));
        assert!(allows(&directory(0o707), None, &plain(9, 9), Access::USE_DIRECTORY));
        assert!(allows(&directory(0o070), None, &plain(9, 2), Access::USE_DIRECTORY));
        let member = Credentials { groups: vec![7, 2], ..plain(9, 9) };
        assert!(allows(&directory(0o070), None, &member, Access::USE_DIRECTORY));
    }

    #[test]
    fn user_zero_without_capabilities_is_a_user_like_any_other() {
        assert!(!allows(&directory(0o700), None, &plain(0, 0), Access::ENTER));
        let root = Credentials { dac_override: true, ..plain(0, 0) };
        assert!(allows(&directory(0o000), None, &root, Access::USE_DIRECTORY));
        let file = |mode| Subject { kind: Kind::File, ..directory(mode) };
        assert!(!allows(&file(0o600), None, &root, Access::ENTER));
        assert!(allows(&file(0o610), None, &root, Access::ENTER));
        assert!(allows(&file(0o000), None, &root, Access::WRITE));
    }

    #[test]
    fn the_component_in_the_way_is_named() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("a/b")).unwrap();
        fs::set_permissions(temp.path().join("a"), fs::Permissions::from_mode(0o700)).unwrap();
        let other = plain(Owner::current().uid + 1, Owner::current().gid + 1);
        let found = check_below(&temp.path().join("a"), Path::new("b"), &other, Access::READ).unwrap();
        let Verdict::Blocked(blocked) = found else { panic!("allowed") };
        assert!(blocked.component.ends_with("a"));
        assert_eq!(blocked.needs, Access::ENTER);
        assert!(blocked.to_string().ends_with("mode 0700) refuses to enter"), "{blocked}");
        let found = check_below(&temp.path().join("a/b"), Path::new(""), &other, Access::READ).unwrap();
        assert_eq!(found, Verdict::Allowed, "what is above the base does not count");
    }

    #[test]
    fn a_link_out_of_the_base_is_judged_from_the_root() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("private/x")).unwrap();
        fs::create_dir(temp.path().join("base")).unwrap();
        fs::set_permissions(temp.path().join("private"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("../private/x", temp.path().join("base/link")).unwrap();
        let other = plain(Owner::current().uid + 1, Owner::current().gid + 1);
        let found = check_below(&temp.path().join("base"), Path::new("link"), &other, Access::READ).unwrap();
        assert!(matches!(found, Verdict::Blocked(_)));
    }

    #[test]
    fn a_missing_path_is_an_error() {
        let error = check(Path::new("/none/such"), &plain(1, 1), Access::READ).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_arithmetic_agrees_with_the_kernel() {
        if !is_root() {
            return; // only root can ask the kernel as others
        }
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = temp.path().join("f");
        fs::write(&path, "").unwrap();
        chown(&path, Some(3001), Some(3002)).unwrap();
        let callers = [
            plain(3001, 3001),
            plain(3009, 3002),
            Credentials { groups: vec![3002], ..plain(3009, 3009) },
            plain(3009, 3009),
            plain(0, 0),
            Credentials { dac_override: true, ..plain(0, 0) },
        ];
        for mode in 0..0o1000 {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            for who in &callers {
                for (wanted, options) in [
                    (Access::READ, fs::OpenOptions::new().read(true).clone()),
                    (Access::WRITE, fs::OpenOptions::new().write(true).clone()),
                ] {
                    let kernel = run_as(who, || options.open(&path).is_ok()).unwrap();
                    let ours = check_below(&path, Path::new(""), who, wanted).unwrap() == Verdict::Allowed;
                    assert_eq!(ours, kernel, "{mode:04o} {who:?} {wanted}");
                }
            }
        }
    }

    #[test]
    fn the_kernel_is_asked_for_whoever_acts() {
        if !is_root() {
            return; // only root can act as another
        }
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let denied = |wanted| is_denied(CWD, temp.path(), wanted);
        assert!(!denied(Access::READ) && !denied(Access::USE_DIRECTORY));
        let found =
            run_as(&plain(3001, 3001), || [Access::READ, Access::ENTER, Access::default()].map(denied));
        assert_eq!(found.unwrap(), [true, false, false]);
        // What is not there was not denied.
        assert!(!is_denied(CWD, temp.path().join("none"), Access::READ));
    }
}
