//! Findings as annotations of a GitHub workflow.

use std::fmt::Write;

use crate::source::SourceMap;

use super::json::behind;
use super::{Finding, Severity};

/// One workflow command a line.
pub fn github(findings: &[Finding], sources: &SourceMap) -> String {
    let mut text = String::new();
    for finding in findings {
        let kind = match finding.severity {
            Severity::Note => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let mut properties = vec![format!("title={}", property(finding.code.name()))];
        if let Some(label) = finding.labels.first()
            && let Some(file) = sources.get(label.span.file)
        {
            let (start, end) = (sources.position(label.span), sources.position(behind(label.span)));
            properties.push(format!("file={}", property(&file.name)));
            properties.push(format!("line={},col={}", start.line, start.column));
            properties.push(format!("endLine={},endColumn={}", end.line, end.column));
        }
        let message = match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        };
        let _ = writeln!(text, "::{kind} {}::{}", properties.join(","), data(&message));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
