//! `seaworthy.yaml`, version 1: its keys and their values.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Sink};
use crate::host::process::shell_word;
use crate::project::{Inputs, Project};
use crate::reader::Reader as Version;
use crate::source::{FileId, Origin, SourceFile, Span};
use crate::yaml::{self, Limits, Node, Value};

use super::binds::{self, Base, Binds};
use super::closed::closed;
use super::copies::{self, Copy};
use super::gc::{self, Sweep};
use super::overlay::{Scope, Wanted};
use super::postures::{self, Written};
use super::probes::{self, Probe};
use super::reader::{Keys, Located, Reader};
use super::state::{self, RepairSetting, State};
use super::user::{self, Users};
use super::waiver::{self, Waiver};
use super::{Rank, builtin, overlay};

/// One policy file as written; what is not written is absent.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    pub file: FileId,
    pub rank: Rank,
    pub posture: Option<Written>,
    /// `compose:`.
    pub compose: Option<Located<Version>>,
    pub users: Users,
    pub overlays: Vec<Wanted>,
    /// `files:`, as absolute paths.
    pub files: Option<Vec<Located<PathBuf>>>,
    pub binds: Binds,
    pub state: Vec<State>,
    pub repair: Option<Located<RepairSetting>>,
    pub copies: Vec<Copy>,
    pub probes: Vec<Probe>,
    pub gc: Vec<Sweep>,
    pub waivers: Vec<Waiver>,
}

pub(super) const POLICY: Keys = Keys {
    place: "",
    known: &[
        "version", "posture", "compose", "user", "overlays", "files", "binds", "state", "repair", "copies",
        "probes", "gc", "waivers",
    ],
    later: &[],
};

