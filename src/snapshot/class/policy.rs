//! The policy: what is demanded of the project.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{COSMETIC, Case, FUNCTIONAL, Meaning, OWNERSHIP, all, place, strengthens, value, weakens};
use crate::compose::text;
use crate::policy::Postures;
use crate::yaml::{Node, Value};

/// Judges a place of the policy, or the policy as a whole.
pub fn judge(case: &Case<'_>) -> Meaning {
    let path: Vec<&str> = case.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => presence(case, "there is no policy any more", "there is a policy"),
        ["version" | "compose"] => FUNCTIONAL,
        ["posture"] => posture(case),
        ["user", "home"] => FUNCTIONAL,
        ["user", ..] => match case.after.filter(|user| user.as_map().is_none()).map(text) {
            Some(user) if value::is_root(&user) && !user.is_empty() => weakens("a service runs as root"),
            _ => OWNERSHIP,
        },
        ["repair" | "state", ..] => OWNERSHIP,
        ["overlays", _, "sha256"] if case.before.is_some() && case.after.is_some() => COSMETIC,
        ["overlays", _, "sha256"] => {
            presence(case, "the overlay is no longer pinned", "the overlay is pinned")
        }
        ["overlays", ..] => presence(case, "an overlay is no longer demanded", "an overlay is demanded"),
        ["files"] => presence(case, "the list of files is no longer fixed", "the list of files is fixed"),
        ["files", ..] => FUNCTIONAL,
        ["binds", "roots", ..] => match (case.before, case.after) {
            // Without roots it is the project's directory.
            (_, None) if path.len() == 2 => weakens("more of the host may be created and owned"),
            (None, Some(_)) if path.len() == 2 => strengthens("less of the host may be created and owned"),
            (_, None) => strengthens("less of the host may be created and owned"),
            _ => weakens("more of the host may be created and owned"),
        },
        ["binds", "mode"] => mode(case),
        ["binds", ..] => OWNERSHIP,
        ["waivers", _, "reason"] => COSMETIC,
        ["waivers", _, "expires"] => expires(case),
        ["waivers", ..] => match case.after {
            Some(_) => weakens("an exception is written"),
            None => strengthens("an exception is taken back"),
        },
        ["copies", .., "from"] => all(place(case.before, case.after)).unwrap_or(FUNCTIONAL),
        ["copies" | "probes" | "gc", ..] => FUNCTIONAL,
        _ => weakens("seaworthy does not know this key of a policy"),
    }
}

fn presence(case: &Case<'_>, gone: &'static str, come: &'static str) -> Meaning {
    match (case.before, case.after) {
        (None, Some(_)) => strengthens(come),
        (_, None) => weakens(gone),
        _ => FUNCTIONAL,
    }
}

fn posture(case: &Case<'_>) -> Meaning {
    let (before, after) = (Postures::glance(case.before), Postures::glance(case.after));
    let names: BTreeSet<&str> =
        [&before, &after].iter().flat_map(|one| one.services.keys().map(String::as_str)).collect();
    let of = |postures: &Postures, name: Option<&&str>| match name {
        Some(name) => postures.of(name).value,
        None => postures.default.value,
    };
    let changes = names.iter().map(Some).chain([None]).map(|name| of(&after, name).cmp(&of(&before, name)));
    let changes: Vec<Ordering> = changes.collect();
    if changes.contains(&Ordering::Less) {
        weakens("less is demanded")
    } else if changes.contains(&Ordering::Greater) {
        strengthens("more is demanded")
    } else if before.warn.map(|warn| warn.value) != after.warn.map(|warn| warn.value) {
        FUNCTIONAL
    } else {
        COSMETIC
    }
}

fn mode(case: &Case<'_>) -> Meaning {
    let bits = |node: Option<&Node>| node.map(text).and_then(|text| u32::from_str_radix(&text, 8).ok());
    match (bits(case.before), bits(case.after)) {
        (Some(before), Some(after)) if after & !before != 0 => weakens("more people may use what is created"),
        (Some(before), Some(after)) if before & !after != 0 => {
            strengthens("fewer people may use what is created")
        }
        _ => OWNERSHIP,
    }
}

fn expires(case: &Case<'_>) -> Meaning {
    // Days are written so that their text sorts as they do.
    let day = |node: Option<&Node>| {
        node.map(|node| match &node.value {
            Value::Timestamp(text) | Value::String(text) => text.to_string(),
            _ => text(node),
        })
    };
    match (day(case.before), day(case.after)) {
        (_, None) => weakens("an exception no longer ends"),
        (None, Some(_)) => strengthens("an exception ends"),
        (Some(before), Some(after)) if after > before => weakens("an exception ends later"),
        _ => strengthens("an exception ends earlier"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::class::Class;
    use crate::source::{Origin, SourceFile, SourceMap};
    use crate::yaml;

    #[test]
    fn a_posture_is_compared_service_by_service() {
        let node = |text: &str| {
            let file = SourceMap::default().add(SourceFile::new("a", std::path::Path::new("/a"), text));
            yaml::parse(file, text, yaml::Limits::default()).unwrap()[0].root.clone()
        };
        for (before, after, class) in [
            ("hardened", "{default: hardened}", Class::Cosmetic),
            ("hardened", "{default: hardened, services: {a: baseline}}", Class::Weakens),
            ("{default: hardened, services: {a: baseline}}", "hardened", Class::Strengthens),
            (
                "{default: baseline, services: {a: hardened}}",
                "{default: hardened, services: {a: baseline}}",
                Class::Weakens,
            ),
            ("baseline", "{default: baseline, warn: hardened}", Class::Functional),
        ] {
            let (before, after) = (node(before), node(after));
            let path = ["posture".to_owned()];
            let case =
                Case { path: &path, before: Some(&before), after: Some(&after), old: &before, new: &after };
            assert_eq!(judge(&case).class, class, "{before:?} {after:?}");
        }
    }

    #[test]
    fn every_key_of_a_policy_has_a_judgement() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../schemas/policy.schema.json")).unwrap();
        let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert!(keys.len() > 5);
        let node = Node::string("x", Origin::CommandLine);
        for key in keys {
            let path = [key.clone()];
            let meaning =
                judge(&Case { path: &path, before: None, after: Some(&node), old: &node, new: &node });
            assert!(!meaning.why.contains("does not know"), "{key}");
        }
    }
}
