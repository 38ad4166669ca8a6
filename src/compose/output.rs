//! The model in the order and with the peculiarities of Compose's YAML and JSON.

use std::cmp::Ordering;

use crate::source::Origin;
use crate::yaml::{Mapping, Node, Path, Value, natural_cmp, spread, to_json, to_yaml, to_yaml_with_lines};

use super::table::{Decode, Map, Object, PROJECT, Spec, is_extension};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
}

/// Text as `docker compose config` prints it, with `$` doubled.
pub fn render(model: &Node, format: Format) -> String {
    render_arranged(&mut model.clone(), format)
}

/// As [`render`], of a model that may lose what is not printed.
pub fn render_arranged(model: &mut Node, format: Format) -> String {
    put_in_order(model, Some(&PROJECT), format, &Path::ROOT);
    let text = match format {
        Format::Yaml => to_yaml(model),
        Format::Json => to_json(model),
    };
    if text.contains('$') { text.replace('$', "$$") } else { text }
}

/// As [`render`] in YAML, with the model in the order of the text, and the line, from zero, on which each
/// of its keys and elements begins.
pub fn render_with_lines(mut model: Node) -> (Node, String, Vec<usize>) {
    put_in_order(&mut model, Some(&PROJECT), Format::Yaml, &Path::ROOT);
    let (text, lines) = to_yaml_with_lines(&model);
    (model, text.replace('$', "$$"), lines)
}

/// As [`render`] for a tree that was not interpolated: naturally sorted, `$` as it is.
pub fn render_raw(mut model: Node, format: Format) -> String {
    put_in_order(&mut model, None, format, &Path::ROOT);
    match format {
        Format::Yaml => to_yaml(&model),
        Format::Json => {
            nil_lists(&mut model, Some(&PROJECT));
            to_json(&model)
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
            for item in items {
                nil_lists(item, spec);
            }
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
pub fn arrange(node: &Node, spec: Option<&Spec>, format: Format, path: &Path<'_>) -> Node {
    arrange_owned(node.clone(), spec, format, path)
}

/// As [`arrange`], of a tree that nobody needs any more.
pub fn arrange_owned(mut node: Node, spec: Option<&Spec>, format: Format, path: &Path<'_>) -> Node {
    put_in_order(&mut node, spec, format, path);
    node
}

/// In place: a large model is not to be there twice.
fn put_in_order(node: &mut Node, spec: Option<&Spec>, format: Format, path: &Path<'_>) {
    match &mut node.value {
        Value::Map(map) => match spec.and_then(|spec| spec.map) {
            Some(Map::Object(object)) => order_object(map, object, format, path),
            Some(Map::Free { value, .. }) => order_free(map, Some(value), format, path),
            None => order_free(map, None, format, path),
        },
        // An extension's empty list is a nil slice to Go.
        Value::Seq(items) if items.is_empty() && spec.is_none() && format == Format::Json => {
            node.value = Value::Null;
        }
        Value::Seq(items) => {
            let spec = spec.and_then(Spec::item);
            for (at, item) in items.iter_mut().enumerate() {
                put_in_order(item, spec, format, &path.index(at));
            }
        }
        _ => {}
    }
}

fn order_free(map: &mut Mapping, spec: Option<&Spec>, format: Format, path: &Path<'_>) {
    spread::values(map, path, |child, path| put_in_order(child, spec, format, path));
    sort(map, |a, b| compare(a, b, format));
}

fn compare(a: &str, b: &str, format: Format) -> Ordering {
    match format {
        Format::Yaml => natural_cmp(a, b),
        Format::Json => a.cmp(b),
    }
}

/// Most mappings are in order already, and sorting builds the index anew.
fn sort(map: &mut Mapping, compare: impl Fn(&str, &str) -> Ordering) {
    if !map.keys().is_sorted_by(|a, b| compare(a, b) != Ordering::Greater) {
        map.sort_by(compare);
    }
}

/// The place of an extension, behind all fields.
const NOWHERE: usize = usize::MAX;

fn places_of(map: &Mapping, object: &Object) -> Vec<usize> {
    map.keys().map(|key| object.position(key).unwrap_or(NOWHERE)).collect()
}

fn order_object(map: &mut Mapping, object: &'static Object, format: Format, path: &Path<'_>) {
    // Go's JSON encoder knows extensions of the project alone.
    let extensions = format == Format::Yaml || path.is_root();
    let known = |key: &str| object.position(key).is_some() || extensions && is_extension(key);
    let mut places = places_of(map, object);
    if map.keys().zip(&places).any(|(key, place)| *place == NOWHERE && !known(key)) {
        map.retain(|key, _| known(key));
        places = places_of(map, object);
    }
    for ((key, child), place) in map.iter_mut().zip(&places) {
        put_in_order(child, object.fields.get(*place).map(|field| &field.spec), format, &path.key(key));
    }
    if format == Format::Json {
        for (key, empty) in json_always(object.name) {
            if !map.contains(key) {
                map.put(*key, Node::new(empty.value(), Origin::Default("JSON")));
            }
        }
        places = places_of(map, object);
    }
    // Two in the same place are extensions.
    if !places.is_sorted_by(|a, b| a < b) {
        let place = |key: &str| object.position(key).unwrap_or(NOWHERE);
        map.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| compare(a, b, format)));
    }
    if format == Format::Json {
        match object.name {
            "ulimit" => map.retain(|_, node| node.as_int() != Some(0)),
            "weight_device" | "throttle_device" => with_go_names(map),
            _ => {}
        }
    }
    if path.is_root() {
        order_project(map, format);
    }
}

fn order_project(map: &mut Mapping, format: Format) {
    if format == Format::Json {
        map.remove("models");
        map.sort_by(str::cmp);
    }
    if !map.contains("services") {
        map.put("services", Node::map(Mapping::new(), Origin::Default("no services")));
        // Behind the name, where the section stands.
        let position = |key: &str| match key {
            "name" => 0,
            "services" => 1,
            _ => 2,
        };
        map.sort_by(|a, b| position(a).cmp(&position(b)));
    }
}

/// Throttled devices have no JSON names in Go.
fn with_go_names(map: &mut Mapping) {
    for (key, entry) in std::mem::take(map) {
        let name = match key.as_str() {
            "path" => "Path",
            "weight" => "Weight",
            "rate" => "Rate",
            other => other,
        };
        map.insert(name, entry.key, entry.value);
    }
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
