//! Written exceptions from a rule: for whom, from what, how far, why, until when.

use crate::diagnostic::Code;
use crate::model::capability::name as capability;
use crate::source::Origin;
use crate::yaml::suggest;
use crate::yaml::{Mapping, Node, Value};

use super::Rank;
use super::date::Date;
use super::reader::{Keys, Located, Reader};
use super::rules::{self, Allow, Breach, Rule, user};

/// One entry of `waivers:`.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// A service's name, or `*`.
    pub service: Located<String>,
    pub rule: &'static Rule,
    pub rule_origin: Origin,
    /// What is allowed; empty for a rule that has nothing to choose from.
    pub allow: Vec<Located<String>>,
    pub reason: String,
    pub expires: Option<Located<Date>>,
    pub rank: Rank,
    pub origin: Origin,
    /// Whether it follows from another waiver and is not written.
    pub is_implied: bool,
}

impl Waiver {
    pub fn expired(&self, today: Date) -> bool {
        self.expires.as_ref().is_some_and(|expires| expires.value <= today)
    }

    /// The capabilities that it gives a service that starts as root and becomes another user, in the kernel's names and
    /// sorted; `None` for any other waiver.
    pub fn switch(&self) -> Option<Vec<&'static str>> {
        let is_switch =
            self.rule.id == user::RULE && self.allow.iter().any(|one| one.value == user::ENTRYPOINT);
        let named = |name: &&&'static str| self.allow.iter().any(|one| capability(&one.value) == **name);
        is_switch.then(|| {
            let more = user::MAY_NEED.iter().filter(named);
            let mut all: Vec<&'static str> = user::SWITCH.iter().chain(more).copied().collect();
            all.sort_unstable();
            all
        })
    }

    /// The waiver of `cap-add` that follows from it.
    pub fn implied(&self) -> Option<Self> {
        let capabilities = self.switch()?;
        let origin = self.allow.first().map_or(self.origin, |one| one.origin);
        let allow = capabilities.into_iter().map(|name| Located::new(name.to_owned(), origin));
        Some(Self { rule: rules::find("cap-add")?, allow: allow.collect(), is_implied: true, ..self.clone() })
    }

    pub fn is_for(&self, service: &str, rule: &str) -> bool {
        self.rule.id == rule && (self.service.value == "*" || self.service.value == service)
    }

    /// The place in `allow` that covers what breaks the rule.
    pub fn lets_pass(&self, breach: &Breach) -> Option<usize> {
        self.allows(breach.value.as_deref()).or_else(|| self.allows(Some(breach.also.as_deref()?)))
    }

    /// The place in `allow` that covers a value; the value is as the rule normalised it.
    pub fn allows(&self, value: Option<&str>) -> Option<usize> {
        match self.rule.allow {
            Allow::Nothing => Some(0),
            Allow::Values(_) => {
                let value = value?;
                self.allow.iter().position(|allowed| (self.rule.same)(&allowed.value, value))
            }
        }
    }
}

pub(super) const WAIVER: Keys =
    Keys { place: "waivers", known: &["service", "rule", "allow", "reason", "expires"], later: &[] };

pub fn read(node: &Node, rank: Rank, reader: &mut Reader<'_>) -> Vec<Waiver> {
    let items = reader.list(node, "waivers");
    items.iter().filter_map(|item| read_one(item, rank, reader)).collect()
}

fn read_one(item: &Node, rank: Rank, reader: &mut Reader<'_>) -> Option<Waiver> {
    let map = reader.mapping(item, &WAIVER)?;
    let service = required(map, "service", item, reader).and_then(|node| {
        reader.text(node, "waivers.service").map(|text| Located::new(text.to_owned(), node.origin))
    });
    let reason = required(map, "reason", item, reader)
        .and_then(|node| reader.text(node, "waivers.reason").map(|text| text.trim().to_owned()));
    let rule_node = required(map, "rule", item, reader)?;
    let rule = find_rule(rule_node, reader);
    let expires = map.get("expires").and_then(|node| read_date(node, reader));
    let allow = map.get("allow").map(|node| read_allow(node, reader)).unwrap_or_default();
    let rule = rule?;
    match rule.allow {
        Allow::Nothing => {
            if let Some(entry) = map.entry("allow") {
                reader.error(
                    Code::WaiverInvalid,
                    format!("a waiver of rule {} has nothing to allow in part", rule.id),
                    entry.key,
                    "not used by this rule",
                    "Remove `allow`; the rule is about one setting that is there or not.",
                );
            }
        }
        Allow::Values(what) => {
            if allow.is_empty() {
                reader.error(
                    Code::WaiverInvalid,
                    format!("a waiver of rule {} must say what it allows", rule.id),
                    rule_node.origin,
                    "allows everything as written",
                    format!("Add `allow:` with the {what} that this service needs, and no others."),
                );
            }
            allow.iter().for_each(|allowed| check_known(rule, what, allowed, reader));
            check_switch(rule, &allow, reader);
        }
    }
    Some(Waiver {
        service: service?,
        rule,
        rule_origin: rule_node.origin,
        allow,
        reason: reason?,
        expires,
        rank,
        origin: item.origin,
        is_implied: false,
    })
}

