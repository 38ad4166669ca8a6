//! Keys of one part of a project that take the effect of another part's away.

use crate::compose::text;
use crate::model::place::{self, Means, Place};
use crate::model::{
    ImageName, Port, build, image, life, mount, namespace, network, order, port, program, resource,
};
use crate::yaml::{Mapping, Node};

use super::{Sides, Undone, file, shown, undone};

pub fn find(sides: &Sides<'_>, lost: &mut Vec<Undone>) {
    left_networks(sides, lost);
    for (name, wanted) in entries(sides.wanted, "services") {
        let Some(have) = sides.have.at(&["services", name]) else { continue };
        written_elsewhere(sides, name, wanted, lost);
        joined(sides, name, wanted, lost);
        addresses(sides, name, wanted, have, lost);
        published(sides, name, wanted, have, lost);
        listed(sides, name, wanted, have, lost);
        made_by_others(sides, name, wanted, lost);
        healthy(sides, name, wanted, lost);
    }
}

fn entries<'n>(root: &'n Node, section: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    root.get(section).and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
}

/// A service leaves an internal network for another way to the outside.
fn left_networks(sides: &Sides<'_>, lost: &mut Vec<Undone>) {
    let internal = |root: &Node, network: &str| {
        root.at(&["networks", network]).is_some_and(|network| resource::INTERNAL.is_on(network))
    };
    for (network, wanted) in entries(sides.wanted, "networks") {
        let Some(leaf) = resource::INTERNAL.on(wanted) else { continue };
        if file(leaf.origin).is_none() {
            continue;
        }
        for (service, have) in entries(sides.have, "services") {
            let before = sides.laid.and_then(|laid| laid.at(&["services", service]));
            let was_on = sides.laid.is_none()
                || before.is_some_and(|before| network::NETWORKS.names(before).any(|name| name == network));
            if !was_on {
                continue;
            }
            let path = ["networks", network, "internal"];
            let mode = network::MODE.node(have).filter(|mode| mode.as_str() != Some("none"));
            if let Some(mode) = mode.filter(|mode| sides.is_new(&["services", service, "network_mode"], mode))
            {
                let said = format!("services.{service}.network_mode: {}", text(mode));
                lost.push(undone(&path, leaf, mode.origin, &said));
            }
            for (other, attached) in network::NETWORKS.entries(have) {
                let is_known =
                    before.is_some_and(|before| network::NETWORKS.names(before).any(|name| name == other));
                if !is_known && other != network && !internal(sides.have, other) {
                    let said = format!("services.{service}.networks.{other}");
                    lost.push(undone(&path, leaf, attached.origin, &said));
                }
            }
        }
    }
}

/// What a demand mounts for reading is written through another mount of the same source, or of what holds it.
fn written_elsewhere(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    let source = |place: &Place<'_>| mount::SOURCE.text(place.entry);
    for demanded in place::of_service(sides.have, wanted).iter().filter(|place| place.key == "volumes") {
        let (true, Some(from)) = (demanded.read_only, source(demanded)) else { continue };
        if file(demanded.entry.origin).is_none() {
            continue;
        }
        let same = |other: &Place<'_>| {
            source(other).is_some_and(|of| match demanded.means {
                Means::Bind => {
                    place::lies_in(&from, of.trim_end_matches('/')) || of == "/" || place::lies_in(&of, &from)
                }
                _ => of == from,
            })
        };
        for (service, have) in entries(sides.have, "services") {
            let before = sides.laid.and_then(|laid| laid.at(&["services", service]));
            let known: Vec<Place<'_>> =
                before.into_iter().flat_map(|before| place::of_service(sides.have, before)).collect();
            let places = place::of_service(sides.have, have);
            let by = places.iter().find(|other| {
                other.key == "volumes"
                    && other.means == demanded.means
                    && !other.read_only
                    && same(other)
                    && !known.iter().any(|known| known.entry.same(other.entry))
            });
            if let Some(by) = by.filter(|by| file(by.entry.origin) != file(demanded.entry.origin)) {
                let said = format!("services.{service}.volumes: {}", by.target);
                lost.push(undone(&["services", name, "volumes"], demanded.entry, by.written.origin, &said));
            }
        }
    }
}

/// Another service enters a namespace that a demand keeps apart.
fn joined(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    for field in [namespace::PID, namespace::IPC, network::MODE] {
        let key = field.path();
        let Some(leaf) = field.node(wanted).filter(|leaf| file(leaf.origin).is_some()) else { continue };
        for (other, have) in entries(sides.have, "services") {
            let entered = field.node(have).filter(|mode| text(mode) == format!("service:{name}"));
            if let Some(by) = entered.filter(|by| sides.is_new(&["services", other, key], by))
                && file(by.origin) != file(leaf.origin)
            {
                let said = format!("services.{other}.{key}: {}", text(by));
                lost.push(undone(&["services", name, key], leaf, by.origin, &said));
            }
        }
    }
}

