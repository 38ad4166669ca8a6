//! Where seaworthy may create and own things on the host.

use std::path::{Path, PathBuf};

use crate::diagnostic::Code;
use crate::host::Owner;
use crate::yaml::{Mapping, Node};

use super::reader::{Keys, Located, Reader};

/// `binds:` of a policy. Paths are absolute and lexically clean.
#[derive(Clone, Debug, Default)]
pub struct Binds {
    /// `None` where nothing is said; then the project's directory is the only root.
    pub roots: Option<Vec<Located<PathBuf>>>,
    pub create: Vec<Create>,
    /// Mode of what is created.
    pub mode: Option<Located<u32>>,
}

/// Something to create where it is missing.
#[derive(Clone, Debug)]
pub struct Create {
    pub path: Located<PathBuf>,
    pub kind: CreateKind,
    pub mode: Option<u32>,
    pub owner: Option<Owner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateKind {
    File { content: String },
    Directory,
}

/// What relative paths and `~` stand for.
pub struct Base<'a> {
    pub directory: &'a Path,
    pub home: Option<&'a str>,
}

impl Base<'_> {
    /// The absolute path, without `.` and `..`.
    pub fn resolve(&self, text: &str) -> PathBuf {
        let path = match (text.strip_prefix('~'), self.home.filter(|home| !home.is_empty())) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                PathBuf::from(format!("{home}{rest}"))
            }
            _ => self.directory.join(text),
        };
        clean(&path)
    }
}

/// `.` and `..` removed, by name alone.
pub fn clean(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => {
                result.pop();
            }
            std::path::Component::CurDir => {}
            other => result.push(other),
        }
    }
    result
}

pub(super) const BINDS: Keys = Keys { place: "binds", known: &["roots", "create", "mode"], later: &[] };
pub(super) const CREATE: Keys =
    Keys { place: "binds.create", known: &["path", "kind", "content", "mode", "owner"], later: &[] };

pub fn read(node: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Binds {
    let mut binds = Binds::default();
    let Some(map) = reader.mapping(node, &BINDS) else { return binds };
    if let Some(roots) = map.get("roots") {
        let mut found = Vec::new();
        for item in reader.list(roots, "binds.roots") {
            if let Some(text) = reader.text(item, "binds.roots") {
                found.push(Located::new(base.resolve(text), item.origin));
            }
        }
        binds.roots = Some(found);
    }
    if let Some(mode) = map.get("mode") {
        binds.mode = file_mode(mode, "binds.mode", reader).map(|value| Located::new(value, mode.origin));
    }
    if let Some(create) = map.get("create") {
        for item in reader.list(create, "binds.create") {
            if let Some(map) = reader.mapping(item, &CREATE) {
                binds.create.extend(read_create(item, map, base, reader));
            }
        }
    }
    binds
}

fn read_create(item: &Node, map: &Mapping, base: &Base<'_>, reader: &mut Reader<'_>) -> Option<Create> {
    let path = if let Some(node) = map.get("path") {
        reader.text(node, "binds.create.path").map(|text| Located::new(base.resolve(text), node.origin))
    } else {
        reader.missing("binds.create", "path", item.origin);
        None
    };
    let content = map.get("content").and_then(|node| {
        if node.as_str().is_none() {
            reader.wrong(
                node,
                "binds.create.content",
                "a string",
                "Put the content in quotes, or in a `|` block.",
            );
        }
        node.as_str().map(str::to_owned)
    });
    let kind = match map.get("kind") {
        None => {
            reader.missing("binds.create", "kind", item.origin);
            None
        }
        Some(node) => match node.as_str() {
            Some("file") => Some(CreateKind::File { content: content.unwrap_or_default() }),
            Some("dir") => {
                if let Some(entry) = map.entry("content") {
                    reader.error(
                        Code::PolicySyntax,
                        "a directory has no `content`".to_owned(),
                        entry.key,
                        "only files have content",
                        "Remove it, or write `kind: file`.",
                    );
                }
                Some(CreateKind::Directory)
            }
            _ => {
                reader.wrong(
                    node,
                    "binds.create.kind",
                    "`file` or `dir`",
                    "Write `kind: file` or `kind: dir`.",
                );
                None
            }
        },
    };
    let mode = map.get("mode").and_then(|node| file_mode(node, "binds.create.mode", reader));
    let owner = map.get("owner").and_then(|node| {
        let parsed = node.as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            reader.wrong(
                node,
                "binds.create.owner",
                "\"UID:GID\"",
                "Write two numbers in quotes: \"10001:10001\".",
            );
        }
        parsed
    });
    Some(Create { path: path?, kind: kind?, mode, owner })
}

/// Permission bits as octal digits in quotes: a bare `750` would be another number than a bare `0750`.
pub(super) fn file_mode(node: &Node, place: &str, reader: &mut Reader<'_>) -> Option<u32> {
    let octal = |text: &&str| (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = node.as_str().filter(octal);
    let mode = text.and_then(|text| u32::from_str_radix(text, 8).ok()).filter(|mode| *mode <= 0o1777);
    if mode.is_none() {
        reader.wrong(node, place, "a mode in octal", "Write three or four octal digits in quotes: \"0750\".");
    }
    mode
}
