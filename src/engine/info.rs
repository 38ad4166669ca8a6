//! What an engine says of itself.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Answer;
use super::idmap::{IdMap, Range};
use super::runtime::TmpfsMode;

/// The parts of `docker info` or `podman info` that decide something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // four independent facts
pub struct Info {
    /// Not unique by itself: engines on one host may share it. Empty for Podman.
    pub id: String,
    pub is_podman: bool,
    pub server_version: String,
    /// Where it keeps its data, on its own machine.
    pub root_dir: PathBuf,
    /// The host name of its machine.
    pub host_name: String,
    pub operating_system: String,
    /// As given: `name=seccomp,profile=default`, `name=userns`, …
    pub security_options: Vec<String>,
    pub is_rootless: bool,
    /// Whether a memory limit will be enforced; inspect shows one either way.
    pub memory_limit: bool,
    /// Whether a limit on processes will be enforced.
    pub pids_limit: bool,
    /// What it says of further limits; `None` where it does not say.
    pub further: FurtherLimits,
    /// `systemd`, `cgroupfs` or `none`.
    pub cgroup_driver: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    pub warnings: Vec<String>,
    /// How many containers it has, running or not.
    pub containers: Option<u64>,
    /// `overlay2`, `overlayfs`, `btrfs`, …
    pub storage_driver: String,
    /// Whether containerd keeps the images, which then have other ids.
    pub has_containerd_store: bool,
    /// The context that the client used; `default` where an endpoint was given.
    pub context: String,
    /// Version and path of the Compose plugin, where the client tells.
    pub compose: Option<(String, PathBuf)>,
    /// The map of user ids, where the engine tells it.
    pub id_map: Option<IdMap>,
    /// The mode of a tmpfs, by the version of its runtime.
    pub tmpfs_mode: TmpfsMode,
}

/// Whether limits beside memory and processes will be enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FurtherLimits {
    pub swap: Option<bool>,
    pub cpu_quota: Option<bool>,
    pub cpu_shares: Option<bool>,
    pub cpu_set: Option<bool>,
}

impl Info {
    /// Whether it can enforce any limit at all: without a driver for control groups, or without root on
    /// the first version of them, it shows limits that nobody enforces, whatever it says of each.
    pub fn has_control_groups(&self) -> bool {
        self.cgroup_driver != "none" && !(self.is_rootless && self.cgroup_version == "1")
    }

    /// Whether users are mapped by the engine for every container (`userns-remap`).
    pub fn is_remapped(&self) -> bool {
        self.has_security_option("userns")
    }

    /// Whether the engine lists a security option by this name: `seccomp`, `apparmor`, `selinux`, …
    pub fn has_security_option(&self, name: &str) -> bool {
        self.security_options
            .iter()
            .flat_map(|option| option.split(','))
            .any(|part| part.strip_prefix("name=") == Some(name))
    }

    /// Reads what `info --format '{{json .}}'` printed. An engine that cannot be reached still makes the
    /// client print a document, with status 0 in older versions; only one with a server in it counts.
    pub fn parse(json: &[u8]) -> Answer<Self> {
        let value: Value = match serde_json::from_slice(json) {
            Ok(value) => value,
            Err(_) if json.trim_ascii().is_empty() => return Answer::unknown("the answer is empty"),
            Err(error) => return Answer::not_understood(format_args!("not what an engine says: {error}")),
        };
        Self::read(value)
    }

    /// As [`Info::parse`], of a document that was read already.
    pub fn read(value: Value) -> Answer<Self> {
        let is_podman = value.get("host").is_some_and(Value::is_object);
        let info = if is_podman { Self::from_podman(value) } else { Self::from_docker(value) };
        info.and_then(|info| {
            if info.server_version.is_empty() || info.root_dir == Path::new("") {
                return Answer::unknown("the answer names no server");
            }
            Answer::Known(info)
        })
    }

    fn from_docker(value: Value) -> Answer<Self> {
        let wire: DockerInfo = match serde_json::from_value(value) {
            Ok(wire) => wire,
            Err(error) => return Answer::not_understood(format_args!("not what an engine says: {error}")),
        };
        if let Some(errors) = wire.server_errors.filter(|errors| !errors.is_empty()) {
            return Answer::Unknown(errors.join("; "));
        }
        if wire.id.is_empty() {
            return Answer::unknown("the answer names no server");
        }
        let client = wire.client_info.unwrap_or_default();
        let plugin = client.plugins.unwrap_or_default().into_iter().find(|plugin| plugin.name == "compose");
        let mut info = Self {
            id: wire.id,
            is_podman: false,
            server_version: wire.server_version,
            root_dir: wire.docker_root_dir.into(),
            host_name: wire.name,
            operating_system: wire.operating_system,
            security_options: wire.security_options.unwrap_or_default(),
            is_rootless: false,
            memory_limit: wire.memory_limit,
            pids_limit: wire.pids_limit,
            further: FurtherLimits {
                swap: wire.swap_limit,
                cpu_quota: wire.cpu_cfs_quota,
                cpu_shares: wire.cpu_shares,
                cpu_set: wire.cpu_set,
            },
            cgroup_driver: wire.cgroup_driver,
            cgroup_version: wire.cgroup_version,
            warnings: wire.warnings.unwrap_or_default(),
            containers: wire.containers,
            storage_driver: wire.driver,
            has_containerd_store: wire.driver_status.is_some_and(|status| {
                let mut values =
                    status.as_array().into_iter().flatten().filter_map(|pair| pair.get(1)?.as_str());
                values.any(|value| value.starts_with("io.containerd.snapshotter"))
            }),
            context: client.context,
            compose: plugin.map(|plugin| (plugin.version, plugin.path.into())),
            id_map: None,
            tmpfs_mode: TmpfsMode::of_runc(&wire.runc_commit.id),
        };
        info.is_rootless = info.has_security_option("rootless");
        Answer::Known(info)
    }

