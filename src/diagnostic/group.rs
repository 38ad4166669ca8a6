//! Findings that say the same of several services, as one.
//!
//! People read one message for one fault, with the services that have it; programs read each finding.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Code, Finding, Severity};

/// From this many messages on, those of one code or rule share one.
const MANY: usize = 4;

/// One message for people.
#[derive(Debug)]
pub struct Group<'f> {
    /// Shown with its source.
    pub first: &'f Finding,
    pub message: Cow<'f, str>,
    pub help: Option<Cow<'f, str>>,
    /// The services that have exactly this fault, where that is more than one.
    pub services: Vec<&'f str>,
    /// Findings of the same code or rule that say something else.
    pub others: Vec<Group<'f>>,
}

/// The findings in their order, with those together that say the same.
pub fn group(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut same: Vec<(Cow<'_, str>, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let template = template(finding, &finding.message, PLACEHOLDER);
        let is_same = |(known, members): &&mut (Cow<'_, str>, Vec<&Finding>)| {
            let first = members.first();
            finding.service().is_some()
                && *known == template
                && first.is_some_and(|first| kind(first) == kind(finding) && first.service().is_some())
        };
        match same.iter_mut().find(is_same) {
            Some((_, members)) => members.push(finding),
            None => same.push((template, vec![finding])),
        }
    }
    let groups = same.into_iter().filter_map(|(_, members)| one(&members));
    let mut listed: Vec<Group<'_>> = Vec::new();
    for group in groups {
        let is_alike = |known: &&mut Group<'_>| {
            group.first.service().is_some()
                && known.first.service().is_some()
                && kind(known.first) == kind(group.first)
        };
        match listed.iter_mut().find(is_alike) {
            Some(known) => known.others.push(group),
            None => listed.push(group),
        }
    }
    listed.into_iter().flat_map(together).collect()
}

/// Findings that may share a message. Each setting that a target cannot hold has a remedy of its own.
fn kind(finding: &Finding) -> (Code, Severity, Option<&'static str>, Option<&str>) {
    let setting = finding.waiver().filter(|_| finding.code == Code::NotEnforceable);
    (
        finding.code,
        finding.severity,
        finding.rule(),
        setting.and_then(|waiver| waiver.allow.first()).map(String::as_str),
    )
}

/// No message holds it.
const PLACEHOLDER: &str = "\u{0}";

/// A text with the service's name exchanged, wherever it stands as a service's name.
fn template<'t>(finding: &Finding, text: &'t str, placeholder: &str) -> Cow<'t, str> {
    let Some(name) = finding.service() else { return Cow::Borrowed(text) };
    for form in [format!("services.{name} "), format!("service `{name}`")] {
        if let Some(at) = text.find(&form) {
            let (before, rest) = text.split_at(at);
            let rest = rest.strip_prefix(&form).unwrap_or_default();
            let blank = if form.ends_with(' ') { " " } else { "" };
            return Cow::Owned(format!("{before}{placeholder}{blank}{rest}"));
        }
    }
    Cow::Borrowed(text)
}

/// Several findings with one fault.
fn one<'f>(members: &[&'f Finding]) -> Option<Group<'f>> {
    let first = members.first()?;
    let distinct: BTreeSet<&str> = members.iter().filter_map(|finding| finding.service()).collect();
    if distinct.len() < 2 {
        return Some(Group {
            first,
            message: Cow::Borrowed(first.message.as_str()),
            help: first.help.as_deref().map(Cow::Borrowed),
            services: Vec::new(),
            others: Vec::new(),
        });
    }
    let mut seen = BTreeSet::new();
    let names = members.iter().filter_map(|finding| finding.service());
    Some(Group {
        first,
        message: template(first, &first.message, &format!("each of {} services", distinct.len())),
        help: common_help(members.iter().copied()),
        services: names.filter(|name| seen.insert(*name)).collect(),
        others: Vec::new(),
    })
}

/// As it is where there are few, else as one that lists the others.
fn together(mut group: Group<'_>) -> Vec<Group<'_>> {
    if group.others.len() + 1 < MANY {
        let others = std::mem::take(&mut group.others);
        return std::iter::once(group).chain(others).collect();
    }
    let all = std::iter::once(group.first).chain(group.others.iter().map(|other| other.first));
    group.help = common_help(all);
    vec![group]
}

/// The sentences with which all remedies begin; the first remedy where they have none in common.
fn common_help<'f>(findings: impl Iterator<Item = &'f Finding>) -> Option<Cow<'f, str>> {
    let mut helps = findings.filter_map(|finding| finding.help.as_deref());
    let first = helps.next()?;
    let mut length = first.len();
    for other in helps {
        let same = first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        length = if same == first.len() && same == other.len() { length } else { length.min(same) };
    }
    let common = first.get(..length).unwrap_or(first);
    if common.len() == first.len() {
        return Some(Cow::Borrowed(first));
    }
    match common.rfind(". ") {
        Some(end) => Some(Cow::Borrowed(common.get(..=end).unwrap_or(first))),
        None => Some(Cow::Borrowed(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(service: &str, what: &str) -> Finding {
        Finding::error(Code::RuleViolated, format!("rule r: services.{service} {what}"))
            .of_service(service)
            .help(format!("Remove it. Or waive it: {{ service: {service} }}"))
    }

    #[test]
    fn one_fault_of_many_services_is_one_message() {
        let findings: Vec<Finding> = ["a", "b", "a", "services"].map(|name| finding(name, "is x")).into();
        let groups = group(&findings);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].message, "rule r: each of 3 services is x");
        assert_eq!(groups[0].services, ["a", "b", "services"]);
        assert_eq!(groups[0].help.as_deref(), Some("Remove it."));
    }

    #[test]
    fn few_that_differ_stay_and_many_share_one() {
        let mut findings: Vec<Finding> = (0..3).map(|at| finding("a", &format!("has port {at}"))).collect();
        assert_eq!(group(&findings).len(), 3);
        findings.push(finding("b", "has port 9"));
        let groups = group(&findings);
        assert_eq!((groups.len(), groups[0].others.len()), (1, 3));
        assert_eq!(groups[0].message, findings[0].message);
    }

    #[test]
    fn nothing_is_put_together_that_names_no_service_or_is_of_another_kind() {
        let bare = Finding::error(Code::ComposeValue, "services.a is wrong");
        assert_eq!(group(&[bare.clone(), bare]).len(), 2);
        let warning = Finding { severity: Severity::Warning, ..finding("b", "is x") };
        assert_eq!(group(&[finding("a", "is x"), warning]).len(), 2);
    }
}
