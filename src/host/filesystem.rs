//! What kind of filesystem a path is on.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use rustix::fs::{AtFlags, StatVfsMountFlags, StatxFlags};
use rustix::io::Errno;

use super::Dir;
use super::access::acl;

/// The filesystem under a path, as it is mounted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// As the kernel writes it: `ext4`, `xfs`, `tmpfs`, `overlay`, `nfs4`, `cifs`, `fuse.sshfs`, …;
    /// `unknown (0x…)` where neither the mount table nor its number tells.
    pub name: String,
    /// What is mounted: a device, or `server:/export`. Empty where the mount table does not tell.
    pub source: String,
    /// Nothing can be written there by anybody.
    pub is_read_only: bool,
}

impl FileSystem {
    /// Looks at the directory at `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let directory = Dir::open(path).map_err(io::Error::other)?;
        Self::of_descriptor(directory)
    }

    /// Looks at what a descriptor has open.
    pub fn of_descriptor(descriptor: impl AsFd) -> io::Result<Self> {
        let is_read_only = rustix::fs::fstatvfs(&descriptor)?.f_flag.contains(StatVfsMountFlags::RDONLY);
        let mount = match mount_id(&descriptor) {
            Some(id) => match std::fs::read("/proc/self/mountinfo") {
                Ok(table) => find_mount(&String::from_utf8_lossy(&table), id),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let (name, source) = match mount {
            Some(found) => found,
            None => (name_of_magic(rustix::fs::fstatfs(&descriptor)?.f_type), String::new()),
        };
        Ok(Self { name, source, is_read_only })
    }

    /// Whether another machine holds the data. There, root may be nobody (`root_squash`), owners may be
    /// fixed by the mount, and permission bits do not say the whole truth: ask by trying.
    pub fn is_network(&self) -> bool {
        let name = self.name.as_str();
        let family = name.strip_prefix("fuse.").unwrap_or(name);
        matches!(
            family,
            "nfs"
                | "nfs4"
                | "cifs"
                | "smb3"
                | "smbfs"
                | "ceph"
                | "afs"
                | "coda"
                | "lustre"
                | "gpfs"
                | "beegfs"
                | "ocfs2"
                | "gfs2"
                | "sshfs"
                | "glusterfs"
                | "s3fs"
                | "rclone"
                | "davfs"
                | "ceph-fuse"
                | "gvfsd-fuse"
        ) || name == "davfs"
    }

    /// Whether a program, or another kernel, decides what owners and modes mean there: FUSE, and the
    /// shares between a virtual machine and its host.
    pub fn is_foreign(&self) -> bool {
        let name = self.name.as_str();
        self.is_network()
            || name.starts_with("fuse")
            || matches!(name, "9p" | "virtiofs" | "vboxsf" | "vmhgfs" | "prl_fs" | "grpcfuse" | "drvfs")
    }

    /// Why what is made at a path may be somebody else's, if so, for people: the beginning of a sentence.
    pub fn decides_at(path: &Path) -> Option<String> {
        let there = path.ancestors().find(|way| way.is_dir())?;
        let system = Self::of(there).ok().filter(Self::is_foreign)?;
        Some(format!(
            "{} is on {} ({}), where a server or a program decides whose a file is, and root may be nobody",
            there.display(),
            system.name,
            system.source
        ))
    }
}

/// How much can still be written on a filesystem by an ordinary user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub bytes: u64,
    /// New files; `None` where the filesystem does not count them.
    pub files: Option<u64>,
}

impl Room {
    /// # Errors
    /// Where the path cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let stat = rustix::fs::statvfs(path)?;
        let files = (stat.f_files > 0).then_some(stat.f_favail);
        Ok(Self { bytes: stat.f_bavail.saturating_mul(stat.f_frsize), files })
    }
}

