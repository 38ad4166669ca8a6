//! One policy, tried in memory by the check itself.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Finding, Severity};
use crate::policy::rules::FileVariables;
use crate::policy::{Standing, Verdict, verdicts};
use crate::run::decide::{Images, decide};
use crate::run::plan::foresee;
use crate::run::session::{Mounted, Session};
use crate::run::verify::{Verified, complete};

use super::seen::Seen;

/// The result of one attempt.
pub(super) struct Attempt<'s> {
    seen: &'s Seen<'s>,
    pub session: Session<'s>,
    /// `None` where the project or the policy could not be read.
    pub verified: Option<Verified>,
    pub verdicts: Vec<Verdict>,
}

/// The errors of a session, to be recognised in another one.
pub(super) fn names(session: &Session<'_>) -> BTreeSet<(Code, String)> {
    let errors = session.sink.findings().iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| (finding.code, finding.message.clone())).collect()
}

/// Whether another user than the lock has is an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    Refused,
    Tolerated,
}

impl<'s> Attempt<'s> {
    /// As `check` would judge the project if the policy had this text.
    pub fn new(seen: &'s Seen<'s>, text: &str, drift: Drift) -> Self {
        let mut session = Session::new(&seen.request);
        session.inputs = seen.inputs.clone();
        session.inputs.add(&seen.name, &seen.target, text);
        session.tolerates_drift = drift == Drift::Tolerated;
        // A bind that is missing or closed keeps a service from every posture.
        session.mounted = Mounted::Judged;
        let decided = decide(&mut session, &[], seen.engine, Images::WhereNeeded);
        let verified = decided.map(|decided| complete(&mut session, decided, seen.engine));
        let verdicts = verified
            .as_ref()
            .map(|verified| {
                let variables = FileVariables::read(&verified.model, &mut session.inputs, &mut session.sink);
                verdicts(verified.policy.as_ref(), &verified.model, &verified.arranged, &variables)
            })
            .unwrap_or_default();
        Self { seen, session, verified, verdicts }
    }

    pub fn is_green(&self) -> bool {
        self.verified.is_some() && self.errors().next().is_none()
    }

    /// The errors but for those that no policy changes.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        let all = self.session.sink.findings().iter();
        all.filter(|finding| finding.severity == Severity::Error && !self.seen.is_left(finding))
    }

    /// Rules that are demanded and broken, said by whichever finding.
    pub fn failing(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.standing == Standing::Fails)
    }

    /// The services that would not work, as far as their images show.
    pub fn foreseen(&mut self, seen: &Seen<'_>) -> Vec<String> {
        let Some(verified) = &self.verified else { return Vec::new() };
        let before = self.session.sink.findings().len();
        foresee(&mut self.session, verified, seen.engine);
        let new = self.session.sink.findings().iter().skip(before);
        let of_service = |finding: &Finding| finding.service().map(str::to_owned);
        new.filter(|finding| finding.code == Code::WillNotWork).filter_map(of_service).collect()
    }
}
