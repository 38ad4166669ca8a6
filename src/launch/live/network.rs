//! Networks and published ports.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compose::text;
use crate::engine::Inspection;
use crate::yaml::Node;

use super::Scope;
use super::field::{Fields, at, beyond, list, string, strings};
use super::namespaces::shared;

pub fn add(fields: &mut Fields<'_>, scope: &Scope<'_>) {
    match fields.text("network_mode") {
        Some(mode) => with_mode(fields, scope, &mode),
        None => with_networks(fields, scope),
    }
    ports(fields);
    let hosts = |text: &str| text.replacen('=', ":", 1);
    let wanted: BTreeSet<String> = fields.texts("extra_hosts").iter().map(|text| hosts(text)).collect();
    fields.add(
        "HostConfig.ExtraHosts",
        "extra_hosts",
        list(&fields.texts("extra_hosts")),
        "names lead elsewhere",
        move |live| {
            beyond(strings(at(live, "HostConfig.ExtraHosts")), |found| wanted.contains(&hosts(found)))
        },
    );
    let wanted = fields.texts("dns");
    fields.add("HostConfig.Dns", "dns", list(&wanted), "names are resolved by somebody else", move |live| {
        beyond(strings(at(live, "HostConfig.Dns")), |found| wanted.iter().any(|wanted| wanted == found))
    });
}

fn with_mode(fields: &mut Fields<'_>, scope: &Scope<'_>, mode: &str) {
    let allowed = shared(mode, scope);
    fields.add("HostConfig.NetworkMode", "network_mode", mode, "it is in another network", move |live| {
        let found = string(live, "HostConfig.NetworkMode");
        (!allowed.contains(&found) && found != "none").then_some(found)
    });
    // A container that shares another's network has none of its own.
    let own: Vec<String> = match mode {
        "default" | "bridge" => vec!["bridge".to_owned(), "default".to_owned()],
        other if other.contains(':') => Vec::new(),
        other => vec![other.to_owned()],
    };
    attached(fields, "network_mode", own);
}

fn with_networks(fields: &mut Fields<'_>, scope: &Scope<'_>) {
    let named = |key: &str| {
        let name = scope.resource("networks", key).and_then(|network| network.get("name")).map(text);
        name.unwrap_or_else(|| format!("{}_{key}", scope.model.name))
    };
    let keys = fields.get("networks").and_then(Node::as_map).into_iter().flat_map(crate::yaml::Mapping::keys);
    let all: Vec<String> = keys.map(named).collect();
    let inside = all.clone();
    let shown = if all.is_empty() { "none".to_owned() } else { list(&all) };
    fields.add("HostConfig.NetworkMode", "networks", shown, "it is in another network", move |live| {
        let found = string(live, "HostConfig.NetworkMode");
        (!inside.contains(&found) && found != "none").then_some(found)
    });
    attached(fields, "networks", all);
}

/// Every network that it is in, or will be in as soon as it starts.
fn attached(fields: &mut Fields<'_>, key: &str, mut allowed: Vec<String>) {
    allowed.push("none".to_owned());
    let shown = list(&allowed.iter().filter(|name| *name != "none").collect::<Vec<_>>());
    fields.add("NetworkSettings.Networks", key, shown, "it reaches further", move |live| {
        let networks = at(live, "NetworkSettings.Networks").as_object();
        let found = networks.into_iter().flat_map(|map| map.keys().cloned()).collect();
        beyond(found, |name| allowed.iter().any(|allowed| allowed == name))
    });
}

/// One entry of `ports`.
struct Port {
    /// `80/tcp`
    inside: String,
    host_ip: String,
    published: String,
}

impl Port {
    fn new(node: &Node) -> Self {
        let field = |key: &str| node.get(key).map(text).unwrap_or_default();
        let protocol = Some(field("protocol")).filter(|protocol| !protocol.is_empty());
        Self {
            inside: format!("{}/{}", field("target"), protocol.as_deref().unwrap_or("tcp")),
            host_ip: field("host_ip"),
            published: field("published"),
        }
    }

    fn covers(&self, inside: &str, host_ip: &str, host_port: &str) -> bool {
        let everywhere = ["", "0.0.0.0", "::"].contains(&self.host_ip.as_str());
        let port = match self.published.as_str() {
            "" | "0" => ["", "0"].contains(&host_port),
            range if range == host_port => true,
            range => range.split_once('-').is_some_and(|(low, high)| {
                let number = |text: &str| text.parse::<u16>().ok();
                let (low, high, port) = (number(low), number(high), number(host_port));
                port.is_some() && low <= port && port <= high
            }),
        };
        self.inside == inside && port && (everywhere || self.host_ip == host_ip)
    }
}

fn ports(fields: &mut Fields<'_>) {
    let wanted: Vec<Port> = fields.items("ports").iter().map(Port::new).collect();
    let shown: Vec<String> = wanted
        .iter()
        .map(|port| match port.host_ip.as_str() {
            "" => format!("{}:{}", port.published, port.inside),
            ip => format!("{ip}:{}:{}", port.published, port.inside),
        })
        .collect();
    fields.add("HostConfig.PortBindings", "ports", list(&shown), "it is reached from outside", move |live| {
        beyond(bindings(live), |binding| {
            let mut parts = binding.splitn(3, ' ');
            let mut next = || parts.next().unwrap_or_default();
            let (inside, port, ip) = (next(), next(), next());
            wanted.iter().any(|wanted| wanted.covers(inside, ip, port))
        })
    });
    fields.add(
        "HostConfig.PublishAllPorts",
        "ports",
        "false",
        "all its ports are reached from outside",
        |live| (at(live, "HostConfig.PublishAllPorts") == &Value::Bool(true)).then(|| "true".to_owned()),
    );
}

/// `80/tcp PORT IP`, one for each.
fn bindings(live: &Inspection) -> Vec<String> {
    let ports = at(live, "HostConfig.PortBindings").as_object();
    let mut all = Vec::new();
    for (inside, places) in ports.into_iter().flatten() {
        for place in places.as_array().into_iter().flatten() {
            let field = |key: &str| place.get(key).and_then(Value::as_str).unwrap_or_default();
            all.push(format!("{inside} {} {}", field("HostPort"), field("HostIp")));
        }
    }
    all
}
