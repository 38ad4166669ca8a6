//! The summary of `init`: about ten lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::policy::date::Date;
use crate::policy::{Posture, rules};

use super::choose::Chosen;
use super::draft::{Draft, Made};
use super::evidence::Evidence;
use super::seen::Seen;
use super::text::DAYS;

/// So many are named; the file has all of them.
const SHOWN: usize = 4;

pub(super) fn write(seen: &Seen<'_>, chosen: &Chosen) -> String {
    let draft = &chosen.settled.draft;
    let services = seen.services.len();
    let mut text = format!(
        "{}: posture {}, {} for {}\n",
        seen.name,
        draft.postures.describe(),
        count(draft.waivers.len(), "waiver"),
        count(services, "service")
    );
    let mut line = |what: &str, words: String| {
        let _ = writeln!(text, "  {what:<10} {words}");
    };
    line("protected", protected(draft.postures.default));
    for posture in Posture::ALL.into_iter().rev() {
        let own = draft.postures.others.iter().filter(|(_, own)| **own == posture);
        let names: Vec<String> = own.map(|(name, _)| name.clone()).collect();
        if !names.is_empty() {
            line(posture.name(), format!("{}: {}", some(names), protected(posture)));
        }
    }
    for (what, words) in users(seen, draft) {
        line(what, words);
    }
    if !draft.roots.is_empty() {
        let roots = draft.roots.iter().map(|root| seen.written(root)).collect();
        line("roots", format!("{}; nothing is created anywhere else", some(roots)));
    }
    let files = draft.create.iter().filter(|(_, missing)| missing.made == Made::File);
    let files: Vec<String> = files.map(|(path, _)| seen.written(path)).collect();
    if !files.is_empty() {
        line("missing", format!("{}: made empty at the launch, so fill in what belongs there", some(files)));
    }
    for words in waived(draft) {
        line("waived", words);
    }
    if !draft.waivers.is_empty() {
        line("until", format!("{}: review what is waived, and give each its reason", Date::in_days(DAYS)));
    }
    let unknown: Vec<String> = seen
        .services
        .iter()
        .filter(|service| service.unknown.is_some() && service.said.is_none())
        .map(|service| service.name.clone())
        .collect();
    if !unknown.is_empty() {
        line(
            "not known",
            format!("{}: whether their images start as root, which a launch would refuse", some(unknown)),
        );
    }
    for (next, why) in &chosen.kept {
        let rules = why.iter().map(|(rule, places)| format!("{rule} ({})", some(places.clone()))).collect();
        line("stricter", format!("{next} is kept off by {}", some(rules)));
    }
    text
}

fn protected(posture: Posture) -> String {
    let enforced =
        rules::CATALOGUE.iter().filter(|rule| rule.from.is_some_and(|from| from <= posture)).count();
    let what = match posture {
        Posture::Observe => "nothing is refused, what is dangerous is said",
        Posture::Baseline => "no known way out of a container",
        Posture::Hardened => "no known way out of a container, no root, no capabilities, no new privileges",
        Posture::Contained => {
            "no known way out of a container, no root, no capabilities, no route out of the networks"
        }
    };
    match posture {
        Posture::Observe => what.to_owned(),
        _ => format!("{what}: {enforced} rules, but for what is waived"),
    }
}

/// Whom the policy names, who stays root, and who is left to its image.
fn users(seen: &Seen<'_>, draft: &Draft) -> Vec<(&'static str, String)> {
    let named: Vec<String> =
        draft.users.iter().map(|(name, user)| format!("{name} {}", user.owner)).collect();
    let left = seen.services.iter().filter(|service| !draft.users.contains_key(&service.name));
    let (own, left): (Vec<&Evidence>, Vec<&Evidence>) = left.partition(|service| service.said.is_some());
    let (roots, others): (Vec<&Evidence>, Vec<&Evidence>) =
        left.into_iter().partition(|service| service.image.is_some_and(|owner| owner.uid == 0));
    let root = |service: &&Evidence| match service.then() {
        Some(then) => format!("{} ({then})", service.name),
        None => service.name.clone(),
    };
    let list = |services: &[&Evidence]| some(services.iter().map(|one| one.name.clone()).collect());
    let mut lines = Vec::new();
    if !named.is_empty() {
        lines.push(("users", some(named)));
    }
    if !own.is_empty() {
        lines.push(("said", format!("{}: by their own `user:`, or by the host", list(&own))));
    }
    if !others.is_empty() {
        lines.push(("as image", list(&others)));
    }
    if !roots.is_empty() {
        lines.push(("as root", some(roots.iter().map(root).collect())));
    }
    lines
}

/// The services for which the same rules are waived, and those rules; most services first.
fn waived(draft: &Draft) -> Vec<String> {
    let mut by_service: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, rule) in draft.waivers.keys() {
        by_service.entry(service).or_default().push(rule);
    }
    let mut by_rules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (service, rules) in by_service {
        let service = if service == "*" { "the project" } else { service };
        by_rules.entry(rules.join(", ")).or_default().push(service.to_owned());
    }
    let mut groups: Vec<(String, Vec<String>)> = by_rules.into_iter().collect();
    groups.sort_by_key(|(_, services)| std::cmp::Reverse(services.len()));
    let more: usize = groups.iter().skip(SHOWN).map(|(_, services)| services.len()).sum();
    let mut lines: Vec<String> = groups
        .into_iter()
        .take(SHOWN)
        .map(|(rules, services)| format!("{}: {rules}", some(services)))
        .collect();
    if more > 0 {
        lines.push(format!("and for {more} more"));
    }
    lines
}

fn some(names: Vec<String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