/// A misspelt value would allow nothing, and look as if it did.
fn check_known(rule: &Rule, what: &str, allowed: &Located<String>, reader: &mut Reader<'_>) {
    let is_known = |known: &&str| (rule.same)(&allowed.value, known);
    if rule.known.is_empty() || (rule.same)(&allowed.value, "ALL") || rule.known.iter().any(is_known) {
        return;
    }
    let near = suggest::nearest(&allowed.value.to_ascii_uppercase(), rule.known.iter().copied());
    reader.error(
        Code::WaiverInvalid,
        format!("a waiver of rule {} allows {}, which does not exist", rule.id, allowed.value),
        allowed.origin,
        "unknown",
        match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Write {what} by the kernel's names."),
        },
    );
}

/// A capability in a waiver of root belongs to `entrypoint`, and is one that a change of the user can need.
fn check_switch(rule: &Rule, allow: &[Located<String>], reader: &mut Reader<'_>) {
    if rule.id != user::RULE {
        return;
    }
    let is_switch = allow.iter().any(|one| one.value == user::ENTRYPOINT);
    for allowed in allow {
        let name = capability(&allowed.value);
        if !rules::is_capability(&name) {
            continue;
        }
        let may_need = user::MAY_NEED.contains(&name.as_str());
        let (label, help) = if is_switch && (may_need || user::SWITCH.contains(&name.as_str())) {
            continue;
        } else if may_need {
            ("only with `entrypoint`", "Write `entrypoint` before it.".to_owned())
        } else {
            let known = user::MAY_NEED.join(", ");
            (
                "not of the start",
                format!("Beside `entrypoint` write {known}; waive any other by the rule cap-add."),
            )
        };
        let message = format!("a waiver of rule {} cannot give the capability {name}", rule.id);
        reader.error(Code::WaiverInvalid, message, allowed.origin, label, help);
    }
}

fn required<'n>(map: &'n Mapping, key: &str, item: &Node, reader: &mut Reader<'_>) -> Option<&'n Node> {
    let found = map.get(key);
    if found.is_none() {
        reader.missing("waivers", key, item.origin);
    }
    found
}

fn find_rule(node: &Node, reader: &mut Reader<'_>) -> Option<&'static Rule> {
    let id = reader.text(node, "waivers.rule")?;
    let found = rules::find(id);
    if found.is_none() {
        let help = match suggest::nearest(id, rules::waivable().map(|rule| rule.id)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "docs/rules.md lists every rule.".to_owned(),
        };
        reader.error(
            Code::WaiverInvalid,
            format!("there is no rule `{id}`"),
            node.origin,
            "unknown rule",
            help,
        );
    }
    found
}

fn read_allow(node: &Node, reader: &mut Reader<'_>) -> Vec<Located<String>> {
    let items = match &node.value {
        Value::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut allowed = Vec::new();
    for item in items {
        match &item.value {
            Value::Int(number) => allowed.push(Located::new(number.to_string(), item.origin)),
            _ => {
                if let Some(text) = reader.text(item, "waivers.allow") {
                    allowed.push(Located::new(text.trim().to_owned(), item.origin));
                }
            }
        }
    }
    allowed
}

fn read_date(node: &Node, reader: &mut Reader<'_>) -> Option<Located<Date>> {
    let date = match &node.value {
        Value::String(text) => Date::parse(text),
        // A plain date is a timestamp to the YAML reader: midnight UTC of that day.
        Value::Timestamp(text) => text.get(..10).and_then(Date::parse),
        _ => None,
    };
    if date.is_none() {
        reader.wrong(
            node,
            "waivers.expires",
            "a date",
            "Write the first day on which it no longer holds: 2027-01-31.",
        );
    }
    date.map(|date| Located::new(date, node.origin))
}
