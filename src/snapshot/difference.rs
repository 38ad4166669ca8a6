//! Two snapshots side by side: every place that differs, what that means, and which line of which file caused it.

mod items;
mod standing;

use items::{Pairing, pairing, pairs};

use crate::model::identity;
use crate::source::Span;
use crate::yaml::{Mapping, Node, Value, natural_cmp};

use super::Snapshot;
use super::class::{self, COSMETIC, Case, Class, FUNCTIONAL, Meaning};

/// One place that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// From the root; an element of a list by what it is known by.
    pub path: Vec<String>,
    pub before: Option<Node>,
    pub after: Option<Node>,
    pub class: Class,
    /// Why it is of that class, where there is more to say than that it differs.
    pub why: std::borrow::Cow<'static, str>,
    /// What was written that is now different.
    pub cause: Option<Span>,
    /// The place in the reviewed snapshot.
    pub reviewed: Option<Span>,
}

impl Difference {
    /// `services.agent.cap_add`, without the section that everything is in.
    pub fn place(&self) -> String {
        let path = match self.path.as_slice() {
            [model, rest @ ..] if model == "model" && !rest.is_empty() => rest,
            path => path,
        };
        path.join(".")
    }
}

/// A place that `!reset` or `!override` empties, and where that is written.
#[derive(Clone, Debug)]
pub struct Reset {
    pub path: Vec<String>,
    pub span: Span,
}

/// Everything in which `current` differs from `reviewed`, the most urgent first.
pub fn differences(reviewed: &Snapshot, current: &Snapshot, resets: &[Reset]) -> Vec<Difference> {
    let empty = Node::map(Mapping::new(), crate::source::Origin::Default("nothing"));
    let model = |snapshot: &'_ Snapshot| snapshot.root.get("model").cloned().unwrap_or_else(|| empty.clone());
    let (old, new) = (model(reviewed), model(current));
    let mut comparison = Comparison { old: &old, new: &new, resets, found: Vec::new() };
    // Where nothing better is known, it is the first file.
    let first = current.root.get("files").and_then(Node::as_seq).and_then(|files| files.first());
    let cause = first.and_then(|file| file.origin.span());
    let places = Spans { cause, reviewed: reviewed.root.origin.span() };
    for section in ["files", "policy", "users", "model"] {
        let (before, after) = (reviewed.root.get(section), current.root.get(section));
        comparison.compare(&mut vec![section.to_owned()], before, after, places);
    }
    standing::compare(reviewed, current, places, &mut comparison);
    let mut found = comparison.found;
    found.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| compare_paths(&a.path, &b.path)));
    found
}

fn compare_paths(a: &[String], b: &[String]) -> std::cmp::Ordering {
    // The policy's line comes before what follows from it, and what is written before the verdicts on it.
    let rank = |path: &[String]| match path.first().map(String::as_str) {
        Some("policy") => 0,
        Some("posture") => 2,
        _ => 1,
    };
    rank(a).cmp(&rank(b)).then_with(|| {
        let ordered = a.iter().zip(b).map(|(a, b)| natural_cmp(a, b)).find(|order| order.is_ne());
        ordered.unwrap_or_else(|| a.len().cmp(&b.len()))
    })
}

/// The nearest places that are known on the way down.
#[derive(Clone, Copy, Debug)]
struct Spans {
    cause: Option<Span>,
    reviewed: Option<Span>,
}

impl Spans {
    fn at(self, before: Option<&Node>, after: Option<&Node>) -> Self {
        Self {
            cause: after.and_then(|node| node.origin.span()).or(self.cause),
            reviewed: before.and_then(|node| node.origin.span()).or(self.reviewed),
        }
    }
}