/// Reads the text of one policy. `None` where the sink got errors.
pub fn parse(
    file: FileId,
    path: &Path,
    rank: Rank,
    project: &Project,
    inputs: &Inputs,
    sink: &mut Sink,
) -> Option<PolicyFile> {
    let source = inputs.sources().get(file)?;
    let documents = match yaml::parse(file, &source.text, Limits::default()) {
        Ok(documents) => documents,
        Err(findings) => {
            sink.extend(findings);
            return None;
        }
    };
    let root = match documents.as_slice() {
        [only] if !only.root.is_null() => &only.root,
        [] | [_] => {
            sink.push(Finding::error(Code::InputEmpty, format!("{} has no content", source.name)).help(
                "A policy starts with `version: 1`. An empty one often means that its generator failed.",
            ));
            return None;
        }
        [_, second, ..] => {
            sink.push(
                Finding::error(
                    Code::PolicySyntax,
                    format!("{} has more than one YAML document", source.name),
                )
                .at_origin(second.root.origin, "the second one")
                .help("Keep one document: a second one would be easy to overlook."),
            );
            return None;
        }
    };
    let is_closed = closed(&source.text);
    if !is_closed {
        sink.push(open(source, file));
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let base = Base { directory, home: project.environment.get("HOME") };
    let mut reader = Reader::new(sink);
    let policy = read(root, file, rank, &base, &mut reader);
    if reader.failed || !is_closed { None } else { policy }
}

/// Whether a document is a policy and no overlay: what `overlays seal` goes by.
pub fn is_policy(root: &Node) -> bool {
    let Some(map) = root.as_map() else { return false };
    let is_version = map.get("version").is_some_and(|node| matches!(node.value, Value::Int(1)));
    is_version && map.iter().all(|(key, _)| POLICY.known.contains(&key) || POLICY.later.contains(&key))
}

/// A policy that was cut demands less, and still reads as one.
fn open(source: &SourceFile, file: FileId) -> Finding {
    let text = source.text.trim_end();
    let last = text.rfind('\n').map_or(0, |end| end + 1);
    let markers = text.split('\n').filter(|line| line.starts_with("...")).count();
    let help = if markers > 0 {
        "Exactly one line may start with `...`, and only comments may follow it: a cut behind another one would go \
         unnoticed."
            .to_owned()
    } else {
        let word = shell_word(&source.name);
        format!("Write a last line `...`, or run `seaworthy overlays seal {word}` if the file is whole.")
    };
    Finding::error(Code::PolicyOpen, format!("nothing proves that the policy {} is whole", source.name))
        .at(Span::new(file, last, text.len()), "not closed by a line `...`")
        .help(help)
}

fn read(
    root: &Node,
    file: FileId,
    rank: Rank,
    base: &Base<'_>,
    reader: &mut Reader<'_>,
) -> Option<PolicyFile> {
    let map = reader.mapping(root, &POLICY)?;
    version(map.get("version"), root.origin, reader);
    Some(PolicyFile {
        file,
        rank,
        posture: map.get("posture").and_then(|node| postures::read(node, reader)),
        compose: map.get("compose").and_then(|node| compose(node, reader)),
        users: map.get("user").map(|node| user::read(node, reader)).unwrap_or_default(),
        overlays: map.get("overlays").map(|node| overlays(node, rank, base, reader)).unwrap_or_default(),
        files: map.get("files").map(|node| files(node, base, reader)),
        binds: map.get("binds").map(|node| binds::read(node, base, reader)).unwrap_or_default(),
        state: map.get("state").map(|node| state::read(node, base, reader)).unwrap_or_default(),
        repair: map.get("repair").and_then(|node| state::repair(node, reader)),
        copies: map.get("copies").map(|node| copies::read(node, base, reader)).unwrap_or_default(),
        probes: map.get("probes").map(|node| probes::read(node, rank, reader)).unwrap_or_default(),
        gc: map.get("gc").map(|node| gc::read(node, rank, base, reader)).unwrap_or_default(),
        waivers: map.get("waivers").map(|node| waiver::read(node, rank, reader)).unwrap_or_default(),
    })
}

fn version(node: Option<&Node>, root: Origin, reader: &mut Reader<'_>) {
    match node {
        None => reader.error(
            Code::PolicySyntax,
            "the policy has no version".to_owned(),
            root,
            "does not say which",
            "Add `version: 1`.",
        ),
        Some(node) => match node.value {
            Value::Int(1) => {}
            Value::Int(other) => reader.error(
                Code::PolicySyntax,
                format!("policy version {other} is not known"),
                node.origin,
                "not known",
                "This seaworthy reads version 1; a later one may read others.",
            ),
            _ => reader.wrong(node, "version", "the number 1", "Write `version: 1`."),
        },
    }
}

fn compose(node: &Node, reader: &mut Reader<'_>) -> Option<Located<Version>> {
    let text = reader.text(node, "compose")?;
    match Version::named(text) {
        Ok(version) => Some(Located::new(version, node.origin)),
        Err(error) => {
            let (message, help) = (format!("`compose`: {error}"), error.help());
            reader.error(Code::PolicySyntax, message, node.origin, "cannot be read as", help);
            None
        }
    }
}

fn files(node: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Vec<Located<PathBuf>> {
    let mut files = Vec::new();
    let items = reader.list(node, "files");
    if node.as_seq().is_some_and(<[Node]>::is_empty) {
        reader.wrong(
            node,
            "files",
            "a list with at least one file",
            "Remove the key where any list will do.",
        );
    }
    for item in items {
        if let Some(text) = reader.text(item, "files") {
            let path = if text == "-" { PathBuf::from("-") } else { base.resolve(text) };
            files.push(Located::new(path, item.origin));
        }
    }
    files
}

pub(super) const OVERLAY: Keys =
    Keys { place: "overlays", known: &["builtin", "file", "sha256"], later: &[] };

fn overlays(node: &Node, rank: Rank, base: &Base<'_>, reader: &mut Reader<'_>) -> Vec<Wanted> {
    let items = reader.list(node, "overlays");
    items.iter().filter_map(|item| wanted(item, rank, base, reader)).collect()
}

fn wanted(item: &Node, rank: Rank, base: &Base<'_>, reader: &mut Reader<'_>) -> Option<Wanted> {
    if let Some(text) = item.as_str() {
        let key = if builtin::find(text).is_some() { "builtin" } else { "file" };
        // JSON's strings are YAML's in double quotes.
        let help = format!("Write `{{{key}: {}}}`.", serde_json::Value::from(text));
        reader.error(
            Code::PolicySyntax,
            "an overlay must be a mapping".to_owned(),
            item.origin,
            "string found",
            help,
        );
        return None;
    }
    let map = reader.mapping(item, &OVERLAY)?;
    let pin = map.get("sha256").and_then(|node| {
        let text = node.as_str().unwrap_or_default();
        let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex {
            reader.wrong(
                node,
                "overlays.sha256",
                "64 hexadecimal digits",
                "Take them from `sha256sum FILE`.",
            );
        }
        hex.then(|| Located::new(text.to_ascii_lowercase(), node.origin))
    });
    let kind = match (map.get("builtin"), map.get("file")) {
        (Some(node), None) => {
            if let Some(entry) = map.entry("sha256") {
                reader.error(
                    Code::PolicySyntax,
                    "a built-in overlay is not pinned".to_owned(),
                    entry.key,
                    "has no effect",
                    "Remove `sha256`: a built-in overlay is part of the program.",
                );
            }
            let name = reader.text(node, "overlays.builtin")?;
            let Some(found) = builtin::find(name) else {
                let help = match yaml::suggest::nearest(name, builtin::names()) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Built in are {}.", builtin::names().collect::<Vec<_>>().join(", ")),
                };
                reader.error(
                    Code::PolicySyntax,
                    format!("there is no built-in overlay `{name}`"),
                    node.origin,
                    "unknown overlay",
                    help,
                );
                return None;
            };
            overlay::Kind::Builtin(found)
        }
        (None, Some(node)) => {
            let path = base.resolve(reader.text(node, "overlays.file")?);
            overlay::Kind::File { path, shown: node.as_str().unwrap_or_default().to_owned() }
        }
        _ => {
            reader.error(
                Code::PolicySyntax,
                "an entry of `overlays` names either `builtin` or `file`".to_owned(),
                item.origin,
                "names not exactly one",
                "Write `- builtin: hardening` or `- file: ops/egress.yaml`.",
            );
            return None;
        }
    };
    Some(Wanted { kind, pin, rank, origin: item.origin, scope: Scope::default() })
}
