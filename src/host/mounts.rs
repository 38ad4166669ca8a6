//! The mount table of this process.

use std::io;
use std::path::{Path, PathBuf};

use super::filesystem::unescape;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `major:minor` of the filesystem.
    pub device: String,
    /// The directory of the filesystem that is mounted.
    pub root: PathBuf,
    /// Where.
    pub point: PathBuf,
}

/// All of them, in the order in which they were made.
pub fn mounts() -> io::Result<Vec<Mount>> {
    std::fs::read("/proc/self/mountinfo").map(|table| parse(&String::from_utf8_lossy(&table)))
}

fn parse(table: &str) -> Vec<Mount> {
    let line = |line: &str| {
        let mut fields = line.split(' ').skip(2);
        let device = fields.next()?.to_owned();
        let mut path = || fields.next().map(|field| PathBuf::from(unescape(field)));
        Some(Mount { device, root: path()?, point: path()? })
    };
    table.lines().filter_map(line).collect()
}

/// One mount of a process's mount table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The mount point, in the process's own root.
    pub at: String,
    /// `tmpfs`, `proc`, …
    pub kind: String,
    /// Whether the mount is writable; the file system may still be read-only.
    pub is_writable: bool,
}

/// The places of a `mountinfo`, in the order in which they were mounted.
pub fn points(table: &str) -> Vec<Point> {
    let line = |line: &str| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(4);
        let at = PathBuf::from(unescape(fields.next()?)).to_string_lossy().into_owned();
        let is_writable = fields.next()?.split(',').any(|option| option == "rw");
        Some(Point { at, kind: filesystem.split(' ').next()?.to_owned(), is_writable })
    };
    table.lines().filter_map(line).collect()
}

impl Mount {
    /// Whether the directory that is mounted was removed meanwhile.
    pub fn is_deleted(&self) -> bool {
        self.root.to_string_lossy().ends_with("//deleted")
    }

    /// The path by which the mounted directory is found otherwise.
    pub fn shown(&self, all: &[Mount], except: &Path) -> Option<PathBuf> {
        let of = |other: &Mount| {
            let inside = self.root.strip_prefix(&other.root).ok()?;
            let is_other = other.device == self.device && !other.point.starts_with(except);
            is_other.then(|| other.point.join(inside))
        };
        all.iter().find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mounted_directory_is_found_by_its_other_path() {
        let all = parse(
            "21 1 254:0 / / rw - ext4 /dev/vda rw\n36 21 0:44 / /srv/my\\040data rw shared:1 - xfs x rw\n\
             40 21 0:44 /p/state /run/seaworthy/state/ab rw - xfs x rw\n41 21 254:0 /gone//deleted /run/seaworthy/state/cd rw - ext4 /dev/vda rw\n",
        );
        let except = Path::new("/run/seaworthy/state");
        assert_eq!(all[2].shown(&all, except), Some("/srv/my data/p/state".into()));
        assert!(all[3].is_deleted() && !all[2].is_deleted());
    }
}
