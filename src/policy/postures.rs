//! `posture:`: one for all, or one for each service, and a stricter one to be warned of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::Node;
use crate::yaml::suggest;

use super::posture::Posture;
use super::reader::{Keys, Located, Reader};

/// The posture where no policy writes one.
pub const UNWRITTEN: Origin = Origin::Default("posture");

/// The postures of a policy as they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postures {
    /// The posture of services that are not named.
    pub default: Located<Posture>,
    pub services: BTreeMap<String, Located<Posture>>,
    /// The posture whose refusals are warnings.
    pub warn: Option<Located<Posture>>,
    /// The services that a project's policy names: each must exist. The host's speaks of projects that it has not
    /// seen.
    own: BTreeMap<String, Origin>,
}

/// `posture:` of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub default: Option<Located<Posture>>,
    pub services: BTreeMap<String, Located<Posture>>,
    pub warn: Option<Located<Posture>>,
    /// The place of each name in `services`.
    names: BTreeMap<String, Origin>,
}

impl Default for Postures {
    fn default() -> Self {
        Self {
            default: Located::new(Posture::Observe, UNWRITTEN),
            services: BTreeMap::new(),
            warn: None,
            own: BTreeMap::new(),
        }
    }
}

impl Postures {
    /// Reads the postures as written, without a word about faults.
    pub fn glance(node: Option<&Node>) -> Self {
        let mut sink = Sink::new();
        let written = node.and_then(|node| read(node, &mut Reader::new(&mut sink)));
        written.map_or_else(Self::default, |written| counts(written, &Self::default()))
    }

    /// The posture of one service.
    pub fn of(&self, service: &str) -> &Located<Posture> {
        self.services.get(service).unwrap_or(&self.default)
    }

    /// The strictest of some services; the default's where there are none.
    pub fn strictest<'s>(&self, services: impl IntoIterator<Item = &'s str>) -> &Located<Posture> {
        let of = services.into_iter().map(|service| self.of(service));
        // The first of equals, so that the answer does not depend on the others.
        of.reduce(|best, one| if one.value > best.value { one } else { best }).unwrap_or(&self.default)
    }

    /// The strictest that is written for anybody.
    pub fn highest(&self) -> &Located<Posture> {
        let all = self.services.values();
        all.fold(&self.default, |best, one| if one.value > best.value { one } else { best })
    }

    /// Whether a policy says anything of it.
    pub fn is_written(&self) -> bool {
        self.default.origin != UNWRITTEN || !self.services.is_empty() || self.warn.is_some()
    }

    /// Whether every service has the default.
    pub fn is_uniform(&self) -> bool {
        self.services.is_empty()
    }

    /// The services with another posture than the default.
    pub fn others(&self) -> impl Iterator<Item = (&str, Posture)> {
        let others = self.services.iter().filter(|(_, one)| one.value != self.default.value);
        others.map(|(name, one)| (name.as_str(), one.value))
    }

    /// For people: `hardened`, or `hardened (plex baseline), contained as warnings`.
    pub fn describe(&self) -> String {
        let mut text = self.default.value.to_string();
        let mut by_posture: BTreeMap<Posture, Vec<&str>> = BTreeMap::new();
        for (name, posture) in self.others() {
            by_posture.entry(posture).or_default().push(name);
        }
        let named = |(posture, names): (&Posture, &Vec<&str>)| match names.as_slice() {
            few @ ([_] | [_, _] | [_, _, _]) => format!("{} {posture}", few.join(", ")),
            many => format!("{} services {posture}", many.len()),
        };
        if !by_posture.is_empty() {
            let _ = write!(text, " ({})", by_posture.iter().map(named).collect::<Vec<_>>().join("; "));
        }
        if let Some(warn) = &self.warn {
            let _ = write!(text, ", {} as warnings", warn.value);
        }
        text
    }

    /// A misspelt name would leave a service at the default.
    pub fn check_names<'m>(&self, services: impl Iterator<Item = &'m str>, sink: &mut Sink) {
        if self.own.is_empty() {
            return;
        }
        let known: BTreeSet<&str> = services.collect();
        for (name, origin) in self.own.iter().filter(|(name, _)| !known.contains(name.as_str())) {
            let message = format!("`posture.services` names {name}, which is no service of the project");
            let help = match suggest::nearest(name, known.iter().copied()) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => "Remove the line, or name a service of the project.".to_owned(),
            };
            sink.push(
                Finding::error(Code::PolicySyntax, message).at_origin(*origin, "no such service").help(help),
            );
        }
    }
}

