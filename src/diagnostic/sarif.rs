//! Findings as SARIF 2.1.0, which code review tools read.

use serde_json::{Value, json};

use crate::source::{SourceMap, Span};

use super::json::{behind, severity};
use super::{Code, Finding, Label};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run with every finding as a result.
pub fn sarif(findings: &[Finding], sources: &SourceMap) -> Value {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rule = |code: &Code| {
        json!({
            "id": code.name(),
            "shortDescription": { "text": code.title() },
            "help": { "text": code.remedy() },
        })
    };
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "seaworthy",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(finding, sources)).collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Finding, sources: &SourceMap) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.code.name(),
        "level": severity(finding.severity),
        "message": { "text": text },
    });
    let Some(map) = result.as_object_mut() else { return result };
    if let [first, others @ ..] = finding.labels.as_slice() {
        map.insert("locations".into(), json!([location(first, sources)]));
        if !others.is_empty() {
            let related = others.iter().map(|label| location(label, sources)).collect::<Vec<_>>();
            map.insert("relatedLocations".into(), related.into());
        }
    }
    result
}

fn location(label: &Label, sources: &SourceMap) -> Value {
    json!({
        "message": { "text": label.text },
        "physicalLocation": {
            "artifactLocation": { "uri": uri(label.span, sources) },
            "region": region(label.span, sources),
        },
    })
}

fn region(span: Span, sources: &SourceMap) -> Value {
    let (start, end) = (sources.position(span), sources.position(behind(span)));
    json!({
        "startLine": start.line, "startColumn": start.column,
        "endLine": end.line, "endColumn": end.column,
    })
}

/// The name as a relative reference: what is not plain is percent-encoded.
fn uri(span: Span, sources: &SourceMap) -> String {
    let name = sources.get(span.file).map_or("", |file| file.name.as_str());
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
