//! What is mounted, and what of the host it shows.

use super::value::{self, reach};
use super::{Case, FUNCTIONAL, Meaning, strengthens, weakens, worst};
use crate::compose::text;
use crate::yaml::Node;

pub fn judge(case: &Case<'_>) -> Meaning {
    match (case.before, case.after) {
        (None, Some(mount)) => {
            if exposure(mount) >= 2 {
                return weakens("a container sees something outside the project's own directories");
            }
            if is_shared(mount) { SHARED } else { FUNCTIONAL }
        }
        (Some(mount), None) if exposure(mount) >= 2 => strengthens("a container no longer sees it"),
        (Some(_) | None, None) => FUNCTIONAL,
        (Some(before), Some(after)) => changed(before, after),
    }
}

const SHARED: Meaning = weakens("mounts made in the container reach the host");

fn changed(before: &Node, after: &Node) -> Meaning {
    let mut found = Vec::new();
    let (was, is) = (exposure(before), exposure(after));
    if before.get("source").map(text) != after.get("source").map(text) || was != is {
        found.push(match (is > was, is < was) {
            (true, _) => weakens("it leads further out of the project"),
            (_, true) => strengthens("it leads less far out of the project"),
            _ if is >= 3 => weakens("it shows another part of the host"),
            _ => FUNCTIONAL,
        });
    }
    let read_only = |node: &Node| value::flag(node.get("read_only"));
    match (read_only(before), read_only(after)) {
        (a, b) if a == b => {}
        (_, Some(true)) => found.push(strengthens("it can no longer be written")),
        (Some(true), _) => found.push(weakens("it can be written")),
        _ => found.push(FUNCTIONAL),
    }
    match (is_shared(before), is_shared(after)) {
        (false, true) => found.push(SHARED),
        (true, false) => found.push(strengthens("mounts made in the container stay there")),
        _ => {}
    }
    worst(found).unwrap_or(FUNCTIONAL)
}

/// Nothing of the host, the project's own, or beyond.
fn exposure(mount: &Node) -> u8 {
    let source = mount.get("source").map(text);
    match (mount.get("type").and_then(Node::as_str), source) {
        (Some("bind" | "npipe"), Some(source)) => reach(&source),
        // Its value decides whether it is a path.
        (None, Some(source)) => reach(&source),
        _ => 0,
    }
}

fn is_shared(mount: &Node) -> bool {
    let propagation = mount.at(&["bind", "propagation"]).and_then(Node::as_str);
    propagation.is_some_and(|text| text.contains("shared") || value::has_expression(text))
}

/// A `tmpfs:` line, `PATH:OPTIONS`.
pub fn tmpfs(case: &Case<'_>) -> Meaning {
    let loose = |node: Option<&Node>| {
        let line = node.map(text).unwrap_or_default();
        let options = line.split_once(':').map(|(_, options)| options.to_owned()).unwrap_or_default();
        options.split(',').filter(|option| matches!(*option, "exec" | "suid" | "dev")).count()
    };
    match loose(case.after).cmp(&loose(case.before)) {
        std::cmp::Ordering::Greater => weakens("programs or devices in it work"),
        std::cmp::Ordering::Less => strengthens("programs or devices in it no longer work"),
        std::cmp::Ordering::Equal => FUNCTIONAL,
    }
}
