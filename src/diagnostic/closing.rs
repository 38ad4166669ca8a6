//! The last line below findings: how many there are, how it ends, and the next command.

use super::{Code, Exit, Finding, Severity};

/// The counts, and what the exit status means. Nothing where nothing was found.
pub fn closing(findings: &[Finding], exit: Exit, outcome: &str) -> Option<String> {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let said = |severity| {
        let counts = counted(count(severity), super::json::severity(severity))?;
        let ahead = ahead(findings).filter(|_| severity == Severity::Warning).unwrap_or_default();
        Some(format!("{counts}{ahead}"))
    };
    let counts: Vec<String> =
        [Severity::Error, Severity::Warning, Severity::Note].into_iter().filter_map(said).collect();
    if counts.is_empty() {
        return None;
    }
    let mut text = counts.join(", ");
    if exit != Exit::Done {
        text.push_str(&format!("; {outcome} (exit status {}: {})", exit as u8, exit.meaning()));
    }
    Some(text)
}

/// The number of warnings about what a stricter posture would refuse.
pub fn ahead(findings: &[Finding]) -> Option<String> {
    let mut ahead = findings.iter().filter_map(Finding::ahead);
    let posture = ahead.next()?;
    Some(format!(" ({} that {posture} would refuse)", 1 + ahead.count()))
}

fn counted(count: usize, what: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {what}s")),
    }
}

/// Up to so many are seen at a glance.
const MANY: usize = 3;

/// The command that helps most with these errors.
pub fn next(findings: &[Finding]) -> Option<&'static str> {
    let is_rule =
        |finding: &Finding| finding.severity == Severity::Error && finding.code == Code::RuleViolated;
    (findings.iter().filter(|finding| is_rule(finding)).count() > MANY)
        .then_some("next: `seaworthy check --format concise` lists them, one line each")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_names_the_status() {
        let error = Finding::error(Code::BindMissing, "x");
        let findings = [error.clone(), error, Finding::warning(Code::BindKind, "y")];
        let text = closing(&findings, Exit::PreparationFailed, "nothing was started").unwrap();
        assert_eq!(
            text,
            "2 errors, 1 warning; nothing was started (exit status 73: host preparation failed)"
        );
        assert_eq!(closing(&findings[2..], Exit::Done, "").as_deref(), Some("1 warning"));
        assert_eq!(closing(&[], Exit::Done, ""), None);
    }
}
