//! Everything that a launch will do, as data: printable, serialisable, comparable.

mod human;

use std::collections::BTreeSet;

use serde::Serialize;

pub use human::write_human;

use crate::compose::{Model, text};
use crate::diagnostic::{Finding, Severity};
use crate::engine::Answer;
use crate::host::Owner;
use crate::ownership::copies::CopyStep;
use crate::ownership::lock::repair::{Repair, Tree};
use crate::ownership::{HostStep, UserDecision, Way};
use crate::source::SourceMap;
use crate::yaml::Node;

/// The single description of a launch. No value of an environment variable is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub project: String,
    /// Absolute.
    pub directory: String,
    pub policy: Option<PlanPolicy>,
    /// In the order in which they are merged, then what they refer to.
    pub files: Vec<PlanFile>,
    /// The services of this launch.
    pub services: Vec<PlanService>,
    /// Services that no active profile enables.
    pub disabled: Vec<String>,
    /// What will be created on the host, in order.
    pub steps: Vec<HostStep>,
    /// What is looked through before anything starts, and put right where it is not.
    pub repairs: Vec<PlanRepair>,
    /// Derived files that are refreshed before anything starts.
    pub copies: Vec<PlanCopy>,
    pub findings: Vec<PlanFinding>,
    /// The command that would run, word by word.
    pub command: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanPolicy {
    pub file: String,
    pub posture: String,
}

