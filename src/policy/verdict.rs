//! How every rule of the catalogue stands, for every service: the posture as a table.

use std::collections::HashMap;

use crate::compose::{Model, section};
use crate::source::Origin;
use crate::yaml::{Mapping, spread};

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
    let of = |rule: &'static Rule| of_rule(rule, policy, &view, arranged);
    let rules: Vec<&'static Rule> = rules::CATALOGUE.iter().collect();
    let services = section(&model.root, "services").map_or(0, Mapping::len);
    if spread::pays(services) {
        return spread::in_parts(rules, of).into_iter().flatten().collect();
    }
    rules.into_iter().flat_map(of).collect()
}

/// Where one rule is broken.
fn of_rule(
    rule: &'static Rule,
    policy: Option<&Policy>,
    view: &View<'_>,
    arranged: &Arranged,
) -> Vec<Verdict> {
    let demanded = policy.and_then(|policy| policy.severity(rule, arranged)) == Some(Severity::Error);
    let mut found: Vec<Verdict> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for breach in breaches(rule, view) {
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
        match places.get(&breach.place).and_then(|at| found.get_mut(*at)) {
            // The worst of a service is its standing.
            Some(known) if known.standing >= standing => {}
            Some(known) => (known.standing, known.origin) = (standing, breach.origin),
            None => {
                places.insert(breach.place.clone(), found.len());
                found.push(Verdict { rule, place: breach.place, standing, origin: breach.origin });
            }
        }
    }
    found
}
