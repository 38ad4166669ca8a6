//! What is mounted, and what of the host it shows.

use crate::compose::text;
use crate::model::mount;
use crate::yaml::Node;

use super::value::{self, reach};
use super::{Case, FUNCTIONAL, Meaning, all, functional, limit_of, strengthens, weakens};

pub fn judge(case: &Case<'_>) -> Meaning {
    match (case.before, case.after) {
        (None, Some(mount)) => {
            if exposure(mount) >= 2 {
                return weakens("a container sees something outside the project's own directories");
            }
            if is_shared(mount) { SHARED } else { FUNCTIONAL }
        }
        (Some(mount), None) if exposure(mount) >= 2 => {
            all([FUNCTIONAL, strengthens("a container no longer sees it")]).unwrap_or(FUNCTIONAL)
        }
        (Some(_) | None, None) => FUNCTIONAL,
        (Some(before), Some(after)) => changed(before, after),
    }
}

const SHARED: Meaning = weakens("mounts made in the container reach the host");

fn changed(before: &Node, after: &Node) -> Meaning {
    let mut found = Vec::new();
    let (was, is) = (exposure(before), exposure(after));
    let source = |node: &Node| (mount::TYPE.text(node), mount::SOURCE.text(node));
    if source(before) != source(after) {
        if value::flag(mount::READ_ONLY.node(after)) != Some(true) {
            found.push(Meaning::new(super::Class::Ownership, "another thing is written"));
        }
        found.push(if is >= 2 && is <= was {
            weakens("it shows another part of the host")
        } else {
            functional("another thing is mounted")
        });
    }
    match is.cmp(&was) {
        std::cmp::Ordering::Greater => found.push(weakens("it leads further out of the project")),
        std::cmp::Ordering::Less => found.push(strengthens("it leads less far out of the project")),
        std::cmp::Ordering::Equal => {}
    }
    let read_only = |node: &Node| value::flag(mount::READ_ONLY.node(node));
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
    all(found).unwrap_or(FUNCTIONAL)
}

/// Nothing of the host, the project's own, or beyond.
fn exposure(mount: &Node) -> u8 {
    let source = mount::SOURCE.text(mount);
    match (mount::TYPE.str(mount), source) {
        (Some("bind" | "npipe"), Some(source)) => reach(&source),
        // Its value decides whether it is a path.
        (None, Some(source)) => reach(&source),
        _ => 0,
    }
}

fn is_shared(mount: &Node) -> bool {
    let propagation = mount::PROPAGATION.str(mount);
    propagation.is_some_and(|text| text.contains("shared") || value::has_expression(text))
}

/// A `tmpfs:` line, `PATH:OPTIONS`: each option for itself.
pub fn tmpfs(case: &Case<'_>) -> Meaning {
    let options = |node: Option<&Node>| -> Vec<String> {
        let line = node.map(text).unwrap_or_default();
        let options = line.split_once(':').map(|(_, options)| options.to_owned()).unwrap_or_default();
        options.split(',').filter(|option| !option.is_empty()).map(str::to_owned).collect()
    };
    let (before, after) = (options(case.before), options(case.after));
    let mut found = Vec::new();
    let is_loose = |option: &&String| matches!(option.as_str(), "exec" | "suid" | "dev");
    if after.iter().filter(is_loose).any(|option| !before.contains(option)) {
        found.push(weakens("programs or devices in it work"));
    }
    if before.iter().filter(is_loose).any(|option| !after.contains(option)) {
        found.push(strengthens("programs or devices in it no longer work"));
    }
    let of = |options: &[String], name: &str| {
        let value = options.iter().rev().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
        value.map(|value| Node::string(value, crate::source::Origin::CommandLine))
    };
    if case.before.is_some() && case.after.is_some() {
        let size = |options: &[String]| value::bound(of(options, "size").as_ref());
        if size(&before) != size(&after) {
            found.push(limit_of(size(&before), size(&after)));
        }
        let mode = |options: &[String]| {
            let mode = of(options, "mode").map_or("1777".to_owned(), |mode| text(&mode));
            u32::from_str_radix(&mode, 8).unwrap_or(0o1777)
        };
        let (was, is) = (mode(&before), mode(&after));
        if is & !was & 0o777 != 0 {
            found.push(weakens("more users may use it"));
        }
        if was & !is & 0o777 != 0 {
            found.push(strengthens("fewer users may use it"));
        }
    }
    all(found).unwrap_or(FUNCTIONAL)
}
