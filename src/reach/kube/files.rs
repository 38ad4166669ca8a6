//! `ConfigMap`s and Secrets: configs and secrets of the project, and copies of files.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::compose::{section, text};
use crate::model::place::absolute;
use crate::model::{mount, resource};
use crate::reach::content::content;
use crate::reach::refusal::Of;
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::context::{Context, is_secret_file};
use super::mounts::Mounts;
use super::name;
use super::node::{Map, OWN, text as string};
use super::service::Service;

/// As much as an object holds.
pub const LIMIT: usize = 1 << 20;

/// The content of a `ConfigMap` or Secret.
#[derive(Debug)]
pub struct Files {
    pub secret: bool,
    /// By key: what asked for it, the content, and from where it is.
    content: BTreeMap<String, (String, Vec<u8>, Origin)>,
}

impl Files {
    pub fn new(secret: bool) -> Self {
        Self { secret, content: BTreeMap::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.content.iter().map(|(key, (_, bytes, _))| key.len() + bytes.len()).sum()
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.content.keys().map(String::as_str)
    }

    /// Adds a file under a key that follows from its place, and says which.
    pub fn insert(&mut self, place: &str, bytes: Vec<u8>, origin: Origin) -> String {
        let wanted =
            Some(name::key(place)).filter(|key| name::is_key(key)).unwrap_or_else(|| "file".to_owned());
        let is_free = |key: &str| self.content.get(key).is_none_or(|(known, ..)| known == place);
        let key = if is_free(&wanted) {
            wanted
        } else {
            let more = (2..=self.content.len() + 2).map(|number| format!("{wanted}-{number}"));
            more.into_iter().find(|key| is_free(key)).unwrap_or(wanted)
        };
        self.content.insert(key.clone(), (place.to_owned(), bytes, origin));
        key
    }

    /// `data` of text, `binaryData` of the rest; of a Secret `stringData` and `data`.
    pub fn body(self) -> Vec<(&'static str, Node)> {
        let (mut texts, mut bytes) = (Map::new(), Map::new());
        for (key, (_, content, origin)) in self.content {
            match String::from_utf8(content) {
                Ok(content) => texts.put(key, string(content, origin)),
                Err(error) => bytes.put(key, string(STANDARD.encode(error.as_bytes()), origin)),
            }
        }
        let (of_text, of_bytes) = if self.secret { ("stringData", "data") } else { ("data", "binaryData") };
        let parts = [(of_text, texts.done()), (of_bytes, bytes.done())];
        parts.into_iter().filter(|(_, node)| node.as_map().is_some_and(|map| !map.is_empty())).collect()
    }
}

/// A volume of an object's files.
pub fn volume(secret: bool, object: &str, mode: i64, origin: Origin) -> Map {
    let mut reference = Map::new();
    reference.put(if secret { "secretName" } else { "name" }, string(object, origin));
    reference.put("defaultMode", super::mounts::mode(mode, origin));
    let mut volume = Map::new();
    volume.put(if secret { "secret" } else { "configMap" }, reference.done());
    volume
}

/// How a config or secret of the project is kept in the cluster.
struct Kept {
    object: String,
    key: String,
    secret: bool,
    is_external: bool,
}

/// Where a config or secret is: its object and key.
fn kept(context: &Context<'_>, kind: &str, source: &str) -> Option<Kept> {
    let declared = context.question.model.root.at(&[kind, source])?;
    let is_external = resource::EXTERNAL.is_on(declared);
    let object = match resource::NAME.text(declared).filter(|_| is_external) {
        Some(name) => name,
        None => name::label(source),
    };
    let secret = kind == "secrets" || is_hidden_config(context, declared);
    Some(Kept { object, key: name::key(source), secret, is_external })
}

/// A config that comes from the environment, or with a credential in it, is a Secret.
fn is_hidden_config(context: &Context<'_>, declared: &Node) -> bool {
    if resource::VARIABLE.is_set(declared) {
        return true;
    }
    content(context.question.model, declared, LIMIT).is_ok_and(|bytes| is_secret_file(&bytes))
}

/// Configs and secrets that a service has.
pub fn mount(context: &mut Context<'_>, service: &Service<'_>, mounts: &mut Mounts) {
    for (kind, directory) in [("configs", "/"), ("secrets", "/run/secrets")] {
        for node in service.list(kind) {
            let source = mount::FILE_SOURCE.text(node).unwrap_or_default();
            let Some(kept) = kept(context, kind, &source) else { continue };
            let written = mount::FILE_TARGET.text(node).filter(|target| !target.is_empty());
            let target = absolute(directory, written.as_deref().unwrap_or(&source));
            let Some(mode) = readable(context, service, kind, node) else { continue };
            if kept.secret && (kept.is_external || !context.question.with_secrets) {
                context.await_secret(&kept.object, &kept.key);
            }
            let volume = volume(kept.secret, &kept.object, mode, node.origin);
            let mut extra = Map::new();
            extra.put("subPath", string(kept.key.as_str(), node.origin));
            extra.put("readOnly", super::node::flag(true, OWN));
            let name = format!("{}-{}", kind.trim_end_matches('s'), name::label(&source));
            mounts.shared(&format!("{kind} {source} {mode:o}"), &name, &target, node, volume, extra);
        }
    }
}

/// The mode of a file; `None` where the user could not read it, or another user would have to own it.
fn readable(context: &mut Context<'_>, service: &Service<'_>, kind: &str, node: &Node) -> Option<i64> {
    let number = |key: &str| node.get(key).map(text).filter(|text| !text.is_empty());
    let mode = match number("mode") {
        None => 0o444,
        Some(text) => i64::from_str_radix(text.trim_start_matches("0o"), 8)
            .ok()
            .filter(|mode| (0..=0o777).contains(mode))?,
    };
    let identity = &service.identity;
    let owner = number("uid").filter(|uid| uid != "0");
    let group = number("gid").and_then(|gid| gid.parse::<u32>().ok()).filter(|gid| *gid != 0);
    let by_all = mode & 0o004 != 0;
    let by_group = mode & 0o040 != 0 && identity.volume_group().is_some();
    let of_group = group.is_none() || group == identity.volume_group();
    let as_root = identity.is_root() && owner.is_none() && group.is_none();
    let as_member = by_group && of_group && owner.is_none();
    if by_all || as_root || as_member {
        return Some(mode);
    }
    let why = match owner {
        Some(owner) => {
            format!("files belong to root and not to {owner}, who could not read it with mode {mode:04o}")
        }
        None => {
            format!("files belong to root; with mode {mode:04o} the user of the service could not read it")
        }
    };
    let origin = mount::FILE_MODE
        .node(node)
        .or_else(|| mount::FILE_UID.node(node))
        .map_or(node.origin, |node| node.origin);
    service.refuse(context, kind, origin, &why).then_some(mode | 0o044)
}

/// The objects of configs and secrets that the project declares.
pub fn declared(context: &mut Context<'_>) {
    let model = context.question.model;
    for kind in ["configs", "secrets"] {
        for (source, declared) in section(&model.root, kind).into_iter().flat_map(Mapping::iter) {
            let Some(kept) = kept(context, kind, source) else { continue };
            let place = format!("{kind}.{source}");
            let of = Of { service: None, section: &place };
            if kept.is_external {
                context.take(
                    if kept.secret { "Secret" } else { "ConfigMap" },
                    &kept.object,
                    &place,
                    declared.origin,
                );
                let key = kept.key;
                context.note(None, format!("{place} is there already: {} with the key {key}", kept.object));
                continue;
            }
            if !name::is_key(&kept.key) {
                let why = format!("{source:?} is no key of an object");
                context.refusals.refuse(
                    of,
                    kind,
                    declared.origin,
                    &why,
                    "Use letters, digits, `-`, `_` and `.`",
                );
                continue;
            }
            let mut annotations = Map::new();
            context.annotations(
                of,
                &format!("{kind}.labels"),
                resource::LABELS.node(declared),
                &mut annotations,
            );
            let mut files = Files::new(kept.secret);
            let is_needed = !kept.secret || context.question.with_secrets;
            let bytes =
                if is_needed { content(context.question.model, declared, LIMIT) } else { Ok(Vec::new()) };
            match bytes {
                Ok(bytes) => drop(files.insert(&kept.key, bytes, declared.origin)),
                Err(error) => {
                    let why = format!("its content cannot be had: {error}");
                    context.refusals.refuse(
                        of,
                        kind,
                        declared.origin,
                        &why,
                        "Put it there, or write `external: true`",
                    );
                    continue;
                }
            }
            context.add_files(&kept.object, files, annotations, &place, declared.origin);
        }
    }
}
