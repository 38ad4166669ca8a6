//! Tasks as the containers that they are, beside the model.

use std::collections::BTreeMap;

use crate::compose::Model;
use crate::engine::{Image, Inspection};
use crate::launch::live::{Scope, Weakness, expect, weaknesses};
use crate::launch::proof;
use crate::model::mount;
use crate::yaml::{Mapping, Node, Value};

use super::ports::is_in_ingress;

/// Fields that the engine sets for every task: where it is attached is among its networks, Swarm starts it again, and
/// the name of its image is resolved by the node.
const OF_SWARM: &[&str] = &["HostConfig.NetworkMode", "HostConfig.RestartPolicy"];

/// Compares the container of a task with its service in the model, which has the stack's name.
pub fn weaker(
    model: &Model,
    service: &str,
    container: &Inspection,
    images: &BTreeMap<String, Image>,
) -> Vec<Weakness> {
    let Some(node) = proof::service(model, service) else { return Vec::new() };
    let nobody: &[Inspection] = &[];
    let scope = Scope { model, containers: nobody, others: nobody, images };
    let expected = expect(service, &as_task(node), &scope);
    let of_ingress = |weakness: &Weakness| {
        weakness.field == "NetworkSettings.Networks" && weakness.found == "[ingress]" && is_in_ingress(node)
    };
    let mut found = weaknesses(&expected, container);
    found.retain(|weakness| !OF_SWARM.contains(&weakness.field.as_str()) && !of_ingress(weakness));
    found
}

/// A service as its tasks show it: secrets and configs are no mounts, and memory is a mount with its mode.
fn as_task(node: &Node) -> Node {
    let mut node = node.clone();
    let memory: Vec<Node> = mount::TMPFS.items(&node).iter().map(long).collect();
    let origin = node.origin;
    if let Some(map) = node.as_map_mut() {
        for key in ["secrets", "configs", "tmpfs"] {
            map.remove(key);
        }
        if !memory.is_empty() {
            match map.get_mut("volumes").and_then(Node::as_seq_mut) {
                Some(volumes) => volumes.extend(memory),
                None => drop(map.put("volumes", Node::seq(memory, origin))),
            }
        }
    }
    node
}

/// A short `tmpfs` in its long form.
fn long(node: &Node) -> Node {
    use crate::compose::short::{file_mode, size};
    let written = crate::compose::text(node);
    let (target, rest) = written.split_once(':').unwrap_or((&written, ""));
    let mut options = Mapping::new();
    let mut put = |key: &'static str, number: i64| {
        options.put(key, Node::new(Value::Int(number), node.origin));
    };
    for option in rest.split(',') {
        match option.split_once('=') {
            Some(("size", value)) => size::parse(value).into_iter().for_each(|size| put("size", size)),
            Some(("mode", value)) => file_mode::parse(value).into_iter().for_each(|mode| put("mode", mode)),
            _ => {}
        }
    }
    let mut long = Mapping::new();
    long.put("type", Node::string("tmpfs", node.origin));
    long.put("target", Node::string(target, node.origin));
    long.put("tmpfs", Node::map(options, node.origin));
    Node::map(long, node.origin)
}
