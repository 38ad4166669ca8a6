//! What a target cannot hold, by name and place; unless the policy says that it may be so.

use crate::diagnostic::{Code, Finding, Waivable};
use crate::ownership::UserDecision;
use crate::policy::{Policy, rules};
use crate::source::Origin;

/// The rule by which a waiver names such settings.
pub const RULE: &str = rules::NOT_ENFORCEABLE;

/// A setting that is left to the target although it may not hold it, by a waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// `services.agent.pids_limit`
    pub place: String,
    pub reason: String,
}

/// Gathers them.
pub struct Refusals<'p> {
    /// As waivers write it: `kubernetes`.
    target: &'static str,
    /// As people write it.
    name: &'static str,
    policy: Option<&'p Policy>,
    pub findings: Vec<Finding>,
    pub waived: Vec<Waived>,
}

/// Whose setting it is.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// Nothing for the project's networks, volumes and the like.
    pub service: Option<&'a str>,
    /// Before the key: `services.agent`.
    pub section: &'a str,
}

impl<'p> Refusals<'p> {
    pub fn new(target: &'static str, name: &'static str, policy: Option<&'p Policy>) -> Self {
        Self { target, name, policy, findings: Vec::new(), waived: Vec::new() }
    }

    /// Whether a waiver allows this value of a service, `*` for the project.
    pub fn allows(&mut self, of: Of<'_>, key: &str, choice: &str) -> bool {
        let value = format!("{}.{key}{choice}", self.target);
        let service = of.service.unwrap_or("*");
        let waiver = self.policy.and_then(|policy| policy.waiver_of(RULE, service, &value));
        if let Some(waiver) = waiver {
            let said = Waived { place: place(of, key), reason: waiver.reason.clone() };
            if !self.waived.contains(&said) {
                self.waived.push(said);
            }
        }
        waiver.is_some()
    }

    /// Refuses a setting. `true` where a waiver allows it to be left out.
    pub fn refuse(&mut self, of: Of<'_>, key: &str, origin: Origin, why: &str, todo: &str) -> bool {
        if self.allows(of, key, "") {
            return true;
        }
        self.refuse_without_choice(of, key, origin, why, todo, "");
        false
    }

    /// As [`Self::refuse`], where a waiver says which of several ways is taken.
    pub fn refuse_without_choice(
        &mut self,
        of: Of<'_>,
        key: &str,
        origin: Origin,
        why: &str,
        todo: &str,
        choice: &str,
    ) {
        let value = format!("{}.{key}{choice}", self.target);
        let service = of.service.unwrap_or("*");
        let message = format!("{} cannot be enforced on {}: {why}", place(of, key), self.name);
        let shown = if service == "*" { "\"*\"" } else { service };
        let help = format!(
            "{todo}. Or accept it in the policy: waivers: [{{ service: {shown}, rule: {RULE}, allow: [\"{value}\"], reason: … }}]"
        );
        let mut finding =
            Finding::error(Code::NotEnforceable, message).at_origin(origin, "here").help(help).of_rule(
                RULE,
                Origin::Default("target"),
                "",
                Waivable { service: service.to_owned(), allow: vec![value] },
            );
        if let Some(service) = of.service {
            finding = finding.of_service(service);
        }
        if !self.findings.iter().any(|known| known.message == finding.message) {
            self.findings.push(finding);
        }
    }

    /// Refuses what no waiver can allow: the target would not take it.
    pub fn refuse_always(&mut self, finding: Finding) {
        if !self.findings.iter().any(|known| known.message == finding.message) {
            self.findings.push(finding);
        }
    }
}

/// Refuses a user that only the image knows, where nobody looked at what it says: there the image would decide.
pub fn unknown_user(of: Of<'_>, decision: &UserDecision) -> Finding {
    let why = decision.user.reason().unwrap_or_default();
    let message = format!("{}.user is not known: {why}", of.section);
    let mut finding = Finding::error(Code::NotEnforceable, message);
    if let Some(span) = decision.from.span() {
        finding = finding.at(span, "the image says it");
    }
    finding.help("Run this where the engine has the image, or write the user in numbers.")
}

/// `services.agent.pids_limit`, `networks.backend.internal`
fn place(of: Of<'_>, key: &str) -> String {
    let key = if of.service.is_some() { key } else { key.split_once('.').map_or("", |(_, key)| key) };
    if key.is_empty() { of.section.to_owned() } else { format!("{}.{key}", of.section) }
}
