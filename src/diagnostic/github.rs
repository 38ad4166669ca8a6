//! Findings as annotations of a GitHub workflow.

use std::fmt::Write;

use crate::source::SourceMap;

use super::json::behind;
use super::{Finding, Severity};

/// A step shows no more annotations of one kind than this.
const MOST: usize = 10;

/// One workflow command a line; where a kind has too many, its last one counts the others.
pub fn github(findings: &[Finding], sources: &SourceMap) -> String {
    let mut text = String::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let own: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        let shown = if own.len() > MOST { MOST - 1 } else { own.len() };
        for finding in own.iter().take(shown) {
            annotate(finding, sources, &mut text);
        }
        if own.len() > shown {
            let more = own.len() - shown;
            let _ = writeln!(
                text,
                "::{} title=seaworthy::and {more} more; another format shows all of them",
                kind(severity)
            );
        }
    }
    text
}

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn annotate(finding: &Finding, sources: &SourceMap, text: &mut String) {
    let kind = kind(finding.severity);
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

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
