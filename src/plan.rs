//! Everything that a launch will do, as data: printable, serialisable, comparable.

mod clean;
mod html;
mod human;
mod identity;
mod layout;
mod markdown;
mod posture;
mod service;

use std::collections::BTreeMap;

use serde::Serialize;

pub use html::write_html;
pub use human::write_human;
pub use identity::{
    PlanConflict, PlanEffect, PlanHostUser, PlanIdentities, PlanIdentity, PlanRights, PlanSeen, PlanSide,
};
pub use markdown::write_markdown;
pub use service::services;

use crate::diagnostic::{Finding, Severity};
use crate::model::volume;
use crate::source::SourceMap;

/// The single description of a launch. What must not be shown is taken out by [`Plan::clean`].
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Of the form; `schemas/plan.schema.json` describes it.
    pub version: u32,
    pub project: String,
    /// Absolute.
    pub directory: String,
    /// Whether `up` would refuse.
    pub refused: bool,
    pub policy: Option<PlanPolicy>,
    /// As which version of Compose the project was read.
    pub compose: PlanCompose,
    /// Why no engine answered, where one was asked: what only it knows is not in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// In the order in which they are merged, then what they refer to.
    pub files: Vec<PlanFile>,
    /// The services of this launch.
    pub services: Vec<PlanService>,
    /// Services that no active profile enables, or that were not asked for.
    pub disabled: Vec<String>,
    /// Every rule of the catalogue, with the places where it does not hold, of all services.
    pub rules: Vec<PlanRule>,
    /// Who owns what is mounted from the host.
    pub owners: Vec<PlanOwner>,
    /// Who the services are without and with mapped users, or why that is not known. The page alone has it; as data
    /// it is what `ids` prints.
    #[serde(skip)]
    pub identities: Option<Result<PlanIdentities, String>>,
    /// What differs from what was recorded: the lock, the snapshot.
    pub changes: Vec<PlanChange>,
    /// What will be done on the host, in order.
    pub steps: Vec<PlanStep>,
    /// What is worse comes first.
    pub findings: Vec<PlanFinding>,
    /// The command that would run, word by word.
    pub command: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanPolicy {
    pub file: String,
    /// The posture of services that are not named.
    pub posture: String,
    /// The postures of services that are named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, String>,
    /// The posture whose refusals are warnings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<String>,
    /// All of these for people.
    #[serde(skip)]
    pub shown: String,
}

/// The version that decides how a project is read.
#[derive(Clone, Debug, Serialize)]
pub struct PlanCompose {
    /// `2.40.3`.
    pub version: String,
    /// Why that one: a word of [`crate::reader::By`].
    pub from: &'static str,
    /// The same for people.
    #[serde(skip)]
    pub why: &'static str,
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
    /// Who each service ran as so far.
    Lock,
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
            Self::Lock => "lock",
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
    /// What holds its container, in a few words.
    pub posture: Vec<String>,
    /// The directories of the host, and volumes as `volume:KEY`, that it writes and that are its own: what
    /// `repair` would give it.
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
    /// Whom a service that starts as root becomes, as far as its image shows that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<PlanThen>,
    /// What the lock has to do with it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<PlanLock>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanThen {
    /// `UID:GID`, or `another user`.
    pub user: String,
    /// The variable or the program that says so.
    pub by: String,
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

#[derive(Clone, Debug, Serialize)]
pub struct PlanRule {
    pub rule: String,
    /// Completes "a service may not …".
    pub forbids: String,
    pub broken: Vec<PlanBreach>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanBreach {
    /// The service, or `networks.NAME` and the like.
    pub place: String,
    /// `waived`, `tolerated` or `fails`.
    pub standing: &'static str,
    /// Whether even the weakest posture that enforces anything forbids it.
    pub dangerous: bool,
    /// `file:line:column`, where something in a file breaks it.
    pub at: Option<String>,
}

/// One mount from the host, and whose it is.
#[derive(Clone, Debug, Serialize)]
pub struct PlanOwner {
    pub service: String,
    /// On the host; of a volume `volume:KEY`.
    pub source: String,
    /// In the container.
    pub target: String,
    /// `directory`, `file`, `socket`, `volume`, …
    pub kind: String,
    pub read_only: bool,
    /// The service's user, `UID:GID` in the container's numbers.
    pub user: Option<String>,
    /// The same in the host's numbers.
    pub host: Option<String>,
    /// Who owns it now, in the host's numbers; absent where it is not there.
    pub now: Option<String>,
    /// `present`, `create`, `give`, `wait`, `refuse`, `leave` or `helper`.
    pub outcome: &'static str,
    /// Why it waits or is left alone.
    pub why: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanChange {
    /// `lock` or `snapshot`.
    pub since: &'static str,
    /// `weakens`, `strengthens`, `ownership`, `functional` or `cosmetic`.
    pub class: String,
    pub what: String,
    /// `file:line:column` of what causes it.
    pub place: Option<String>,
}

/// Something to do on the host.
#[derive(Clone, Debug, Serialize)]
pub struct PlanStep {
    /// `create-directory`, `create-file`, `repair`, `share`, `copy`, `remove`, `set-mode`, `create-volume` or `give-volume`.
    pub step: &'static str,
    /// Absolute; of a volume `volume KEY`.
    pub path: String,
    /// `UID:GID` in the host's numbers; absent for whoever runs seaworthy, and where owners stay as they are.
    pub owner: Option<String>,
    /// Octal; absent where modes stay as they are.
    pub mode: Option<String>,
    /// The service that it is for.
    pub service: Option<String>,
    /// How it is done and why so, or what it is made of.
    pub how: Option<String>,
}

impl PlanStep {
    /// Whose it will be, for people.
    pub fn whose(&self) -> &str {
        match &self.owner {
            Some(owner) => owner,
            None if self.step == "share" => "as it is",
            None => "caller",
        }
    }
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

impl Plan {
    /// The version of the form.
    pub const VERSION: u32 = 1;

