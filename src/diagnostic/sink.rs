use std::collections::{BTreeMap, HashSet};

use super::{Code, Exit, Finding, Severity};
use crate::source::Span;

/// More of one severity than this help nobody, and a hostile file could have millions.
const MOST: usize = 500;

/// Collects findings so that everything wrong is reported in one go.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    findings: Vec<Finding>,
    /// What was said already, and where.
    said: HashSet<(Code, String, Option<Span>)>,
    counts: BTreeMap<Severity, usize>,
    errors: usize,
}

impl Sink {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, finding: Finding) {
        self.errors += usize::from(finding.severity == Severity::Error);
        let place = finding.labels.first().map(|label| label.span);
        let count = self.counts.entry(finding.severity).or_default();
        if *count < MOST && self.said.insert((finding.code, finding.message.clone(), place)) {
            *count += 1;
            self.findings.push(finding);
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// How many errors there were, those included that were said already or are too many.
    pub fn errors(&self) -> usize {
        self.errors
    }

    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The status to exit with: that of the first error.
    pub fn exit(&self) -> Exit {
        self.findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
            .map_or(Exit::Done, |finding| finding.code.exit())
    }
}
