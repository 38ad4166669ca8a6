//! The text of a lock, read strictly: what is not understood is not passed over.

use std::collections::BTreeMap;

use super::write::END;
use super::{Entry, From, Lock, VERSION};
use crate::diagnostic::{Code, Finding};
use crate::host::Owner;
use crate::ownership::spec::MAX_ID;
use crate::source::{FileId, Origin, Span};
use crate::yaml::suggest::nearest;
use crate::yaml::{self, Limits, Mapping, Node, Value};

pub(super) const TOP: &[&str] = &["version", "services"];
pub(super) const SERVICE: &[&str] = &["user", "from", "image", "previous", "state"];

/// A lock, and the place of each service's user in it.
pub(super) type Read = (Lock, BTreeMap<String, Span>);

/// Everything that is wrong with it, all at once.
pub(super) fn parse(file: FileId, text: &str) -> Result<Read, Vec<Finding>> {
    if !text.ends_with(END) {
        return Err(vec![cut(text)]);
    }
    let documents = yaml::parse(file, text, Limits::default()).map_err(|findings| {
        let ours = |finding: Finding| Finding { code: Code::LockInvalid, ..finding }.help(RESTORE);
        findings.into_iter().map(ours).collect::<Vec<_>>()
    })?;
    let [document] = documents.as_slice() else {
        return Err(vec![refuse("the lock has more than one YAML document".to_owned())]);
    };
    let mut reader = Reader::default();
    let lock = reader.root(&document.root);
    if reader.findings.is_empty() { Ok((lock, reader.places)) } else { Err(reader.findings) }
}

fn refuse(message: String) -> Finding {
    Finding::error(Code::LockInvalid, message).help(RESTORE)
}

/// What to do about any damage.
pub(super) const RESTORE: &str =
    "Restore the file from version control. It is not rebuilt: what it remembers is nowhere else.";

fn cut(text: &str) -> Finding {
    let message = if text.trim().is_empty() {
        "the lock is empty".to_owned()
    } else {
        "the lock is cut short: its last line is not `...`".to_owned()
    };
    refuse(message)
}

#[derive(Default)]
struct Reader {
    findings: Vec<Finding>,
    places: BTreeMap<String, Span>,
}

impl Reader {
    fn error(&mut self, message: String, at: Origin, label: &str) {
        self.findings.push(refuse(message).at_origin(at, label));
    }

