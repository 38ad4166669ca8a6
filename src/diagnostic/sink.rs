use super::{Exit, Finding, Severity};

/// Collects findings so that everything wrong is reported in one go.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    findings: Vec<Finding>,
}

impl Sink {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, finding: Finding) {
        let repeated = self.findings.iter().any(|known| {
            known.code == finding.code
                && known.message == finding.message
                && known.labels.first().map(|label| label.span)
                    == finding.labels.first().map(|label| label.span)
        });
        if !repeated {
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