struct Comparison<'c> {
    old: &'c Node,
    new: &'c Node,
    resets: &'c [Reset],
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn compare(&mut self, path: &mut Vec<String>, before: Option<&Node>, after: Option<&Node>, spans: Spans) {
        let spans = spans.at(before, after);
        match (before, after) {
            (None, None) => {}
            (Some(a), Some(b)) if a.same(b) => {}
            (Some(a), Some(b)) => match (&a.value, &b.value) {
                (Value::Map(old), Value::Map(new)) if !is_one(path) => {
                    for key in old.keys().chain(new.keys().filter(|key| !old.contains(key))) {
                        path.push(key.to_owned());
                        self.compare(path, old.get(key), new.get(key), spans);
                        path.pop();
                    }
                }
                (Value::Seq(old), Value::Seq(new)) => match pairing(path) {
                    Pairing::Whole => self.report(path, before, after, spans),
                    Pairing::By(key) => {
                        let start = self.found.len();
                        for (name, old, new) in pairs(old, new, key) {
                            path.push(name);
                            self.compare(path, old, new, spans);
                            path.pop();
                        }
                        if self.found.len() == start {
                            self.push(path, before, after, spans, COSMETIC);
                        }
                    }
                },
                _ => self.report(path, before, after, spans),
            },
            // A section that was empty: each of its entries counts for itself.
            _ if path.len() == 2 && path.first().is_some_and(|first| first == "model") => {
                let map = |node: Option<&'_ Node>| node.and_then(Node::as_map).cloned().unwrap_or_default();
                let (old, new) = (map(before), map(after));
                if old.is_empty() && new.is_empty() || path.last().is_some_and(|key| key.starts_with("x-")) {
                    self.report(path, before, after, spans);
                    return;
                }
                for key in old.keys().chain(new.keys().filter(|key| !old.contains(key))) {
                    path.push(key.to_owned());
                    self.compare(path, old.get(key), new.get(key), spans);
                    path.pop();
                }
            }
            _ => self.report(path, before, after, spans),
        }
    }

    fn report(&mut self, path: &[String], before: Option<&Node>, after: Option<&Node>, spans: Spans) {
        if let Some(meaning) = self.meaning(path, before, after) {
            self.push(path, before, after, spans, meaning);
        }
    }

    fn push(
        &mut self,
        path: &[String],
        before: Option<&Node>,
        after: Option<&Node>,
        spans: Spans,
        meaning: Meaning,
    ) {
        let reset = if after.is_none() { self.reset(path) } else { None };
        self.found.push(Difference {
            path: path.to_vec(),
            before: before.cloned(),
            after: after.cloned(),
            class: meaning.class,
            why: meaning.why,
            cause: reset.or(spans.cause),
            reviewed: spans.reviewed,
        });
    }

    fn meaning(&self, path: &[String], before: Option<&Node>, after: Option<&Node>) -> Option<Meaning> {
        let case = |skip: usize| Case {
            path: path.get(skip..).unwrap_or_default(),
            before,
            after,
            old: self.old,
            new: self.new,
        };
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        Some(match words.as_slice() {
            // What the files say is compared below.
            ["files", ..] => Meaning::new(Class::Cosmetic, "what follows from it is listed for itself"),
            ["policy", ..] => class::judge_policy(&case(1)),
            ["users", service, ..] => return self.user(service, before, after, path),
            // Whom a service runs as is said once, among the users.
            ["model", "services", _, "user"] | ["model", "services", _, "x-seaworthy", "user"] => {
                return None;
            }
            ["model", "services", _, ..] => class::judge_service(&case(2)),
            ["model", ..] => class::judge_resource(&case(1)),
            _ => FUNCTIONAL,
        })
    }

    /// Of a service that is new or gone, the service says it all.
    fn user(
        &self,
        service: &str,
        before: Option<&Node>,
        after: Option<&Node>,
        path: &[String],
    ) -> Option<Meaning> {
        let is_in = |model: &Node| model.at(&["services", service]).is_some();
        if !is_in(self.old) || !is_in(self.new) {
            return None;
        }
        if path.last().is_some_and(|key| key == "locked") {
            let gone = after.is_none() || before.is_none();
            return Some(Meaning::new(Class::Ownership, if gone { "" } else { "the lock has another user" }));
        }
        let key = ["service".to_owned(), "user".to_owned()];
        let inner = |node: Option<&Node>| node.map(|node| identity::USER.node(node).unwrap_or(node)).cloned();
        let (before, after) = (inner(before), inner(after));
        let case =
            Case { path: &key, before: before.as_ref(), after: after.as_ref(), old: self.old, new: self.new };
        Some(class::judge_service(&case))
    }

    fn reset(&self, path: &[String]) -> Option<Span> {
        let path = path.get(1..)?;
        let covers = |reset: &&Reset| {
            reset.path.len() <= path.len() && reset.path.iter().zip(path).all(|(a, b)| a == b || a == "*")
        };
        self.resets.iter().rev().find(covers).map(|reset| reset.span)
    }
}

/// Places that are looked at as one: an element of these lists has parts that mean something together.
fn is_one(path: &[String]) -> bool {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["policy", "posture"]
            | [
                "model",
                "services",
                _,
                "ports" | "volumes" | "devices" | "ulimits" | "pre_start" | "post_start" | "pre_stop",
                _
            ]
    )
}
