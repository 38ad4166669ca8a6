//! What a container has mounted, and the volumes of its pod.

use std::collections::BTreeMap;
use std::path::Path;

use crate::compose::text;
use crate::host::{Kind as FileKind, ReadError, Stat, read_found};
use crate::model::volume::Kind;
use crate::model::{Volume, mount, resource};
use crate::source::Origin;
use crate::yaml::Node;

use super::context::{Context, is_secret_file};
use super::files::{self, Files};
use super::memory;
use super::name;
use super::node::{Map, OWN, flag, int, own, text as string};
use super::service::Service;
use super::storage;

/// Volumes of a pod with their mounts, each in the order in which it was found.
#[derive(Debug, Default)]
pub struct Mounts {
    pub volumes: Vec<Node>,
    pub places: Vec<Node>,
    /// Claims of a `StatefulSet`: one for each replica.
    pub templates: Vec<Node>,
    /// Whether state is kept.
    pub has_claims: bool,
    by_source: BTreeMap<String, String>,
}

impl Mounts {
    /// Mounts a volume of its own.
    pub fn add(&mut self, target: &str, node: &Node, volume: Map, mount: Map) {
        let target = memory::target(target);
        let name = self.free(&name::label(&target));
        self.volume(&name, volume, node.origin);
        self.mount(&name, &target, node, mount);
    }

    /// Mounts a volume that may be there already.
    pub fn shared(&mut self, source: &str, wanted: &str, target: &str, node: &Node, volume: Map, mount: Map) {
        let name = match self.by_source.get(source) {
            Some(name) => name.clone(),
            None => {
                let name = self.free(wanted);
                self.by_source.insert(source.to_owned(), name.clone());
                self.volume(&name, volume, node.origin);
                name
            }
        };
        self.mount(&name, &memory::target(target), node, mount);
    }

    fn volume(&mut self, name: &str, volume: Map, origin: Origin) {
        let mut entry = Map::new();
        entry.put("name", string(name, origin));
        if let Some(map) = volume.done().as_map() {
            for (key, value) in map.iter() {
                entry.put(key, value.clone());
            }
        }
        self.volumes.push(entry.done());
    }

    fn mount(&mut self, name: &str, target: &str, node: &Node, more: Map) {
        let written = mount::TARGET.node(node).map_or(node.origin, |target| target.origin);
        let mut entry = Map::new();
        entry.put("name", string(name, node.origin));
        entry.put("mountPath", string(target, written));
        if let Some(map) = more.done().as_map() {
            for (key, value) in map.iter() {
                entry.put(key, value.clone());
            }
        }
        if let Some(read_only) = mount::READ_ONLY.on(node) {
            entry.put("readOnly", flag(true, read_only.origin));
        }
        self.places.push(entry.done());
    }

    /// A name that no other volume of the pod has.
    fn free(&self, wanted: &str) -> String {
        let short: String = wanted.chars().take(50).collect();
        let wanted =
            Some(short.trim_matches('-')).filter(|name| !name.is_empty()).unwrap_or("root").to_owned();
        let is_taken = |name: &str| {
            let named = |node: &Node| node.get("name").and_then(Node::as_str) == Some(name);
            let of_template =
                |node: &Node| node.at(&["metadata", "name"]).and_then(Node::as_str) == Some(name);
            self.volumes.iter().any(named) || self.templates.iter().any(of_template)
        };
        if !is_taken(&wanted) {
            return wanted;
        }
        let count = self.volumes.len() + self.templates.len() + 2;
        let more = (2..=count).map(|number| format!("{wanted}-{number}"));
        more.into_iter().find(|name| !is_taken(name)).unwrap_or(wanted)
    }
}

