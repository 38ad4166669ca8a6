//! Short forms to long forms, after which a value has one shape wherever it was written.
//!
//! The transformation is idempotent: the merged model passes through it once per document.

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Path, Tag, Value};

use super::expression;
use super::merge::{dependency, kind, text, to_build, to_map};
use super::plain;
use super::short::{device, port, volume};
use super::table::{Canonical, Spec};

/// What to do with a short form that cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFault {
    Report,
    /// Without interpolation a form may hold `${…}`; it stays as written.
    Keep,
}

/// Brings everything below `node` into canonical form.
pub fn transform(node: &mut Node, spec: &Spec, path: &Path<'_>, on_fault: OnFault, sink: &mut Sink) {
    if node.is_faulty() {
        return;
    }
    if spec.canonical != Canonical::Keep {
        let taken = std::mem::replace(node, Node::null(node.origin));
        if spec.canonical == Canonical::Resource
            && let Some(name) = taken.at(&["external", "name"])
        {
            sink.push(
                Finding::warning(
                    Code::ComposeObsolete,
                    format!("{path}: external.name is deprecated. Please set name and external: true"),
                )
                .at_origin(name.origin, "deprecated form"),
            );
        }
        match convert(taken, spec.canonical, on_fault) {
            Ok(converted) => *node = converted,
            Err(fault) => {
                let (mut original, faults) = *fault.0;
                for fault in faults {
                    if on_fault == OnFault::Report || fault.always {
                        let code = Code::ComposeValue;
                        sink.push(plain::finding(code, path, &fault.text, fault.origin, "not valid"));
                        original.tag = Some(Tag::Fault);
                    }
                }
                *node = original;
            }
        }
    }
    match &mut node.value {
        Value::Map(map) => {
            for (key, child) in map.keyed_mut() {
                if let Some((spec, _)) = spec.child_with_work(key).filter(|(_, work)| work.canonical) {
                    transform(child, spec, &path.key(key.text), on_fault, sink);
                }
            }
        }
        Value::Seq(items) => {
            if let Some(spec) = spec.item().filter(|spec| spec.work().canonical) {
                for (at, item) in items.iter_mut().enumerate() {
                    transform(item, spec, &path.index(at), on_fault, sink);
                }
            }
        }
        _ => {}
    }
}

struct Fault {
    text: String,
    origin: Origin,
    /// Also where a short form may hold `${…}`: no value of a variable would make it right.
    always: bool,
}

/// The value as it was, and all that keeps it from being converted.
struct Failed(Box<(Node, Vec<Fault>)>);

/// A form that the value of a variable could make right.
fn failed(node: Node, text: impl Into<String>) -> Failed {
    let origin = node.origin;
    failed_at(node, origin, text)
}

fn failed_at(node: Node, origin: Origin, text: impl Into<String>) -> Failed {
    Failed(Box::new((node, vec![Fault { text: text.into(), origin, always: false }])))
}

fn always(mut failed: Failed) -> Failed {
    failed.0.1.iter_mut().for_each(|fault| fault.always = true);
    failed
}

fn convert(node: Node, how: Canonical, on_fault: OnFault) -> Result<Node, Failed> {
    let origin = node.origin;
    Ok(match (how, &node.value) {
        (Canonical::Build, _) => to_build(node),
        (Canonical::ToMap, _) => to_map(node, None),
        (Canonical::DependsOn, Value::Seq(_)) => to_map(node, Some(dependency)),
        (Canonical::DependsOn, _) => complete_dependencies(node),
        (Canonical::ToList, Value::String(_)) => Node::seq(vec![node], origin),
        (Canonical::EnvFile, Value::String(_)) => Node::seq(vec![env_file(node)], origin),
        (Canonical::EnvFile, Value::Seq(_)) => map_items(node, env_file),
        (Canonical::KeyValue, Value::Seq(_)) => key_values(node)?,
        (Canonical::Ulimit, _) => match ulimit_fault(&node) {
            // Without interpolation Compose refuses the text of a variable here too.
            Some(message) if expression::holds(&node) => return Err(failed(node, message)),
            Some(message) => return Err(always(failed(node, message))),
            None => node,
        },
        (Canonical::Gpus, Value::String(_)) => Node::seq(vec![single("count", node)], origin),
        (Canonical::Ports, Value::Seq(_)) => ports(node)?,
        (Canonical::Volume, Value::String(spec)) => match volume::parse(spec) {
            Ok(parsed) => volume_map(&parsed, &node),
            Err(message) => return Err(failed(node, message)),
        },
        (Canonical::Device, Value::String(spec)) => match device::parse(spec) {
            Ok(parsed) => device_map(&parsed, origin),
            // Compose takes nothing of it where it does not refuse it.
            Err(_) if on_fault == OnFault::Keep && !expression::holds(&node) => {
                device_map(&device::Device::unclear(), origin)
            }
            Err(message) => return Err(failed(node, message)),
        },
        (Canonical::FileReference, Value::String(_)) => single("source", node),
        (Canonical::Ssh, Value::Seq(_)) => ssh(node)?,
        (Canonical::Resource, Value::Map(_)) => external(node)?,
        (Canonical::Stringify, Value::Bool(value)) => Node::string(value.to_string(), origin),
        _ => node,
    })
}

