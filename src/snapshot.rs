//! The reviewed snapshot: what would run, in a form that is the same on every machine and for everybody.
//!
//! [`Snapshot::take`] makes it of the model as it is written, the policy, the users and the posture, and
//! with it the file. [`difference`] compares two of them, [`class`] says of each difference what it means, and
//! [`report`] prints them.

pub mod class;
pub mod difference;
mod model;
mod neutral;
pub mod report;

use std::borrow::Cow;

use crate::diagnostic::{Code, Finding};
use crate::ownership::lock::Lock;
use crate::ownership::{UserDecision, UserSource, UserSpec};
use crate::policy::Verdict;
use crate::policy::rules::CATALOGUE;
use crate::redact;
use crate::source::{FileId, Origin, Span};
use crate::yaml::{self, Entry, Limits, Mapping, Node, Value};

pub use model::{Places, portable};
pub use neutral::neutral;

/// Beside the project's files.
pub const FILE_NAME: &str = "seaworthy.snapshot.yaml";

/// The version that is written and read.
pub const VERSION: i64 = 1;

const TITLE: &str = "\
# What would run, as it was reviewed. Written by `seaworthy snapshot write`; meant for git, not for editing.
# Values from the environment stay as they are written. A service that a rule does not name passes it.
";

const OWN: Origin = Origin::Default("snapshot");

/// What a snapshot is made of.
pub struct Parts<'p> {
    /// The files in the order in which they are merged, each with its name as the project sees it.
    pub files: Vec<(String, FileId)>,
    /// The project's policy as it is written.
    pub policy: Option<&'p Node>,
    pub users: &'p [UserDecision],
    pub lock: Option<&'p Lock>,
    pub posture: Section,
    pub model: Section,
}

/// One section with its lines in the file: of the large ones these are written where and when they are known.
pub struct Section {
    node: Node,
    lines: String,
}

impl Section {
    fn new(key: &str, node: Node) -> Self {
        let lines = yaml::members_to_yaml_lossless(std::iter::once((key, &node)));
        Self { node, lines }
    }

    /// Of a model as [`portable`] gives it.
    pub fn model(model: Node) -> Self {
        Self::new("model", model)
    }

    pub fn posture(verdicts: &[Verdict]) -> Self {
        Self::new("posture", posture(verdicts))
    }
}

/// A snapshot as a tree. What was just taken knows where everything was written.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub root: Node,
}

impl Snapshot {
    /// The tree, and the file.
    pub fn take(parts: Parts<'_>) -> (Self, String) {
        let Parts { files, policy, users: decisions, lock, posture, model } = parts;
        let mut root = Mapping::new();
        root.put("version", Node::new(Value::Int(VERSION), OWN));
        let files = files.into_iter().map(|(name, id)| {
            let start = Origin::Source(Span::new(id, 0, 0));
            Node::string(name, start)
        });
        root.put("files", Node::seq(files.collect(), OWN));
        if let Some(policy) = policy {
            let mut policy = policy.clone();
            model::clean(&mut policy, "");
            root.put("policy", policy);
        }
        root.put("users", users(decisions, lock, &model.node));
        let head = yaml::members_to_yaml_lossless(root.iter());
        root.put("posture", posture.node);
        root.put("model", model.node);
        let text = [TITLE, &head, &posture.lines, &model.lines].concat();
        (Self { root: Node::map(root, OWN) }, text)
    }

    /// Reads the file back.
    ///
    /// # Errors
    /// Where it is none, or one of a later version.
    pub fn read(file: FileId, name: &str, text: &str) -> Result<Self, Vec<Finding>> {
        let wrong = |what: String, origin: Option<Origin>| {
            let finding = Finding::error(Code::SnapshotInvalid, format!("{name}: {what}"));
            let finding = match origin {
                Some(origin) => finding.at_origin(origin, "here"),
                None => finding,
            };
            vec![finding.help(Code::SnapshotInvalid.remedy())]
        };
        let documents = yaml::parse(file, text, Limits::default())?;
        let [document] = documents.as_slice() else {
            return Err(wrong(format!("one document is expected, not {}", documents.len()), None));
        };
        let root = document.root.clone();
        match root.get("version") {
            Some(version) if version.as_int() == Some(VERSION) => Ok(Self { root }),
            Some(version) => Err(wrong(format!("only version {VERSION} is known"), Some(version.origin))),
            None => Err(wrong("there is no version in it".to_owned(), None)),
        }
    }
}

/// Whom each service runs as, as it was said; the numbers of the lock where an image decides.
fn users(decisions: &[UserDecision], lock: Option<&Lock>, model: &Node) -> Node {
    let mut users = Mapping::new();
    for decision in decisions {
        let name = decision.service.as_str();
        let written = |keys: &[&str]| {
            let service = model.at(&["services", name])?;
            service.at(keys).and_then(Node::as_str).map(str::to_owned)
        };
        let said = match (decision.from, decision.spec) {
            (UserSource::Service(_), _) => written(&["user"]),
            (UserSource::Extension(_), _) => written(&["x-seaworthy", "user"]),
            (_, spec) => spec.map(|spec| spec.to_string()),
        };
        let origin = decision.from.span().map_or(OWN, Origin::Source);
        let said = said.unwrap_or_else(|| "image".to_owned());
        let mut user = Mapping::new();
        user.put("user", Node::string(said, origin));
        let by_lock = matches!(decision.spec, Some(UserSpec::Image | UserSpec::PerService) | None)
            && !matches!(decision.from, UserSource::Service(_));
        if by_lock && let Some(entry) = lock.and_then(|lock| lock.services.get(name)) {
            user.put("locked", Node::string(entry.user.to_string(), origin));
        }
        users.append(name.into(), Entry { key: origin, value: Node::map(user, origin) });
    }
    users.sort_by(yaml::natural_cmp);
    Node::map(users, OWN)
}

/// Each rule of the catalogue: `passes`, or the places where it does not with how it stands there.
fn posture(verdicts: &[Verdict]) -> Node {
    let mut posture = Mapping::new();
    // They come in the catalogue's order.
    let mut rest = verdicts;
    for rule in CATALOGUE.iter() {
        let own = rest.iter().take_while(|verdict| verdict.rule.id == rule.id).count();
        let (own, others) = rest.split_at_checked(own).unwrap_or((rest, &[]));
        rest = others;
        let mut places = places(own);
        places.sort_by(yaml::natural_cmp);
        let standing = if places.is_empty() { Node::string("passes", OWN) } else { Node::map(places, OWN) };
        posture.put(rule.id, standing);
    }
    Node::map(posture, OWN)
}

/// Each place with its standing.
fn places(verdicts: &[Verdict]) -> Mapping {
    let standing = |verdict: &Verdict| Node::string(verdict.standing.name(), verdict.origin);
    let names: Vec<Cow<'_, str>> =
        verdicts.iter().map(|verdict| redact::written("", &verdict.place)).collect();
    let pairs = names.iter().zip(verdicts);
    if names.iter().any(|name| matches!(name, Cow::Owned(_))) {
        // Two names may have become one.
        let mut places = Mapping::new();
        for (name, verdict) in pairs {
            places.put(&**name, standing(verdict));
        }
        return places;
    }
    pairs
        .map(|(name, verdict)| {
            let value = standing(verdict);
            (name.as_ref().into(), Entry { key: value.origin, value })
        })
        .collect()
}
