//! What a container may use up. A limit of 0, or below, is none.

use std::collections::BTreeMap;

use crate::compose::text;
use crate::engine::Inspection;
use crate::yaml::Node;

use super::field::{Fields, as_number, at, list, number};
use super::podman;

pub fn add(fields: &mut Fields<'_>) {
    let pids = limit(fields, "pids_limit", "pids");
    at_most(fields, "HostConfig.PidsLimit", pids, "it can start more processes");
    let memory = limit(fields, "mem_limit", "memory");
    at_most(fields, "HostConfig.Memory", memory, "it can use more memory");
    swap(fields, memory.map(|(_, size)| size));
    let cpus = limit(fields, "cpus", "cpus").map(|(key, cpus)| (key, cpus * 1e9));
    at_most(fields, "HostConfig.NanoCpus", cpus, "it can use more processor time");
    processor(fields);
    out_of_memory(fields);
    ulimits(fields);
    let shm = fields.get("shm_size").and_then(as_number).filter(|size| *size > 0.0);
    at_most(fields, "HostConfig.ShmSize", shm.map(|size| ("shm_size", size)), "it has more shared memory");
}

/// The limit and the key that sets it.
fn limit(fields: &Fields<'_>, short: &'static str, long: &'static str) -> Option<(&'static str, f64)> {
    let positive = |node: &Node| as_number(node).filter(|limit| *limit > 0.0);
    let deployed = || fields.get("deploy")?.at(&["resources", "limits", long]).and_then(positive);
    let short = fields.get(short).and_then(positive).map(|limit| (short, limit));
    short.or_else(|| deployed().map(|limit| ("deploy.resources.limits", limit)))
}

#[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53, and compared with a margin")]
fn at_most(
    fields: &mut Fields<'_>,
    name: &'static str,
    limit: Option<(&'static str, f64)>,
    why: &'static str,
) {
    let Some((key, most)) = limit else { return };
    fields.add(name, key, format!("at most {most}"), why, move |live| {
        let found = number(live, name).unwrap_or(0);
        if found <= 0 && podman::leaves_limits_out(live) {
            return None;
        }
        // Compose keeps a number of processors in 32 bits.
        let fits = found > 0 && found as f64 <= most * (1.0 + 1e-6);
        (!fits).then(|| if found > 0 { found.to_string() } else { "no limit".to_owned() })
    });
}

/// Memory and swap together. Not set, the engine makes it twice the memory.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn swap(fields: &mut Fields<'_>, memory: Option<f64>) {
    let set = fields.get("memswap_limit").and_then(as_number).filter(|limit| *limit != 0.0);
    let most = match (set, memory) {
        (Some(limit), _) if limit > 0.0 => limit,
        (None, Some(memory)) => memory * 2.0,
        _ => return,
    };
    fields.add(
        "HostConfig.MemorySwap",
        "memswap_limit",
        format!("at most {most}"),
        "it can use more swap",
        move |live| {
            let found = number(live, "HostConfig.MemorySwap").unwrap_or(0);
            // 0 stands for twice the memory, until the container starts.
            let fits = (found > 0 && found as f64 <= most) || (found == 0 && set.is_none());
            (!fits).then(|| if found > 0 { found.to_string() } else { "no limit".to_owned() })
        },
    );
}