fn device_map(device: &device::Device, origin: Origin) -> Node {
    let mut map = Mapping::with_capacity(3);
    map.put("source", Node::string(&device.source, origin));
    map.put("target", Node::string(&device.target, origin));
    map.put("permissions", Node::string(&device.permissions, origin));
    Node::map(map, origin)
}

/// Limits are integers by now: those of a service were cast, those of a build must be written so.
fn ulimit_fault(node: &Node) -> Option<String> {
    let numbers: Vec<&Node> = match node.as_map() {
        Some(_) => ["soft", "hard"].into_iter().filter_map(|key| node.get(key)).collect(),
        None => vec![node],
    };
    let wrong = numbers.into_iter().find(|number| number.as_int().is_none())?;
    Some(format!("{} is not an integer", text(wrong)))
}

fn map_items(node: Node, convert: fn(Node) -> Node) -> Node {
    let origin = node.origin;
    match node.value {
        Value::Seq(items) => Node::seq(items.into_iter().map(convert).collect(), origin),
        value => Node::new(value, origin),
    }
}

fn single(key: &str, node: Node) -> Node {
    let origin = node.origin;
    let mut map = Mapping::with_capacity(1);
    map.put(key, node);
    Node::map(map, origin)
}

/// Dependencies written as mappings are required unless they say otherwise.
fn complete_dependencies(mut node: Node) -> Node {
    if let Some(map) = node.as_map_mut() {
        for (_, dependency) in map.iter_mut() {
            let origin = dependency.origin;
            if let Some(fields) = dependency.as_map_mut()
                && !fields.contains("required")
            {
                fields.put("required", Node::new(Value::Bool(true), origin));
            }
        }
    }
    node
}

fn env_file(item: Node) -> Node {
    let origin = item.origin;
    let mut item = if item.as_str().is_some() { single("path", item) } else { item };
    if let Some(map) = item.as_map_mut()
        && !map.contains("required")
    {
        map.put("required", Node::new(Value::Bool(true), origin));
    }
    item
}

fn key_values(node: Node) -> Result<Node, Failed> {
    let mut map = Mapping::new();
    for item in node.as_seq().unwrap_or_default() {
        let whole = text(item);
        match whole.split_once('=') {
            Some((key, value)) => map.insert(key, item.origin, Node::string(value, item.origin)),
            None => {
                let message = format!("invalid value {whole}, expected key=value");
                let origin = item.origin;
                return Err(failed_at(node, origin, message));
            }
        };
    }
    Ok(Node::map(map, node.origin))
}

fn ssh(node: Node) -> Result<Node, Failed> {
    let mut map = Mapping::new();
    for item in node.as_seq().unwrap_or_default() {
        let whole = text(item);
        match whole.split_once('=') {
            Some((id, path)) => map.insert(id, item.origin, Node::string(path, item.origin)),
            None if whole == "default" => map.insert(whole, item.origin, Node::null(item.origin)),
            None => {
                let message = format!("invalid ssh key {whole:?}");
                let origin = item.origin;
                return Err(failed_at(node, origin, message));
            }
        };
    }
    Ok(Node::map(map, node.origin))
}