    fn mapping<'n>(&mut self, node: &'n Node, place: &str, known: &[&str]) -> Option<&'n Mapping> {
        let Some(map) = node.as_map() else {
            self.error(format!("{place} must be a mapping"), node.origin, "is none");
            return None;
        };
        for (key, entry) in map.entries().filter(|(key, _)| !known.contains(key)) {
            let near = nearest(key, known.iter().copied());
            let near = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            self.error(format!("unknown key `{key}` in {place}{near}"), entry.key, "unknown");
        }
        Some(map)
    }

    fn root(&mut self, root: &Node) -> Lock {
        let mut lock = Lock::default();
        // Before all else: a newer lock may have keys that mean something.
        match root.get("version").map(|node| (&node.value, node.origin)) {
            Some((Value::Int(VERSION), _)) => {}
            Some((Value::Int(version), origin)) if *version > VERSION => {
                let message =
                    format!("the lock has version {version}, and this seaworthy reads version {VERSION}");
                let finding = Finding::error(Code::LockInvalid, message).at_origin(origin, "newer");
                self.findings.push(finding.help("Use the seaworthy that wrote it, or a later one."));
                return lock;
            }
            Some((_, origin)) => {
                self.error(format!("`version` must be {VERSION}"), origin, "not a known version");
            }
            None => self.error("the lock has no `version`".to_owned(), root.origin, "has no `version`"),
        }
        let Some(map) = self.mapping(root, "the lock", TOP) else { return lock };
        let Some(services) = map.get("services") else {
            self.error("the lock has no `services`".to_owned(), root.origin, "has no `services`");
            return lock;
        };
        let Some(services) = services.as_map() else {
            self.error("`services` must be a mapping".to_owned(), services.origin, "is none");
            return lock;
        };
        for (name, node) in services.iter() {
            if let Some(entry) = self.entry(name, node) {
                lock.services.insert(name.to_owned(), entry);
            }
        }
        self.shared(&lock);
        lock
    }

    fn entry(&mut self, name: &str, node: &Node) -> Option<Entry> {
        let map = self.mapping(node, &format!("service `{name}`"), SERVICE)?;
        let mut required = |key: &str| {
            let found = map.get(key);
            if found.is_none() {
                self.error(format!("service `{name}` has no `{key}`"), node.origin, "not whole");
            }
            found
        };
        let (user, from) = (required("user"), required("from"));
        let user = user.and_then(|node| Some((self.owner(name, node)?, node)));
        let from = from.and_then(|node| self.from(name, node));
        let image = match map.get("image") {
            Some(node) => Some(self.image(name, node)?),
            None => None,
        };
        let previous =
            self.list(name, "previous", map).iter().filter_map(|node| self.owner(name, node)).collect();
        let state = self.list(name, "state", map).iter().filter_map(|node| self.path(name, node)).collect();
        let (from, (user, place)) = (from?, user?);
        if from == From::PerService && (user.uid == 0 || user.gid == 0) {
            self.error(
                format!("service `{name}` has root for a user of its own"),
                place.origin,
                "never given",
            );
        }
        if let Some(span) = place.origin.span() {
            self.places.insert(name.to_owned(), span);
        }
        Some(Entry { user, from, image, previous, state })
    }

    fn owner(&mut self, name: &str, node: &Node) -> Option<Owner> {
        let owner = node.as_str().and_then(|text| text.parse::<Owner>().ok());
        let owner = owner.filter(|owner| owner.uid <= MAX_ID && owner.gid <= MAX_ID);
        if owner.is_none() {
            self.error(format!("a user of service `{name}` must be \"UID:GID\""), node.origin, "is not");
        }
        owner
    }

    fn from(&mut self, name: &str, node: &Node) -> Option<From> {
        let from = node.as_str().and_then(From::parse);
        if from.is_none() {
            let names = From::ALL.map(From::name).join(", ");
            self.error(format!("`from` of service `{name}` must be one of {names}"), node.origin, "is not");
        }
        from
    }

    fn image(&mut self, name: &str, node: &Node) -> Option<String> {
        let is_digest = |text: &&str| {
            text.strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let image = node.as_str().filter(is_digest);
        if image.is_none() {
            self.error(
                format!("`image` of service `{name}` must be sha256: and 64 digits"),
                node.origin,
                "is not",
            );
        }
        image.map(str::to_owned)
    }

    fn list<'n>(&mut self, name: &str, key: &str, map: &'n Mapping) -> &'n [Node] {
        match map.get(key) {
            None => &[],
            Some(node) => node.as_seq().unwrap_or_else(|| {
                self.error(format!("`{key}` of service `{name}` must be a list"), node.origin, "is none");
                &[]
            }),
        }
    }

    fn path(&mut self, name: &str, node: &Node) -> Option<String> {
        let path = node.as_str().filter(|path| !path.is_empty());
        if path.is_none() {
            self.error(format!("a state path of service `{name}` must be a path"), node.origin, "is none");
        }
        path.map(str::to_owned)
    }

    /// Two branches that each added a service give both the same number, and merge without a conflict.
    fn shared(&mut self, lock: &Lock) {
        let mut first: BTreeMap<u32, &String> = BTreeMap::new();
        for (name, entry) in lock.services.iter().filter(|(_, entry)| entry.from == From::PerService) {
            let Some(other) = first.insert(entry.user.uid, name) else { continue };
            let message =
                format!("services `{other}` and `{name}` have the same user of their own, {}", entry.user);
            let mut finding = Finding::error(Code::LockInvalid, message).help(
                "Two branches added a service each. Remove the entry of the one that has written nothing yet, \
                 and launch: it gets another user.",
            );
            for service in [other, name] {
                if let Some(span) = self.places.get(service) {
                    finding = finding.at(*span, "the same");
                }
            }
            self.findings.push(finding);
        }
    }
}
