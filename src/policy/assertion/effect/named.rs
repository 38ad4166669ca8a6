//! Names by which others reach a service that an overlay brings in, and variables that speak of one thing.

use crate::compose::text;
use crate::model::{build, image, life, network, order, program, replicas};
use crate::yaml::{Mapping, Node};

use super::{Sides, Undone, file, undone};

pub fn find(sides: &Sides<'_>, lost: &mut Vec<Undone>) {
    let services = |root: &'_ Node| -> Vec<(String, Node)> { all(root) };
    let have = services(sides.have);
    for (name, wanted) in services(sides.wanted) {
        proxies(sides, &name, &wanted, lost);
        conditions(sides, &name, &wanted, lost);
        if !sides.brings(&name) {
            continue;
        }
        let Some(made) = image::IMAGE.node(&wanted).or_else(|| build::BUILD.node(&wanted)) else { continue };
        for (other, service) in have.iter().filter(|(other, _)| *other != name) {
            if let Some((path, by)) = takes(service, &name)
                && file(by.origin) != file(made.origin)
                && file(made.origin).is_some()
            {
                let said = format!("services.{other}.{path}: {}", super::shown(by));
                lost.push(undone(&["services", &name], made, by.origin, &said));
            }
        }
    }
}

fn all(root: &Node) -> Vec<(String, Node)> {
    let services = root.get("services").and_then(Node::as_map);
    services.into_iter().flat_map(Mapping::iter).map(|(name, node)| (name.to_owned(), node.clone())).collect()
}

/// The key of a service that gives a name of another one to itself, or leads it elsewhere.
fn takes<'n>(service: &'n Node, name: &str) -> Option<(String, &'n Node)> {
    if let Some(own) = life::CONTAINER_NAME.node(service).filter(|own| own.as_str() == Some(name)) {
        return Some(("container_name".to_owned(), own));
    }
    for (network, attached) in network::NETWORKS.entries(service) {
        let aliases = network::ALIASES.items(attached);
        if let Some(alias) = aliases.iter().find(|alias| alias.as_str() == Some(name)) {
            return Some((format!("networks.{network}.aliases"), alias));
        }
    }
    let elsewhere = |item: &&Node| {
        item.as_str()
            .and_then(|item| item.split_once(':'))
            .is_some_and(|(to, alias)| alias == name && to != name)
    };
    for field in [network::LINKS, network::EXTERNAL_LINKS] {
        if let Some(link) = field.items(service).iter().find(elsewhere) {
            return Some((field.path().to_owned(), link));
        }
    }
    let hosts = network::HOSTS.node(service)?;
    let host = match (hosts.as_map(), hosts.as_seq()) {
        (Some(map), _) => map.get(name),
        (_, Some(items)) => items
            .iter()
            .find(|item| item.as_str().is_some_and(|item| item.split(['=', ':']).next() == Some(name))),
        _ => None,
    };
    host.map(|host| ("extra_hosts".to_owned(), host))
}

/// A proxy has two spellings, and one variable that excludes everything.
fn proxies(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    let Some(have) = sides.have.at(&["services", name]) else { return };
    for (key, leaf) in program::ENVIRONMENT.entries(wanted) {
        let lower = key.to_ascii_lowercase();
        if !matches!(lower.as_str(), "http_proxy" | "https_proxy" | "all_proxy" | "no_proxy") {
            continue;
        }
        for (other, by) in program::ENVIRONMENT.entries(have) {
            let spelled = other != key && other.eq_ignore_ascii_case(key) && !by.same(leaf);
            let excluded = lower != "no_proxy"
                && other.eq_ignore_ascii_case("no_proxy")
                && text(by).split(',').any(|host| host.trim() == "*");
            if (spelled || excluded) && file(by.origin) != file(leaf.origin) {
                let said = format!("services.{name}.environment.{other}");
                lost.push(undone(&["services", name, "environment", key], leaf, by.origin, &said));
            }
        }
    }
}

/// A service to wait for that has no copies.
fn conditions(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    for (other, wait) in order::DEPENDS_ON.entries(wanted) {
        let Some(leaf) = order::CONDITION.node(wait).filter(|leaf| file(leaf.origin).is_some()) else {
            continue;
        };
        let Some(awaited) = sides.have.at(&["services", other]) else { continue };
        for field in [replicas::SCALE, replicas::REPLICAS] {
            let none = field.node(awaited).filter(|_| field.int(awaited) == Some(0));
            if let Some(by) = none.filter(|by| file(by.origin) != file(leaf.origin)) {
                let said = format!("services.{other}.{}: 0", field.path());
                lost.push(undone(
                    &["services", name, "depends_on", other, "condition"],
                    leaf,
                    by.origin,
                    &said,
                ));
            }
        }
    }
}
