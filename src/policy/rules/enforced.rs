//! What the engine itself says that it does not enforce. An engine that was not asked breaks no rule: what needs
//! one says so elsewhere.

use crate::engine::{Facility, Info};
use crate::model::field::{Field, Number, Part, Text};
use crate::model::limits::{self, Limit};
use crate::policy::posture::Posture;
use crate::source::Origin;
use crate::yaml::Node;

use super::{Allow, Breach, Check, Rule, Service};

/// Keys of a service, and what enforces them.
const KEYS: &[(Limiting, Facility)] = &[
    (Limiting::Limit(limits::OF_MEMORY), Facility::Memory),
    (Limiting::Number(limits::RESERVED_MEMORY), Facility::Memory),
    (Limiting::Limit(limits::OF_SWAP), Facility::Swap),
    (Limiting::Limit(limits::OF_PIDS), Facility::Processes),
    (Limiting::Limit(limits::OF_CPUS), Facility::CpuQuota),
    (Limiting::Number(limits::CPU_QUOTA), Facility::CpuQuota),
    (Limiting::Number(limits::CPU_SHARES), Facility::CpuShares),
    (Limiting::Text(limits::CPU_SET), Facility::CpuSet),
    (Limiting::Part(limits::BLOCK_IO), Facility::ControlGroups),
];

/// A key that limits something.
#[derive(Clone, Copy)]
enum Limiting {
    Limit(Limit),
    Number(Field<Number>),
    Text(Field<Text>),
    Part(Field<Part>),
}

impl Limiting {
    const fn key(self) -> &'static str {
        match self {
            Self::Limit(limit) => limit.key,
            Self::Number(field) => field.path(),
            Self::Text(field) => field.path(),
            Self::Part(field) => field.path(),
        }
    }

    /// What a service has of it, wherever it keeps it. A limit that limits nothing is none.
    fn written(self, service: &Node) -> Option<(String, Origin)> {
        let set = |node: Option<&Node>| node.map(|node| (String::new(), node.origin));
        match self {
            Self::Limit(limit) => {
                let found = limit.of(service).filter(limits::Effective::is_limit)?;
                Some((format!(": {}", found.value), found.origin()))
            }
            Self::Number(field) => set(field.node(service)),
            Self::Text(field) => set(field.node(service)),
            Self::Part(field) => set(field.node(service)),
        }
    }
}

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
        breaches.extend(KEYS.iter().filter_map(|(key, facility)| unenforced(service, info, *key, *facility)));
        if let Some(why) = info.lacks(Facility::Seccomp) {
            let what = format!("may use every system call: the engine filters none ({why})");
            breaches.push(service.lacks(what).allowing(SECCOMP));
        }
    }),
    ..Rule::COMMON
}];

fn unenforced(service: &Service<'_>, info: &Info, limiting: Limiting, facility: Facility) -> Option<Breach> {
    let (key, (text, origin)) = (limiting.key(), limiting.written(service.node)?);
    let why = info.lacks(facility)?;
    let what = format!("has {key}{text}, and the engine does not enforce it ({why})");
    Some(Breach::of(service.name, origin, what).allowing(key))
}
