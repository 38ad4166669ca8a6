//! The checks of Pod Security as a table, and the level that pods fit.
//!
//! No admission runs where manifests are rendered: the label on the Namespace follows from these.

use std::fmt;

use crate::yaml::{Mapping, Node};

use super::version::Version;

/// The levels of Pod Security, the most open first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    pub id: &'static str,
    /// The first level that demands it.
    pub level: Level,
    /// What it demands; for the page.
    pub demands: &'static str,
    holds: fn(&Pod<'_>) -> bool,
}

/// A pod as it was rendered.
pub struct Pod<'n> {
    spec: &'n Node,
    version: Version,
}

impl<'n> Pod<'n> {
    fn is_true(&self, key: &str) -> bool {
        self.spec.get(key).and_then(Node::as_bool) == Some(true)
    }

    fn containers(&self) -> impl Iterator<Item = &'n Node> {
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(|key| self.spec.get(key).and_then(Node::as_seq).into_iter().flatten())
    }

    /// A setting of every container, and of the pod.
    fn settings(&self, path: &'n [&'n str]) -> impl Iterator<Item = &'n Node> {
        let of = move |node: &'n Node| node.get("securityContext").and_then(|context| context.at(path));
        self.containers().chain([self.spec]).filter_map(of)
    }

    /// Whether every container has a setting of its own, or that of the pod, that will do.
    fn all_have(&self, path: &[&str], will_do: impl Fn(&Node) -> bool) -> bool {
        let of = |node: &'n Node| node.get("securityContext").and_then(|context| context.at(path));
        let pod = of(self.spec).is_some_and(&will_do);
        self.containers().all(|container| of(container).map_or(pod, &will_do))
    }

    fn volumes(&self) -> impl Iterator<Item = &'n Node> {
        self.spec.get("volumes").and_then(Node::as_seq).into_iter().flatten()
    }

    fn capabilities(&self, key: &'static str) -> impl Iterator<Item = &'n str> {
        self.containers().flat_map(move |container| {
            let list = container.at(&["securityContext", "capabilities", key]).and_then(Node::as_seq);
            list.into_iter().flatten().filter_map(Node::as_str)
        })
    }
}

