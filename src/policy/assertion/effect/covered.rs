//! Mounts and copied files at the places of a container that an overlay fills.

use crate::model::place::{self, Means, Place};
use crate::model::{limits, mount, path, program, security};
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
        let before = sides.laid.and_then(|laid| laid.at(&["services", name]));
        let known: Vec<Place<'_>> =
            before.into_iter().flat_map(|before| place::of_service(sides.have, before)).collect();
        let new: Vec<&Place<'_>> =
            places.iter().filter(|place| !known.iter().any(|known| known.entry.same(place.entry))).collect();
        programs(name, wanted, have, &new, lost);
        borrowed(sides, name, wanted, have, lost);
        watched(sides, name, wanted, have, lost);
    }
}

/// Directories from which an image's programs come.
const OF_PROGRAMS: [&str; 7] = ["/bin", "/sbin", "/usr", "/lib", "/lib64", "/opt", "/etc"];

/// A new mount over a demanded program or its directory, or, where the root is to be read only, a writable one over
/// the image's programs.
fn programs(name: &str, wanted: &Node, have: &Node, new: &[&Place<'_>], lost: &mut Vec<Undone>) {
    for field in [program::ENTRYPOINT, program::COMMAND] {
        let key = field.path();
        for word in field.items(wanted) {
            let path = word.as_str().filter(|word| word.starts_with('/')).map(place::clean);
            let covering = path.and_then(|path| new.iter().find(|other| other.holds(&path)));
            if let Some(by) = covering.filter(|by| !writes(word, by.entry)) {
                lost.push(undone(&["services", name, key], word, by.written.origin, &said(name, by)));
            }
        }
    }
    if let Some(leaf) = program::WORKING_DIR.node(wanted)
        && let Some(directory) = leaf.as_str().map(place::clean)
        && let Some(by) = new.iter().find(|other| other.holds(&directory) && !writes(leaf, other.entry))
    {
        lost.push(undone(&["services", name, "working_dir"], leaf, by.written.origin, &said(name, by)));
    }
    let Some(leaf) = security::READ_ONLY.on(wanted) else { return };
    let words = [program::ENTRYPOINT, program::COMMAND];
    let program = words.iter().find_map(|field| field.items(have).first()).and_then(Node::as_str);
    let own = [
        program.and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder),
        program::WORKING_DIR.str(have),
    ];
    let over = |place: &Place<'_>| {
        OF_PROGRAMS.contains(&place.target.as_str())
            || own.iter().flatten().any(|own| !own.is_empty() && place.target == place::clean(own))
    };
    let is_open = |place: &&&Place<'_>| place.key != "configs" && place.key != "secrets" && !place.read_only;
    if let Some(by) = new.iter().filter(is_open).find(|place| over(place) && !writes(leaf, place.entry)) {
        lost.push(undone(&["services", name, "read_only"], leaf, by.written.origin, &said(name, by)));
    }
}

/// Mounts of another container, which may lie at or below a demanded place.
fn borrowed(sides: &Sides<'_>, name: &str, wanted: &Node, have: &Node, lost: &mut Vec<Undone>) {
    let Some(from) =
        mount::FROM.node(have).filter(|from| sides.is_new(&["services", name, "volumes_from"], from))
    else {
        return;
    };
    for demanded in place::of_service(sides.have, wanted) {
        for lender in from.as_seq().unwrap_or_default() {
            let text = crate::compose::text(lender);
            let lent = match text.strip_prefix("container:") {
                // What a container of somebody else's has mounted is not known.
                Some(_) => true,
                None => sides.have.at(&["services", text.split(':').next().unwrap_or(&text)]).is_none_or(
                    |service| {
                        place::of_service(sides.have, service)
                            .iter()
                            .any(|place| place.is_in(&demanded.target))
                    },
                ),
            };
            if lent && !writes(demanded.entry, lender) {
                let other = format!("services.{name}.volumes_from: {text}");
                lost.push(undone(&["services", name, demanded.key], demanded.entry, lender.origin, &other));
            }
        }
    }
}

/// Files that are copied into a demanded place, or into what is mounted there, whenever they change.
fn watched(sides: &Sides<'_>, name: &str, wanted: &Node, have: &Node, lost: &mut Vec<Undone>) {
    let path = ["services", name, "develop", "watch"];
    let rules = path::WATCHES.node(have).filter(|rules| sides.is_new(&path, rules));
    for rule in rules.and_then(Node::as_seq).unwrap_or_default() {
        let Some(target) = path::WATCH_TARGET.node(rule).filter(|target| target.as_str().is_some()) else {
            continue;
        };
        let at = place::clean(target.as_str().unwrap_or_default());
        for demanded in place::of_service(sides.have, wanted) {
            let touches = place::lies_in(&at, &demanded.target) || place::lies_in(&demanded.target, &at);
            if touches && !writes(demanded.entry, rule) {
                let other = format!("{}: {at}", path.join("."));
                lost.push(undone(&["services", name, demanded.key], demanded.entry, target.origin, &other));
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
        Means::Tmpfs if demanded.options.is_empty() && !mount::MEMORY.is_set(demanded.entry) => {
            other.target == demanded.target
        }
        _ => other.is_in(&demanded.target),
    }
}
