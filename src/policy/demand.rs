//! The severity of a rule at each place of a model: an error, a warning, or nothing.

use std::collections::BTreeSet;

use crate::diagnostic::Severity;
use crate::model::uses::Uses;
use crate::yaml::Node;

use super::arrange::Arranged;
use super::overlay::{Kind, Overlay};
use super::posture::Posture;
use super::postures::Postures;
use super::reader::Located;
use super::rules::{Breach, Check, Rule};
use super::waiver::Waiver;
use super::{Policy, Rank};

/// The postures of a policy, at the places of one model.
pub(super) struct Demands<'p> {
    policy: &'p Policy,
    mandatory: &'p [Overlay],
    /// Absent where every service has the same posture, so that nobody needs to know who uses what.
    uses: Option<Uses>,
}

/// The severity of a breach, and the line of the policy that decides it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand<'p> {
    pub severity: Severity,
    pub by: &'p Located<Posture>,
    /// Whether `warn:` alone asks for it.
    pub is_ahead: bool,
}

impl<'p> Demands<'p> {
    pub fn new(policy: &'p Policy, root: &Node, arranged: &'p Arranged) -> Self {
        let is_uniform = policy.posture.is_uniform() && policy.host_posture.is_uniform();
        Self { policy, mandatory: &arranged.mandatory, uses: (!is_uniform).then(|| Uses::of(root)) }
    }

    /// The worst that a breach of a rule can be anywhere.
    pub fn worst(&self, rule: &Rule) -> Option<Severity> {
        if self.in_force(rule).next().is_some() || rule.from.is_some_and(|from| self.strictest() >= from) {
            return Some(Severity::Error);
        }
        let postures = &self.policy.posture;
        let of = postures.services.values().chain([&postures.default]);
        let is_ahead = rule.from.is_some_and(|from| of.into_iter().any(|one| self.shown(one) >= Some(from)));
        (rule.warns || is_ahead).then_some(Severity::Warning)
    }

    fn strictest(&self) -> Posture {
        self.policy.posture.highest().value
    }

    /// The severity of a breach; `None` where no posture or overlay asks for the rule.
    pub fn of(&self, rule: &Rule, breach: &Breach) -> Option<Demand<'p>> {
        let postures: &'p Postures = &self.policy.posture;
        let concerned = self.concerned(rule, breach);
        let by = match &concerned {
            Some(services) => postures.strictest(services.iter().copied()),
            None => &postures.default,
        };
        let covers = |overlay: &Overlay| {
            concerned.as_ref().is_none_or(|all| all.iter().any(|one| overlay.scope.covers(one)))
        };
        let is_enforced = rule.from.is_some_and(|from| by.value >= from);
        if is_enforced || self.in_force(rule).any(covers) {
            return Some(Demand { severity: Severity::Error, by, is_ahead: false });
        }
        if rule.warns {
            return Some(Demand { severity: Severity::Warning, by, is_ahead: false });
        }
        let shown = self.shown(by)?;
        let is_ahead = rule.from.is_some_and(|from| from <= shown) && !is_supplied(rule, breach, shown);
        let by = postures.warn.as_ref().unwrap_or(by);
        is_ahead.then_some(Demand { severity: Severity::Warning, by, is_ahead: postures.warn.is_some() })
    }

    /// The posture whose refusals a service is warned of.
    fn shown(&self, posture: &Located<Posture>) -> Option<Posture> {
        if let Some(warn) = &self.policy.posture.warn {
            return (warn.value > posture.value).then_some(warn.value);
        }
        // Who writes `observe` wants to see what hardening would refuse; a policy without a posture is
        // about something else, and shows only what is dangerous.
        let is_written = posture.origin.span().is_some();
        let shown = if is_written { Posture::Hardened } else { Posture::Baseline };
        (posture.value == Posture::Observe).then_some(shown)
    }

    /// The overlays in force with which a rule is enforced.
    fn in_force(&self, rule: &Rule) -> impl Iterator<Item = &'p Overlay> + use<'p> {
        let (keys, laid_with) = (rule.overlays, rule.laid_with);
        self.mandatory.iter().filter(move |overlay| {
            let Kind::Builtin(builtin) = overlay.kind else { return false };
            keys.iter().any(|(name, _)| *name == builtin.name) || laid_with.contains(&builtin.name)
        })
    }

    /// The services that a breach concerns; `None` where all are alike.
    fn concerned<'d>(&'d self, rule: &Rule, breach: &'d Breach) -> Option<BTreeSet<&'d str>> {
        let uses = self.uses.as_ref()?;
        let mut concerned = match rule.check {
            Check::Service(_) => uses.of_service(&breach.place, rule.joined_by),
            Check::Project(_) => uses.of_place(&breach.place),
        };
        concerned.extend(breach.entered.as_deref());
        Some(concerned)
    }

    /// Whether a waiver is for a breach: a project's is for none that concerns a service of which the host demands the
    /// rule.
    pub fn is_for(&self, waiver: &Waiver, rule: &Rule, breach: &Breach) -> bool {
        if !waiver.is_for(&breach.place, rule.id) {
            return false;
        }
        let host: &Postures = &self.policy.host_posture;
        let by_host = || {
            let posture = match self.concerned(rule, breach) {
                Some(services) => host.strictest(services),
                None => &host.default,
            };
            rule.from.is_some_and(|from| posture.value >= from)
        };
        waiver.rank == Rank::System || host.is_uniform() || !by_host()
    }
}

/// Whether the overlays that come with a posture would set what is missing.
fn is_supplied(rule: &Rule, breach: &Breach, posture: Posture) -> bool {
    breach.is_lack && rule.overlays.iter().any(|(name, _)| posture.implied().contains(name))
}
