//! How every rule of the catalogue stands, for every service: the posture as a table.

use std::collections::HashMap;

use crate::compose::Model;
use crate::diagnostic::Severity;
use crate::source::Origin;
use crate::yaml::spread;

use super::arrange::Arranged;
use super::demand::Demands;
use super::rules::{self, Breach, Check, FileVariables, Rule, Service, View};
use super::user::Users;
use super::waiver::Waiver;
use super::{Policy, opened};

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
    /// What a waiver would have to allow.
    pub value: Option<String>,
}

impl Verdict {
    /// Whether the place is a service.
    pub fn is_of_service(&self) -> bool {
        matches!(self.rule.check, Check::Service(_))
    }
}

/// Where each rule of the catalogue is broken, in the catalogue's order; what is not named holds. A
/// waiver counts until it is removed, also after its day: `check` is what refuses it then.
pub fn verdicts(
    policy: Option<&Policy>,
    model: &Model,
    arranged: &Arranged,
    variables: &FileVariables,
) -> Vec<Verdict> {
    let nobody = Users::default();
    let opened = opened::networks(&arranged.mandatory);
    let users = policy.map_or(&nobody, |policy| &policy.users);
    let mut view = View::new(model, users, &opened, &arranged.mandatory);
    view.variables = Some(variables);
    view.engine = policy.map(|policy| &policy.engine);
    let services: Vec<Service<'_>> = view.services().collect();
    let demands = policy.map(|policy| Demands::new(policy, &model.root, arranged));
    let rules: Vec<Judged<'_>> =
        rules::CATALOGUE.iter().map(|rule| Judged::new(rule, policy, demands.as_ref())).collect();
    let of_services = |services: &[Service<'_>]| -> Vec<Vec<Verdict>> {
        rules.iter().map(|rule| rule.of_services(services)).collect()
    };
    let parts = if spread::pays(services.len()) {
        spread::in_parts(services.chunks(spread::part(services.len())).collect(), of_services)
    } else {
        vec![of_services(&services)]
    };
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let mut found = Vec::new();
    for rule in &rules {
        found.extend(rule.of_project(&view));
        for part in &mut parts {
            found.extend(part.next().into_iter().flatten());
        }
    }
    found
}

/// A rule, and how it counts where it is broken.
struct Judged<'p> {
    rule: &'static Rule,
    demands: Option<&'p Demands<'p>>,
    /// Those of this rule.
    waivers: Vec<&'p Waiver>,
}

impl<'p> Judged<'p> {
    fn new(rule: &'static Rule, policy: Option<&'p Policy>, demands: Option<&'p Demands<'p>>) -> Self {
        let waivers = policy.map(|policy| policy.waivers.as_slice()).unwrap_or_default();
        Self { rule, demands, waivers: waivers.iter().filter(|waiver| waiver.rule.id == rule.id).collect() }
    }

    fn standing(&self, breach: &Breach) -> Standing {
        let waived = self.waivers.iter().any(|waiver| {
            self.demands.is_some_and(|demands| demands.is_for(waiver, self.rule, breach))
                && waiver.lets_pass(breach).is_some()
        });
        let demand = self.demands.and_then(|demands| demands.of(self.rule, breach));
        match (waived, demand.is_some_and(|demand| demand.severity == Severity::Error)) {
            (true, _) => Standing::Waived,
            (false, true) => Standing::Fails,
            (false, false) => Standing::Tolerated,
        }
    }

    /// Nothing where the rule is about the project.
    fn of_services(&self, services: &[Service<'_>]) -> Vec<Verdict> {
        let Check::Service(check) = self.rule.check else { return Vec::new() };
        let mut found: Vec<Verdict> = Vec::new();
        let mut breaches = Vec::new();
        for service in services {
            check(service, &mut breaches);
            if breaches.is_empty() {
                continue;
            }
            // No rule names another service than the one it looks at.
            let start = found.len();
            for breach in breaches.drain(..) {
                let known = found.iter_mut().skip(start).find(|verdict| verdict.place == breach.place);
                let verdict = self.verdict(breach, known);
                found.extend(verdict);
            }
        }
        found
    }

    /// Nothing where the rule is about services.
    fn of_project(&self, view: &View<'_>) -> Vec<Verdict> {
        let Check::Project(check) = self.rule.check else { return Vec::new() };
        let mut breaches = Vec::new();
        check(view, &mut breaches);
        let mut found: Vec<Verdict> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for breach in breaches {
            let known = places.get(&breach.place).and_then(|at| found.get_mut(*at));
            if let Some(verdict) = self.verdict(breach, known) {
                places.insert(verdict.place.clone(), found.len());
                found.push(verdict);
            }
        }
        found
    }

    /// Of a place that has none yet; else the worst of a place is its standing.
    fn verdict(&self, breach: Breach, known: Option<&mut Verdict>) -> Option<Verdict> {
        let standing = self.standing(&breach);
        match known {
            Some(known) => {
                if known.standing < standing {
                    (known.standing, known.origin, known.value) = (standing, breach.origin, breach.value);
                }
                None
            }
            None => {
                let Breach { place, value, origin, .. } = breach;
                Some(Verdict { rule: self.rule, place, standing, origin, value })
            }
        }
    }
}
