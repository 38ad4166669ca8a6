//! Networks and published ports.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::Inspection;
use crate::model::{Address, Port, Published, network};

use super::Scope;
use super::field::{Fields, at, beyond, list, string, strings};
use super::namespaces::shared;
use super::podman;

pub fn add(fields: &mut Fields<'_>, scope: &Scope<'_>) {
    match network::MODE.text(fields.service) {
        Some(mode) => with_mode(fields, scope, &mode),
        None => with_networks(fields, scope),
    }
    ports(fields);
    let hosts = |text: &str| text.replacen('=', ":", 1);
    let wanted: BTreeSet<String> =
        network::HOSTS.texts(fields.service).iter().map(|text| hosts(text)).collect();
    fields.add(
        "HostConfig.ExtraHosts",
        "extra_hosts",
        list(&network::HOSTS.texts(fields.service)),
        "names lead elsewhere",
        move |live| {
            beyond(strings(at(live, "HostConfig.ExtraHosts")), |found| wanted.contains(&hosts(found)))
        },
    );
    let wanted = network::DNS.texts(fields.service);
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
    let named = |key: &str| scope.name_of("networks", key);
    let keys = network::NETWORKS.names(fields.service);
    let all: Vec<String> = keys.map(named).collect();
    let inside = all.clone();
    let shown = if all.is_empty() { "none".to_owned() } else { list(&all) };
    fields.add("HostConfig.NetworkMode", "networks", shown, "it is in another network", move |live| {
        let found = string(live, "HostConfig.NetworkMode");
        let fits = inside.contains(&found) || found == "none" || podman::is_in_networks(live, &found);
        (!fits).then_some(found)
    });
    attached(fields, "networks", all);
}

/// Every network that it is in, or will be in as soon as it starts.
fn attached(fields: &mut Fields<'_>, key: &str, mut allowed: Vec<String>) {
    allowed.push("none".to_owned());
    let shown = list(&allowed.iter().filter(|name| *name != "none").collect::<Vec<_>>());
    fields.add("NetworkSettings.Networks", key, shown, "it reaches further", move |live| {
        if podman::shows_networks_of_another(live) {
            return None;
        }
        let networks = at(live, "NetworkSettings.Networks").as_object();
        let found = networks.into_iter().flat_map(|map| map.keys().cloned()).collect();
        beyond(found, |name| allowed.iter().any(|allowed| allowed == name))
    });
}

/// What the model publishes.
struct Wanted {
    /// `80/tcp`
    inside: String,
    address: Address,
    published: Published,
}

impl Wanted {
    fn covers(&self, inside: &str, address: &Address, published: Published) -> bool {
        self.inside == inside
            && self.published.covers(published)
            && (self.address.is_open() || self.address == *address)
    }
}

fn ports(fields: &mut Fields<'_>) {
    let published: Vec<Port<'_>> = Port::of_service(fields.service).collect();
    let shown: Vec<String> = published
        .iter()
        .map(|port| match port.host_ip.as_str() {
            "" => format!("{}:{}", port.written, port.inside()),
            ip => format!("{ip}:{}:{}", port.written, port.inside()),
        })
        .collect();
    let wanted: Vec<Wanted> = published
        .into_iter()
        .map(|port| Wanted { inside: port.inside(), address: port.address, published: port.published })
        .collect();
    fields.add("HostConfig.PortBindings", "ports", list(&shown), "it is reached from outside", move |live| {
        beyond(bindings(live), |binding| {
            let mut parts = binding.splitn(3, ' ');
            let mut next = || parts.next().unwrap_or_default();
            let (inside, port, ip) = (next(), Published::read(next()), Address::read(next()));
            wanted.iter().any(|wanted| wanted.covers(inside, &ip, port))
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
