//! Networks as policies, and names and ports as Services.

use std::collections::BTreeSet;

use crate::compose::{section, text};
use crate::model::uses::Uses;
use crate::model::{Published, life, network, resource};
use crate::policy::Posture;
use crate::reach::refusal::Of;
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::container::{Listening, protocol_of};
use super::context::Context;
use super::name;
use super::node::{Map, OWN, flag, int, list, one, own, text as string};
use super::pod::selecting;
use super::service::Service;

/// The label of the pods of a network.
fn member(network: &str) -> String {
    format!("network.seaworthy/{}", name::label(network))
}

fn members(network: &str) -> Map {
    let mut labels = Map::new();
    labels.put(member(network), own("member"));
    labels
}

fn is_internal(context: &Context<'_>, network: &str) -> bool {
    let declared = context.question.model.root.at(&["networks", network]);
    declared.is_some_and(|declared| resource::INTERNAL.is_on(declared))
}

/// A policy for each network.
pub fn policies(context: &mut Context<'_>) {
    let model = context.question.model;
    let uses = Uses::of(&model.root);
    for (key, node) in section(&model.root, "networks").into_iter().flat_map(Mapping::iter) {
        let place = format!("networks.{key}");
        let of = Of { service: None, section: &place };
        let internal = resource::INTERNAL.on(node);
        if let Some(internal) =
            internal.filter(|_| context.posture(uses.of_place(&place)) == Posture::Contained)
        {
            let why = "a policy counts only where a network plugin carries it out, and others may open what it closes";
            let todo = "Name the plugin of the cluster in the reason of a waiver";
            context.refusals.refuse(of, "networks.internal", internal.origin, why, todo);
        }
        let name = name::label(key);
        context.take("NetworkPolicy", &name, &place, node.origin);
        let origin = internal.map_or(node.origin, |node| node.origin);
        let mut annotations = Map::new();
        context.annotations(of, "networks.labels", resource::LABELS.node(node), &mut annotations);
        let own_pods = || one("podSelector", selecting(members(key)));
        let mut spec = Map::new();
        spec.put("podSelector", selecting(members(key)));
        spec.put("policyTypes", list(vec![own("Ingress"), string("Egress", origin)]));
        spec.put("ingress", list(vec![one("from", list(vec![own_pods()]))]));
        let everywhere = || Node::map(Mapping::new(), origin);
        let out = if internal.is_some() {
            vec![one("to", list(vec![own_pods()])), names_only(origin)]
        } else {
            vec![everywhere()]
        };
        spec.put("egress", list(out));
        let metadata = context.metadata(&name, None, annotations);
        context.add("NetworkPolicy", "networking.k8s.io/v1", &name, vec![("spec", spec.done())], metadata);
    }
}

/// Egress to the DNS of the cluster.
fn names_only(origin: Origin) -> Node {
    let mut dns = Map::new();
    dns.put("k8s-app", string("kube-dns", origin));
    let mut peer = Map::new();
    let mut system = Map::new();
    system.put("kubernetes.io/metadata.name", string("kube-system", origin));
    peer.put("namespaceSelector", selecting(system));
    peer.put("podSelector", selecting(dns));
    let port = |protocol: &'static str| {
        let mut port = Map::new();
        port.put("port", int(53, origin));
        port.put("protocol", string(protocol, origin));
        port.done()
    };
    let mut rule = Map::new();
    rule.put("to", list(vec![peer.done()]));
    rule.put("ports", list(vec![port("UDP"), port("TCP")]));
    rule.done()
}

/// Labels a service's pods as members of its networks.
pub fn join(context: &mut Context<'_>, service: &Service<'_>, labels: &mut Map) {
    if service.is_on_host_network() {
        context
            .note(Some(service.name), "network_mode: policies are for pods that have a network of their own");
        return;
    }
    for (network, node) in network::NETWORKS.entries(service.node) {
        labels.put(member(network), string("member", node.origin));
    }
    if network::MODE.text(service.node).as_deref() == Some("none") {
        deny(context, service);
    }
}

/// Nobody in, nobody out: the nearest to no network, where a waiver accepts it.
fn deny(context: &mut Context<'_>, service: &Service<'_>) {
    let name = format!("{}-none", service.label);
    let origin = network::MODE.node(service.node).map_or(OWN, |node| node.origin);
    let mut spec = Map::new();
    spec.put("podSelector", selecting(context.selector(&service.label)));
    spec.put("policyTypes", list(vec![string("Ingress", origin), string("Egress", origin)]));
    policy_of(context, service, &name, spec);
}

fn policy_of(context: &mut Context<'_>, service: &Service<'_>, name: &str, spec: Map) {
    context.take("NetworkPolicy", name, &format!("services.{}", service.name), service.node.origin);
    let metadata = context.metadata(name, Some(context.labels(Some(&service.label))), Map::new());
    context.add("NetworkPolicy", "networking.k8s.io/v1", name, vec![("spec", spec.done())], metadata);
}

