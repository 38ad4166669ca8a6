//! The posture, and what keeps the project from the next one.

use std::collections::BTreeMap;

use crate::policy::Posture;
use crate::run::session::Session;

use super::seen::Seen;
use super::settle::{Settled, settle};

/// So many waivers of one service for one posture are the exception; with more, the posture is.
const FEW: usize = 3;

/// The content of the file and the summary of it.
pub(super) struct Chosen {
    pub settled: Settled,
    /// The next posture, and by rule the places that stand in its way.
    pub kept: Option<(Posture, BTreeMap<String, Vec<String>>)>,
}

/// The highest posture that the project passes, or the one that was asked for. The session says what stands in the
/// way of every one.
pub(super) fn choose<'s>(seen: &'s Seen<'_>, asked: Option<Posture>) -> Result<Chosen, Box<Session<'s>>> {
    if let Some(posture) = asked {
        return settle(seen, posture).map(|settled| Chosen { settled, kept: None });
    }
    let mut kept = None;
    let mut last = None;
    let weakest = seen.host.posture;
    for posture in Posture::ALL.into_iter().rev().filter(|posture| *posture >= weakest) {
        if posture == Posture::Contained && posture != weakest && !seen.ways_out.is_empty() {
            // It would be green, and the services would reach nobody any more.
            kept = Some((posture, BTreeMap::from([("egress".to_owned(), seen.ways_out.clone())])));
            continue;
        }
        match settle(seen, posture) {
            Ok(settled) if posture == weakest || is_few(&settled, seen) => {
                return Ok(Chosen { settled, kept });
            }
            Ok(settled) => kept = Some((posture, standing_in_the_way(&settled))),
            Err(session) => {
                kept = Some((posture, refusing(&session)));
                last = Some(session);
            }
        }
    }
    Err(last.unwrap_or_else(|| Box::new(Session::new(&seen.request))))
}

/// Whether waivers are the exception under every posture above `baseline`, which refuses only what is dangerous.
fn is_few(settled: &Settled, seen: &Seen<'_>) -> bool {
    let draft = &settled.draft;
    let above = Posture::ALL.into_iter().filter(|posture| *posture > Posture::Baseline);
    above.filter(|posture| *posture <= draft.posture).all(|posture| {
        let mut by_service: BTreeMap<&str, usize> = BTreeMap::new();
        for (service, _) in draft.of_posture(posture) {
            *by_service.entry(service).or_default() += 1;
        }
        let services = seen.services.len();
        by_service.values().all(|count| *count <= FEW)
            && by_service.values().sum::<usize>() <= FEW.max(2 * services)
    })
}

fn standing_in_the_way(settled: &Settled) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (service, rule) in settled.draft.of_posture(settled.draft.posture) {
        found.entry(rule.id.to_owned()).or_default().push(service.to_owned());
    }
    found
}

fn refusing(session: &Session<'_>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let errors =
        session.sink.findings().iter().filter(|one| one.severity == crate::diagnostic::Severity::Error);
    for error in errors {
        let what = error.rule().unwrap_or(error.code.name()).to_owned();
        found.entry(what).or_default().extend(error.service().map(str::to_owned));
    }
    found
}
