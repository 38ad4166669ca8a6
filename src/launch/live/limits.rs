//! What a container may use up. A limit of 0, or below, is none.

use std::collections::BTreeMap;

use crate::engine::Inspection;
use crate::model::kernel;
use crate::model::limits::{self, Effective, Limit};

use super::field::{Fields, at, list, number};
use super::podman;

pub fn add(fields: &mut Fields<'_>) {
    let pids = limit(fields, limits::OF_PIDS);
    at_most(fields, "HostConfig.PidsLimit", pids, "it can start more processes");
    let memory = limit(fields, limits::OF_MEMORY);
    at_most(fields, "HostConfig.Memory", memory, "it can use more memory");
    swap(fields, memory.map(|(_, size)| size));
    let cpus = limit(fields, limits::OF_CPUS).map(|(key, cpus)| (key, cpus * 1e9));
    at_most(fields, "HostConfig.NanoCpus", cpus, "it can use more processor time");
    processor(fields);
    out_of_memory(fields);
    ulimits(fields);
    let shm = limit(fields, limits::OF_SHM);
    at_most(fields, "HostConfig.ShmSize", shm, "it has more shared memory");
}

/// The limit and the key that sets it.
fn limit(fields: &Fields<'_>, limit: Limit) -> Option<(&'static str, f64)> {
    limit.of(fields.service).filter(Effective::is_limit).map(|found| (found.key, found.value))
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
    let set = limits::SWAP.number(fields.service).filter(|limit| *limit != 0.0);
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
    if let Some(quota) = limits::CPU_QUOTA.number(fields.service).filter(|quota| *quota > 0.0) {
        at_most(fields, "HostConfig.CpuQuota", Some(("cpu_quota", quota)), "it can use more processor time");
        let period = limits::CPU_PERIOD.number(fields.service).unwrap_or(0.0);
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
    let realtime = limits::REALTIME.number(fields.service).unwrap_or(0.0);
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
    if let Some(set) = limits::CPU_SET.text(fields.service) {
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
    if !kernel::OOM_KILL_DISABLE.is_on(fields.service) {
        fields.add(
            "HostConfig.OomKillDisable",
            "oom_kill_disable",
            "false",
            "the host cannot reclaim its memory",
            |live| (at(live, "HostConfig.OomKillDisable").as_bool() == Some(true)).then(|| "true".to_owned()),
        );
    }
    let least = kernel::OOM_SCORE.int(fields.service).unwrap_or(0);
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
    if !limits::ULIMITS.is_set(fields.service) {
        return;
    }
    let bounds = |node| {
        let (soft, hard) = limits::bounds(node);
        (soft.unwrap_or(0), hard.unwrap_or(0))
    };
    let wanted: BTreeMap<String, (i64, i64)> =
        limits::ULIMITS.entries(fields.service).map(|(name, node)| (name.to_owned(), bounds(node))).collect();
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
