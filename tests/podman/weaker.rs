//! What is weaker than the model on Podman is refused, and nothing else is named.

use std::collections::BTreeSet;

use super::launched::hardened;

/// A change to the service that runs, and the fields that are weaker by it.
const WEAKER: &[(&str, &[&str])] = &[
    ("cap_add: [SYS_ADMIN]", &["HostConfig.CapAdd"]),
    ("cap_drop: !override [NET_RAW]", &["HostConfig.CapAdd"]),
    ("pid: host", &["HostConfig.PidMode"]),
    ("ipc: host", &["HostConfig.IpcMode"]),
    ("uts: host", &["HostConfig.UTSMode"]),
    ("network_mode: host, networks: !reset {}", &["HostConfig.NetworkMode", "NetworkSettings.Networks"]),
    ("security_opt: !override []", &["HostConfig.SecurityOpt"]),
    ("security_opt: [\"seccomp=unconfined\"]", &["HostConfig.SecurityOpt"]),
    ("read_only: !override false", &["HostConfig.ReadonlyRootfs"]),
    ("device_cgroup_rules: [\"c 10:200 rw\"]", &["HostConfig.DeviceCgroupRules"]),
    ("tmpfs: [\"/x:suid\"]", &["HostConfig.Tmpfs"]),
    ("environment: {LD_PRELOAD: /x.so}", &["Config.Env"]),
    (
        "privileged: true",
        &[
            "HostConfig.CapAdd",
            "HostConfig.MaskedPaths",
            "HostConfig.Privileged",
            "HostConfig.ReadonlyPaths",
            "HostConfig.SecurityOpt",
        ],
    ),
];

#[test]
#[ignore = "needs Podman: run scripts/test --only-engines podman"]
fn each_weakness_is_refused_before_it_runs_and_named_alone() {
    let project = hardened();
    let whole = project.seaworthy(&["config"]).ok().stdout;
    project.file("whole.yaml", &whole);
    std::fs::create_dir_all(project.path("state/a")).unwrap();
    std::os::unix::fs::chown(project.path("state/a"), Some(10001), Some(10001)).unwrap();
    for (change, wanted) in WEAKER {
        project.file("change.yaml", &format!("services: {{a: {{{change}}}}}\n"));
        let files = ["-p", &project.name, "-f", "whole.yaml", "-f", "change.yaml"];
        let plain = |words: &[&str]| project.compose(&[&files, words].concat());
        plain(&["up", "--no-start", "a"]).ok();
        let refused = project.seaworthy(&["start", "a"]).refuses(77, "live-posture");
        let fields: BTreeSet<&str> = refused
            .stderr
            .lines()
            .filter_map(|line| line.split_once("is weaker than the verified model: ")?.1.split(' ').next())
            .collect();
        assert_eq!(fields.into_iter().collect::<Vec<_>>(), *wanted, "{change}: {refused}");
        assert!(project.states().iter().all(|(_, status, _)| status != "running"), "{change}");
        let found = project.seaworthy(&["attest", "a"]).ends(1);
        for field in *wanted {
            assert!(found.stdout.contains(field), "{change}: no {field} in {found}");
        }
        let ids = project.ids();
        let words: Vec<&str> = ["rm", "-f"].into_iter().chain(ids.iter().map(String::as_str)).collect();
        project.docker(&words).ok();
    }
}

#[test]
#[ignore = "needs Podman: run scripts/test --only-engines podman"]
fn what_runs_weaker_is_named_by_its_process() {
    let project = hardened();
    let whole = project.seaworthy(&["config"]).ok().stdout;
    project.file("whole.yaml", &whole);
    project.file("change.yaml", "services: {a: {cap_add: [SYS_PTRACE], volumes: !override []}}\n");
    let files = ["-p", &project.name, "-f", "whole.yaml", "-f", "change.yaml"];
    project.compose(&[&files[..], &["up", "-d", "a"]].concat()).ok();
    let found = project.seaworthy(&["attest", "a"]).ends(1);
    found.says("HostConfig.CapAdd: [SYS_PTRACE], not []").says("without [/state");
}
