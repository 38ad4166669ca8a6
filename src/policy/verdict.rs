//! How every rule of the catalogue stands, for every service: the posture as a table.

use crate::compose::Model;
use crate::source::Origin;

use super::arrange::Arranged;
use super::judge::breaches;
use super::rules::{self, Check, Rule, View};
use super::user::Users;
use super::{Policy, opened};
use crate::diagnostic::Severity;

/// How a rule stands at one place where it is broken. Ordered by how much is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Broken, with a waiver.
    Waived,
    /// Broken, and nothing in force demands that it holds.
    Tolerated,
    /// Broken although it is demanded.
    Fails,
}

impl Standing {
    pub const ALL: [Self; 3] = [Self::Waived, Self::Tolerated, Self::Fails];

    pub fn name(self) -> &'static str {
        match self {
            Self::Waived => "waived",
            Self::Tolerated => "tolerated",
            Self::Fails => "fails",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == text)
    }
}

/// A rule that does not hold somewhere.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub rule: &'static Rule,
    /// The service, or `networks.NAME` and the like.
    pub place: String,
    pub standing: Standing,
    /// What breaks it.
    pub origin: Origin,
}

impl Verdict {
    /// Whether the place is a service.
    pub fn is_of_service(&self) -> bool {
        matches!(self.rule.check, Check::Service(_))
    }
}

/// Where each rule of the catalogue is broken, in the catalogue's order; what is not named holds. A
/// waiver counts until it is removed, also after its day: `check` is what refuses it then.
pub fn verdicts(policy: Option<&Policy>, model: &Model, arranged: &Arranged) -> Vec<Verdict> {
    let nobody = Users::default();
    let opened = opened::networks(&arranged.mandatory);
    let users = policy.map_or(&nobody, |policy| &policy.users);
    let view = View { model, users, opened: &opened, mandatory: &arranged.mandatory };
    let mut found: Vec<Verdict> = Vec::new();
    for rule in rules::CATALOGUE.iter() {
        let demanded = policy.and_then(|policy| policy.severity(rule, arranged)) == Some(Severity::Error);
        let start = found.len();
        for breach in breaches(rule, &view) {
            let waived = policy.is_some_and(|policy| {
                policy.waivers.iter().any(|waiver| {
                    waiver.is_for(&breach.place, rule.id) && waiver.allows(breach.value.as_deref()).is_some()
                })
            });
            let standing = match (waived, demanded) {
                (true, _) => Standing::Waived,
                (false, true) => Standing::Fails,
                (false, false) => Standing::Tolerated,
            };
            let own = found.get_mut(start..).unwrap_or_default();
            match own.iter_mut().find(|known| known.place == breach.place) {
                // The worst of a service is its standing.
                Some(known) if known.standing >= standing => {}
                Some(known) => (known.standing, known.origin) = (standing, breach.origin),
                None => {
                    found.push(Verdict { rule, place: breach.place, standing, origin: breach.origin });
                }
            }
        }
    }
    found
}