/// Everything that a service mounts.
pub fn of_service(context: &mut Context<'_>, service: &Service<'_>) -> Mounts {
    let mut mounts = Mounts::default();
    let mut plain = Files::new(false);
    let mut secret = Files::new(true);
    for node in mount::VOLUMES.items(service.node) {
        match mount::TYPE.text(node).unwrap_or_default().as_str() {
            "volume" => volume(context, service, node, &mut mounts),
            "tmpfs" => memory::mount_long(node, &mut mounts),
            "bind" => bind(context, service, node, &mut mounts, (&mut plain, &mut secret)),
            "image" => {
                let row = crate::reach::table::row("services.*.volumes.*.image");
                service.refuse(context, "volumes.image", node.origin, row.map_or("", |row| row.kube_text));
            }
            other => {
                let why = format!("a mount of type {other} is none of a pod");
                service.refuse(context, "volumes.type", node.origin, &why);
            }
        }
    }
    memory::mount(context, service, &mut mounts);
    for (files, suffix) in [(plain, "files"), (secret, "secret-files")] {
        if !files.is_empty() {
            let name = format!("{}-{suffix}", service.label);
            let place = format!("services.{}.volumes", service.name);
            let origin = mount::VOLUMES.node(service.node).map_or(OWN, |node| node.origin);
            context.add_files(&name, files, Map::new(), &place, origin);
        }
    }
    files::mount(context, service, &mut mounts);
    mounts
}

fn volume(context: &mut Context<'_>, service: &Service<'_>, node: &Node, mounts: &mut Mounts) {
    let target = mount::TARGET.text(node).unwrap_or_default();
    let Some(source) = mount::SOURCE.node(node).filter(|source| !text(source).is_empty()) else {
        return anonymous(context, service, node, &target, mounts);
    };
    let key = text(source);
    let model = context.question.model;
    let declared = model.root.at(&["volumes", &key]);
    if let Some(declared) = declared {
        match Volume::of(declared).kind {
            Kind::Memory => {
                let options = declared.at(&["driver_opts", "o"]).map(text).unwrap_or_default();
                if options.is_empty() {
                    let mut memory = Map::new();
                    memory.put("medium", own("Memory"));
                    let mut volume = Map::new();
                    volume.put("emptyDir", memory.done());
                    return mounts.shared(
                        &format!("volume {key}"),
                        &name::label(&key),
                        &target,
                        node,
                        volume,
                        Map::new(),
                    );
                }
                let why = "memory of a volume has no options";
                service.refuse(context, "volumes.source", source.origin, why);
                return;
            }
            Kind::Directory => {}
            Kind::Share | Kind::Bind | Kind::Unknown => {
                let of = crate::reach::refusal::Of { service: None, section: &format!("volumes.{key}") };
                let todo = "Make a PersistentVolume in the cluster, and write `external: true`";
                let why = "the cluster does not mount it for a claim";
                let origin = resource::OPTIONS.node(declared).map_or(declared.origin, |node| node.origin);
                if !context.refusals.refuse(of, "volumes.driver_opts", origin, why, todo) {
                    return;
                }
            }
        }
    }
    let claim = context.claims.of_volume(&key, declared, service.replicas, source.origin);
    let mut more = Map::new();
    if let Some(subpath) = mount::SUBPATH.node(node).filter(|node| !text(node).is_empty()) {
        more.put("subPath", string(text(subpath), subpath.origin));
    }
    mounts.has_claims = true;
    let volume = claim_volume(&claim, source.origin);
    mounts.shared(&format!("volume {key}"), &name::label(&key), &target, node, volume, more);
}

fn claim_volume(claim: &str, origin: Origin) -> Map {
    let mut reference = Map::new();
    reference.put("claimName", string(claim, origin));
    let mut volume = Map::new();
    volume.put("persistentVolumeClaim", reference.done());
    volume
}

/// A volume of one replica alone. A job has nobody to keep it for.
fn anonymous(
    context: &mut Context<'_>,
    service: &Service<'_>,
    node: &Node,
    target: &str,
    mounts: &mut Mounts,
) {
    let target = memory::target(target);
    if service.is_job {
        let mut volume = Map::new();
        volume.put("emptyDir", Node::map(crate::yaml::Mapping::new(), node.origin));
        return mounts.add(&target, node, volume, Map::new());
    }
    let name = mounts.free(&name::label(&target));
    mounts.templates.push(storage::template(context, service.of(), &name, node));
    mounts.has_claims = true;
    mounts.mount(&name, &target, node, Map::new());
}

