//! Networks, volumes, secrets, configs: what is beside the services.

use super::{
    COSMETIC, Case, FUNCTIONAL, Meaning, all, by_rank, danger, danger_flag, guard_flag, place, weakens, worst,
};
use crate::compose::text;
use crate::yaml::Node;

/// Judges a place of a section; the path begins with the section.
pub fn judge(case: &Case<'_>) -> Meaning {
    let path: Vec<&str> = case.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [section, ..] if section.starts_with("x-") => COSMETIC,
        [_, _, key, ..] if key.starts_with("x-") => COSMETIC,
        ["networks" | "volumes" | "secrets" | "configs", _] => whole(case),
        ["networks", _, "internal"] => guard_flag(case),
        ["networks", _, "external" | "attachable"] => danger_flag(case),
        ["networks", _, "driver"] => {
            let rank = |node: Option<&Node>| match node.map(text).as_deref() {
                None | Some("" | "default" | "bridge" | "overlay") => 0,
                Some(_) => 1,
            };
            by_rank(
                rank(case.before),
                rank(case.after),
                "its driver reaches past the engine's bridge",
                "its driver is the engine's bridge",
            )
        }
        ["networks", _, "driver_opts", ..] => danger(case),
        ["volumes", _, "driver_opts", "device"] => path_of(case),
        ["volumes", _, "driver_opts"] => {
            let (before, after) = case.child("device");
            path_of(&Case { before, after, ..*case })
        }
        ["secrets" | "configs", _, "file"] => path_of(case),
        ["name" | "networks" | "volumes" | "secrets" | "configs" | "models" | "services", ..] => FUNCTIONAL,
        _ => weakens("seaworthy does not know this section"),
    }
}

/// One that comes is judged by what it brings.
fn whole(case: &Case<'_>) -> Meaning {
    let Some(resource) = case.after.and_then(Node::as_map) else { return FUNCTIONAL };
    let meanings = resource.iter().filter_map(|(key, node)| {
        let mut path = case.path.to_vec();
        path.push(key.to_owned());
        let meaning = judge(&Case { path: &path, before: None, after: Some(node), ..*case });
        (meaning.class == super::Class::Weakens).then_some(meaning)
    });
    worst(meanings).unwrap_or(FUNCTIONAL)
}

fn path_of(case: &Case<'_>) -> Meaning {
    all(place(case.before, case.after)).unwrap_or(FUNCTIONAL)
}
