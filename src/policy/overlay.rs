//! Mandatory overlays: found, whole, and what they say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compose::{self, kind};
use crate::diagnostic::{Code, Finding, Sink};
use crate::model::uses::Uses;
use crate::project::Inputs;
use crate::reader::Reader;
use crate::source::{FileId, Origin};
use crate::yaml::{Document, Mapping, Node, Value};

use super::Rank;
use super::builtin::Builtin;
use super::closed::closed;
use super::posture::Posture;
use super::postures::Postures;
use super::reader::Located;

/// An overlay as a policy asks for it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub kind: Kind,
    /// Lower-case hexadecimal sha256.
    pub pin: Option<Located<String>>,
    pub rank: Rank,
    /// Where the policy asks for it; the posture's place where that implies it.
    pub origin: Origin,
    pub scope: Scope,
}

/// The services that `"*"` of a built-in overlay stands for: all of them, or those with a posture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    above: Option<(Arc<Postures>, Posture)>,
    /// The scopes of the same overlay that come before, so that nothing is laid twice.
    without: Vec<Scope>,
}

impl Scope {
    /// The services with at least a posture.
    pub fn above(postures: &Arc<Postures>, posture: Posture) -> Self {
        let is_everywhere = postures.is_uniform() && postures.default.value >= posture;
        let above = (!is_everywhere).then(|| (Arc::clone(postures), posture));
        Self { above, without: Vec::new() }
    }

    #[must_use]
    pub fn without(mut self, others: impl Iterator<Item = Self>) -> Self {
        self.without.extend(others);
        self
    }

    pub fn is_everywhere(&self) -> bool {
        self.above.is_none() && self.without.is_empty()
    }

    pub fn covers(&self, service: &str) -> bool {
        let is_above =
            self.above.as_ref().is_none_or(|(postures, posture)| postures.of(service).value >= *posture);
        is_above && !self.without.iter().any(|scope| scope.covers(service))
    }

    /// A network is covered with any of the services that use it.
    pub fn covers_place(&self, place: &str, uses: &Uses) -> bool {
        uses.of_place(place).into_iter().any(|service| self.covers(service))
    }
}

/// Where an overlay's text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Builtin(&'static Builtin),
    File {
        /// Absolute.
        path: PathBuf,
        /// As the policy wrote it.
        shown: String,
    },
}

impl Kind {
    pub fn name(&self) -> String {
        match self {
            Self::Builtin(builtin) => format!("builtin:{}", builtin.name),
            Self::File { shown, .. } => shown.clone(),
        }
    }
}

/// A mandatory overlay, read whole and parsed.
#[derive(Clone, Debug)]
pub struct Overlay {
    pub name: String,
    pub kind: Kind,
    pub rank: Rank,
    pub file: FileId,
    /// As written, `"*"` included.
    pub documents: Vec<Document>,
    /// Where the policy asks for it.
    pub origin: Origin,
    pub pinned: bool,
    pub scope: Scope,
}

impl Overlay {
    pub fn is_builtin(&self) -> bool {
        matches!(self.kind, Kind::Builtin(_))
    }
}

/// Reads an overlay and proves it whole. `None` where the sink got errors.
pub fn load(wanted: &Wanted, reader: Reader, inputs: &mut Inputs, sink: &mut Sink) -> Option<Overlay> {
    let file = match &wanted.kind {
        Kind::Builtin(builtin) => {
            let path = PathBuf::from(wanted.kind.name());
            match inputs.sources().find(&path) {
                Some(file) => file,
                None => inputs.add(&wanted.kind.name(), &path, builtin.text),
            }
        }
        Kind::File { path, shown } => read_file(path, shown, wanted, inputs, sink)?,
    };
    let layer = compose::parse_file(file, reader, inputs, sink)?;
    let name = wanted.kind.name();
    if !usable(&name, &layer.documents, wanted, sink) {
        return None;
    }
    Some(Overlay {
        name,
        kind: wanted.kind.clone(),
        rank: wanted.rank,
        file,
        documents: layer.documents,
        origin: wanted.origin,
        pinned: wanted.pin.is_some(),
        scope: wanted.scope.clone(),
    })
}

