//! Checks this machine, with a remedy for each fault: the engine, Compose, users, limits, confinement,
//! policies, and the filesystems that a project writes to.
//!
//! Everything is looked at, and nothing is changed.

mod confinement;
pub mod engine;
pub mod files;
pub mod program;

use std::fmt::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// The area of a check; the report keeps this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Engine,
    Compose,
    Users,
    Limits,
    Confinement,
    Policy,
    Files,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Works,
    /// It works, but not in every way; what does not is said with it.
    Limited,
    Fails,
    /// It could not be found out, which is never taken for "works".
    Unknown,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Limited => "limited",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub area: Area,
    pub what: String,
    pub verdict: Verdict,
    pub fact: String,
    /// The remedy; every check that fails has one.
    pub remedy: Option<String>,
}

impl Check {
    pub fn works(area: Area, what: &str, fact: impl Into<String>) -> Self {
        Self { area, what: what.to_owned(), verdict: Verdict::Works, fact: fact.into(), remedy: None }
    }

    pub fn limited(area: Area, what: &str, fact: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Limited, remedy: Some(remedy.into()), ..Self::works(area, what, fact) }
    }

    pub fn fails(area: Area, what: &str, fact: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fails, ..Self::limited(area, what, fact, remedy) }
    }

    pub fn unknown(area: Area, what: &str, fact: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, ..Self::limited(area, what, fact, remedy) }
    }
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub version: u32,
    /// Whether nothing fails and nothing is unknown.
    pub works: bool,
    pub checks: Vec<Check>,
}

impl Report {
    pub fn new(mut checks: Vec<Check>) -> Self {
        checks.sort_by_key(|check| check.area);
        let works = checks.iter().all(|check| matches!(check.verdict, Verdict::Works | Verdict::Limited));
        Self { version: 1, works, checks }
    }

    /// A line for each check, the remedy below it, and the counts.
    pub fn human(&self) -> String {
        let width_of = |area: Area| {
            let within = self.checks.iter().filter(|check| check.area == area);
            within.map(|check| check.what.width()).max().unwrap_or(0)
        };
        let mut text = String::new();
        let mut area = None;
        for check in &self.checks {
            if area != Some(check.area) {
                area = Some(check.area);
                let name = serde_json::to_value(check.area).ok();
                let _ =
                    writeln!(text, "{}", name.as_ref().and_then(|name| name.as_str()).unwrap_or_default());
            }
            let width = width_of(check.area);
            let gap = " ".repeat(width - check.what.width());
            let _ = writeln!(text, "  {}{gap}  {:<7}  {}", check.what, check.verdict.word(), check.fact);
            if let Some(remedy) = &check.remedy {
                let _ = writeln!(text, "  {}  {:7}  → {remedy}", " ".repeat(width), "");
            }
        }
        let count = |verdict| self.checks.iter().filter(|check| check.verdict == verdict).count();
        let _ = writeln!(
            text,
            "{} work, {} limited, {} fail, {} unknown",
            count(Verdict::Works),
            count(Verdict::Limited),
            count(Verdict::Fails),
            count(Verdict::Unknown)
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_limited_works_and_what_is_unknown_does_not() {
        let works = Check::works(Area::Files, "/a: room", "12 GiB");
        let limited = Check::limited(Area::Engine, "swap", "no", "Turn it on.");
        let unknown = Check::unknown(Area::Users, "map", "no answer", "Ask again.");
        let report = Report::new(vec![works.clone(), limited.clone()]);
        assert!(report.works);
        let expected = "\
engine
  swap  limited  no
                 → Turn it on.
files
  /a: room  works    12 GiB
1 work, 1 limited, 0 fail, 0 unknown
";
        assert_eq!(report.human(), expected);
        assert!(!Report::new(vec![works.clone(), unknown]).works);
        assert!(!Report::new(vec![Check::fails(Area::Files, "x", "", ""), works]).works);
    }
}