/// An address or a name on a network that another service takes as well.
fn addresses(sides: &Sides<'_>, name: &str, wanted: &Node, have: &Node, lost: &mut Vec<Undone>) {
    for (network, demanded) in network::NETWORKS.entries(wanted) {
        for key in ["ipv4_address", "ipv6_address", "mac_address", "aliases"] {
            let Some(leaf) = demanded.get(key).filter(|leaf| file(leaf.origin).is_some()) else { continue };
            let path = ["services", name, "networks", network, key];
            let own = network::MAC.node(have).filter(|own| key == "mac_address" && !own.same(leaf));
            if let Some(own) = own.filter(|own| file(own.origin) != file(leaf.origin)) {
                let said = format!("services.{name}.mac_address: {}", text(own));
                lost.push(undone(&path, leaf, own.origin, &said));
            }
            let values = |node: &Node| match node.as_seq() {
                Some(items) => items.iter().map(text).collect(),
                None => vec![text(node)],
            };
            for (other, service) in entries(sides.have, "services").filter(|(other, _)| *other != name) {
                let at = ["networks", network, key];
                let Some(by) = service.at(&at) else { continue };
                let full = [&["services", other][..], &at].concat();
                let takes = values(by).iter().any(|value| values(leaf).contains(value));
                if takes && sides.is_new(&full, by) && file(by.origin) != file(leaf.origin) {
                    lost.push(undone(&path, leaf, by.origin, &format!("{}: {}", full.join("."), shown(by))));
                }
            }
        }
    }
}

/// A port that a demand publishes at an address is published at another one as well. The address is the most that
/// its target gets.
fn published(sides: &Sides<'_>, name: &str, wanted: &Node, have: &Node, lost: &mut Vec<Undone>) {
    let laid = sides.laid.and_then(|laid| laid.at(&["services", name]));
    let known = laid.map(|laid| port::PORTS.items(laid)).unwrap_or_default();
    for leaf in Port::of_service(wanted).filter(|port| !port.host_ip.is_empty()) {
        let wider = |port: &Port<'_>| {
            port.inside() == leaf.inside()
                && port.address != leaf.address
                && !known.iter().any(|known| known.same(port.node))
                && file(port.node.origin) != file(leaf.node.origin)
        };
        if let Some(by) = Port::of_service(have).find(wider) {
            let at = if by.host_ip.is_empty() { "every address" } else { &by.host_ip };
            let said = format!("services.{name}.ports: {} at {at}", by.target);
            lost.push(undone(&["services", name, "ports"], leaf.node, by.node.origin, &said));
        }
    }
}

/// Lists of which an item behind the demanded ones decides: a profile more runs a service more often, and of an option
/// of the resolver the last one counts.
fn listed(sides: &Sides<'_>, name: &str, wanted: &Node, have: &Node, lost: &mut Vec<Undone>) {
    let option = |item: &Node| text(item).split(':').next().unwrap_or_default().to_owned();
    for (is_profile, field) in [(true, life::PROFILES), (false, network::DNS_OPTIONS)] {
        let (key, items) = (field.path(), |service| field.items(service));
        let Some(leaf) = items(wanted).first() else { continue };
        let laid = sides.laid.and_then(|laid| laid.at(&["services", name]));
        let known = laid.map(items).unwrap_or_default();
        let decides = |item: &&Node| {
            !known.iter().any(|known| known.same(item))
                && (is_profile || items(wanted).iter().any(|own| option(own) == option(item)))
        };
        if let Some(by) = items(have).iter().find(decides) {
            let said = format!("services.{name}.{key}: {}", text(by));
            lost.push(undone(&["services", name, key], leaf, by.origin, &said));
        }
    }
}

/// An image that a demand names is made by another service, under the same name.
fn made_by_others(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    let Some(leaf) = image::IMAGE.node(wanted).filter(|leaf| file(leaf.origin).is_some()) else { return };
    let image = text(leaf);
    let is_same = |node: &Node| ImageName::read(&text(node)).is_same(&ImageName::read(&image));
    for (other, service) in entries(sides.have, "services") {
        let Some(own) = build::BUILD.node(service) else { continue };
        if !sides.is_new(&["services", other, "build"], own) {
            continue;
        }
        let named = image::IMAGE.node(service).filter(|named| other != name && is_same(named));
        let tag = build::TAGS.items(service).iter().find(|tag| is_same(tag));
        if let Some(by) = named.or(tag).filter(|by| file(by.origin) != file(leaf.origin)) {
            let said = format!("services.{other}.build, which makes {image}");
            lost.push(undone(&["services", name, "image"], leaf, by.origin, &said));
        }
    }
}

/// A service to wait for whose health is asked for in another way, or that starts only by a profile.
fn healthy(sides: &Sides<'_>, name: &str, wanted: &Node, lost: &mut Vec<Undone>) {
    for (other, wait) in order::DEPENDS_ON.entries(wanted) {
        let Some(leaf) = order::CONDITION.node(wait).filter(|leaf| file(leaf.origin).is_some()) else {
            continue;
        };
        let is_health = leaf.as_str() == Some("service_healthy");
        let Some(awaited) = sides.have.at(&["services", other]) else { continue };
        let of_health = [
            (program::HEALTH_TEST.path(), program::HEALTH_TEST.node(awaited)),
            (program::HEALTH_DISABLED.path(), program::HEALTH_DISABLED.node(awaited)),
        ];
        let decide = [(life::PROFILES.path(), life::PROFILES.node(awaited))].into_iter();
        for (key, node) in decide.chain(of_health.into_iter().filter(|_| is_health)) {
            let path: Vec<&str> = ["services", other].into_iter().chain(key.split('.')).collect();
            let Some(by) = node.filter(|by| sides.is_new(&path, by)) else { continue };
            if by.as_bool() == Some(false) || file(by.origin) == file(leaf.origin) {
                continue;
            }
            let said = format!("{}: {}", path.join("."), shown(by));
            lost.push(undone(&["services", name, "depends_on", other, "condition"], leaf, by.origin, &said));
        }
    }
}