fn read_file(
    path: &Path,
    shown: &str,
    wanted: &Wanted,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<FileId> {
    let missing = |message: String| {
        Finding::error(Code::OverlayMissing, message)
            .at_origin(wanted.origin, "the policy demands it")
            .help("Restore the file; without it nothing is launched.")
    };
    let file = match inputs.read(path, shown) {
        Ok(file) => file,
        Err(finding) => {
            sink.push(missing(format!("the mandatory overlay {shown} cannot be read: {}", finding.message)));
            return None;
        }
    };
    let source = inputs.sources().get(file)?;
    if source.text.trim().is_empty() {
        sink.push(missing(format!("the mandatory overlay {shown} is empty")));
        return None;
    }
    match &wanted.pin {
        Some(pin) if pin.value.as_str() != source.sha256() => {
            sink.push(
                Finding::error(
                    Code::OverlayPin,
                    format!("the mandatory overlay {shown} is not the one that was pinned"),
                )
                .at_origin(pin.origin, "the pinned sha256")
                .help(format!("Its sha256 is {}. Review what changed before pinning that.", source.sha256())),
            );
            None
        }
        Some(_) => Some(file),
        None if closed(&source.text) => Some(file),
        None => {
            sink.push(
                Finding::error(
                    Code::OverlayTruncated,
                    format!("nothing proves that the mandatory overlay {shown} is whole"),
                )
                .at_origin(wanted.origin, "neither pinned nor closed")
                .help(
                    "End the file with a line `...` that is the only one to start so, or pin it with `sha256:` in \
                     the policy.",
                ),
            );
            None
        }
    }
}

/// Whether every document is a mapping that stands for itself.
fn usable(name: &str, documents: &[Document], wanted: &Wanted, sink: &mut Sink) -> bool {
    if documents.is_empty() {
        sink.push(
            Finding::error(Code::OverlayMissing, format!("the mandatory overlay {name} has no content"))
                .at_origin(wanted.origin, "the policy demands it")
                .help("It has only comments; restore the file."),
        );
        return false;
    }
    let mut fine = true;
    for document in documents {
        match document.root.as_map() {
            Some(map) if !map.is_empty() => fine &= stands_alone(name, map, wanted.rank, sink),
            _ => {
                sink.push(
                    Finding::error(
                        Code::OverlayMissing,
                        format!("a document of the mandatory overlay {name} is not a mapping with content"),
                    )
                    .at_origin(document.root.origin, format!("{} found", kind(&document.root)))
                    .at_origin(wanted.origin, "the policy demands it")
                    .help("Each document needs keys such as `services:`."),
                );
                fine = false;
            }
        }
    }
    fine
}

/// What an overlay takes from elsewhere is neither pinned nor closed with it.
fn stands_alone(name: &str, map: &Mapping, rank: Rank, sink: &mut Sink) -> bool {
    let mut fine = true;
    let mut refuse = |origin: Origin, what: &str, help: &str| {
        fine = false;
        sink.push(
            Finding::error(Code::OverlayTruncated, format!("the mandatory overlay {name} {what}"))
                .at_origin(origin, "not part of what was pinned or closed")
                .help(help.to_owned()),
        );
    };
    if let Some(entry) = map.entry("include") {
        refuse(
            entry.key,
            "includes other files",
            "Write what it needs into the overlay itself, or list the file too.",
        );
    }
    for (_, service) in map.get("services").and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
        if let Some(entry) = service.as_map().and_then(|service| service.entry("extends")) {
            refuse(entry.key, "extends a service", "Write what it needs into the overlay itself.");
        }
    }
    if rank == Rank::System
        && let Some(origin) = map.iter().find_map(|(_, node)| variable(node))
    {
        fine = false;
        sink.push(
            Finding::error(Code::PolicyUntrusted, format!("the system overlay {name} uses a variable"))
                .at_origin(origin, "whoever sets the variable decides")
                .help("Write the value itself; a literal dollar sign is written $$."),
        );
    }
    fine
}

/// Where a value is taken from the environment.
fn variable(node: &Node) -> Option<Origin> {
    match &node.value {
        Value::String(text) => text.replace("$$", "").contains('$').then_some(node.origin),
        Value::Seq(items) => items.iter().find_map(variable),
        Value::Map(map) => map.iter().find_map(|(_, node)| variable(node)),
        _ => None,
    }
}