/// One input.
#[derive(Clone, Debug, Serialize)]
pub struct PlanFile {
    pub name: String,
    pub role: Role,
    /// In bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The first file.
    Base,
    /// Demanded by the policy.
    Mandatory,
    /// Named with `-f`, or an override.
    Overlay,
    /// The policy itself.
    Policy,
    /// Read because another file names it: `include`, `extends`, env files.
    Referenced,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Mandatory => "mandatory",
            Self::Overlay => "overlay",
            Self::Policy => "policy",
            Self::Referenced => "referenced",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanService {
    pub name: String,
    /// The image, or `build` of one.
    pub image: String,
    pub user: PlanUser,
    /// The directories of the host that it writes and that are its own: what `repair` would give it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<String>,
    pub mounts: Vec<PlanMount>,
    /// `host_ip:published:target/protocol`.
    pub ports: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanUser {
    /// As it stands in `user:`; absent where the image's own user runs and is not known.
    pub value: Option<String>,
    /// Where that was said.
    pub from: String,
    /// `file:line:column`, where it was said in a file.
    pub place: Option<String>,
    /// Why it is not known yet.
    pub pending: Option<String>,
    /// What the lock has to do with it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<PlanLock>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanLock {
    /// It has the service, at this `file:line:column`.
    Has(String),
    /// A launch would add it.
    New,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanMount {
    #[serde(rename = "type")]
    pub kind: String,
    pub source: Option<String>,
    pub target: String,
    pub read_only: bool,
}

/// One derived file; what is in it may be secret.
#[derive(Clone, Debug, Serialize)]
pub struct PlanCopy {
    /// Absolute.
    pub from: String,
    pub to: String,
    /// In octal.
    pub mode: String,
}

impl PlanCopy {
    pub fn new(step: &CopyStep) -> Self {
        Self {
            from: step.from.display().to_string(),
            to: step.root.join(&step.path).display().to_string(),
            mode: format!("{:04o}", step.mode),
        }
    }
}

/// One durable directory.
#[derive(Clone, Debug, Serialize)]
pub struct PlanRepair {
    pub service: String,
    /// Absolute.
    pub path: String,
    /// Whose everything in it becomes, in the host's numbers.
    pub owner: Owner,
    /// Whose files are taken; those of others stay as they are.
    pub from: BTreeSet<u32>,
    /// How it is put right.
    pub strategy: &'static str,
    pub by: Way,
    /// Why it is done so.
    pub reason: &'static str,
}

/// Why a directory is mapped and not given away.
const MAPPED: &str = "declared so: the files stay the operator's, and the service sees them as its own";

/// The repairs of a launch, in order.
pub fn repairs(repairs: &[Repair], (by, reason): (Way, &'static str)) -> Vec<PlanRepair> {
    let of = |repair: &Repair| {
        let service = repair.service.clone();
        let one = move |tree: &Tree| PlanRepair {
            service: service.clone(),
            path: tree.path.display().to_string(),
            owner: tree.handover.to,
            from: tree.handover.from.clone(),
            strategy: if tree.mapped.is_some() { "idmap" } else { "chown" },
            by,
            reason: if tree.mapped.is_some() { MAPPED } else { reason },
        };
        repair.trees.iter().map(one).collect::<Vec<_>>()
    };
    repairs.iter().flat_map(of).collect()
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanFinding {
    pub code: String,
    pub severity: &'static str,
    pub message: String,
    /// `file:line:column` of the first place.
    pub place: Option<String>,
    pub help: Option<String>,
}

impl PlanFinding {
    pub fn new(finding: &Finding, sources: &SourceMap) -> Self {
        Self {
            code: finding.code.name().to_owned(),
            severity: match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            message: finding.message.clone(),
            place: finding.labels.first().map(|label| sources.describe(label.span)),
            help: finding.help.clone(),
        }
    }
}

/// The services of a launch, with the user that each gets.
pub fn services(selected: &Model, users: &[UserDecision], sources: &SourceMap) -> Vec<PlanService> {
    selected
        .services()
        .map(|(name, service)| PlanService {
            name: name.to_owned(),
            image: image(service),
            user: user(service, users.iter().find(|user| user.service == name), sources),
            state: Vec::new(),
            mounts: items(service, "volumes").map(mount).collect(),
            ports: items(service, "ports").map(port).collect(),
        })
        .collect()
}

fn items<'n>(service: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    service.get(key).and_then(Node::as_seq).into_iter().flatten()
}

fn field(node: &Node, key: &str) -> Option<String> {
    node.get(key).map(text)
}

fn image(service: &Node) -> String {
    match (field(service, "image"), service.at(&["build", "context"])) {
        (Some(image), None) => image,
        (Some(image), Some(_)) => format!("{image} (built)"),
        (None, Some(context)) => format!("build {}", text(context)),
        (None, None) => service
            .at(&["provider", "type"])
            .map(|name| format!("provider {}", text(name)))
            .unwrap_or_default(),
    }
}

fn user(service: &Node, decision: Option<&UserDecision>, sources: &SourceMap) -> PlanUser {
    let own = field(service, "user");
    let Some(decision) = decision else {
        return PlanUser {
            value: own,
            from: "the engine's default".to_owned(),
            place: None,
            pending: None,
            lock: None,
        };
    };
    let known = decision.user.as_ref().known().map(|identity| identity.owner.to_string());
    PlanUser {
        value: decision.value.clone().or(own).or(known),
        from: decision.from.describe().to_owned(),
        place: decision.from.span().map(|span| sources.describe(span)),
        pending: match &decision.user {
            Answer::Known(_) => None,
            Answer::Unknown(reason) => Some(reason.clone()),
        },
        lock: None,
    }
}

fn mount(node: &Node) -> PlanMount {
    PlanMount {
        kind: field(node, "type").unwrap_or_default(),
        source: field(node, "source"),
        target: field(node, "target").unwrap_or_default(),
        read_only: node.get("read_only").and_then(Node::as_bool) == Some(true),
    }
}

fn port(node: &Node) -> String {
    let mut line = String::new();
    if let Some(host_ip) = field(node, "host_ip") {
        line = format!("{host_ip}:");
    }
    if let Some(published) = field(node, "published") {
        line.push_str(&published);
        line.push(':');
    }
    line.push_str(&field(node, "target").unwrap_or_default());
    match field(node, "protocol") {
        Some(protocol) if protocol != "tcp" => format!("{line}/{protocol}"),
        _ => line,
    }
}