/// The Services of a service: its names, without an address of their own, and what it publishes.
pub fn services(context: &mut Context<'_>, service: &Service<'_>, listening: &[Listening]) {
    let place = format!("services.{}", service.name);
    headless(context, service, &service.label, &place, service.node.origin);
    let mut known = BTreeSet::from([service.label.clone()]);
    for (alias, key, origin) in aliases(context, service) {
        if !name::is_service_name(&alias) {
            if alias != service.name {
                service.refuse(context, key, origin, &format!("{alias:?} is no name of a Service"));
            }
        } else if known.insert(alias.clone()) {
            headless(context, service, &alias, &place, origin);
        }
    }
    published(context, service, listening);
}

/// Names beside its own by which others reach it.
fn aliases(context: &Context<'_>, service: &Service<'_>) -> Vec<(String, &'static str, Origin)> {
    let mut found = Vec::new();
    if let Some(node) = life::CONTAINER_NAME.node(service.node) {
        found.push((text(node), "container_name", node.origin));
    }
    for (_, node) in network::NETWORKS.entries(service.node) {
        for alias in network::ALIASES.items(node) {
            found.push((text(alias), "networks.aliases", alias.origin));
        }
    }
    for (_, other) in context.question.model.services() {
        for link in network::LINKS.items(other) {
            let written = text(link);
            if let Some((target, alias)) = written.split_once(':')
                && target == service.name
            {
                found.push((alias.to_owned(), "links", link.origin));
            }
        }
    }
    found
}

/// A name that stands for the addresses of the pods, ready or not, as a name of Compose does: every port is reached.
fn headless(context: &mut Context<'_>, service: &Service<'_>, name: &str, place: &str, origin: Origin) {
    context.take("Service", name, place, origin);
    let mut spec = Map::new();
    spec.put("clusterIP", own("None"));
    spec.put("publishNotReadyAddresses", flag(true, OWN));
    spec.put("selector", context.selector(&service.label).done());
    let metadata = context.metadata(name, Some(context.labels(Some(&service.label))), Map::new());
    context.add("Service", "v1", name, vec![("spec", spec.done())], metadata);
}

/// A Service inside the cluster for published ports, and a policy that lets everybody there in.
fn published(context: &mut Context<'_>, service: &Service<'_>, listening: &[Listening]) {
    let mut ports = Vec::new();
    let (mut seen, mut inside) = (BTreeSet::new(), BTreeSet::new());
    for port in service.ports() {
        let (Some(protocol), Ok(target)) = (protocol_of(&port.protocol), port.target.parse::<u16>()) else {
            continue;
        };
        let number = match port.published {
            Published::Range(first, last) if first == last => first,
            // Any will do.
            Published::Range(..) | Published::Chosen => target,
            Published::Unreadable => {
                let why = format!("{:?} is no port", port.written);
                service.refuse(context, "ports.published", port.node.origin, &why);
                continue;
            }
        };
        if !seen.insert((number, protocol)) {
            continue;
        }
        inside.insert((target, protocol));
        let field = |key: &str| port.node.get(key).filter(|node| !text(node).is_empty());
        let wanted = field("name").map(|node| (text(node), node.origin));
        let mut entry = Map::new();
        match wanted {
            Some((wanted, origin)) if is_port_name(&wanted) => entry.put("name", string(wanted, origin)),
            Some((wanted, origin)) => {
                service.refuse(context, "ports.name", origin, &format!("{wanted:?} is no name of a port"));
            }
            None => {
                let name = format!("{}-{number}", port.protocol);
                entry.put("name", string(name, port.node.origin));
            }
        }
        entry
            .put("port", int(number.into(), field("published").map_or(port.node.origin, |node| node.origin)));
        entry.put(
            "targetPort",
            int(target.into(), field("target").map_or(port.node.origin, |node| node.origin)),
        );
        entry.put("protocol", own(protocol));
        if let Some(node) = field("app_protocol") {
            entry.put("appProtocol", string(text(node), node.origin));
        }
        ports.push(entry.done());
    }
    if ports.is_empty() {
        return;
    }
    let networks: Vec<&str> = network::NETWORKS.entries(service.node).map(|(network, _)| network).collect();
    if !networks.is_empty() && networks.iter().all(|network| is_internal(context, network)) {
        context.note(Some(service.name), "ports: not published, as on the engine: all networks are internal");
        return;
    }
    let name = format!("{}-published", service.label);
    context.take("Service", &name, &format!("services.{}", service.name), service.node.origin);
    let mut spec = Map::new();
    spec.put("type", own("ClusterIP"));
    spec.put("selector", context.selector(&service.label).done());
    spec.put("ports", list(ports));
    let metadata = context.metadata(&name, Some(context.labels(Some(&service.label))), Map::new());
    context.add("Service", "v1", &name, vec![("spec", spec.done())], metadata);
    if service.is_on_host_network() {
        return;
    }
    let open = listening.iter().filter(|port| inside.contains(&(port.number, port.protocol))).map(|port| {
        let mut entry = Map::new();
        entry.put("port", int(port.number.into(), port.origin));
        entry.put("protocol", own(port.protocol));
        entry.done()
    });
    let mut spec = Map::new();
    spec.put("podSelector", selecting(context.selector(&service.label)));
    spec.put("policyTypes", list(vec![own("Ingress")]));
    spec.put("ingress", list(vec![one("ports", list(open.collect()))]));
    policy_of(context, service, &name, spec);
}

/// As IANA has them.
fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && name::is_label(text)
        && text.contains(|c: char| c.is_ascii_lowercase())
        && !text.contains("--")
}
