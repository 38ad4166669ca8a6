//! Networks, and who is in them.

use serde_json::Value;

use crate::compose::{section, text};
use crate::model::{network, resource};
use crate::reach::refusal::Of;
use crate::reach::table;
use crate::yaml::{Mapping, Node};

use super::context::Context;
use super::object::{Fields, texts};
use super::service::{Service, words};
use super::{NAMESPACE, Object};

/// Options that an overlay network takes notice of.
const OPTIONS: &[&str] =
    &["encrypted", "com.docker.network.driver.mtu", "com.docker.network.driver.overlay.vxlanid_list"];

/// The name of a network in the swarm.
pub fn name_of(context: &Context<'_>, key: &str) -> String {
    let own = context.question.model.root.at(&["networks", key, "name"]).map(text);
    own.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{}_{key}", context.stack()))
}

fn is_external(node: &Node) -> bool {
    resource::EXTERNAL.is_on(node)
}

/// The networks of the project.
pub fn declared(context: &mut Context<'_>) -> Vec<Object> {
    let model = context.question.model;
    let mut all = Vec::new();
    for (key, entry) in section(&model.root, "networks").into_iter().flat_map(Mapping::entries) {
        let node = &entry.value;
        let name = name_of(context, key);
        let is_external = is_external(node);
        let spec = if is_external { Value::Null } else { spec(context, key, &name, node) };
        all.push(Object { key: key.to_owned(), name, is_external, spec, origin: entry.key });
    }
    all
}

fn spec(context: &mut Context<'_>, key: &str, name: &str, node: &Node) -> Value {
    let section = format!("networks.{key}");
    let of = Of { service: None, section: &section };
    let refuse = |context: &mut Context<'_>, key: &str, node: &Node, why: &str| {
        let todo = table::row(&key.replacen('.', ".*.", 1)).map_or("Leave it out", table::Row::todo_on_swarm);
        context.refusals.refuse(of, key, node.origin, why, todo);
    };
    let mut spec = Fields::new();
    spec.put("Name", name);
    spec.put("Driver", "overlay");
    if let Some(driver) = resource::DRIVER.node(node).filter(|node| !node.is_null()) {
        let written = text(driver);
        if written == "bridge" {
            context.note(None, format!("networks.{key}.driver: an overlay network, between nodes"));
        } else if !matches!(written.as_str(), "" | "overlay" | "default") {
            refuse(context, "networks.driver", driver, "networks between nodes are overlay networks");
        }
    }
    for (key, field) in [("internal", "Internal"), ("attachable", "Attachable")] {
        if node.get(key).and_then(Node::as_bool) == Some(true) {
            spec.put(field, true);
        }
    }
    let mut options = Fields::new();
    for (option, value) in resource::OPTIONS.entries(node) {
        if OPTIONS.contains(&option) {
            options.put(option, text(value));
        } else {
            let why = format!("overlay networks take no notice of {option}");
            refuse(context, "networks.driver_opts", value, &why);
        }
    }
    spec.put_fields("Options", options);
    if let Some(ipam) = resource::IPAM.node(node).filter(|node| !node.is_null()) {
        let mut addresses = Fields::new();
        addresses.put(
            "Driver",
            ipam.get("driver")
                .map(text)
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "default".to_owned()),
        );
        addresses.put_fields("Options", words(ipam.get("options")));
        let pools = ipam.get("config").and_then(Node::as_seq).unwrap_or_default().iter().map(|pool| {
            let mut one = Fields::new();
            for (key, field) in [("subnet", "Subnet"), ("ip_range", "IPRange"), ("gateway", "Gateway")] {
                one.put_some(field, pool.get(key).map(text).filter(|text| !text.is_empty()));
            }
            if let Some(node) =
                pool.get("aux_addresses").filter(|node| node.as_map().is_some_and(|map| !map.is_empty()))
            {
                refuse(context, "networks.ipam", node, "a swarm keeps no address of a network for others");
            }
            one.done()
        });
        addresses.put_list("Config", pools.collect());
        spec.put("IPAM", addresses.done());
    }
    let mut labels = words(resource::LABELS.node(node));
    labels.put(NAMESPACE, context.stack());
    spec.put("Labels", labels.done());
    spec.done()
}

/// The networks that a service is in; each knows it by its own name and its aliases.
pub fn attachments(context: &mut Context<'_>, service: &Service<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for (key, node) in network::NETWORKS.entries(service.node) {
        let mut attachment = Fields::new();
        attachment.put("Target", name_of(context, key));
        let aliases = network::ALIASES.items(node);
        let mut names: Vec<String> = aliases.iter().map(text).collect();
        names.push(service.name.to_owned());
        attachment.put_list("Aliases", texts(names));
        attachment.put_fields("DriverOpts", words(resource::OPTIONS.node(node)));
        all.push(attachment.done());
    }
    all
}

/// Whether none of a service's networks has a way out.
pub fn is_closed(context: &Context<'_>, service: &Service<'_>) -> bool {
    let mut networks = network::NETWORKS.entries(service.node).peekable();
    networks.peek().is_some()
        && networks.all(|(key, _)| {
            let node = context.question.model.root.at(&["networks", key, "internal"]);
            node.and_then(Node::as_bool) == Some(true)
        })
}
