//! Trying, as each service's user, whether it can write what it mounts read-write.

use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::host::access::{Access, Verdict, check_below};
use crate::host::{FileSystem, Probe, probe_write};
use crate::ownership::WriteProbe;

/// Tries each directory; what was refused. Where this process may not act as the user, the permissions
/// are judged instead.
pub fn try_all(probes: &[WriteProbe]) -> Vec<Finding> {
    probes.iter().filter_map(try_one).collect()
}

fn try_one(probe: &WriteProbe) -> Option<Finding> {
    let path = &probe.path;
    let (what, errno) = match probe_write(path, &probe.who) {
        Probe::Writable { .. } => return None,
        Probe::Refused { attempt, source, left_behind } => {
            let left = left_behind.map(|left| format!("; {} is left there", left.display()));
            (
                format!("cannot {attempt} in {}: {source}{}", path.display(), left.unwrap_or_default()),
                source.raw_os_error(),
            )
        }
        Probe::Unknown(_) => {
            // On such a filesystem the modes do not say who may.
            if FileSystem::of(path).is_ok_and(|system| system.is_foreign()) {
                return None;
            }
            match check_below(path, Path::new(""), &probe.who, Access::USE_DIRECTORY) {
                Ok(Verdict::Blocked(blocked)) => {
                    (format!("cannot write {}: {blocked}", path.display()), None)
                }
                _ => return None,
            }
        }
    };
    let host = probe.who.owner;
    let user =
        if host == probe.user { host.to_string() } else { format!("{}, which is {host} here", probe.user) };
    let message = format!("service `{}` runs as {user} and {what}", probe.service);
    Some(
        Finding::error(Code::BindAccess, message)
            .at_origin(probe.origin, "mounted read-write")
            .help(help(path, errno)),
    )
}

fn help(path: &Path, errno: Option<i32>) -> String {
    let system = FileSystem::of(path);
    let place = system
        .as_ref()
        .map_or_else(|_| String::new(), |system| format!("{} ({})", system.name, system.source));
    match errno {
        Some(libc::EROFS) => {
            format!(
                "It is on {place}, which is mounted read-only. Mount it writable, or mark the mount `:ro`."
            )
        }
        Some(libc::EIO) => "The system failed, not the permissions: see the kernel's log.".to_owned(),
        Some(libc::ENOSPC | libc::EDQUOT) => format!("There is no room left on {place} for this user."),
        _ if system.as_ref().is_ok_and(FileSystem::is_network) => format!(
            "It is on {place}: the server decides who may write. Its export may map users (root_squash, \
             all_squash, sec=); create the directory there as its owner, or change the export."
        ),
        Some(libc::EPERM) => {
            "Something beside the permissions forbids it: an attribute (`lsattr -d`), a security module."
                .to_owned()
        }
        _ => "Give the directory to that user, or mark the mount `:ro`.".to_owned(),
    }
}
