//! Mounts and copied files at the places of a container that an overlay fills.

use crate::model::place::{self, Means, Place};
use crate::policy::limits;
use crate::yaml::{Mapping, Node};

use super::{Sides, Undone, shown, undone, writes};

/// Files and directories that the engine itself makes from a key of a service.
const MADE: &[(&str, &str)] = &[
    ("dns", "/etc/resolv.conf"),
    ("dns_search", "/etc/resolv.conf"),
    ("dns_opt", "/etc/resolv.conf"),
    ("hostname", "/etc/hostname"),
    ("extra_hosts", "/etc/hosts"),
    ("shm_size", "/dev/shm"),
];

pub fn find(sides: &Sides<'_>, lost: &mut Vec<Undone>) {
    let services = sides.wanted.get("services").and_then(Node::as_map);
    for (name, wanted) in services.into_iter().flat_map(Mapping::iter) {
        let Some(have) = sides.have.at(&["services", name]) else { continue };
        let places = place::of_service(sides.have, have);
        for demanded in place::of_service(sides.have, wanted) {
            if let Some(by) = places.iter().find(|other| covers(&demanded, other)) {
                let path = ["services", name, demanded.key];
                lost.push(undone(&path, demanded.entry, by.written.origin, &said(name, by)));
            }
        }
        for (key, file) in MADE {
            let Some(leaf) = wanted.get(key) else { continue };
            let leaf = leaf.as_seq().and_then(<[Node]>::first).unwrap_or(leaf);
            if *key == "shm_size" && limits::written(leaf).is_none() {
                continue;
            }
            let covering = places.iter().find(|other| {
                let stays = if *key == "shm_size" { other.target == *file } else { other.holds(file) };
                stays && other.target != "/" && !writes(leaf, other.entry)
            });
            if let Some(by) = covering {
                lost.push(undone(&["services", name, key], leaf, by.written.origin, &said(name, by)));
            }
        }
    }
}

fn said(service: &str, by: &Place<'_>) -> String {
    format!("services.{service}.{}: {}", by.key, shown(by.written))
}

/// Whether a container shows another thing at a demanded place, or at a part of it.
fn covers(demanded: &Place<'_>, other: &Place<'_>) -> bool {
    if writes(demanded.entry, other.entry) {
        return false;
    }
    // The entry itself, as it was merged.
    if demanded.key == other.key && demanded.target == other.target {
        return false;
    }
    match demanded.means {
        // It is copied into a mount that is there; memory comes later and hides it.
        Means::Copied => {
            other.means == Means::Tmpfs && other.holds(&demanded.target)
                || other.means != Means::Copied && other.target == demanded.target
                // Of a config and a secret at one place the secret shows.
                || other.key == "secrets" && other.target == demanded.target
        }
        // An empty place without bounds has nothing that a deeper mount could take away.
        Means::Tmpfs if demanded.options.is_empty() && demanded.entry.get("tmpfs").is_none() => {
            other.target == demanded.target
        }
        _ => other.is_in(&demanded.target),
    }
}
