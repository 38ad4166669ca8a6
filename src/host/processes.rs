//! What the kernel says of other processes.

use std::io;

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    /// Real, effective, saved and filesystem user, in this machine's numbers.
    pub uids: Vec<u32>,
    pub gids: Vec<u32>,
    /// Its numbers from our namespace inwards; the last is that of its own.
    pub inner_pids: Vec<u32>,
    pub command: String,
    /// The text of `/proc/PID/cgroup`.
    pub control_groups: String,
}

impl Process {
    /// `None` where there is no such process, or where it ended meanwhile.
    ///
    /// # Errors
    /// Where it is there and may not be looked at.
    pub fn of(pid: u32) -> io::Result<Option<Self>> {
        let Some(status) = read(pid, "status")? else { return Ok(None) };
        let Some(control_groups) = read(pid, "cgroup")? else { return Ok(None) };
        Ok(Some(Self::parse(pid, &status, control_groups)))
    }

    fn parse(pid: u32, status: &str, control_groups: String) -> Self {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim()
        };
        let numbers = |name: &str| -> Vec<u32> {
            field(name).split_whitespace().filter_map(|number| number.parse().ok()).collect()
        };
        Self {
            pid,
            parent: field("PPid").parse().unwrap_or(0),
            uids: numbers("Uid"),
            gids: numbers("Gid"),
            inner_pids: numbers("NSpid"),
            command: field("Name").to_owned(),
            control_groups,
        }
    }

    /// The texts of its maps of users and groups, seen from here.
    ///
    /// # Errors
    /// Where it has ended, or may not be looked at.
    pub fn maps(&self) -> io::Result<(String, String)> {
        let map = |name: &str| read(self.pid, name)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        Ok((map("uid_map")?, map("gid_map")?))
    }
}

/// Every process that can be seen. One that ends meanwhile is left out.
///
/// # Errors
/// Where the list of processes cannot be read.
pub fn all() -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        found.extend(Process::of(pid).ok().flatten());
    }
    Ok(found)
}

fn read(pid: u32, name: &str) -> io::Result<Option<String>> {
    match std::fs::read(format!("/proc/{pid}/{name}")) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        // A process that ends between opening and reading is "no such process".
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_one_of_all() {
        let own = Process::of(std::process::id()).unwrap().unwrap();
        assert_eq!(own.uids.first(), Some(&crate::host::Owner::current().uid));
        assert!(!own.maps().unwrap().0.is_empty());
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert_eq!(Process::of(child.id()).unwrap(), None);
        assert!(all().unwrap().iter().any(|one| one.pid == own.pid));
    }

    #[test]
    fn a_name_may_hold_what_looks_like_a_field() {
        let status =
            "Name:\tUid: 7\nPPid:\t12\nUid:\t1000\t1000\t1000\t1000\nGid:\t5\t5\t5\t5\nNSpid:\t400\t3\n";
        let process = Process::parse(400, status, String::new());
        assert_eq!(
            (process.parent, &process.uids[..1], &process.inner_pids[..]),
            (12, &[1000][..], &[400, 3][..])
        );
    }
}
