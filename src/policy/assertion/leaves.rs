//! Walks an overlay's document beside the final model.

use crate::compose::table::{Merge, PROJECT, Spec};
use crate::compose::text;
use crate::model::limits;
use crate::policy::adapt::{mounts_at, tmpfs_target};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Tag, Value};

use super::contradiction;
use super::equality::{Place, equal, holds_element};

/// A leaf that does not hold.
#[derive(Debug)]
pub struct Undone {
    pub path: Vec<String>,
    /// What became of it, as in "PATH is not true any more".
    pub what: String,
    /// What undid it, where that can be told from the value.
    pub by: Option<Origin>,
    pub label: String,
    /// The overlay's leaf.
    pub demanded: Origin,
    /// The value is there still, and another key takes its effect away.
    pub keeps_value: bool,
}

pub struct Leaves {
    pub undone: Vec<Undone>,
    /// The overlay came with the program.
    pub builtin: bool,
}

/// Where the walk is.
struct Here<'a> {
    path: &'a mut Vec<String>,
    /// The final service, while below one.
    service: Option<&'a Node>,
}

impl Leaves {
    /// `raw` is the document as written, `wanted` the same decoded, `have` the final model.
    pub fn check(&mut self, raw: &Node, wanted: Option<&Node>, have: &Node) {
        let mut path = Vec::new();
        let mut here = Here { path: &mut path, service: None };
        self.node(raw, wanted, Some(have), Some(&PROJECT), &mut here);
    }

    fn node(
        &mut self,
        raw: &Node,
        wanted: Option<&Node>,
        have: Option<&Node>,
        spec: Option<&Spec>,
        here: &mut Here<'_>,
    ) {
        match raw.tag {
            Some(Tag::Reset) => {
                if let Some(have) = have.filter(|have| !absent(have)) {
                    self.report(here, "is set again", Some(have.origin), "set again", raw.origin);
                }
                return;
            }
            Some(Tag::Override | Tag::OverrideByMerge) => {
                let same = match (wanted, have) {
                    (Some(wanted), Some(have)) => equal(wanted, have, Place::Other),
                    (None, have) => have.is_none_or(absent),
                    (Some(_), None) => false,
                };
                if !same {
                    let by = have.map(|have| have.origin);
                    self.report(here, "is not exactly what replaced it", by, "changed", raw.origin);
                }
                return;
            }
            Some(Tag::Fault) | None => {}
        }
        match (&raw.value, wanted) {
            (Value::Map(_), None | Some(Node { value: Value::Map(_), .. })) => {
                self.mapping(raw, wanted, have, spec, here);
            }
            (_, Some(wanted)) => self.decoded(wanted, have, spec, here),
            (Value::Null | Value::Seq(_), None) => {}
            // What is decoded to nothing is a zero, and says that nothing else is wanted.
            (_, None) => {
                let open = matches!(here.path.as_slice(), [section, _, key] if section == "networks" && key == "internal");
                if let Some(have) = have.filter(|have| !absent(have) && !open && !here.path.is_empty()) {
                    let what = format!("is `{}`, not `{}`", short(have), short(raw));
                    self.report(here, &what, Some(have.origin), "set here", raw.origin);
                }
            }
        }
    }

    fn mapping(
        &mut self,
        raw: &Node,
        wanted: Option<&Node>,
        have: Option<&Node>,
        spec: Option<&Spec>,
        here: &mut Here<'_>,
    ) {
        let wanted = wanted.and_then(Node::as_map);
        let in_services = matches!(here.path.as_slice(), [section] if section == "services");
        for (key, raw) in raw.as_map().into_iter().flat_map(Mapping::iter) {
            // A project's name tells it from others; it restrains nothing, and -p may give another.
            if here.path.is_empty() && (key == "name" || key == "version") {
                continue;
            }
            let have = have.and_then(|have| have.get(key));
            let service = if in_services { have } else { here.service };
            here.path.push(key.to_owned());
            let mut below = Here { path: here.path, service };
            let wanted = wanted.and_then(|wanted| wanted.get(key));
            self.node(raw, wanted, have, spec.and_then(|spec| spec.child(key)), &mut below);
            here.path.pop();
        }
        // Keys that only the decoded form has come from a short form or a default of it.
        let Some(wanted) = wanted else { return };
        for (key, wanted) in wanted.iter().filter(|(key, _)| raw.get(key).is_none()) {
            here.path.push(key.to_owned());
            let mut below = Here { path: here.path, service: here.service };
            let have = have.and_then(|have| have.get(key));
            self.decoded(wanted, have, spec.and_then(|spec| spec.child(key)), &mut below);
            here.path.pop();
        }
    }

