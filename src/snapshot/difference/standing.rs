//! The posture's tables side by side.

use crate::policy::Standing;
use crate::snapshot::Snapshot;
use crate::snapshot::class::{Class, Meaning, strengthens, weakens};
use crate::source::Origin;
use crate::yaml::Node;

use super::{Comparison, Spans};

/// Compares how every rule stands, for everything that is in both.
pub fn compare(reviewed: &Snapshot, current: &Snapshot, spans: Spans, comparison: &mut Comparison<'_>) {
    let (Some(before), Some(after)) = (reviewed.root.get("posture"), current.root.get("posture")) else {
        return;
    };
    let (Some(old), Some(new)) = (before.as_map(), after.as_map()) else { return };
    let spans = spans.at(Some(before), Some(after));
    for rule in new.keys().chain(old.keys().filter(|rule| !new.contains(rule))) {
        let (before, after) = (old.get(rule), new.get(rule));
        let spans = spans.at(before, after);
        let mut path = vec!["posture".to_owned(), rule.to_owned()];
        if before.is_none() || after.is_none() {
            let broken = after.is_some_and(|after| after.as_map().is_some());
            let meaning = if broken {
                weakens("a rule that this version of seaworthy has is broken")
            } else {
                Meaning::new(Class::Cosmetic, "this version of seaworthy has other rules")
            };
            comparison.push(&path, before, after, spans, meaning);
            continue;
        }
        let places = |node: Option<&Node>| -> Vec<String> {
            let map = node.and_then(Node::as_map);
            map.into_iter().flat_map(|map| map.keys().map(str::to_owned)).collect()
        };
        let mut all = places(before);
        all.extend(places(after));
        all.sort();
        all.dedup();
        for place in all {
            let at = |node: Option<&'_ Node>| node.and_then(|node| node.get(&place)).cloned();
            let (before, after) = (at(before), at(after));
            let Some(meaning) = judge(&place, before.as_ref(), after.as_ref(), comparison) else { continue };
            // What holds has no line of its own; who it holds for has.
            let owner = comparison.new.at(&keys(&place));
            let spans = spans.at(before.as_ref(), after.as_ref().or(owner));
            let passes = || Some(Node::string("passes", Origin::Default("snapshot")));
            let (before, after) = (before.or_else(passes), after.or_else(passes));
            path.push(place.clone());
            comparison.push(&path, before.as_ref(), after.as_ref(), spans, meaning);
            path.pop();
        }
    }
}

/// Where something that a rule is about stands in a model: a service, or `networks.NAME`.
fn keys(place: &str) -> Vec<&str> {
    let mut keys: Vec<&str> = place.splitn(2, '.').collect();
    if keys.len() < 2 {
        keys.insert(0, "services");
    }
    keys
}

fn judge(
    place: &str,
    before: Option<&Node>,
    after: Option<&Node>,
    comparison: &Comparison<'_>,
) -> Option<Meaning> {
    let standing = |node: Option<&Node>| node.and_then(Node::as_str).and_then(Standing::parse);
    let (before, after) = (standing(before), standing(after));
    if before == after {
        return None;
    }
    let is_in = |model: &Node| model.at(&keys(place)).is_some();
    match (is_in(comparison.old), is_in(comparison.new)) {
        (true, true) => {}
        // What is gone breaks nothing, and what is new is judged by what it brings, unless a rule refuses it.
        (false, true) if after == Some(Standing::Fails) => return Some(weakens("it breaks a rule in force")),
        (false | true, false) | (false, true) => return None,
    }
    Some(if permits(after) > permits(before) {
        match after {
            Some(Standing::Fails) => weakens("the rule no longer holds"),
            Some(Standing::Waived) => weakens("an exception from the rule is made"),
            // The rule did not hold before either.
            _ if before.is_some() => weakens("nothing in force demands the rule any more"),
            _ => weakens("the rule no longer holds; nothing in force demands it"),
        }
    } else {
        match after {
            None => strengthens("the rule holds"),
            Some(Standing::Fails) => strengthens("the rule is demanded"),
            _ => strengthens("the rule is demanded, with an exception"),
        }
    })
}

/// How much a standing lets through: what fails is at least refused.
fn permits(standing: Option<Standing>) -> u8 {
    match standing {
        None => 0,
        Some(Standing::Fails) => 1,
        Some(Standing::Waived) => 2,
        Some(Standing::Tolerated) => 3,
    }
}
