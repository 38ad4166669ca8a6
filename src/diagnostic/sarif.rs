//! Findings as SARIF 2.1.0, which code review tools read.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::source::{SourceMap, Span};

use super::json::{behind, severity};
use super::{Code, Finding, Label};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Code scanning takes no more results of a run than this into account, the most severe first.
const MOST_RESULTS: usize = 5_000;

/// Nor more places of one result than this.
const MOST_PLACES: usize = 100;

/// Nobody reads more of a message, and an upload has a size.
const MOST_CHARACTERS: usize = 1_000;

/// One run with every finding as a result, within the limits of GitHub's code scanning.
pub fn sarif(findings: &[Finding], sources: &SourceMap) -> Value {
    let mut kept: Vec<&Finding> = findings.iter().collect();
    kept.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let left_out = kept.len().saturating_sub(MOST_RESULTS);
    kept.truncate(MOST_RESULTS);
    let mut codes: Vec<Code> = kept.iter().map(|finding| finding.code).collect();
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
            "invocations": [invocation(left_out)],
            "results": kept.iter().map(|finding| result(finding, sources)).collect::<Vec<_>>(),
        }],
    })
}

/// That it ran to its end, and what it does not say.
fn invocation(left_out: usize) -> Value {
    let mut invocation = json!({ "executionSuccessful": true });
    if left_out > 0
        && let Some(map) = invocation.as_object_mut()
    {
        let text = format!("{left_out} more results are left out; another format shows all of them");
        let note = json!({ "level": "warning", "message": { "text": text } });
        map.insert("toolExecutionNotifications".into(), json!([note]));
    }
    invocation
}

fn result(finding: &Finding, sources: &SourceMap) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let text: String = text.chars().take(MOST_CHARACTERS).collect();
    // The same finding on another line is the same alert.
    let place = finding.labels.first().map(|label| uri(label.span, sources)).unwrap_or_default();
    let fingerprint = digest(&[finding.code.name(), &finding.message, &place]);
    let mut result = json!({
        "ruleId": finding.code.name(),
        "level": severity(finding.severity),
        "message": { "text": text },
        "partialFingerprints": { "seaworthy/v1": fingerprint },
    });
    let Some(map) = result.as_object_mut() else { return result };
    if let [first, others @ ..] = finding.labels.as_slice() {
        map.insert("locations".into(), json!([location(first, sources)]));
        if !others.is_empty() {
            let related =
                others.iter().take(MOST_PLACES - 1).map(|label| location(label, sources)).collect::<Vec<_>>();
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

fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    hasher.finalize().iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The name as a relative reference, or with its scheme where it is absolute: what is not plain is
/// percent-encoded.
fn uri(span: Span, sources: &SourceMap) -> String {
    let name = sources.get(span.file).map_or("", |file| file.name.as_str());
    let mut uri = String::with_capacity(name.len());
    if name.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