    /// A part of the overlay as decoded.
    fn decoded(&mut self, wanted: &Node, have: Option<&Node>, spec: Option<&Spec>, here: &mut Here<'_>) {
        if self.limit(wanted, here) || self.mounted(wanted, here) {
            return;
        }
        let Some(have) = have else {
            self.report(here, "is gone", None, "undone here", wanted.origin);
            return;
        };
        let replaced = spec.is_some_and(|spec| matches!(spec.merge, Merge::Replace | Merge::Ulimit));
        match (&wanted.value, &have.value) {
            (Value::Null, _) => {}
            (Value::Map(map), Value::Map(_)) if !replaced => {
                for (key, wanted) in map.iter() {
                    here.path.push(key.to_owned());
                    let mut below = Here { path: here.path, service: here.service };
                    self.decoded(wanted, have.get(key), spec.and_then(|spec| spec.child(key)), &mut below);
                    here.path.pop();
                }
            }
            (Value::Seq(wanted), Value::Seq(items)) if !replaced => self.list(wanted, items, have, here),
            _ => {
                let key = here.path.last().map_or("", String::as_str);
                if !equal(wanted, have, Place::of(key)) {
                    let what = format!("is `{}`, not `{}`", short(have), short(wanted));
                    self.report(here, &what, Some(have.origin), "set here", wanted.origin);
                }
            }
        }
    }

    fn list(&mut self, wanted: &[Node], items: &[Node], have: &Node, here: &mut Here<'_>) {
        let key = here.path.last().cloned().unwrap_or_default();
        for element in wanted {
            if !holds_element(items, element, &key) {
                let what = format!("has no `{}`", short(element));
                // What took its place, where a list has one element for each target.
                let target = element.get("target");
                let other = items.iter().find(|item| {
                    target.is_some_and(|target| {
                        item.get("target").is_some_and(|other| equal(target, other, Place::Target))
                    })
                });
                let by = other.map_or(have.origin, |other| other.origin);
                self.report(here, &what, Some(by), "undone here", element.origin);
                continue;
            }
            if let Some(later) = contradiction::find(&key, items, element) {
                let what =
                    format!("has `{}` after `{}`, and the last one counts", short(later), short(element));
                self.report(here, &what, Some(later.origin), "contradicts it", element.origin);
            }
        }
    }

    /// The places that a built-in overlay makes writable are there for the program's sake: another
    /// mount at the same place serves it as well.
    fn mounted(&self, wanted: &Node, here: &Here<'_>) -> bool {
        let Some(service) =
            here.service.filter(|_| self.builtin && here.path.last().is_some_and(|key| key == "tmpfs"))
        else {
            return false;
        };
        let mounted = |item: &Node| item.as_str().is_some_and(|item| mounts_at(service, tmpfs_target(item)));
        wanted.as_seq().is_some_and(|items| items.iter().all(mounted))
    }

    /// A limit holds where less is allowed, wherever the service keeps it.
    fn limit(&mut self, wanted: &Node, here: &mut Here<'_>) -> bool {
        let path: Vec<&str> = here.path.iter().map(String::as_str).collect();
        let ["services", _, rest @ ..] = path.as_slice() else { return false };
        let (Some(limit), Some(service)) = (limits::find(rest), here.service) else { return false };
        let Some(bound) = limits::written(wanted).filter(|bound| *bound > 0.0) else { return false };
        match limit.of(service) {
            Some(found) if found.is_limit() && found.value <= bound => {}
            Some(found) => {
                let what = format!("is {}, above {}", found.value, text(wanted));
                self.report(here, &what, Some(found.origin()), "loosens the limit", wanted.origin);
            }
            None => self.report(here, "is gone", None, "undone here", wanted.origin),
        }
        true
    }

    fn report(&mut self, here: &Here<'_>, what: &str, by: Option<Origin>, label: &str, demanded: Origin) {
        self.undone.push(Undone {
            path: here.path.clone(),
            what: what.to_owned(),
            by,
            label: label.to_owned(),
            demanded,
            keeps_value: false,
        });
    }
}

/// What Compose put there itself counts as absent.
fn absent(node: &Node) -> bool {
    node.is_null() || matches!(node.origin, Origin::Default(_))
}

/// A value in a few characters.
fn short(node: &Node) -> String {
    let text = match &node.value {
        Value::Map(map) => {
            let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", text(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Seq(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        _ => text(node),
    };
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
