//! The posture of each service, and what keeps it from the next one.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Severity;
use crate::policy::Posture;
use crate::run::session::Session;

use super::levels::Levels;
use super::seen::Seen;
use super::settle::{Settled, settle};

/// So many waivers of one service for one posture are the exception; with more, the posture is.
const FEW: usize = 3;

/// The places that keep a posture from being enforced, by rule.
pub(super) type Reasons = BTreeMap<String, Vec<String>>;

/// The content of the file and the summary of it.
pub(super) struct Chosen {
    pub settled: Settled,
    /// The postures that not every service has, and why not.
    pub kept: BTreeMap<Posture, Reasons>,
}

/// The highest posture that each service passes, or for all the one that was asked for. The session says what stands
/// in the way of every one.
pub(super) fn choose<'s>(seen: &'s Seen<'_>, asked: Option<Posture>) -> Result<Chosen, Box<Session<'s>>> {
    if let Some(posture) = asked {
        return settle(seen, Levels::all(posture)).map(|settled| Chosen { settled, kept: BTreeMap::new() });
    }
    let mut kept = BTreeMap::new();
    let mut highest = Posture::Contained;
    if !seen.ways_out.is_empty() {
        // It would be green, and the services would reach nobody any more.
        kept.insert(highest, BTreeMap::from([("egress".to_owned(), seen.ways_out.clone())]));
        highest = Posture::Hardened;
    }
    let mut postures: BTreeMap<String, Posture> = BTreeMap::new();
    for service in &seen.services {
        postures.insert(service.name.clone(), highest.max(seen.host.posture.of(&service.name).value));
    }
    if postures.values().any(|posture| *posture == Posture::Contained) {
        kept.remove(&Posture::Contained);
    }
    loop {
        let mut levels = Levels::of_services(&postures);
        if postures.is_empty() {
            levels = Levels::all(highest.max(seen.host.posture.default.value));
        }
        let (reasons, refused) = match settle(seen, levels) {
            Ok(settled) => {
                let many = many(&settled, seen, &postures);
                if many.is_empty() {
                    if settled.draft.postures.others.is_empty() {
                        // All have the same, and the next one is what matters.
                        kept = kept.into_iter().take(1).collect();
                    }
                    return Ok(Chosen { settled, kept });
                }
                (many, None)
            }
            Err(session) => (refusing(&session, &postures), Some(session)),
        };
        let mut lowered = false;
        for (service, rules) in reasons {
            let Some(posture) = postures.get_mut(&service) else { continue };
            if let Some(next) = lower(*posture, seen.host.posture.of(&service).value) {
                let reasons: &mut Reasons = kept.entry(*posture).or_default();
                for rule in rules {
                    reasons.entry(rule).or_default().push(service.clone());
                }
                *posture = next;
                lowered = true;
            }
        }
        if !lowered {
            let refused = refused.unwrap_or_else(|| Box::new(Session::new(&seen.request)));
            return Err(refused);
        }
    }
}

/// The next weaker posture that the host lets a service have.
fn lower(posture: Posture, weakest: Posture) -> Option<Posture> {
    Posture::ALL.into_iter().rev().find(|one| *one < posture && *one >= weakest)
}

/// The services for which waivers would be no exception any more under a posture above `baseline`, which refuses only
/// what is dangerous; each with the rules of its posture. Nothing where no service can be lowered.
fn many(
    settled: &Settled,
    seen: &Seen<'_>,
    postures: &BTreeMap<String, Posture>,
) -> BTreeMap<String, BTreeSet<String>> {
    let draft = &settled.draft;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let can_be_lowered = |service: &str| {
        postures
            .get(service)
            .is_some_and(|posture| lower(*posture, seen.host.posture.of(service).value).is_some())
    };
    for posture in Posture::ALL.into_iter().filter(|posture| *posture > Posture::Baseline) {
        let mut by_service: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (service, rule) in draft.of_posture(posture) {
            by_service.entry(service).or_default().insert(rule.id.to_owned());
        }
        let services = postures.values().filter(|one| **one >= posture).count();
        let sum: usize = by_service.values().map(BTreeSet::len).sum();
        let most = by_service.values().map(BTreeSet::len).max().unwrap_or(0);
        // Where they are too many together, those go that have the most.
        let limit = if sum > FEW.max(2 * services) { most.saturating_sub(1).min(FEW) } else { FEW };
        for (service, rules) in by_service.into_iter().filter(|(_, rules)| rules.len() > limit) {
            // Waivers for the project are about everybody who has such a posture.
            let concerned = postures
                .iter()
                .filter(|(name, one)| name.as_str() == service || service == "*" && **one >= posture);
            for (name, _) in concerned.filter(|(name, _)| can_be_lowered(name)) {
                found.entry(name.clone()).or_default().extend(rules.iter().cloned());
            }
        }
    }
    found
}

/// The services that errors are about, with the rules; all services where the errors name none.
fn refusing(
    session: &Session<'_>,
    postures: &BTreeMap<String, Posture>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut others = BTreeSet::new();
    let errors = session.sink.findings().iter().filter(|one| one.severity == Severity::Error);
    for error in errors {
        let what = error.rule().unwrap_or(error.code.name()).to_owned();
        match error.service().filter(|service| postures.contains_key(*service)) {
            Some(service) => {
                found.entry(service.to_owned()).or_default().insert(what);
            }
            None => {
                others.insert(what);
            }
        }
    }
    // Once those that are named have the weakest, the rest can be meant.
    let is_stuck = found.keys().all(|service| postures.get(service) == Some(&Posture::Observe));
    if is_stuck {
        for service in postures.keys() {
            found.entry(service.clone()).or_default().extend(others.iter().cloned());
        }
    }
    found
}
