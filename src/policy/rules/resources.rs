//! How the kernel treats a service's processes.

use crate::compose::text;
use crate::model::{Restart, kernel, limits, replicas};
use crate::policy::posture::Posture;

use super::{Allow, Check, Rule};

/// More copies than this nobody starts by intent.
const MOST_COPIES: i64 = 32;

pub const RULES: &[Rule] = &[
    Rule {
        id: "oom-exempt",
        forbids: "be spared when memory runs out",
        why: "The kernel then kills something else, perhaps the engine.",
        from: Some(Posture::Hardened),
        cis: &["5.11"],
        owasp: &["7"],
        model: "`oom_kill_disable` is not true, and `oom_score_adj` not negative",
        live: "HostConfig.OomKillDisable is not true and OomScoreAdj is 0 or above",
        fix: "Remove `oom_kill_disable` and a negative `oom_score_adj`.",
        check: Check::Service(|service, breaches| {
            if let Some(node) = kernel::OOM_KILL_DISABLE.on(service.node) {
                breaches.push(service.breach(node, "disables the kernel's out-of-memory killer"));
            }
            if let Some(node) = kernel::OOM_SCORE
                .node(service.node)
                .filter(|node| node.as_int().is_some_and(|score| score < 0))
            {
                breaches.push(service.breach(node, format!("has oom_score_adj: {}", text(node))));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "realtime-cpu",
        forbids: "use real-time scheduling",
        why: "A real-time process that does not yield stops everything else on its processor.",
        from: Some(Posture::Hardened),
        cis: &["5.12"],
        owasp: &["7"],
        model: "`cpu_rt_runtime` and `cpu_rt_period` are absent",
        live: "HostConfig.CpuRealtimeRuntime is 0",
        fix: "Remove `cpu_rt_runtime` and `cpu_rt_period`.",
        check: Check::Service(|service, breaches| {
            for field in [limits::REALTIME, limits::REALTIME_PERIOD] {
                let key = field.name();
                if let Some(node) = field.node(service.node) {
                    breaches.push(service.breach(node, format!("has {key}: {}", text(node))));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "sysctls",
        forbids: "change kernel settings",
        why: "Settings of a namespace reach into code of the kernel that few use and fewer test.",
        from: Some(Posture::Hardened),
        owasp: &["6"],
        model: "`sysctls` is absent",
        live: "HostConfig.Sysctls is empty, or a subset of what is allowed",
        fix: "Remove `sysctls`.",
        allow: Allow::Values("settings by name"),
        joined_by: &["network_mode", "ipc"],
        check: Check::Service(|service, breaches| {
            for (name, node) in kernel::SYSCTLS.entries(service.node) {
                breaches.push(service.breach(node, format!("sets {name} to {}", text(node))).allowing(name));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "replicas",
        forbids: "run in more copies than 32",
        why: "Limits are per container: a thousand copies have a thousand times the limit.",
        from: Some(Posture::Hardened),
        owasp: &["7"],
        model: "`scale` and `deploy.replicas` are within bounds",
        live: "the project has no more containers of the service than the model says",
        fix: "Lower `scale` or `deploy.replicas`.",
        allow: Allow::Values("number of copies"),
        same: |allowed, found| matches!((allowed.parse::<i64>(), found.parse::<i64>()), (Ok(allowed), Ok(found)) if found <= allowed),
        check: Check::Service(|service, breaches| {
            if let Some((node, copies)) = replicas::written(service.node)
                && copies > MOST_COPIES
            {
                breaches.push(
                    service.breach(node, format!("runs in {copies} copies")).allowing(copies.to_string()),
                );
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "restart-always",
        forbids: "be started again whatever happens",
        why: "With `always` a container that was stopped by hand comes back with the engine, and one that fails in a \
              loop never rests.",
        from: Some(Posture::Contained),
        cis: &["5.15"],
        owasp: &["7"],
        model: "`restart`, or the policy under `deploy`, is not always",
        live: "HostConfig.RestartPolicy.Name is not always",
        fix: "Write `restart: on-failure:5` or `unless-stopped`. A restart_policy below deploy counts before it, and has to say on-failure then.",
        check: Check::Service(|service, breaches| {
            if let Some((restart, _, node)) = Restart::of_service(service.node)
                && restart.name == "always"
            {
                breaches.push(service.breach(node, "restarts always"));
            }
        }),
        ..Rule::COMMON
    },
];