/// A directory or file of this machine.
fn bind(
    context: &mut Context<'_>,
    service: &Service<'_>,
    node: &Node,
    mounts: &mut Mounts,
    files: (&mut Files, &mut Files),
) {
    let source = mount::SOURCE.text(node).unwrap_or_default();
    let target = mount::TARGET.text(node).unwrap_or_default();
    let path = Path::new(&source);
    let directory = &context.question.model.directory;
    let is_read_only = mount::READ_ONLY.is_on(node);
    let inside = path.strip_prefix(directory).ok().filter(|rest| !rest.as_os_str().is_empty());
    if is_read_only && inside.is_some() && Stat::at(path).is_ok_and(|stat| stat.kind == FileKind::File) {
        return copy(context, service, node, (path, &target), mounts, files);
    }
    let origin = mount::SOURCE.node(node).map_or(node.origin, |source| source.origin);
    // A claim is a directory; where something else is, only that can stand there.
    let is_directory = Stat::at(path).map_or(true, |stat| stat.kind == FileKind::Directory);
    let choice = if is_directory { "=claim" } else { "=hostPath" };
    if is_directory && context.refusals.allows(service.of(), "volumes", "=claim") {
        let shown = inside.unwrap_or(path).to_string_lossy().into_owned();
        let claim = context.claims.of_bind(&source, &shown, service.replicas, origin);
        mounts.has_claims = true;
        let volume = claim_volume(&claim, origin);
        return mounts.shared(&format!("bind {source}"), &claim, &target, node, volume, Map::new());
    }
    if context.refusals.allows(service.of(), "volumes", "=hostPath") {
        let kind = match Stat::at(path).map(|stat| stat.kind) {
            Ok(FileKind::File) => "File",
            Ok(FileKind::Socket) => "Socket",
            _ => "Directory",
        };
        let mut host = Map::new();
        host.put("path", string(source.as_str(), origin));
        host.put("type", own(kind));
        let mut volume = Map::new();
        volume.put("hostPath", host.done());
        return mounts.shared(
            &format!("bind {source}"),
            &name::label(&source),
            &target,
            node,
            volume,
            Map::new(),
        );
    }
    let why = "the nodes do not have what is on this machine";
    let todo = crate::reach::table::row("services.*.volumes.*.type").map_or("", |row| row.todo);
    context.refusals.refuse_without_choice(service.of(), "volumes", origin, why, todo, choice);
}

/// A file of the project, as a copy.
fn copy(
    context: &mut Context<'_>,
    service: &Service<'_>,
    node: &Node,
    (path, target): (&Path, &str),
    mounts: &mut Mounts,
    (plain, secret): (&mut Files, &mut Files),
) {
    let origin = mount::SOURCE.node(node).map_or(node.origin, |source| source.origin);
    let read = match read_found(path, u64::try_from(files::LIMIT).unwrap_or(u64::MAX)) {
        Ok(read) => read,
        Err(ReadError::TooLarge { .. }) => {
            service.refuse(context, "volumes.type", origin, "a ConfigMap holds 1 MiB at most");
            return;
        }
        Err(error) => {
            service.refuse(context, "volumes.type", origin, &format!("the file cannot be copied: {error}"));
            return;
        }
    };
    let is_hidden = is_secret_file(&read.bytes);
    let files = if is_hidden { secret } else { plain };
    let key = files.insert(&memory::target(target), read.bytes, origin);
    let kind = if is_hidden { "secret-files" } else { "files" };
    let object = format!("{}-{kind}", service.label);
    let is_program = read.metadata.mode & 0o111 != 0;
    let bits = if is_program { 0o555 } else { 0o444 };
    let volume = files::volume(is_hidden, &object, bits, OWN);
    let mut extra = Map::new();
    extra.put("subPath", string(key, origin));
    mounts.shared(&format!("{object} {bits:o}"), &object, target, node, volume, extra);
}

/// A mode as the API takes it: a plain number.
pub fn mode(value: i64, origin: Origin) -> Node {
    int(value, origin)
}