/// Both policies together: of every service the stricter one of the host's and the project's.
pub fn combine(
    system: Option<Written>,
    own: Option<Written>,
    loosened: &mut dyn FnMut(String, Origin, Origin, &str),
) -> (Arc<Postures>, Arc<Postures>) {
    let host = system.map_or_else(Postures::default, |system| counts(system, &Postures::default()));
    let Some(own) = own else {
        let host = Arc::new(Postures { own: BTreeMap::new(), ..host });
        return (Arc::clone(&host), host);
    };
    let mut against = |what: &str, key: &str, ours: Option<&Located<Posture>>, theirs: &Located<Posture>| {
        if let Some(ours) = ours
            && ours.value < theirs.value
        {
            loosened(
                format!(
                    "the project's posture {}{what} is weaker than the host's {}",
                    ours.value, theirs.value
                ),
                ours.origin,
                theirs.origin,
                &format!("Remove `{key}:`, or write a stronger one."),
            );
        }
    };
    against("", "posture", own.default.as_ref(), &host.default);
    for (name, ours) in &own.services {
        against(&format!(" of {name}"), name, Some(ours), host.of(name));
    }
    if let Some(theirs) = &host.warn {
        against(", which is warned of,", "warn", own.warn.as_ref(), theirs);
    }
    let names = own.names.clone();
    let ours = counts(own, &host);
    let stricter = |theirs: &Located<Posture>, ours: &Located<Posture>| {
        // Where both are equal the project's line is named: its reader knows that file.
        if theirs.value > ours.value { theirs.clone() } else { ours.clone() }
    };
    let all: BTreeSet<&String> = host.services.keys().chain(ours.services.keys()).collect();
    let services =
        all.into_iter().map(|name| (name.clone(), stricter(host.of(name), ours.of(name)))).collect();
    let warn = match (&host.warn, &ours.warn) {
        (Some(theirs), Some(ours)) => Some(stricter(theirs, ours)),
        (theirs, ours) => ours.clone().or_else(|| theirs.clone()),
    };
    let both = Postures { default: stricter(&host.default, &ours.default), services, warn, own: names };
    (Arc::new(both), Arc::new(Postures { own: BTreeMap::new(), ..host }))
}

/// Lays the postures of one file over those that count without it.
fn counts(written: Written, before: &Postures) -> Postures {
    let default = written.default.unwrap_or_else(|| before.default.clone());
    Postures { default, services: written.services, warn: written.warn, own: BTreeMap::new() }
}

pub(super) const POSTURE: Keys =
    Keys { place: "posture", known: &["default", "services", "warn"], later: &[] };

/// `posture: hardened`, or the mapping.
pub(super) fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Written> {
    let mut written =
        Written { default: None, services: BTreeMap::new(), warn: None, names: BTreeMap::new() };
    if node.as_map().is_none() {
        written.default = Some(one(node, "posture", reader)?);
        return Some(written);
    }
    let map = reader.mapping(node, &POSTURE)?;
    written.default = map.get("default").and_then(|node| one(node, "posture.default", reader));
    written.warn = map.get("warn").and_then(|node| one(node, "posture.warn", reader));
    if let Some(services) = map.get("services") {
        let Some(services) = services.as_map() else {
            reader.wrong(
                services,
                "posture.services",
                "a mapping of services to postures",
                "Write `web: baseline`.",
            );
            return None;
        };
        for (name, entry) in services.entries() {
            if let Some(found) = one(&entry.value, &format!("posture.services.{name}"), reader) {
                written.services.insert(name.to_owned(), found);
                written.names.insert(name.to_owned(), entry.key);
            }
        }
    }
    if let Some(warn) = &written.warn {
        let default = written.default.as_ref().map_or(Posture::Observe, |default| default.value);
        let weakest = written.services.values().map(|one| one.value).fold(default, Posture::min);
        if warn.value <= weakest {
            reader.error(
                Code::PolicySyntax,
                format!("`posture.warn` is {}, which is refused for every service already", warn.value),
                warn.origin,
                "warns of nothing",
                "Write a stricter posture, or remove `warn`.",
            );
        }
    }
    Some(written)
}

fn one(node: &Node, place: &str, reader: &mut Reader<'_>) -> Option<Located<Posture>> {
    let text = reader.text(node, place)?;
    let Some(posture) = Posture::parse(text) else {
        let names = Posture::ALL.map(Posture::name);
        let help = match suggest::nearest(text, names.into_iter()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => format!("Postures are {}.", names.join(", ")),
        };
        reader.error(
            Code::PolicySyntax,
            format!("there is no posture `{text}`"),
            node.origin,
            "unknown posture",
            help,
        );
        return None;
    };
    Some(Located::new(posture, node.origin))
}
