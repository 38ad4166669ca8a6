//! The confinement of a container's process, read from `/proc`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::host::mounts::{Point, points};

/// Paths that engines mask, and paths that they make read-only, where the kernel has them: those of Docker.
pub(super) const MASKED: &[&str] = &[
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];
pub(super) const READ_ONLY: &[&str] =
    &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Capabilities by their numbers, from 0 on.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The facts that a process shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Paths that engines mask, and that are there for it.
    pub unmasked: Vec<&'static str>,
    /// Paths that engines make read-only, and that it can write.
    pub writable: Vec<&'static str>,
    /// Whether its root can be written.
    pub has_writable_root: bool,
    /// `None` before its program runs: the runtime gives up the last of what it has only then.
    pub process: Option<Process>,
}

/// The kernel's facts about a running process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Of all its sets together: upper case, without the prefix.
    pub capabilities: Vec<String>,
    pub no_new_privileges: bool,
    /// Whether a filter of system calls is in force.
    pub is_filtered: bool,
}

impl Seen {
    /// Reads the process of this number on this machine; `runs` is true where it is the container's own program.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn of(pid: Option<u32>, runs: bool) -> Result<Self, String> {
        let pid = pid.ok_or("it has no process to look at")?;
        let denied = |error: std::io::Error| format!("its process {pid} cannot be looked at: {error}");
        let namespace = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/mnt")).map_err(denied);
        if namespace(&pid.to_string())? == namespace("self")? {
            return Err(format!("process {pid} is none of a container"));
        }
        let text = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).map_err(denied);
        let table = points(&text("mountinfo")?);
        let process = if runs { Some(Process::read(&text("status")?)?) } else { None };
        let is_there = |path: &str| Path::new(path).exists();
        Ok(Self { process, ..Self::of_mounts(&table, &is_there).ok_or("its mounts have no root")? })
    }

    fn of_mounts(table: &[Point], is_there: &dyn Fn(&str) -> bool) -> Option<Self> {
        // The last mount at a place hides the others.
        let last: BTreeMap<&str, &Point> = table.iter().map(|point| (point.at.as_str(), point)).collect();
        let root = last.get("/")?;
        // Without `/sys` there is nothing to mask below it.
        let has_parent = |path: &str| {
            ["/proc", "/sys"].iter().any(|parent| path.starts_with(parent) && last.contains_key(parent))
        };
        let exposed = |paths: &[&'static str], holds: &dyn Fn(&Point) -> bool| -> Vec<&'static str> {
            let open = |path: &&&str| {
                has_parent(path) && is_there(path) && !last.get(**path).is_some_and(|point| holds(point))
            };
            paths.iter().filter(open).copied().collect()
        };
        Some(Self {
            // An empty directory of a file system in memory, or a device that says nothing.
            unmasked: exposed(MASKED, &|point| ["tmpfs", "devtmpfs"].contains(&point.kind.as_str())),
            writable: exposed(READ_ONLY, &|point| !point.is_writable),
            has_writable_root: root.is_writable,
            process: None,
        })
    }
}

impl Process {
    fn read(status: &str) -> Result<Self, String> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(str::trim).ok_or_else(|| format!("its process says nothing of {name}"))
        };
        let mut bits = 0;
        for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let set = u64::from_str_radix(field(name)?, 16);
            bits |= set.map_err(|error| format!("{name} of its process is unreadable: {error}"))?;
        }
        let name = |bit: usize| NAMES.get(bit).map_or_else(|| format!("number {bit}"), ToString::to_string);
        Ok(Self {
            capabilities: (0..64).filter(|bit| bits >> bit & 1 == 1).map(name).collect(),
            no_new_privileges: field("NoNewPrivs")? == "1",
            is_filtered: field("Seccomp")? == "2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "1 0 0:1 / / ro,relatime - overlay overlay rw\n\
        2 1 0:2 / /proc rw - proc proc rw\n3 1 0:3 / /sys ro - sysfs sysfs ro\n\
        4 2 0:4 / /proc/acpi ro - tmpfs tmpfs ro\n5 2 0:5 /null /proc/keys rw - tmpfs tmpfs rw\n\
        6 3 0:6 / /sys/firmware ro - tmpfs tmpfs ro\n7 2 0:2 /sys /proc/sys ro - proc proc rw\n";

    fn seen(table: &str) -> Seen {
        let there = ["/proc/acpi", "/proc/keys", "/sys/firmware", "/proc/sys"];
        Seen::of_mounts(&points(table), &|path| there.contains(&path)).unwrap()
    }

    #[test]
    fn what_the_kernel_has_must_be_covered() {
        assert_eq!(seen(TABLE), Seen::default());
        let without = |number: &str| {
            let lines = TABLE.lines().filter(|line| !line.starts_with(number));
            seen(&lines.collect::<Vec<_>>().join("\n"))
        };
        assert_eq!(without("5 ").unmasked, ["/proc/keys"]);
        assert_eq!(without("7 ").writable, ["/proc/sys"]);
        // Mounted over once more, the real one shows.
        let again = format!("{TABLE}8 4 0:2 /acpi /proc/acpi rw - proc proc rw\n");
        assert_eq!(seen(&again).unmasked, ["/proc/acpi"]);
        assert!(seen(&TABLE.replacen("ro,relatime", "rw,relatime", 1)).has_writable_root);
        assert_eq!(
            seen(&TABLE.replace("7 2 0:2 /sys /proc/sys ro", "7 2 0:2 /sys /proc/sys rw")).writable,
            ["/proc/sys"]
        );
    }

    #[test]
    fn every_set_of_capabilities_counts() {
        let status = |prm: &str, privileges: &str| {
            format!(
                "Name:\tx\nCapInh:\t0\nCapPrm:\t{prm}\nCapEff:\t0\nCapBnd:\t0000000000000001\nCapAmb:\t0\n\
                 NoNewPrivs:\t{privileges}\nSeccomp:\t2\nSeccomp_filters:\t1\n"
            )
        };
        let process = Process::read(&status("0000000000200000", "1")).unwrap();
        assert_eq!(process.capabilities, ["CHOWN", "SYS_ADMIN"]);
        assert!(process.no_new_privileges && process.is_filtered);
        assert!(!Process::read(&status("0", "0")).unwrap().no_new_privileges);
        assert!(Process::read("Name:\tx\n").unwrap_err().contains("CapInh"));
        assert!(Process::read(&status("no", "1")).is_err());
    }

    #[test]
    fn this_process_is_no_container() {
        assert!(Seen::of(Some(std::process::id()), true).unwrap_err().contains("none of a container"));
        assert!(Seen::of(None, true).is_err());
    }
}