/// Whether the filesystem under a directory keeps access control lists.
///
/// # Errors
/// Where it cannot be asked.
pub fn keeps_lists(path: &Path) -> io::Result<bool> {
    match acl::read_named(path, acl::DEFAULT) {
        Ok(_) => Ok(true),
        Err(Errno::NOTSUP) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// The mount that a descriptor was opened through; a file alone does not say it.
fn mount_id(descriptor: &impl AsFd) -> Option<u64> {
    let statx = rustix::fs::statx(descriptor, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok();
    let from_statx = statx
        .filter(|statx| StatxFlags::from_bits_retain(statx.stx_mask).contains(StatxFlags::MNT_ID))
        .map(|statx| statx.stx_mnt_id);
    // Kernels before 5.8 tell it only here.
    from_statx.or_else(|| {
        let path = format!("/proc/self/fdinfo/{}", descriptor.as_fd().as_raw_fd());
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
    })
}

/// Type and source of the mount with this id, from the text of `/proc/self/mountinfo`.
fn find_mount(table: &str, id: u64) -> Option<(String, String)> {
    let id = id.to_string();
    let line = table.lines().find(|line| line.split(' ').next() == Some(&id))?;
    // A variable number of optional fields ends with a lone dash.
    let (_, rest) = line.split_once(" - ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.to_owned(), unescape(fields.next()?)))
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
pub(super) fn unescape(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(field.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The name for what `statfs` answers, where there is no mount table to read.
fn name_of_magic(magic: impl TryInto<i64>) -> String {
    let magic = magic.try_into().unwrap_or(0) & 0xffff_ffff;
    let name = match magic {
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794c_7630 => "overlay",
        0x6969 => "nfs",
        0xff53_4d42 => "cifs",
        0xfe53_4d42 => "smb3",
        0x517b => "smbfs",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0x2fc1_2fc1 => "zfs",
        0x00c3_6400 => "ceph",
        0x5346_414f => "afs",
        0xf2f5_2010 => "f2fs",
        0xca45_1a4e => "bcachefs",
        0x4d44 => "vfat",
        0x2011_bab0 => "exfat",
        0x7366_746e => "ntfs3",
        0x786f_4256 => "vboxsf",
        0x9fa0 => "proc",
        0x6265_6572 => "sysfs",
        0x0bd0_0bd0 => "lustre",
        0x4750_4653 => "gpfs",
        0x7371_7368 => "squashfs",
        _ => return format!("unknown ({magic:#x})"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> FileSystem {
        FileSystem { name: name.into(), source: String::new(), is_read_only: false }
    }

    #[test]
    fn proc_is_recognised_by_the_mount_table() {
        let found = FileSystem::of(Path::new("/proc")).unwrap();
        assert_eq!((found.name.as_str(), found.is_network()), ("proc", false));
        assert!(FileSystem::of(Path::new("/proc/none")).is_err());
    }

    #[test]
    fn room_and_lists_are_asked_of_the_filesystem() {
        let room = Room::of(&std::env::temp_dir()).unwrap();
        assert!(room.bytes > 0);
        assert_eq!(Room::of(Path::new("/proc")).unwrap(), Room { bytes: 0, files: None });
        assert!(!keeps_lists(Path::new("/proc")).unwrap());
        assert!(keeps_lists(Path::new("/none")).is_err() && Room::of(Path::new("/none")).is_err());
    }

    #[test]
    fn the_table_and_the_number_agree_where_the_number_is_known() {
        for path in ["/", "/tmp", "/proc", "/sys"] {
            let Ok(directory) = Dir::open(Path::new(path)) else { continue };
            let by_number = name_of_magic(rustix::fs::fstatfs(&directory).unwrap().f_type);
            let by_table = FileSystem::of_descriptor(&directory).unwrap().name;
            let same = by_number == by_table
                || by_number.starts_with("unknown")
                || by_table.starts_with(&by_number)
                || (by_number == "ext4" && by_table.starts_with("ext"));
            assert!(same, "{path}: {by_number} and {by_table}");
        }
    }

    #[test]
    fn a_mount_is_found_by_its_id_past_the_optional_fields() {
        let table = "21 1 0:19 / /sys rw shared:7 master:2 - sysfs sysfs rw\n\
                     36 21 0:44 /x /srv/my\\040data ro,relatime - nfs4 nas:/exports/my\\040data rw,vers=4.2\n";
        assert_eq!(find_mount(table, 36), Some(("nfs4".into(), "nas:/exports/my data".into())));
        assert_eq!(find_mount(table, 21), Some(("sysfs".into(), "sysfs".into())));
        assert_eq!(find_mount(table, 3), None);
    }

    #[test]
    fn network_and_foreign_filesystems_are_told_from_local_ones() {
        for name in ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "ceph", "fuse.glusterfs"] {
            assert!(named(name).is_network() && named(name).is_foreign(), "{name}");
        }
        for name in ["fuse", "fuse.mergerfs", "fuse.grpcfuse", "9p", "virtiofs", "vboxsf"] {
            assert!(!named(name).is_network() && named(name).is_foreign(), "{name}");
        }
        for name in ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs"] {
            assert!(!named(name).is_foreign(), "{name}");
        }
    }

    #[test]
    fn an_unknown_number_is_shown() {
        assert_eq!(name_of_magic(0x1234_i64), "unknown (0x1234)");
    }
}
