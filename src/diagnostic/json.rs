//! Findings for programs, as one JSON document.

use serde_json::{Value, json};

use crate::source::{SourceMap, Span};

use super::{Finding, Label, Severity};

/// Every finding with its places, in the order given.
pub fn json(findings: &[Finding], sources: &SourceMap) -> Value {
    let label = |label: &Label| {
        let mut value = place(label.span, sources);
        if let Some(map) = value.as_object_mut() {
            map.insert("text".into(), label.text.clone().into());
        }
        value
    };
    let one = |finding: &Finding| {
        json!({
            "code": finding.code.name(),
            "severity": severity(finding.severity),
            "message": finding.message,
            "service": finding.service(),
            "rule": finding.rule(),
            "places": finding.labels.iter().map(label).collect::<Vec<_>>(),
            "demanded": finding.demanded().map(label),
            "ahead": finding.ahead(),
            "help": finding.help,
        })
    };
    json!({ "version": 1, "findings": findings.iter().map(one).collect::<Vec<_>>() })
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// A file with lines and columns from 1, columns in characters; the end lies behind the last character.
fn place(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = (sources.position(span), sources.position(behind(span)));
    json!({
        "file": sources.get(span.file).map(|file| file.name.as_str()),
        "line": start.line, "column": start.column,
        "end_line": end.line, "end_column": end.column,
    })
}

/// The empty span at the end of another.
pub(super) fn behind(span: Span) -> Span {
    Span { start: span.end, ..span }
}
