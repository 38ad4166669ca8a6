//! The filesystems below the directories in which something is made: what they can, and how much room there is.

use std::io;
use std::path::{Path, PathBuf};

use super::{Area, Check};
use crate::host::filesystem::{Room, keeps_lists};
use crate::host::idmap::can_map;
use crate::host::owner::is_root;
use crate::host::{FileSystem, Kind, Stat};

/// Below this, something will soon fail.
const LEAST_BYTES: u64 = 64 << 20;
const LEAST_FILES: u64 = 1000;

/// How much can still be written.
pub(super) struct Left(Room);

/// # Errors
/// Where the path cannot be looked at.
pub(super) fn room(path: &Path) -> io::Result<Left> {
    Room::of(path).map(Left)
}

impl Left {
    pub(super) fn is_short(&self) -> bool {
        self.0.bytes < LEAST_BYTES || self.0.files.is_some_and(|files| files < LEAST_FILES)
    }

    pub(super) fn describe(&self) -> String {
        let files = self.0.files.map(|files| format!(" and {files} new files")).unwrap_or_default();
        format!("room for {}{files}", human_bytes(self.0.bytes))
    }
}

/// In the largest unit of 1024s that it reaches.
pub(super) fn human_bytes(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| bytes >> shift > 0);
    // One digit behind the point, without floating point.
    let tenths = |shift: u32| (u128::from(bytes) * 10) >> shift;
    unit.map_or_else(
        || format!("{bytes} B"),
        |(shift, unit)| format!("{}.{} {unit}", tenths(shift) / 10, tenths(shift) % 10),
    )
}

/// The checks of one directory below which a project's things are made.
pub fn root(root: &Path) -> Vec<Check> {
    let what = root.display().to_string();
    let Some(there) = existing(root) else {
        return vec![Check::fails(
            Area::Files,
            &what,
            "neither it nor a directory above it can be looked at",
            "Check the permissions of the directories above it, or name another root.",
        )];
    };
    let beside =
        if there == root { String::new() } else { format!("not there yet; {} is: ", there.display()) };
    let system = match FileSystem::of(&there) {
        Ok(system) => system,
        Err(error) => {
            return vec![Check::unknown(
                Area::Files,
                &what,
                format!("{beside}it cannot be looked at: {error}"),
                "Check the permissions of the directories above it.",
            )];
        }
    };
    let mut checks = vec![kind(&what, &beside, &system), space(&there), lists(&there, &system), maps(&there)];
    for check in checks.iter_mut().skip(1) {
        check.what = format!("{what}: {}", check.what);
    }
    checks
}

/// The nearest directory at or above a path.
fn existing(path: &Path) -> Option<PathBuf> {
    let is_directory = |path: &&Path| Stat::at(path).is_ok_and(|stat| stat.kind == Kind::Directory);
    path.ancestors().find(is_directory).map(Path::to_owned)
}

fn kind(what: &str, beside: &str, system: &FileSystem) -> Check {
    let source = if system.source.is_empty() { String::new() } else { format!(" from {}", system.source) };
    let fact = format!("{beside}{}{source}", system.name);
    if system.is_read_only {
        Check::fails(
            Area::Files,
            what,
            format!("{fact}, read-only"),
            "Nothing can be made there: mount it writable, or name another root.",
        )
    } else if system.is_network() {
        Check::limited(
            Area::Files,
            what,
            format!("{fact}, on another machine, which may refuse root and change of owners"),
            "See docs/binds.md; `no_root_squash` on the export lets owners be given by this machine.",
        )
    } else if system.is_foreign() {
        Check::limited(
            Area::Files,
            what,
            format!("{fact}: a program or another kernel decides what owners and modes mean"),
            "Keep state of containers on a local filesystem, or in a named volume.",
        )
    } else {
        Check::works(Area::Files, what, fact)
    }
}

fn space(path: &Path) -> Check {
    match room(path) {
        Ok(room) if room.is_short() => Check::fails(
            Area::Files,
            "room",
            room.describe(),
            "Make room: a launch fails where a file cannot be written whole.",
        ),
        Ok(room) => Check::works(Area::Files, "room", room.describe()),
        Err(error) => Check::unknown(
            Area::Files,
            "room",
            format!("it cannot be asked: {error}"),
            "Check the permissions of the directories above it.",
        ),
    }
}

fn lists(path: &Path, system: &FileSystem) -> Check {
    let no = "Use `strategy: group` or `chown`, or a filesystem that keeps lists (ext4, xfs, btrfs).";
    match keeps_lists(path) {
        // What a file server or a program makes of a list is its own affair.
        Ok(true) if system.is_foreign() => Check::limited(
            Area::Files,
            "strategy: acl",
            "lists are taken, and another machine or a program decides what they mean",
            "Try it before relying on it.",
        ),
        Ok(true) => Check::works(Area::Files, "strategy: acl", "access control lists are kept"),
        Ok(false) => Check::limited(Area::Files, "strategy: acl", "no access control lists", no),
        Err(error) => {
            Check::unknown(Area::Files, "strategy: acl", format!("it cannot be asked: {error}"), no)
        }
    }
}

/// Tried for real, with a mount that is never attached.
fn maps(path: &Path) -> Check {
    let what = "strategy: idmap";
    if !is_root() {
        return Check::limited(
            Area::Files,
            what,
            "id-mapped mounts take root",
            "Run seaworthy as root where a tree is to stay the operator's and be its service's own.",
        );
    }
    match can_map(path) {
        Ok(()) => Check::works(Area::Files, what, "id-mapped mounts can be made"),
        Err(error) => Check::limited(
            Area::Files,
            what,
            format!("no id-mapped mount can be made: {error}"),
            "It takes Linux 5.12 and a filesystem that can do it (ext4, xfs, btrfs, tmpfs, overlay), outside a container.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::doctor::Verdict;

    fn system(name: &str, is_read_only: bool) -> FileSystem {
        FileSystem { name: name.into(), source: "s".into(), is_read_only }
    }

    #[test]
    fn each_kind_of_filesystem_has_its_verdict() {
        let of = |name, read_only| kind("/srv", "", &system(name, read_only)).verdict;
        assert_eq!(of("ext4", false), Verdict::Works);
        assert_eq!(of("ext4", true), Verdict::Fails);
        assert_eq!(of("nfs4", false), Verdict::Limited);
        assert_eq!(of("virtiofs", false), Verdict::Limited);
    }

    #[test]
    fn a_root_that_is_not_there_is_judged_by_what_is_above() {
        let temp = tempfile::tempdir().unwrap();
        let checks = root(&temp.path().join("a/b"));
        assert_eq!(checks.len(), 4);
        assert!(checks[0].fact.starts_with(&format!("not there yet; {} is: ", temp.path().display())));
        assert!(checks[1].what.ends_with("a/b: room"));
    }

    #[test]
    fn too_little_room_is_told_from_enough() {
        let left = |bytes, files| Left(Room { bytes, files });
        assert!(left(LEAST_BYTES - 1, None).is_short());
        assert!(left(LEAST_BYTES, Some(LEAST_FILES - 1)).is_short());
        let enough = left(LEAST_BYTES, Some(LEAST_FILES));
        assert!(!enough.is_short());
        assert_eq!(enough.describe(), "room for 64.0 MiB and 1000 new files");
        assert_eq!(human_bytes(1 << 9), "512 B");
        assert_eq!(human_bytes((1 << 40) + (1 << 39)), "1.5 TiB");
    }
}
