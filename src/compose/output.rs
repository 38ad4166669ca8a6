//! The model in the order and with the peculiarities of Compose's YAML and JSON.

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value, natural_cmp, to_json, to_yaml};

use super::table::{Decode, Map, Object, PROJECT, Spec, is_extension};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
}

/// Text as `docker compose config` prints it, with `$` doubled.
pub fn render(model: &Node, format: Format) -> String {
    let arranged = arrange(model, Some(&PROJECT), format, 0);
    match format {
        Format::Yaml => to_yaml(&arranged).replace('$', "$$"),
        Format::Json => to_json(&arranged).replace('$', "$$"),
    }
}

/// As [`render`] for a tree that was not interpolated: naturally sorted, `$` as it is.
pub fn render_raw(model: &Node, format: Format) -> String {
    let arranged = arrange(model, None, format, 0);
    match format {
        Format::Yaml => to_yaml(&arranged),
        Format::Json => {
            let mut arranged = arranged;
            nil_lists(&mut arranged, Some(&PROJECT));
            to_json(&arranged)
        }
    }
}

/// An empty list is `nil` in Go unless one of Compose's passes made it anew, and JSON shows that.
fn nil_lists(node: &mut Node, spec: Option<&Spec>) {
    match &mut node.value {
        Value::Seq(items) if items.is_empty() => {
            let made =
                spec.is_some_and(|spec| spec.unique_by.is_some() && spec.decode != Decode::Environment);
            if !made {
                node.value = Value::Null;
            }
        }
        Value::Seq(items) => {
            let spec = spec.and_then(Spec::item);
            items.iter_mut().for_each(|item| nil_lists(item, spec));
        }
        Value::Map(map) => {
            for (key, child) in map.iter_mut() {
                nil_lists(child, spec.and_then(|spec| spec.child(key)));
            }
        }
        _ => {}
    }
}

/// Fields in the table's order, free keys sorted; for JSON also what Go's encoder adds and loses.
pub fn arrange(node: &Node, spec: Option<&Spec>, format: Format, depth: usize) -> Node {
    let value = match &node.value {
        Value::Map(map) => match spec.and_then(|spec| spec.map) {
            Some(Map::Object(object)) => Value::Map(arrange_object(map, object, format, depth)),
            Some(Map::Free { value, .. }) => Value::Map(arrange_free(map, Some(value), format, depth)),
            None => Value::Map(arrange_free(map, None, format, depth)),
        },
        // An extension's empty list is a nil slice to Go.
        Value::Seq(items) if items.is_empty() && spec.is_none() && format == Format::Json => Value::Null,
        Value::Seq(items) => {
            let spec = spec.and_then(Spec::item);
            Value::Seq(items.iter().map(|item| arrange(item, spec, format, depth + 1)).collect())
        }
        value => value.clone(),
    };
    Node::new(value, node.origin)
}

fn arrange_free(map: &Mapping, spec: Option<&Spec>, format: Format, depth: usize) -> Mapping {
    let mut arranged = Mapping::new();
    for (key, entry) in map.entries() {
        arranged.insert(key, entry.key, arrange(&entry.value, spec, format, depth + 1));
    }
    sort(&mut arranged, format);
    arranged
}

fn sort(map: &mut Mapping, format: Format) {
    match format {
        Format::Yaml => map.sort_by(natural_cmp),
        Format::Json => map.sort_by(Ord::cmp),
    }
}

fn arrange_object(map: &Mapping, object: &'static Object, format: Format, depth: usize) -> Mapping {
    let mut arranged = Mapping::new();
    let always = if format == Format::Json { json_always(object.name) } else { &[] };
    for field in object.fields {
        match map.entry(field.key) {
            Some(entry) => {
                let value = arrange(&entry.value, Some(&field.spec), format, depth + 1);
                arranged.insert(json_key(object.name, field.key, format), entry.key, value);
            }
            None => {
                if let Some((_, empty)) = always.iter().find(|(key, _)| *key == field.key) {
                    arranged.put(field.key, Node::new(empty.value(), Origin::Default("JSON")));
                }
            }
        }
    }
    if object.name == "ulimit" && format == Format::Json {
        arranged.retain(|_, node| node.as_int() != Some(0));
    }
    // Go's JSON encoder knows extensions of the project alone.
    if format == Format::Yaml || depth == 0 {
        let mut extensions = Mapping::new();
        for (key, entry) in map.entries().filter(|(key, _)| is_extension(key)) {
            extensions.insert(key, entry.key, arrange(&entry.value, None, format, depth + 1));
        }
        sort(&mut extensions, format);
        for (key, entry) in extensions {
            arranged.insert(key, entry.key, entry.value);
        }
    }
    if depth == 0 {
        if format == Format::Json {
            arranged.remove("models");
            sort(&mut arranged, format);
        }
        if !arranged.contains("services") {
            let services = Node::map(Mapping::new(), Origin::Default("no services"));
            arranged.put("services", services);
            // Behind the name, where the section stands.
            let position = |key: &str| match key {
                "name" => 0,
                "services" => 1,
                _ => 2,
            };
            arranged.sort_by(|a, b| position(a).cmp(&position(b)));
        }
    }
    arranged
}

/// What Go prints although it is empty.
#[derive(Clone, Copy)]
enum Empty {
    Null,
    Map,
    Exec,
}

impl Empty {
    fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Map => Value::Map(Mapping::new()),
            Self::Exec => {
                let mut map = Mapping::new();
                map.put("command", Node::null(Origin::Default("JSON")));
                Value::Map(map)
            }
        }
    }
}

fn json_always(object: &str) -> &'static [(&'static str, Empty)] {
    match object {
        "service" => &[("command", Empty::Null), ("entrypoint", Empty::Null)],
        "hook" => &[("command", Empty::Null)],
        "watch" => &[("exec", Empty::Exec)],
        "network" => &[("ipam", Empty::Map)],
        "deploy" => &[("resources", Empty::Map), ("placement", Empty::Map)],
        _ => &[],
    }
}

/// Throttled devices have no JSON names in Go.
fn json_key(object: &str, key: &'static str, format: Format) -> &'static str {
    match (object, key, format) {
        ("weight_device" | "throttle_device", "path", Format::Json) => "Path",
        ("weight_device", "weight", Format::Json) => "Weight",
        ("throttle_device", "rate", Format::Json) => "Rate",
        _ => key,
    }
}