    fn from_podman(value: Value) -> Answer<Self> {
        let wire: PodmanInfo = match serde_json::from_value(value) {
            Ok(wire) => wire,
            Err(error) => return Answer::not_understood(format_args!("not what an engine says: {error}")),
        };
        let host = wire.host;
        let controls = |name: &str| host.cgroup_controllers.iter().flatten().any(|one| one == name);
        let named = |present: bool, name: &str| present.then(|| format!("name={name}"));
        let ranges = |ranges: Option<Vec<PodmanRange>>| -> Vec<Range> {
            let range =
                |one: PodmanRange| Range { container: one.container_id, host: one.host_id, length: one.size };
            ranges.unwrap_or_default().into_iter().map(range).collect()
        };
        let (memory_limit, pids_limit) = (controls("memory"), controls("pids"));
        let maps = host.id_mappings.unwrap_or_default();
        let (uids, gids) = (ranges(maps.uidmap), ranges(maps.gidmap));
        let id_map = if uids.is_empty() { IdMap::identity() } else { IdMap::new(uids, gids) };
        Answer::Known(Self {
            id: String::new(),
            is_podman: true,
            server_version: wire.version.version,
            root_dir: wire.store.graph_root.into(),
            host_name: host.hostname,
            operating_system: host.distribution.distribution,
            security_options: [
                named(host.security.rootless, "rootless"),
                named(host.security.apparmor_enabled, "apparmor"),
                named(host.security.selinux_enabled, "selinux"),
                named(host.security.seccomp_enabled, "seccomp"),
            ]
            .into_iter()
            .flatten()
            .collect(),
            is_rootless: host.security.rootless,
            memory_limit,
            pids_limit,
            further: FurtherLimits {
                swap: None,
                cpu_quota: Some(controls("cpu")),
                cpu_shares: Some(controls("cpu")),
                cpu_set: Some(controls("cpuset")),
            },
            cgroup_driver: host.cgroup_manager,
            cgroup_version: host.cgroup_version.trim_start_matches('v').to_owned(),
            warnings: Vec::new(),
            containers: wire.store.container_store.map(|store| store.number),
            storage_driver: wire.store.graph_driver_name,
            has_containerd_store: false,
            context: String::new(),
            compose: None,
            id_map: Some(id_map),
            tmpfs_mode: TmpfsMode::of_runc(&host.oci_runtime.version),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct DockerInfo {
    #[serde(rename = "ID")]
    id: String,
    name: String,
    server_version: String,
    docker_root_dir: String,
    operating_system: String,
    security_options: Option<Vec<String>>,
    memory_limit: bool,
    pids_limit: bool,
    swap_limit: Option<bool>,
    cpu_cfs_quota: Option<bool>,
    #[serde(rename = "CPUShares")]
    cpu_shares: Option<bool>,
    #[serde(rename = "CPUSet")]
    cpu_set: Option<bool>,
    cgroup_driver: String,
    cgroup_version: String,
    warnings: Option<Vec<String>>,
    containers: Option<u64>,
    driver: String,
    driver_status: Option<Value>,
    server_errors: Option<Vec<String>>,
    client_info: Option<ClientInfo>,
    runc_commit: RuncCommit,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuncCommit {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ClientInfo {
    context: String,
    plugins: Option<Vec<Plugin>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Plugin {
    name: String,
    version: String,
    path: String,
}

#[derive(Deserialize)]
struct PodmanInfo {
    host: PodmanHost,
    store: PodmanStore,
    version: PodmanVersion,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodmanHost {
    hostname: String,
    cgroup_manager: String,
    cgroup_version: String,
    cgroup_controllers: Option<Vec<String>>,
    security: PodmanSecurity,
    id_mappings: Option<PodmanMaps>,
    distribution: PodmanDistribution,
    oci_runtime: PodmanRuntime,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodmanRuntime {
    version: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodmanDistribution {
    distribution: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_excessive_bools)] // Podman's own shape
struct PodmanSecurity {
    rootless: bool,
    apparmor_enabled: bool,
    #[serde(rename = "seccompEnabled")]
    seccomp_enabled: bool,
    selinux_enabled: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PodmanMaps {
    uidmap: Option<Vec<PodmanRange>>,
    gidmap: Option<Vec<PodmanRange>>,
}

#[derive(Deserialize)]
struct PodmanRange {
    container_id: u32,
    host_id: u32,
    size: u32,
}

#[derive(Deserialize)]
struct PodmanContainers {
    number: u64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodmanStore {
    graph_root: String,
    graph_driver_name: String,
    container_store: Option<PodmanContainers>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct PodmanVersion {
    version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKER: &str = r#"{"ID":"BV6R","Name":"vm","ServerVersion":"20.10.24","DockerRootDir":"/var/lib/docker/231072.231072",
        "SecurityOptions":["name=seccomp,profile=default","name=userns"],"MemoryLimit":true,"PidsLimit":false,
        "CgroupDriver":"cgroupfs","CgroupVersion":"1","Warnings":null,"OperatingSystem":"Debian",
        "ClientInfo":{"Context":"default","Plugins":[{"Name":"compose","Version":"2.40.3","Path":"/p/docker-compose"}]}}"#;

    const PODMAN: &str = r#"{"host":{"hostname":"vm","cgroupManager":"systemd","cgroupVersion":"v2",
        "cgroupControllers":["memory","pids"],"distribution":{"distribution":"debian"},
        "security":{"rootless":true,"seccompEnabled":true},
        "idMappings":{"uidmap":[{"container_id":0,"host_id":1500,"size":1},{"container_id":1,"host_id":100000,"size":65536}],
                      "gidmap":[{"container_id":0,"host_id":1500,"size":1},{"container_id":1,"host_id":100000,"size":65536}]}},
        "store":{"graphRoot":"/home/op/.local/share/containers/storage"},"version":{"Version":"4.3.1"}}"#;

    #[test]
    fn docker_says_what_decides() {
        let info = Info::parse(DOCKER.as_bytes()).known().unwrap();
        assert!(info.is_remapped() && !info.is_rootless && info.memory_limit && !info.pids_limit);
        assert!(info.has_security_option("seccomp") && !info.has_security_option("default"));
        assert_eq!(info.compose, Some(("2.40.3".into(), "/p/docker-compose".into())));
        assert_eq!(info.root_dir, Path::new("/var/lib/docker/231072.231072"));
    }

    #[test]
    fn further_limits_and_the_store_are_told_apart_from_what_is_not_said() {
        let info = Info::parse(DOCKER.as_bytes()).known().unwrap();
        assert_eq!(info.further, FurtherLimits::default());
        assert!(info.has_control_groups() && !info.has_containerd_store);
        let more = r#""SwapLimit":false,"CpuCfsQuota":true,"CPUShares":true,"CPUSet":false,
            "DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"CgroupDriver":"none""#;
        let text = DOCKER.replace(r#""CgroupDriver":"cgroupfs""#, more);
        let info = Info::parse(text.as_bytes()).known().unwrap();
        assert_eq!((info.further.swap, info.further.cpu_quota), (Some(false), Some(true)));
        assert_eq!((info.further.cpu_shares, info.further.cpu_set), (Some(true), Some(false)));
        assert!(!info.has_control_groups() && info.has_containerd_store);
    }

    #[test]
    fn without_root_the_first_version_of_control_groups_enforces_nothing() {
        let info =
            Info { is_rootless: true, cgroup_version: "1".into(), memory_limit: true, ..Info::default() };
        assert!(!info.has_control_groups());
        assert!(Info { cgroup_version: "2".into(), ..info.clone() }.has_control_groups());
        assert!(Info { is_rootless: false, ..info }.has_control_groups());
    }

    #[test]
    fn podman_tells_its_map_itself() {
        let info = Info::parse(PODMAN.as_bytes()).known().unwrap();
        assert!(info.is_podman && info.is_rootless && info.memory_limit);
        assert_eq!(info.cgroup_version, "2");
        let map = info.id_map.unwrap();
        assert_eq!((map.uid_to_host(0), map.uid_to_host(1000)), (Some(1500), Some(100_999)));
    }

    #[test]
    fn a_document_without_a_server_is_not_an_answer() {
        for text in [
            "",
            "\n",
            "null\n",
            "[]",
            "{}",
            "garbage",
            "{\"ID\":\"\"}",
            r#"{"ID":"","ServerVersion":"","DockerRootDir":"","ServerErrors":["Cannot connect"]}"#,
            r#"{"ID":"x","ServerVersion":"1","DockerRootDir":"/x","ServerErrors":["half an answer"]}"#,
            r#"{"ID":"x","ServerVersion":"","DockerRootDir":"/x"}"#,
            DOCKER.strip_suffix('}').unwrap(),
        ] {
            assert!(!Info::parse(text.as_bytes()).is_known(), "{text}");
        }
    }
}
