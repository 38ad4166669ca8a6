//! Findings of one line each, as compilers and linters write them.

use std::fmt::Write;

use crate::source::SourceMap;

use super::Finding;
use super::json::severity;

/// `FILE:LINE:COLUMN: SEVERITY[CODE]: MESSAGE`; without the place where there is none.
pub fn concise(findings: &[Finding], sources: &SourceMap) -> String {
    let mut text = String::new();
    for finding in findings {
        if let Some(label) = finding.labels.first() {
            let _ = write!(text, "{}: ", sources.describe(label.span));
        }
        let message = finding.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "{}[{}]: {message}", severity(finding.severity), finding.code.name());
    }
    text
}