/// Either every short port of the list is expanded, or the list stays as written.
fn ports(node: Node) -> Result<Node, Failed> {
    let mut expanded = Vec::new();
    let mut faults = Vec::new();
    for item in node.as_seq().unwrap_or_default() {
        let spec = match &item.value {
            Value::Map(_) => {
                expanded.push(item.clone());
                continue;
            }
            Value::String(spec) => spec.to_string(),
            Value::Int(number) => number.to_string(),
            _ => {
                faults.push(Fault { text: not_a_port(item), origin: item.origin, always: true });
                continue;
            }
        };
        match port::parse(&spec) {
            Ok(found) => expanded.extend(found.into_iter().map(|port| port_map(port, item))),
            Err(_) if expression::is_kept(&spec) => expanded.push(item.clone()),
            Err(text) => {
                faults.push(Fault { text, origin: item.origin, always: item.as_str().is_none() });
            }
        }
    }
    if !faults.is_empty() {
        return Err(Failed(Box::new((node, faults))));
    }
    Ok(Node::seq(expanded, node.origin))
}

/// Describes a value that is no port.
fn not_a_port(item: &Node) -> String {
    match &item.value {
        Value::Float(number) if number.fract() == 0.0 => {
            format!("{number:.1} is a float, not a whole number")
        }
        Value::Float(_) => format!("{} is not a whole number", text(item)),
        _ => format!("{} is not a port", kind(item)),
    }
}

fn port_map(port: port::Port, item: &Node) -> Node {
    let at = item.origin;
    let mut map = Mapping::with_capacity(5);
    map.put("mode", Node::string("ingress", at));
    if let Some(host_ip) = port.host_ip {
        map.put("host_ip", Node::string(host_ip, at));
    }
    // Compose takes zero for an absent target, which it then misses.
    if port.target != 0 {
        map.put("target", Node::new(Value::Int(i64::from(port.target)), at));
    }
    if let Some(published) = port.published {
        map.put("published", Node::string(published, at));
    }
    map.put("protocol", Node::string(port.protocol, at));
    Node::map(map, at)
}

fn volume_map(volume: &volume::Volume, item: &Node) -> Node {
    let at = item.origin;
    let flag = |value: bool| Node::new(Value::Bool(value), at);
    let mut map = Mapping::with_capacity(6);
    let kind = match volume.kind {
        volume::Kind::Bind => "bind",
        volume::Kind::Volume => "volume",
    };
    map.put("type", Node::string(kind, at));
    if let Some(source) = &volume.source {
        map.put("source", Node::string(source, at));
    }
    map.put("target", Node::string(&volume.target, at));
    if volume.read_only {
        map.put("read_only", flag(true));
    }
    let mut bind = Mapping::with_capacity(1);
    if let Some(selinux) = &volume.selinux {
        bind.put("selinux", Node::string(selinux, at));
    }
    if let Some(propagation) = &volume.propagation {
        bind.put("propagation", Node::string(propagation, at));
    }
    if volume.create_host_path() {
        bind.put("create_host_path", flag(true));
    }
    if !bind.is_empty() {
        map.put("bind", Node::map(bind, at));
    }
    if volume.has_volume() {
        let mut options = Mapping::new();
        if volume.nocopy {
            options.put("nocopy", flag(true));
        }
        map.put("volume", Node::map(options, at));
    }
    Node::map(map, at)
}

/// `external: {name: n}` as `external: true, name: n`.
fn external(mut node: Node) -> Result<Node, Failed> {
    let Some(name) = node.at(&["external", "name"]).cloned() else {
        let bare = node.get("external").is_some_and(|external| external.as_map().is_some());
        if bare && let Some(slot) = node.get_mut("external") {
            *slot = Node::new(Value::Bool(true), slot.origin);
        }
        return Ok(node);
    };
    if let Some(own) = node.get("name")
        && !own.same(&name)
    {
        let origin = own.origin;
        return Err(always(failed_at(node, origin, "name and external.name conflict; only use name")));
    }
    if let Some(map) = node.as_map_mut() {
        if let Some(slot) = map.get_mut("external") {
            *slot = Node::new(Value::Bool(true), slot.origin);
        }
        map.put("name", name);
    }
    Ok(node)
}