    fn count(&self, severity: &str) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The verdict in a few words: `2 services, 5 files, 1 warning`.
    fn summary(&self) -> String {
        let counts = [
            (self.services.len(), "service"),
            (self.files.len(), "file"),
            (self.steps.len(), "thing to do"),
            (self.changes.len(), "change"),
            (self.count("error"), "error"),
            (self.count("warning"), "warning"),
        ];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| match (count, what) {
                (1, what) => format!("1 {what}"),
                (count, "thing to do") => format!("{count} things to do"),
                (count, what) => format!("{count} {what}s"),
            })
            .collect();
        parts.join(", ")
    }

    /// Notes that no engine answered. What hangs on it says so in few words, and the head says why.
    pub fn say_unheard(&mut self, reason: Option<&str>) {
        for service in &mut self.services {
            let pending = service.user.pending.as_mut();
            if let Some(pending) = pending.filter(|pending| Some(pending.as_str()) == reason) {
                "not known without an engine".clone_into(pending);
            }
        }
        self.engine = reason.map(str::to_owned);
    }

    /// The sentence that no engine answered; `None` where one did, or none was asked.
    fn unheard(&self) -> Option<String> {
        let reason = self.engine.as_ref()?;
        Some(format!("no engine: {reason}; what images and volumes hold is not known"))
    }

    /// What holds without a policy: nothing, and how much that leaves open.
    fn unguarded(&self) -> String {
        let dangerous =
            self.rules.iter().flat_map(|rule| &rule.broken).filter(|breach| breach.dangerous).count();
        let settings = match dangerous {
            0 => "no setting is dangerous by the rules of baseline".to_owned(),
            1 => "1 dangerous setting".to_owned(),
            count => format!("{count} dangerous settings"),
        };
        format!("nothing is enforced, it runs as docker compose would run it; {settings}")
    }

    /// Paths in the project as the project writes them.
    fn short(&self, path: &str) -> String {
        match std::path::Path::new(path).strip_prefix(&self.directory) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => format!("./{}", inside.display()),
            Err(_) => path.to_owned(),
        }
    }

    /// Where a mount comes from.
    fn source(&self, mount: &PlanMount) -> String {
        let nothing = if mount.kind == "tmpfs" { "tmpfs" } else { "anonymous" };
        mount.source.as_deref().map_or_else(|| nothing.to_owned(), |path| self.short(path))
    }

    /// The image, or what it is built of as the project writes it.
    fn image(&self, service: &PlanService) -> String {
        match service.image.strip_prefix("build ") {
            Some(context) => format!("build {}", self.short(context)),
            None => service.image.clone(),
        }
    }

    /// What a service breaks, by rule, with how that stands.
    fn breaches<'p>(&'p self, service: &'p str) -> impl Iterator<Item = (&'p str, &'p PlanBreach)> {
        self.rules.iter().flat_map(move |rule| {
            rule.broken
                .iter()
                .filter(move |breach| breach.place == service)
                .map(move |breach| (rule.rule.as_str(), breach))
        })
    }

    /// The command as a shell takes it, in words.
    fn shell_words(&self) -> Vec<String> {
        self.command.iter().map(|word| crate::host::process::shell_word(word)).collect()
    }
}

impl PlanFile {
    /// Enough of the digest to tell files apart.
    fn digest(&self) -> &str {
        self.sha256.get(..12).unwrap_or(&self.sha256)
    }
}

impl PlanService {
    /// As [`Self::remark`], in full.
    fn use_of(&self, mount: &PlanMount) -> &'static str {
        match self.remark(mount) {
            "" => "writable",
            remark => remark,
        }
    }

    /// What there is to say of a mount beside its ends.
    fn remark(&self, mount: &PlanMount) -> &'static str {
        match &mount.source {
            _ if mount.read_only => "read-only",
            Some(source) if self.state.contains(source) => "state",
            Some(key) if mount.kind == "volume" && self.state.iter().any(|one| volume::is(one, key)) => {
                "state"
            }
            _ => "",
        }
    }
}

impl PlanUser {
    /// Who, and on what grounds.
    fn describe(&self) -> (String, String) {
        let mut grounds: Vec<String> = Vec::new();
        match (&self.value, &self.pending) {
            (Some(_), _) => grounds.push(self.from.clone()),
            (None, Some(reason)) => {
                if self.place.is_some() {
                    grounds.push(self.from.clone());
                }
                // The whole reason is in the JSON; a line of a table has room for its first clause.
                grounds.push(reason.split(": ").next().unwrap_or(reason).to_owned());
            }
            (None, None) => grounds.push(self.from.clone()),
        }
        grounds.extend(self.place.clone());
        match &self.lock {
            Some(PlanLock::Has(at)) => grounds.push(at.clone()),
            Some(PlanLock::New) => grounds.push("new in the lock".to_owned()),
            None => {}
        }
        let who = match (&self.then, &self.value) {
            (Some(then), _) => format!("root, then {} by {}", then.user, then.by),
            (None, Some(value)) => value.clone(),
            (None, None) => "the image's".to_owned(),
        };
        (who, grounds.join(", "))
    }
}
