//! The same facts in Podman's words.
//!
//! What Podman does not tell is neither proof nor weakness: the container's process shows it, or one finding says that
//! it is not known.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::engine::Inspection;
use crate::engine::podman::{Podman, Process};
use crate::model::place::clean;
use crate::policy::rules::STANDARD_CAPABILITIES;

use super::field::{Expected, Weakness, at, beyond, list, string};
use super::mounts::Mount;

/// Options that Podman adds to a tmpfs. Each one restricts it, or copies the image's files.
const OF_TMPFS: &[&str] = &["rprivate", "private", "nosuid", "nodev", "noexec", "tmpcopyup"];

/// The search path that Podman gives where the image has none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn process(live: &Inspection) -> Option<&Process> {
    live.podman.as_ref()?.seen.as_ref().ok()?.process.as_ref()
}

/// Which paths of `/proc` and `/sys` are open, by the process; `None` of Docker, which lists what is covered.
pub fn open_paths(live: &Inspection, field: &str) -> Option<Option<String>> {
    let seen = &live.podman.as_ref()?.seen;
    let open = seen.as_ref().map(|seen| {
        if field == "HostConfig.MaskedPaths" { seen.unmasked.as_slice() } else { seen.writable.as_slice() }
    });
    Some(open.ok().filter(|open| !open.is_empty()).map(|open| format!("without {}", list(open))))
}

/// The capabilities that Podman gives beyond those of the model; `None` of Docker, and where they are not told.
pub fn capabilities(live: &Inspection, added: &[String], dropped: &[String]) -> Option<Option<String>> {
    let Podman { bounding, .. } = live.podman.as_ref()?;
    // The sets of its process are those in force; without it, Podman's word.
    let found = process(live).map(|process| process.capabilities.clone()).or_else(|| bounding.clone())?;
    let has = |names: &[String], name: &str| names.iter().any(|one| one == name);
    let is_standard = |name: &str| STANDARD_CAPABILITIES.contains(&name);
    Some(beyond(found, |name| {
        has(added, name)
            || has(added, "ALL")
            || !has(dropped, "ALL") && !has(dropped, name) && is_standard(name)
    }))
}

/// Names a security option that Podman shows and the process does not have.
pub fn not_in_force(live: &Inspection, needs_no_new_privileges: bool, needs_filter: bool) -> Option<String> {
    let process = process(live)?;
    if needs_no_new_privileges && !process.no_new_privileges {
        return Some("without no-new-privileges in its process".to_owned());
    }
    (needs_filter && !process.is_filtered).then(|| "without a seccomp filter in its process".to_owned())
}

pub fn has_writable_root(live: &Inspection) -> bool {
    let seen = live.podman.as_ref().and_then(|podman| podman.seen.as_ref().ok());
    seen.is_some_and(|seen| seen.has_writable_root)
}

/// Whether limits are left out because nobody would enforce them. The rule `limits-not-enforced` has said so.
pub fn leaves_limits_out(live: &Inspection) -> bool {
    live.podman.as_ref().is_some_and(|podman| !podman.has_limits)
}

/// Whether a mode is what Podman makes of nothing: a namespace of the container's own. Others have to name a container
/// to join what is shareable.
pub fn is_own_namespace(live: &Inspection, field: &str, found: &str) -> bool {
    let own = match field {
        "HostConfig.PidMode" | "HostConfig.UTSMode" => "private",
        "HostConfig.IpcMode" => "shareable",
        _ => return false,
    };
    live.podman.is_some() && found == own
}

/// Podman says `bridge` of every network of its own making; which ones these are, `NetworkSettings.Networks` says.
pub fn is_in_networks(live: &Inspection, found: &str) -> bool {
    let networks = at(live, "NetworkSettings.Networks").as_object();
    live.podman.is_some() && found == "bridge" && networks.is_some_and(|networks| !networks.is_empty())
}

