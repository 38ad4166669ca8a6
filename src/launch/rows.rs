//! Every row of the shared list of what can weaken a container, and what here answers to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::policy::rules::{CATALOGUE, find};

/// What answers to one row: rules on the model, fields of the live container, and tests of what is neither.
struct Row {
    /// How the row begins.
    key: &'static str,
    rules: &'static [&'static str],
    live: &'static [&'static str],
    /// File and function.
    tests: &'static [(&'static str, &'static str)],
}

const fn row(key: &'static str, rules: &'static [&'static str], live: &'static [&'static str]) -> Row {
    Row { key, rules, live, tests: &[] }
}

const fn tested(key: &'static str, tests: &'static [(&'static str, &'static str)]) -> Row {
    Row { key, rules: &[], live: &[], tests }
}

const UNDOING: &str = "src/policy/tests/undoing.rs";
const ORDERING: &str = "src/policy/tests/ordering.rs";
const FLAGS: &str = "tests/live/flags.rs";

const ROWS: &[Row] = &[
    row(
        "privileged",
        &["privileged"],
        &["HostConfig.Privileged", "HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"],
    ),
    row("cap_drop", &["cap-drop"], &["HostConfig.CapDrop"]),
    row("cap_add", &["cap-add", "dangerous-capability", "unknown-capability"], &["HostConfig.CapAdd"]),
    row(
        "security_opt",
        &[
            "no-new-privileges",
            "seccomp-unconfined",
            "apparmor-unconfined",
            "selinux-disabled",
            "systempaths-unconfined",
        ],
        &["HostConfig.SecurityOpt", "HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"],
    ),
    row("read_only", &["read-only-root"], &["HostConfig.ReadonlyRootfs"]),
    row("user", &["user-root"], &["Config.User"]),
    row("pids_limit", &["pids-limit", "limits-not-enforced"], &["HostConfig.PidsLimit"]),
    row("mem_limit", &["memory-limit"], &["HostConfig.Memory", "HostConfig.MemorySwap"]),
    row("cpus", &["cpu-limit", "realtime-cpu"], &["HostConfig.NanoCpus", "HostConfig.CpuRealtimeRuntime"]),
    row("deploy.resources.limits", &["pids-limit", "memory-limit", "cpu-limit"], &["HostConfig.PidsLimit"]),
    row("oom_kill_disable", &["oom-exempt"], &["HostConfig.OomKillDisable", "HostConfig.OomScoreAdj"]),
    row("ulimits", &["unlimited-ulimit", "shm-size"], &["HostConfig.Ulimits", "HostConfig.ShmSize"]),
    row(
        "network_mode",
        &["host-network", "default-bridge", "network-mode", "foreign-container"],
        &["HostConfig.NetworkMode", "NetworkSettings.Networks"],
    ),
    row("networks", &["egress", "network-external"], &["NetworkSettings.Networks"]),
    row(
        "top-level networks",
        &[
            "egress",
            "network-driver",
            "network-options",
            "network-endpoint-options",
            "network-external",
            "host-network",
        ],
        &["Internal", "Driver"],
    ),
    row(
        "ports",
        &["port-all-interfaces", "privileged-port"],
        &["HostConfig.PortBindings", "HostConfig.PublishAllPorts"],
    ),
    row(
        "pid, ipc, uts",
        &["host-pid", "host-ipc", "host-uts", "host-userns", "foreign-container", "shared-namespace"],
        &["HostConfig.PidMode", "HostConfig.IpcMode", "HostConfig.UTSMode", "HostConfig.UsernsMode"],
    ),
    row("cgroup", &["host-cgroup", "cgroup-parent"], &["HostConfig.CgroupParent", "HostConfig.CgroupnsMode"]),
    row(
        "devices",
        &["devices", "dangerous-device", "device-cgroup-rules", "gpus"],
        &["HostConfig.Devices", "HostConfig.DeviceCgroupRules", "HostConfig.DeviceRequests"],
    ),
    row(
        "volumes: docker.sock",
        &[
            "engine-socket",
            "sensitive-mount",
            "home-mount",
            "mount-propagation",
            "slave-propagation",
            "mount-target",
        ],
        &["Mounts"],
    ),
    row(
        "named/external volume",
        &["volume-device", "volume-options", "volume-remote", "volume-external"],
        &["Options"],
    ),
    row("anonymous volume", &["mount-target"], &["Mounts"]),
    row("tmpfs", &["tmpfs-options", "mount-target"], &["HostConfig.Tmpfs"]),
    row("volumes_from", &["volumes-from", "external-links"], &["HostConfig.VolumesFrom"]),
    row(
        "secrets/configs",
        &["sensitive-mount", "mount-target", "home-mount", "copied-into-mount"],
        &["Mounts"],
    ),
    row("group_add", &["group-add"], &["HostConfig.GroupAdd"]),
    row("use_api_socket", &["api-socket"], &["Mounts", "Config.Env"]),
    row("runtime", &["runtime", "runtime-annotations"], &["HostConfig.Runtime"]),
    row(
        "sysctls",
        &["sysctls", "extra-hosts", "dns", "mac-address"],
        &["HostConfig.Sysctls", "HostConfig.ExtraHosts", "HostConfig.Dns"],
    ),
    row("image", &["image-latest", "build-privileged", "build-host-access"], &["Image"]),
    row(
        "entrypoint",
        &["loader-environment", "health-off"],
        &["Config.Entrypoint", "Config.Cmd", "Config.Env"],
    ),
    row("post_start", &["hook-root", "hook-privileged", "pre-start"], &[]),
    row("develop.watch", &["sensitive-mount", "hook-root", "hook-privileged"], &[]),
    row("provider", &["provider", "models", "unjudged-key"], &[]),
    row("scale", &["replicas"], &["Config.Labels"]),
    row("logging", &["logging"], &["HostConfig.LogConfig.Type"]),
    row("restart", &["restart-always"], &["HostConfig.RestartPolicy.Name"]),
    tested(
        "profiles",
        &[
            (UNDOING, "no_way_into_the_model_undoes_an_overlay"),
            (ORDERING, "every_service_of_every_profile_gets_what_the_star_says"),
        ],
    ),
    tested("new service", &[(ORDERING, "a_service_that_only_an_overlay_has_is_hardened_too")]),
    tested("service", &[(UNDOING, "no_way_into_the_model_undoes_an_overlay")]),
    tested("include", &[(UNDOING, "no_way_into_the_model_undoes_an_overlay")]),
    tested("multi-document", &[(UNDOING, "no_way_into_the_model_undoes_an_overlay")]),
    tested("Base before hardening", &[(UNDOING, "what_the_base_weakens_is_refused_or_undone")]),
    tested(
        "CLI",
        &[
            (FLAGS, "flags_that_would_break_the_posture_are_refused_by_name"),
            ("tests/live/proof.rs", "an_old_container_that_is_not_hardened_is_not_started"),
            ("tests/live/attest.rs", "a_limit_that_was_taken_away_is_named"),
        ],
    ),
    tested(
        "Env",
        &[("tests/live/surroundings.rs", "variables_that_change_what_is_launched_are_judged_with_it")],
    ),
    tested("Daemon defaults", &[("tests/live/proof.rs", "a_hardened_service_is_confined_seen_from_inside")]),
];

/// The list lies beside the corpus.
fn list() -> Option<String> {
    let cases = std::env::var_os("SEAWORTHY_CORPUS").map(|cases| PathBuf::from(cases).join("../.."));
    let shared = cases.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    fs::read_to_string(shared.join("posture-rules.md")).ok()
}

/// The cells of the table's lines below a heading.
fn table<'t>(text: &'t str, header: &str) -> Vec<Vec<&'t str>> {
    let lines = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let lines = lines.take_while(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn every_row_of_the_shared_list_is_answered() {
    let Some(text) = list() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "posture-rules.md is missing; SEAWORTHY_CORPUS names its neighbour"
        );
        println!("skipped: posture-rules.md is not here");
        return;
    };
    let mut rows: Vec<String> =
        table(&text, "| key |").iter().map(|cells| cells[0].replace(['*', '`'], "")).collect();
    assert!(rows.len() >= 40, "{} rows: is the table where it was?", rows.len());
    for paragraph in ["Base before hardening", "CLI", "Env", "Daemon defaults"] {
        assert!(text.lines().any(|line| line.starts_with(paragraph)), "{paragraph}");
        rows.push(paragraph.to_owned());
    }
    let mut used = BTreeSet::new();
    let mut open = Vec::new();
    for row in &rows {
        // The longest key wins: `networks` and `network_mode` begin alike.
        let fits = ROWS.iter().filter(|known| row.starts_with(known.key)).max_by_key(|known| known.key.len());
        match fits {
            Some(known) => drop(used.insert(known.key)),
            None => open.push(row),
        }
    }
    let numbers: BTreeSet<&str> = CATALOGUE.iter().flat_map(|rule| rule.cis.iter().copied()).collect();
    let cis: Vec<&str> = table(&text, "| CIS")
        .iter()
        .flat_map(|cells| [cells[0], cells[2]])
        .flat_map(|cell| cell.split(", "))
        .filter_map(|item| item.split(' ').next())
        .filter(|number| number.contains('.'))
        .collect();
    let unnamed: Vec<&&str> = cis.iter().filter(|number| !numbers.contains(**number)).collect();
    // Past what the test harness holds back: the figures are worth reading.
    let _ = writeln!(
        std::io::stderr(),
        "{} rules; {} of {} rows of posture-rules.md are answered, {} of {} items of CIS 1.6.0",
        CATALOGUE.len(),
        rows.len() - open.len(),
        rows.len(),
        cis.len() - unnamed.len(),
        cis.len()
    );
    assert!(open.is_empty(), "nothing answers to {open:?}");
    assert!(unnamed.is_empty(), "no rule names CIS {unnamed:?}");
    let stale: Vec<&str> = ROWS.iter().map(|row| row.key).filter(|key| !used.contains(key)).collect();
    assert!(stale.is_empty(), "not in the list: {stale:?}");
}

#[test]
fn what_answers_is_there_and_every_rule_answers_to_something() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut live = String::new();
    for folder in ["src/launch/live", "src/launch/live/mounts"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
                live += &fs::read_to_string(path).unwrap();
            }
        }
    }
    live += &fs::read_to_string(root.join("src/launch/live.rs")).unwrap();
    for row in ROWS {
        assert!(!(row.rules.is_empty() && row.live.is_empty() && row.tests.is_empty()), "{}", row.key);
        for rule in row.rules {
            assert!(find(rule).is_some(), "{}: no rule {rule}", row.key);
        }
        for field in row.live {
            assert!(live.contains(&format!("\"{field}\"")), "{}: {field} is not compared", row.key);
        }
        for (file, test) in row.tests {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {test}()")), "{}: no test {test} in {file}", row.key);
        }
    }
    let answering: BTreeSet<&str> = ROWS.iter().flat_map(|row| row.rules).copied().collect();
    let idle: Vec<&str> = CATALOGUE.iter().map(|rule| rule.id).filter(|id| !answering.contains(id)).collect();
    assert!(idle.is_empty(), "{idle:?} answer to no row");
}
