//! Which groups of processes the running ones belong to, since when, and as whom they run.

use std::fs::{File, read_dir};
use std::io::{self, Read};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, Mode, OFlags, openat};

/// The kernel counts the start of a process in hundredths of a second, whatever its own clock.
const TICK: i64 = 10;

/// One process as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Milliseconds since 1970, rounded up.
    pub since: i64,
    /// The effective user, in the numbers of the host.
    pub uid: u32,
    /// The text of its `cgroup`.
    pub groups: String,
}

/// What runs under this number now. `None`: nothing, or nothing that we may look at.
pub fn running(pid: u32) -> Option<Running> {
    // Held open, it stays the one process: once that is gone, nothing of it can be read.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let process = openat(CWD, format!("/proc/{pid}"), flags, Mode::empty()).ok()?;
    let text = |name: &str| {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mut text = String::new();
        let file = openat(&process, name, flags, Mode::empty()).ok()?;
        File::from(file).read_to_string(&mut text).ok()?;
        Some(text)
    };
    // The name of the program may hold anything, also brackets; it is the second of the fields.
    let stat = text("stat")?;
    let ticks: i64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let status = text("status")?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let uid = users.split_whitespace().nth(1)?.parse().ok()?;
    Some(Running { since: begun()? + (ticks + 1) * TICK, uid, groups: text("cgroup")? })
}

/// All that runs and that we may look at.
///
/// # Errors
/// Where it cannot be listed.
pub fn all_running() -> io::Result<Vec<Running>> {
    let numbers = read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(numbers.filter_map(running).collect())
}

/// When the machine was started.
fn begun() -> Option<i64> {
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, hundredths) = uptime.split_whitespace().next()?.split_once('.')?;
    let up = seconds.parse::<i64>().ok()? * 1000 + hundredths.parse::<i64>().ok()? * TICK;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(i64::try_from(now.as_millis()).ok()? - up)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_told_by_its_start() {
        let now =
            || i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        let before = now();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let found = running(child.id()).unwrap();
        assert!((before - 50..=now() + 50).contains(&found.since), "{} {}", before, found.since);
        assert_eq!(found.uid, rustix::process::geteuid().as_raw());
        assert!(all_running().unwrap().iter().any(|one| one.groups == found.groups));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(running(child.id()), None);
        assert!(running(std::process::id()).unwrap().since <= before + 50);
    }
}
