//! Which elements of two lists are the same.

use crate::compose::text;
use crate::model::capability::name as capability;
use crate::yaml::{Node, Value};

/// How two lists are compared.
#[derive(Clone, Copy)]
pub enum Pairing {
    /// Order and number matter: as one.
    Whole,
    /// Element by element.
    By(fn(&Node) -> String),
}

/// For the list at a path.
pub fn pairing(path: &[String]) -> Pairing {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["policy", "overlays"] => Pairing::By(overlay),
        ["policy", "waivers"] => Pairing::By(waiver),
        ["policy", "files"] => Pairing::Whole,
        ["policy", ..] => Pairing::By(named),
        [_, _, _, "cap_add" | "cap_drop"] => Pairing::By(|item| capability(&text(item))),
        [_, _, _, "ports"] => Pairing::By(port),
        [_, _, _, "tmpfs"] => Pairing::By(|item| text(item).split(':').next().unwrap_or_default().to_owned()),
        // The last of a kind counts, or the first that answers, or the words of a command.
        [
            _,
            _,
            _,
            "security_opt" | "command" | "entrypoint" | "dns" | "dns_search" | "env_file" | "label_file",
        ]
        | [.., "test"] => Pairing::Whole,
        _ => Pairing::By(named),
    }
}

fn overlay(item: &Node) -> String {
    match (item.get("builtin"), item.get("file")) {
        (Some(name), _) => format!("builtin:{}", text(name)),
        (_, Some(file)) => text(file),
        _ => named(item),
    }
}

fn waiver(item: &Node) -> String {
    let part = |key: &str| item.get(key).map(text).unwrap_or_default();
    format!("{} for {}", part("rule"), part("service"))
}

fn port(item: &Node) -> String {
    let part = |key: &str| item.get(key).map(text).unwrap_or_default();
    if item.as_map().is_none() { text(item) } else { format!("{}/{}", part("target"), part("protocol")) }
}

/// What an entry is for, or is: the place in the container before the source, for a mount keeps its place.
fn named(item: &Node) -> String {
    match &item.value {
        Value::Map(map) => {
            let keys = ["target", "path", "name", "source", "subnet"];
            let known = keys.iter().find_map(|key| map.get(key)).map(text);
            known.unwrap_or_default()
        }
        Value::Seq(_) => String::new(),
        _ => text(item),
    }
}

type Pair<'n> = (String, Option<&'n Node>, Option<&'n Node>);

/// The elements side by side; those of one name in their order.
pub fn pairs<'n>(old: &'n [Node], new: &'n [Node], key: fn(&Node) -> String) -> Vec<Pair<'n>> {
    let mut pairs: Vec<Pair<'n>> = old.iter().map(|item| (key(item), Some(item), None)).collect();
    for item in new {
        let name = key(item);
        let free = |pair: &&mut Pair<'n>| pair.0 == name && pair.2.is_none() && pair.1.is_some();
        // An equal one first, so that one more of a name is one more.
        let equal = pairs
            .iter_mut()
            .find(|pair| pair.0 == name && pair.2.is_none() && pair.1.is_some_and(|old| old.same(item)));
        match equal {
            Some(pair) => pair.2 = Some(item),
            None => match pairs.iter_mut().find(free) {
                Some(pair) => pair.2 = Some(item),
                None => pairs.push((name, None, Some(item))),
            },
        }
    }
    pairs
}