/// Those that may be added under baseline.
const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel settings that only a pod's own namespaces see, with the minor version of Kubernetes since which they are safe.
const SAFE_SYSCTLS: [(&str, u32); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// Whether every node allows a kernel setting.
pub fn is_safe_sysctl(name: &str, version: Version) -> bool {
    SAFE_SYSCTLS.iter().any(|(known, since)| *known == name && version.is_from(*since))
}

/// Kinds of volumes that restricted has.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub const CHECKS: &[Check] = &[
    Check {
        id: "hostNamespaces",
        level: Level::Baseline,
        demands: "no `hostNetwork`, `hostPID`, `hostIPC`",
        holds: |pod| !["hostNetwork", "hostPID", "hostIPC"].iter().any(|key| pod.is_true(key)),
    },
    Check {
        id: "privileged",
        level: Level::Baseline,
        demands: "no `privileged`",
        holds: |pod| !pod.settings(&["privileged"]).any(|node| node.as_bool() != Some(false)),
    },
    Check {
        id: "capabilities_baseline",
        level: Level::Baseline,
        demands: "none added beyond the 13 default ones (NET_RAW is none of them)",
        holds: |pod| pod.capabilities("add").all(|name| DEFAULT_CAPABILITIES.contains(&name)),
    },
    Check {
        id: "hostPathVolumes",
        level: Level::Baseline,
        demands: "no `hostPath`",
        holds: |pod| !pod.volumes().any(|volume| volume.get("hostPath").is_some()),
    },
    Check {
        id: "hostPorts",
        level: Level::Baseline,
        demands: "no `hostPort`",
        holds: |pod| {
            let ports = |container: &Node| -> Vec<bool> {
                let ports = container.get("ports").and_then(Node::as_seq).unwrap_or_default();
                ports.iter().map(|port| port.get("hostPort").is_some()).collect()
            };
            !pod.is_true("hostNetwork") && !pod.containers().any(|container| ports(container).contains(&true))
        },
    },
    Check {
        id: "appArmorProfile",
        level: Level::Baseline,
        demands: "not Unconfined",
        holds: |pod| {
            let mut kinds = pod.settings(&["appArmorProfile", "type"]);
            kinds.all(|kind| matches!(kind.as_str(), Some("RuntimeDefault" | "Localhost")))
        },
    },
    Check {
        id: "seLinuxOptions",
        level: Level::Baseline,
        demands: "no user and role, and a type of containers",
        holds: |pod| {
            let mut options = pod.settings(&["seLinuxOptions"]);
            options.all(|options| {
                let kind = options.get("type").and_then(Node::as_str).unwrap_or_default();
                let is_known = matches!(kind, "" | "container_t" | "container_init_t" | "container_kvm_t")
                    || kind == "container_engine_t" && pod.version.is_from(31);
                is_known && options.get("user").is_none() && options.get("role").is_none()
            })
        },
    },
    Check {
        id: "procMount",
        level: Level::Baseline,
        demands: "Default",
        holds: |pod| pod.settings(&["procMount"]).all(|node| node.as_str() == Some("Default")),
    },
    Check {
        id: "seccompProfile_baseline",
        level: Level::Baseline,
        demands: "not Unconfined",
        holds: |pod| {
            let mut kinds = pod.settings(&["seccompProfile", "type"]);
            kinds.all(|kind| matches!(kind.as_str(), Some("RuntimeDefault" | "Localhost")))
        },
    },
    Check {
        id: "sysctls",
        level: Level::Baseline,
        demands: "safe ones",
        holds: |pod| {
            let sysctls = pod.spec.at(&["securityContext", "sysctls"]).and_then(Node::as_seq);
            let name = |node: &Node| node.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
            sysctls.into_iter().flatten().all(|node| is_safe_sysctl(&name(node), pod.version))
        },
    },
    Check {
        id: "hostProbesAndHostLifecycle",
        level: Level::Baseline,
        demands: "no `host` in probes and hooks",
        holds: |pod| !pod.containers().any(names_host),
    },
    Check {
        id: "restrictedVolumes",
        level: Level::Restricted,
        demands: "nine kinds of volumes",
        holds: |pod| {
            let kinds = |volume: &Node| {
                let keys = volume.as_map().into_iter().flat_map(Mapping::keys).filter(|key| *key != "name");
                keys.map(str::to_owned).collect::<Vec<_>>()
            };
            pod.volumes().all(|volume| kinds(volume).iter().all(|kind| VOLUMES.contains(&kind.as_str())))
        },
    },
    Check {
        id: "allowPrivilegeEscalation",
        level: Level::Restricted,
        demands: "false",
        holds: |pod| {
            let of = |node: &Node| {
                node.at(&["securityContext", "allowPrivilegeEscalation"]).and_then(Node::as_bool)
            };
            pod.containers().all(|container| of(container) == Some(false))
        },
    },
    Check {
        id: "runAsNonRoot",
        level: Level::Restricted,
        demands: "true",
        holds: |pod| pod.all_have(&["runAsNonRoot"], |node| node.as_bool() == Some(true)),
    },
    Check {
        id: "runAsUser",
        level: Level::Restricted,
        demands: "not 0",
        holds: |pod| pod.settings(&["runAsUser"]).all(|node| node.as_int() != Some(0)),
    },
    Check {
        id: "seccompProfile_restricted",
        level: Level::Restricted,
        demands: "RuntimeDefault or Localhost, written down",
        holds: |pod| {
            let will_do = |node: &Node| matches!(node.as_str(), Some("RuntimeDefault" | "Localhost"));
            pod.all_have(&["seccompProfile", "type"], will_do)
        },
    },
    Check {
        id: "capabilities_restricted",
        level: Level::Restricted,
        demands: "all dropped, and none added but NET_BIND_SERVICE",
        holds: |pod| {
            let drops = |container: &Node| {
                let list = container.at(&["securityContext", "capabilities", "drop"]).and_then(Node::as_seq);
                list.into_iter().flatten().any(|node| node.as_str() == Some("ALL"))
            };
            pod.containers().all(drops) && pod.capabilities("add").all(|name| name == "NET_BIND_SERVICE")
        },
    },
];

fn names_host(container: &Node) -> bool {
    fn host(node: &Node) -> bool {
        let action = |key: &str| node.get(key).is_some_and(|action| action.get("host").is_some());
        action("httpGet") || action("tcpSocket")
    }
    let probes =
        ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|key| container.get(key));
    let hooks = ["postStart", "preStop"].into_iter().filter_map(|key| container.at(&["lifecycle", key]));
    probes.chain(hooks).any(host)
}

/// The spec of the pod in an object that runs some.
pub fn pod_of(object: &Node) -> Option<&Node> {
    object.at(&["spec", "template", "spec"])
}

/// The checks that a pod breaks.
pub fn broken(spec: &Node, version: Version) -> Vec<&'static Check> {
    let pod = Pod { spec, version };
    CHECKS.iter().filter(|check| !(check.holds)(&pod)).collect()
}

/// The strictest level that all pods fit.
pub fn level(pods: &[&Node], version: Version) -> Level {
    let broken = pods.iter().flat_map(|pod| broken(pod, version));
    match broken.map(|check| check.level).min() {
        None => Level::Restricted,
        Some(Level::Restricted) => Level::Baseline,
        Some(_) => Level::Privileged,
    }
}
