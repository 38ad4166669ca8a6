//! Bounds on what a service takes from the host.

use crate::model::limits::{self, Limit};
use crate::model::security;
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule, Service};

/// More processes than this no ordinary service has.
const MOST_PROCESSES: f64 = 1024.0;

pub const RULES: &[Rule] = &[
    Rule {
        id: "pids-limit",
        forbids: "start any number of processes",
        why: "A fork bomb in one container stops the host.",
        from: Some(Posture::Hardened),
        overlays: &[("hardening", "pids_limit"), ("limits", "pids_limit")],
        cis: &["5.29"],
        owasp: &["7"],
        model: "`pids_limit`, or the one under `deploy`, is set and within bounds",
        live: "HostConfig.PidsLimit is between 1 and the bound (null and 0 mean none), and the engine enforces it",
        fix: "Set `pids_limit` to 1024 or less.",
        allow: Allow::Values("bound"),
        same: at_most,
        check: Check::Service(|service, breaches| {
            bounded(service, limits::OF_PIDS, MOST_PROCESSES, breaches);
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "memory-limit",
        forbids: "take any amount of memory",
        why: "One service that leaks makes the kernel kill others.",
        overlays: &[("limits", "mem_limit")],
        cis: &["5.11"],
        owasp: &["7"],
        model: "`mem_limit`, or the one under `deploy`, is set and within bounds, and swap is not unlimited",
        live: "HostConfig.Memory is above 0, MemorySwap is not -1, and the engine enforces them (info MemoryLimit)",
        fix: "Set `mem_limit` to what the overlay gives, or less.",
        allow: Allow::Values("bound, such as 4g"),
        same: at_most,
        check: Check::Service(|service, breaches| {
            bounded(service, limits::OF_MEMORY, f64::INFINITY, breaches);
            if let Some(node) = limits::SWAP
                .node(service.node)
                .filter(|_| limits::SWAP.number(service.node).is_some_and(|n| n < 0.0))
            {
                breaches.push(service.breach(node, "may swap without limit").allowing("unlimited"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "cpu-limit",
        forbids: "take all processors",
        why: "One busy service starves the others.",
        overlays: &[("limits", "cpus")],
        cis: &["5.12"],
        owasp: &["7"],
        model: "`cpus`, or the one under `deploy`, is set and within bounds",
        live: "HostConfig.NanoCpus is above 0",
        fix: "Set `cpus` to what the overlay gives, or less.",
        allow: Allow::Values("bound"),
        same: at_most,
        check: Check::Service(|service, breaches| bounded(service, limits::OF_CPUS, f64::INFINITY, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "read-only-root",
        forbids: "write to its root file system",
        why: "An intruder leaves no program behind where nothing can be written.",
        overlays: &[("read-only", "read_only")],
        cis: &["5.13"],
        owasp: &["8"],
        model: "`read_only` is true",
        live: "HostConfig.ReadonlyRootfs is true",
        fix: "Set `read_only: true`, and mount what must be written.",
        check: Check::Service(|service, breaches| {
            if service.has_container() && !security::READ_ONLY.is_on(service.node) {
                breaches.push(service.lacks("can write to its root file system"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "unlimited-ulimit",
        forbids: "raise a resource limit to unlimited",
        why: "Limits on core dumps, locked memory and processes keep one service from exhausting the host.",
        from: Some(Posture::Hardened),
        cis: &["5.19"],
        owasp: &["7"],
        model: "no `ulimits` value is -1",
        live: "no Soft or Hard of HostConfig.Ulimits is -1",
        fix: "Set a number.",
        allow: Allow::Values("limits, such as memlock"),
        check: Check::Service(|service, breaches| {
            for (name, node) in limits::ULIMITS.entries(service.node) {
                let (soft, hard) = limits::bounds(node);
                if [soft, hard].contains(&Some(-1)) {
                    breaches.push(service.breach(node, format!("has no limit on {name}")).allowing(name));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "shm-size",
        forbids: "have shared memory above its memory limit",
        why: "Shared memory is the host's memory; 1 GiB is the bound where the service has no limit.",
        from: Some(Posture::Hardened),
        cis: &["5.11"],
        owasp: &["7"],
        model: "`shm_size` is not above the memory limit",
        live: "HostConfig.ShmSize is not above HostConfig.Memory",
        fix: "Lower `shm_size`, or set `mem_limit`.",
        check: Check::Service(|service, breaches| {
            let memory = limits::OF_MEMORY.of(service.node);
            let bound = memory.map_or(f64::from(1 << 30), |memory| memory.value);
            if let Some(size) = limits::OF_SHM.of(service.node).filter(|size| size.value > bound) {
                breaches
                    .push(service.breach(size.node, format!("has {} bytes of shared memory", size.value)));
            }
        }),
        ..Rule::COMMON
    },
];

/// A limit that is missing, unlimited or above a bound.
fn bounded(service: &Service<'_>, limit: Limit, bound: f64, breaches: &mut Vec<Breach>) {
    if !service.has_container() {
        return;
    }
    let key = limit.key;
    let bound = service.view.built_in_bounds(service.name, key).fold(bound, f64::min);
    match limit.of(service.node) {
        Some(found) if found.is_limit() && found.value <= bound => {}
        Some(found) => {
            let value = if found.is_limit() { found.value.to_string() } else { "unlimited".to_owned() };
            let what = format!("has {key}: {value}");
            breaches.push(Breach::of(service.name, found.origin(), what).allowing(value));
        }
        None => breaches.push(service.lacks(format!("has no {key}")).allowing("unlimited")),
    }
}

fn at_most(allowed: &str, found: &str) -> bool {
    if allowed == found || allowed == "unlimited" {
        return true;
    }
    matches!((limits::number(allowed), limits::number(found)), (Some(allowed), Some(found)) if found <= allowed)
}

#[cfg(test)]
mod tests {
    use super::at_most;

    #[test]
    fn a_bound_allows_what_is_not_above_it() {
        assert!(at_most("4096", "2048") && at_most("unlimited", "unlimited") && at_most("unlimited", "5000"));
        assert!(at_most("4g", "4294967296") && !at_most("1g", "4294967296"));
        assert!(!at_most("4096", "5000") && !at_most("4096", "unlimited"));
    }
}
