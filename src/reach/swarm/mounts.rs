//! The mounts of a task: volumes, memory, and directories and files of one node.

use serde_json::Value;

use crate::compose::short::{file_mode, size};
use crate::compose::text;
use crate::model::volume::Kind;
use crate::model::{Volume, mount, resource};
use crate::source::Origin;
use crate::yaml::Node;

use super::NAMESPACE;
use super::container::literal;
use super::context::Context;
use super::object::Fields;
use super::schedule::{Place, place};
use super::service::{Service, words};

pub fn of_service(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Value> {
    let mut mounts = Vec::new();
    for node in mount::VOLUMES.items(service.node) {
        let kind = mount::TYPE.text(node).unwrap_or_default();
        let mut mount = Fields::new();
        mount.put("Type", kind.as_str());
        mount.put("Target", literal(&mount::TARGET.text(node).unwrap_or_default()));
        if mount::READ_ONLY.is_on(node) {
            mount.put("ReadOnly", true);
        }
        let is_kept = match kind.as_str() {
            "volume" => volume(context, service, node, &mut mount),
            "tmpfs" => {
                memory(node, &mut mount);
                true
            }
            "bind" => bind(context, service, node, &mut mount),
            other => {
                service.refuse(context, "volumes.type", node.origin, &format!("a task mounts no {other}"));
                false
            }
        };
        if is_kept {
            mounts.push(mount.done());
        }
    }
    for node in mount::TMPFS.items(service.node) {
        mounts.push(short_memory(context, service, node));
    }
    mounts
}

/// A volume with a name, or without one. Each node makes its own.
fn volume(context: &mut Context<'_>, service: &Service<'_>, node: &Node, mount: &mut Fields) -> bool {
    let key = mount::SOURCE.text(node).unwrap_or_default();
    let mut options = Fields::new();
    if mount::NOCOPY.is_on(node) {
        options.put("NoCopy", true);
    }
    if let Some(subpath) = mount::SUBPATH.node(node).filter(|node| !text(node).is_empty()) {
        context.need(service.name, "volumes", subpath.origin, "VolumeOptions.Subpath", (1, 45));
        options.put("Subpath", text(subpath));
    }
    let mut labels = words(mount::LABELS.node(node));
    let declared = context.question.model.root.at(&["volumes", &key]).filter(|_| !key.is_empty());
    if let Some(declared) = declared {
        let own = resource::NAME.text(declared).filter(|name| !name.is_empty());
        mount.put("Source", literal(&own.unwrap_or_else(|| format!("{}_{key}", context.stack()))));
        if !resource::EXTERNAL.is_on(declared) {
            let volume = Volume::of(declared);
            if volume.kind == Kind::Bind && !is_placed(context, service, declared.origin) {
                return false;
            }
            labels = words(resource::LABELS.node(declared));
            for (name, value) in mount::LABELS.entries(node) {
                labels.put(name, text(value));
            }
            let driver = resource::DRIVER.text(declared).filter(|name| !name.is_empty());
            let opts = words(resource::OPTIONS.node(declared));
            if driver.is_some() || !opts.is_empty() {
                let mut config = Fields::new();
                config.put("Name", driver.as_deref().unwrap_or("local"));
                config.put_fields("Options", opts);
                options.put("DriverConfig", config.done());
            }
            if volume.kind == Kind::Directory && place(service, context.question.here) == Place::Any {
                context.note(Some(service.name), "volumes: each node has a volume of its own under the name");
            }
        }
    } else if !key.is_empty() {
        mount.put("Source", literal(&key));
    }
    labels.put(NAMESPACE, context.stack());
    options.put("Labels", labels.done());
    mount.put("VolumeOptions", options.done());
    true
}

/// `type: tmpfs`
fn memory(node: &Node, mount: &mut Fields) {
    let number = |key: &str| {
        let written = node.at(&["tmpfs", key]).map(text)?;
        written.parse::<i64>().ok().filter(|number| *number > 0)
    };
    let mut options = Fields::new();
    options.put_some("SizeBytes", number("size"));
    options.put_some("Mode", number("mode"));
    mount.put_fields("TmpfsOptions", options);
}

/// `PATH:OPTIONS`
fn short_memory(context: &mut Context<'_>, service: &Service<'_>, node: &Node) -> Value {
    let written = text(node);
    let (target, rest) = written.split_once(':').unwrap_or((&written, ""));
    let (mut mount, mut options) = (Fields::new(), Fields::new());
    mount.put("Type", "tmpfs");
    mount.put("Target", literal(target));
    for option in rest.split(',').map(str::trim).filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "size" if size::parse(value).is_ok_and(|bytes| bytes > 0) => {
                options.put_some("SizeBytes", size::parse(value).ok());
            }
            "mode" if file_mode::parse(value).is_ok_and(|mode| (0..=0o7777).contains(&mode)) => {
                options.put_some("Mode", file_mode::parse(value).ok());
            }
            // The engine mounts memory so by itself.
            "rw" | "noexec" | "nosuid" | "nodev" | "defaults" => {}
            "exec" => {
                context.need(service.name, "tmpfs", node.origin, "TmpfsOptions.Options", (1, 46));
                options.put("Options", vec![Value::from(vec!["exec"])]);
            }
            "ro" => mount.put("ReadOnly", true),
            "uid" | "gid" if value == "0" => {}
            _ => {
                let why = format!("memory of a task has a size, a mode and `exec`, and not {option}");
                service.refuse(context, "tmpfs", node.origin, &why);
            }
        }
    }
    mount.put_fields("TmpfsOptions", options);
    mount.done()
}

fn bind(context: &mut Context<'_>, service: &Service<'_>, node: &Node, mount: &mut Fields) -> bool {
    let source = mount::SOURCE.text(node).unwrap_or_default();
    let origin = mount::SOURCE.node(node).map_or(node.origin, |source| source.origin);
    if !is_placed(context, service, origin) {
        return false;
    }
    mount.put("Source", literal(&source));
    let mut options = Fields::new();
    let propagation = mount::PROPAGATION.text(node);
    options.put_some("Propagation", propagation.filter(|text| !text.is_empty()));
    mount.put_fields("BindOptions", options);
    true
}

/// Whether the tasks can only be on the node that has what is mounted, or are said to be. Nothing is ever made there by the engine.
fn is_placed(context: &mut Context<'_>, service: &Service<'_>, origin: Origin) -> bool {
    if context.refusals.allows(service.of(), "volumes", "=prepared") {
        return true;
    }
    let why = match place(service, context.question.here) {
        Place::Here => {
            context.mounts_here.insert(service.name.to_owned());
            return true;
        }
        Place::Other(node) => format!("it is on the node {node}, and what that node has is not known here"),
        Place::Any => "it may run on a node that does not have what is on this machine".to_owned(),
    };
    let todo = crate::reach::table::row("services.*.volumes.*.type")
        .map_or("", crate::reach::table::Row::todo_on_swarm);
    context.refusals.refuse_without_choice(service.of(), "volumes", origin, &why, todo, "=prepared");
    false
}
