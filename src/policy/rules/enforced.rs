//! What the engine itself says that it does not enforce. An engine that was not asked breaks no rule: what needs
//! one says so elsewhere.

use crate::engine::{Facility, Info};
use crate::policy::limits::{self, Limit};
use crate::policy::posture::Posture;
use crate::source::Origin;

use super::{Allow, Breach, Check, Rule, Service};

/// Keys of a service, and what enforces them.
const KEYS: &[(&str, Facility)] = &[
    ("mem_limit", Facility::Memory),
    ("mem_reservation", Facility::Memory),
    ("memswap_limit", Facility::Swap),
    ("pids_limit", Facility::Processes),
    ("cpus", Facility::CpuQuota),
    ("cpu_quota", Facility::CpuQuota),
    ("cpu_shares", Facility::CpuShares),
    ("cpuset", Facility::CpuSet),
    ("blkio_config", Facility::ControlGroups),
];

/// How a waiver calls the filter of system calls.
const SECCOMP: &str = "seccomp";

pub const RULES: &[Rule] = &[Rule {
    id: "limits-not-enforced",
    forbids: "rely on a limit that the engine shows and does not enforce",
    why: "The container has the limit in its settings, and runs without it.",
    from: Some(Posture::Hardened),
    laid_with: &["limits"],
    warns: true,
    cis: &["5.11", "5.12", "5.29"],
    owasp: &["7"],
    model: "every limit that is set is one that the engine says it enforces, and it filters system calls",
    live: "`docker info`: MemoryLimit, SwapLimit, PidsLimit, CpuCfsQuota, CPUShares, CPUSet; CgroupDriver is not none; \
           SecurityOptions have seccomp",
    fix: "Run an engine that enforces it: as root, or without root on control groups version 2 with systemd.",
    allow: Allow::Values("keys of limits, such as pids_limit, and seccomp"),
    check: Check::Service(|service, breaches| {
        let Some(info) = service.view.info.filter(|_| service.has_container()) else { return };
        breaches.extend(KEYS.iter().filter_map(|(key, facility)| unenforced(service, info, key, *facility)));
        if let Some(why) = info.lacks(Facility::Seccomp) {
            let what = format!("may use every system call: the engine filters none ({why})");
            breaches.push(service.lacks(what).allowing(SECCOMP));
        }
    }),
    ..Rule::COMMON
}];

fn unenforced(service: &Service<'_>, info: &Info, key: &'static str, facility: Facility) -> Option<Breach> {
    let (text, origin) = written(service, key)?;
    let why = info.lacks(facility)?;
    let what = format!("has {key}{text}, and the engine does not enforce it ({why})");
    Some(Breach::of(service.name, origin, what).allowing(key))
}

/// A limit as a service has it, wherever it keeps it. One that limits nothing is none.
fn written(service: &Service<'_>, key: &str) -> Option<(String, Origin)> {
    let is_key = |limit: &&Limit| limit.key == key;
    if let Some(found) =
        limits::LIMITS.iter().find(is_key).and_then(|limit| limits::effective(service.node, limit))
    {
        return (found.value > 0.0).then(|| (format!(": {}", found.value), found.origin));
    }
    service.get(key).map(|node| (String::new(), node.origin))
}
