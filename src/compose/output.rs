//! The model in the order and with the peculiarities of Compose's YAML and JSON.

use std::cmp::Ordering;

use crate::source::Origin;
use crate::yaml::{
    Mapping, Node, Path, Value, natural_cmp, spread, to_json, to_yaml, to_yaml_preparing, to_yaml_with_lines,
};

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
    let text = match format {
        Format::Yaml => {
            let order = Order { format, later: true };
            order.put(model, Some(&PROJECT), &Path::ROOT);
            to_yaml_preparing(model, |section, name, member| {
                let spec = PROJECT.child(section).and_then(|section| section.child(name));
                order.put(member, spec, &Path::ROOT.key(section).key(name));
            })
        }
        Format::Json => {
            put_in_order(model, Some(&PROJECT), format, &Path::ROOT);
            to_json(model)
        }
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
    Order { format, later: false }.put(node, spec, path);
}

fn compare(a: &str, b: &str, format: Format) -> Ordering {
    match format {
        Format::Yaml => natural_cmp(a, b),
        Format::Json => a.cmp(b),
    }
}

#[derive(Clone, Copy)]
struct Order {
    format: Format,
    /// The members of a large section come when they are written.
    later: bool,
}

impl Order {
    fn put(self, node: &mut Node, spec: Option<&Spec>, path: &Path<'_>) {
        match &mut node.value {
            Value::Map(map) => match spec.and_then(|spec| spec.map) {
                Some(Map::Object(object)) => self.object(map, object, path),
                Some(Map::Free { value, .. }) => self.free(map, Some(value), path),
                None => self.free(map, None, path),
            },
            // An extension's empty list is a nil slice to Go.
            Value::Seq(items) if items.is_empty() && spec.is_none() && self.format == Format::Json => {
                node.value = Value::Null;
            }
            Value::Seq(items) => {
                let spec = spec.and_then(Spec::item);
                for (at, item) in items.iter_mut().enumerate() {
                    self.put(item, spec, &path.index(at));
                }
            }
            _ => {}
        }
    }

    fn free(self, map: &mut Mapping, spec: Option<&Spec>, path: &Path<'_>) {
        if !(self.later && spread::is_large(path, map.len())) {
            spread::values(map, path, |child, path| self.put(child, spec, path));
        }
        // Most mappings are in order already, and sorting builds the index anew.
        let compare = |a: &str, b: &str| compare(a, b, self.format);
        if !map.keys().is_sorted_by(|a, b| compare(a, b) != Ordering::Greater) {
            map.sort_by(compare);
        }
    }

    fn object(self, map: &mut Mapping, object: &'static Object, path: &Path<'_>) {
        let format = self.format;
        // Go's JSON encoder knows extensions of the project alone.
        let extensions = format == Format::Yaml || path.is_root();
        // What else is in a model is a key that a later Compose may know.
        let known = |key: &str| object.position(key).is_some() || extensions || !is_extension(key);
        let (mut all_known, mut in_order) = (true, true);
        let mut before = None;
        for (key, child) in map.keyed_mut() {
            let place = object.position(key);
            all_known &= place.is_some() || known(key.text);
            // Two without a place are extensions.
            in_order &= before < place;
            before = place;
            let field = place.and_then(|place| object.fields.get(place));
            self.put(child, field.map(|field| &field.spec), &path.key(key.text));
        }
        if !all_known {
            map.retain(|key, _| known(key));
        }
        if format == Format::Json {
            for (key, empty) in json_always(object.name) {
                if !map.contains(key) {
                    map.put(*key, Node::new(empty.value(), Origin::Default("JSON")));
                    in_order = false;
                }
            }
        }
        if !in_order {
            let place = |key: &str| object.position(key).unwrap_or(usize::MAX);
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
