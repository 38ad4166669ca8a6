//! What was found out about one service.

use std::fmt::Write;

use serde::Serialize;

use super::time;
use crate::diagnostic::{Code, Exit, Finding};
use crate::source::Origin;

/// How one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Good,
    /// A program that does not answer.
    Broken,
    Missing,
    Invalid,
    /// It could not be found out.
    Unknown,
}

/// One program or one file.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The program's words, or the file's path as the service sees it.
    pub what: String,
    pub outcome: Outcome,
    pub reason: String,
    /// Until when it is good, in RFC 3339, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip)]
    pub origin: Origin,
}

impl Line {
    pub fn new(what: String, origin: Origin, outcome: Outcome, reason: String) -> Self {
        Self { what, outcome, reason, until: None, origin }
    }

    #[must_use]
    pub fn good_until(mut self, moment: Option<i64>) -> Self {
        self.until = moment.map(time::show);
        self
    }
}

/// How the service is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Ready,
    ProgramBroken,
    CredentialsMissing,
    CredentialsInvalid,
    Unknown,
}

impl Status {
    pub fn exit(self) -> Exit {
        match self {
            Self::Ready => Exit::Done,
            Self::ProgramBroken => Exit::ProgramBroken,
            Self::CredentialsMissing => Exit::CredentialsMissing,
            Self::CredentialsInvalid => Exit::CredentialsInvalid,
            Self::Unknown => Exit::EngineUnavailable,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::ProgramBroken => "its program is broken",
            Self::CredentialsMissing => "its credentials are missing",
            Self::CredentialsInvalid => "its credentials are not valid",
            Self::Unknown => "not known",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Report {
    pub service: String,
    pub programs: Vec<Line>,
    pub credentials: Vec<Line>,
}

/// One line for scripts.
#[derive(Serialize)]
struct Shown<'r> {
    version: u32,
    service: &'r str,
    status: Status,
    exit: u8,
    programs: &'r [Line],
    credentials: &'r [Line],
}

impl Report {
    pub fn new(service: &str) -> Self {
        Self { service: service.to_owned(), programs: Vec::new(), credentials: Vec::new() }
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.programs.iter().chain(&self.credentials)
    }

    /// What is certainly wrong comes before what is not known.
    pub fn status(&self) -> Status {
        let has = |outcome| self.lines().any(|line| line.outcome == outcome);
        if has(Outcome::Broken) {
            Status::ProgramBroken
        } else if has(Outcome::Missing) {
            Status::CredentialsMissing
        } else if has(Outcome::Invalid) {
            Status::CredentialsInvalid
        } else if has(Outcome::Unknown) {
            Status::Unknown
        } else {
            Status::Ready
        }
    }

    pub fn human(&self) -> String {
        let mut text = format!("{}: {}\n", self.service, self.status().describe());
        for (kind, lines) in [("program", &self.programs), ("credentials", &self.credentials)] {
            for line in lines {
                let until = line.until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
                // Writing to a string cannot fail.
                let _ = writeln!(text, "  {kind:<11}  {}: {}{until}", line.what, line.reason);
            }
        }
        text
    }

    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let status = self.status();
        serde_json::to_string(&Shown {
            version: 1,
            service: &self.service,
            status,
            exit: status.exit() as u8,
            programs: &self.programs,
            credentials: &self.credentials,
        })
    }

    /// What stops a launch, in the order in which the statuses count.
    pub fn findings(&self) -> Vec<Finding> {
        let mut lines: Vec<&Line> = self.lines().filter(|line| line.outcome != Outcome::Good).collect();
        lines.sort_by_key(|line| line.outcome);
        lines.into_iter().map(|line| self.finding(line)).collect()
    }

    fn finding(&self, line: &Line) -> Finding {
        let Line { what, reason, .. } = line;
        let service = &self.service;
        let (code, message, help) = match line.outcome {
            Outcome::Good | Outcome::Broken => (
                Code::ProbeProgram,
                format!("the program of service `{service}` does not answer: {what} {reason}"),
                "Run it in the image by hand to see what it says.",
            ),
            Outcome::Missing => (
                Code::ProbeMissing,
                format!("service `{service}` has no credentials at {what}: {reason}"),
                "Log in, or put the file there; then launch again.",
            ),
            Outcome::Invalid => (
                Code::ProbeInvalid,
                format!("the credentials of service `{service}` at {what} are not valid: {reason}"),
                "Log in again, or correct the file; then launch again.",
            ),
            Outcome::Unknown => (
                Code::EngineUnavailable,
                format!("whether service `{service}` is ready is not known: {what}: {reason}"),
                "What is not known is not taken for ready. Correct the cause, or remove `before: up`.",
            ),
        };
        Finding::error(code, message).at_origin(line.origin, "asked for here").of_service(service).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        let line = |outcome: &Outcome| {
            Line::new("x".to_owned(), Origin::Default("test"), *outcome, "because".to_owned())
        };
        Report { credentials: outcomes.iter().map(line).collect(), ..Report::new("agent") }
    }

    #[test]
    fn the_statuses_have_one_order() {
        use Outcome::{Broken, Good, Invalid, Missing, Unknown};
        for (outcomes, exit) in [
            (&[][..], 0),
            (&[Good], 0),
            (&[Good, Unknown], 69),
            (&[Unknown, Invalid], 66),
            (&[Invalid, Missing], 65),
            (&[Missing, Broken, Invalid], 64),
        ] {
            let report = report(outcomes);
            assert_eq!(report.status().exit() as u8, exit, "{outcomes:?}");
            let first = report.findings().first().map_or(0, |finding| finding.code.exit() as u8);
            assert_eq!(first, exit, "{outcomes:?}");
            let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
            assert_eq!(json["exit"], exit);
        }
    }
}