fn processor(fields: &mut Fields<'_>) {
    if let Some(quota) = fields.get("cpu_quota").and_then(as_number).filter(|quota| *quota > 0.0) {
        at_most(fields, "HostConfig.CpuQuota", Some(("cpu_quota", quota)), "it can use more processor time");
        let period = fields.get("cpu_period").and_then(as_number).unwrap_or(0.0);
        let expected = if period > 0.0 { format!("{period}") } else { "the engine's".to_owned() };
        fields.add(
            "HostConfig.CpuPeriod",
            "cpu_period",
            expected,
            "its share of time is another",
            move |live| {
                let found = number(live, "HostConfig.CpuPeriod").unwrap_or(0);
                let same = found.to_string() == format!("{period}") || (period <= 0.0 && found == 100_000);
                (!same).then(|| found.to_string())
            },
        );
    }
    let realtime = fields.get("cpu_rt_runtime").and_then(as_number).unwrap_or(0.0);
    fields.add(
        "HostConfig.CpuRealtimeRuntime",
        "cpu_rt_runtime",
        format!("at most {realtime}"),
        "it can hold a processor",
        move |live| {
            #[expect(clippy::cast_precision_loss, reason = "microseconds of one second")]
            let found = number(live, "HostConfig.CpuRealtimeRuntime").unwrap_or(0) as f64;
            (found > realtime).then(|| found.to_string())
        },
    );
    if let Some(set) = fields.text("cpuset") {
        fields.add(
            "HostConfig.CpusetCpus",
            "cpuset",
            set.clone(),
            "it runs on other processors",
            move |live| {
                let found = at(live, "HostConfig.CpusetCpus").as_str().unwrap_or_default();
                (found != set).then(|| super::field::shown(found))
            },
        );
    }
}

fn out_of_memory(fields: &mut Fields<'_>) {
    if !fields.is_true("oom_kill_disable") {
        fields.add(
            "HostConfig.OomKillDisable",
            "oom_kill_disable",
            "false",
            "the host cannot reclaim its memory",
            |live| (at(live, "HostConfig.OomKillDisable").as_bool() == Some(true)).then(|| "true".to_owned()),
        );
    }
    let least = fields.get("oom_score_adj").and_then(Node::as_int).unwrap_or(0);
    fields.add(
        "HostConfig.OomScoreAdj",
        "oom_score_adj",
        format!("at least {least}"),
        "others are killed in its place",
        move |live| {
            number(live, "HostConfig.OomScoreAdj")
                .filter(|found| *found < least)
                .map(|found| found.to_string())
        },
    );
}

fn ulimits(fields: &mut Fields<'_>) {
    let Some(map) = fields.get("ulimits").and_then(Node::as_map) else { return };
    let bound = |node: &Node, key: &str| {
        let own = node.get(key).or_else(|| node.get("single"));
        own.unwrap_or(node).as_int().unwrap_or_else(|| text(node).parse().unwrap_or(0))
    };
    let wanted: BTreeMap<String, (i64, i64)> = map
        .iter()
        .map(|(name, node)| (name.to_owned(), (bound(node, "soft"), bound(node, "hard"))))
        .collect();
    let words: Vec<String> =
        wanted.iter().map(|(name, (soft, hard))| format!("{name} {soft}:{hard}")).collect();
    fields.add("HostConfig.Ulimits", "ulimits", list(&words), "its limits are higher", move |live| {
        let found = live_ulimits(live);
        let weak: Vec<String> = wanted
            .iter()
            .filter_map(|(name, most)| match found.get(name) {
                Some(have) if within(have.0, most.0) && within(have.1, most.1) => None,
                Some(have) => Some(format!("{name} {}:{}", have.0, have.1)),
                None => Some(format!("{name} not set")),
            })
            .collect();
        (!weak.is_empty()).then(|| list(&weak))
    });
}

/// -1 is no limit.
fn within(found: i64, most: i64) -> bool {
    most < 0 || (found >= 0 && found <= most)
}

fn live_ulimits(live: &Inspection) -> BTreeMap<String, (i64, i64)> {
    let items = at(live, "HostConfig.Ulimits").as_array().into_iter().flatten();
    let read = |item: &serde_json::Value| {
        let bound = |key: &str| item.get(key).and_then(serde_json::Value::as_i64).unwrap_or(-1);
        Some((item.get("Name")?.as_str()?.to_owned(), (bound("Soft"), bound("Hard"))))
    };
    items.filter_map(read).collect()
}