/// Whether the networks are those of the container that it joins, which Podman shows for both. Which one that is,
/// `HostConfig.NetworkMode` says.
pub fn shows_networks_of_another(live: &Inspection) -> bool {
    live.podman.is_some() && string(live, "HostConfig.NetworkMode").starts_with("container:")
}

/// Whether the options of a tmpfs are those wanted, or Podman's beside them.
pub fn is_stricter_tmpfs(live: &Inspection, wanted: &BTreeSet<String>, found: &BTreeSet<String>) -> bool {
    let mut more = found.difference(wanted);
    live.podman.is_some() && wanted.is_subset(found) && more.all(|option| OF_TMPFS.contains(&option.as_str()))
}

/// Whether a tmpfs that the model gives in its long form, which Podman lists among the short ones, is no larger than
/// wanted.
pub fn is_long_tmpfs(live: &Inspection, wanted: Option<&Mount>, found: &BTreeSet<String>) -> bool {
    let Some(wanted) = wanted.filter(|_| live.podman.is_some()) else { return false };
    let value = |name: &str| found.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let size: Option<u64> = value("size").and_then(|size| size.parse().ok());
    let mode = value("mode").and_then(|mode| u64::from_str_radix(mode, 8).ok());
    let is_known = |option: &String| {
        OF_TMPFS.contains(&option.as_str()) || option.starts_with("size=") || option.starts_with("mode=")
    };
    found.iter().all(is_known)
        && (wanted.size == 0 || size.is_some_and(|size| size > 0 && size <= wanted.size))
        && wanted.mode.is_none_or(|wanted| mode == Some(wanted))
}

/// Whether Podman lists a tmpfs in this place.
pub fn has_tmpfs(live: &Inspection, target: &str) -> bool {
    let listed = at(live, "HostConfig.Tmpfs").as_object();
    live.podman.is_some() && listed.is_some_and(|all| all.keys().any(|path| clean(path) == target))
}

/// Whether Podman itself adds this variable.
pub fn adds_variable(live: &Inspection, name: &str, value: &str) -> bool {
    live.podman.is_some()
        && match name {
            "container" => ["podman", "oci"].contains(&value),
            "PATH" => value == PATH,
            "HOME" => value.starts_with('/'),
            "HOSTNAME" => {
                let host_name = string(live, "Config.Hostname");
                value == host_name
                    || !value.is_empty() && live.id.starts_with(value)
                    || string(live, "HostConfig.UTSMode") == "host"
            }
            "TERM" => value == "xterm",
            _ => false,
        }
}

/// Whether Podman shows `--privileged` in this option too.
pub fn is_of_privileged(live: &Inspection, option: &str) -> bool {
    live.podman.is_some() && option == "unmask=all"
}

/// The weakness for facts that the model needs and nobody tells.
pub fn unproved(expected: &Expected, live: &Inspection) -> Option<Weakness> {
    let podman = live.podman.as_ref()?;
    let reason = podman.seen.as_ref().err()?;
    let of = |name: &str| expected.fields.iter().find(|field| field.name == name);
    let field = of("HostConfig.MaskedPaths")?;
    Some(Weakness {
        service: expected.service.clone(),
        container: live.name.clone(),
        field: field.name.to_owned(),
        key: field.key.clone(),
        expected: field.expected.clone(),
        found: "not told by Podman, nor are read-only paths and rules for devices".to_owned(),
        why: reason.clone(),
        is_of_program: false,
        is_unproved: true,
        origin: field.origin,
    })
}

impl Weakness {
    /// The message and the help of what is not known.
    pub(super) fn unproved_message(&self) -> String {
        format!(
            "{} cannot be proved on Podman, which does not tell its masked and read-only paths and its rules for devices: \
             {}",
            self.container, self.why
        )
    }
}

/// The help for an unproved container.
pub const HELP: &str = "Start it with `up -d` by Podman's socket (DOCKER_HOST), by root or by the user whose Podman it is: what is not told is looked up in \
                        its process then.";
