//! Merging one model over another, by the field table.

mod ipam;

use compact_str::{ToCompactString, format_compact};

use crate::diagnostic::{Code, Finding, Sink};
use crate::yaml::{Distinct, Mapping, Node, Path, Tag, Text, Value, scalar};

use super::table::{Merge, Spec};

/// `over` on top of `base`. Where the two cannot be merged, the sink gets an error with both places
/// and the base stays, marked as faulty.
pub fn merge(base: Node, over: Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) -> Node {
    if base.is_faulty() || over.is_faulty() {
        return faulty(over);
    }
    match spec.map_or(Merge::Default, |spec| spec.merge) {
        Merge::Default => merge_default(base, over, spec, path, sink),
        Merge::Replace | Merge::Ulimit => over,
        Merge::ToList => concatenate(base, over),
        Merge::ExtraHosts => merge_hosts(base, over),
        Merge::ToMap => merge_mappings(to_map(base, None), to_map(over, None), spec, path, sink),
        Merge::DependsOn => {
            let started = Some(dependency as fn(&Node) -> Node);
            merge_mappings(to_map(base, started), to_map(over, started), spec, path, sink)
        }
        Merge::Build => merge_mappings(to_build(base), to_build(over), spec, path, sink),
        Merge::Logging => merge_logging(base, over, spec, path, sink),
        Merge::IpamConfig => ipam::merge(base, over, path, sink),
    }
}

fn merge_default(base: Node, over: Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) -> Node {
    if over.is_null() {
        return base;
    }
    match (&base.value, &over.value) {
        (Value::Map(_), Value::Map(_)) => merge_mappings(base, over, spec, path, sink),
        (Value::Seq(_), Value::Seq(_)) => append(base, over),
        (Value::Map(_) | Value::Seq(_), _) => {
            sink.push(cannot_override(&base, &over, path));
            faulty(base)
        }
        _ => over,
    }
}

fn faulty(node: Node) -> Node {
    Node { tag: Some(Tag::Fault), ..node }
}

fn cannot_override(base: &Node, over: &Node, path: &Path<'_>) -> Finding {
    Finding::error(Code::ComposeMerge, format!("cannot override {path}"))
        .at_origin(over.origin, format!("this {} cannot be merged over", kind(over)))
        .at_origin(base.origin, format!("this {}", kind(base)))
        .help("Write both in the same form, or tag the later one with !override to replace the earlier one.")
}

/// What a value is, in words.
pub fn kind(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "empty value",
        Value::Bool(_) => "boolean",
        Value::Int(_) | Value::UInt(_) => "integer",
        Value::Float(_) => "number",
        Value::Timestamp(_) => "date",
        Value::String(_) => "string",
        Value::Seq(_) => "list",
        Value::Map(_) => "mapping",
    }
}

fn merge_mappings(base: Node, over: Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) -> Node {
    if !matches!((&base.value, &over.value), (Value::Map(_), Value::Map(_))) {
        if over.is_null() {
            return base;
        }
        sink.push(cannot_override(&base, &over, path));
        return faulty(base);
    }
    let mut merged = base;
    if let (Some(into), Value::Map(from)) = (merged.as_map_mut(), over.value) {
        for (key, entry) in from {
            let child = spec.and_then(|spec| spec.child(&key));
            match into.get_mut(&key) {
                Some(slot) => {
                    let old = std::mem::replace(slot, Node::null(entry.key));
                    *slot = merge(old, entry.value, child, &path.key(&key), sink);
                }
                None => {
                    into.insert(key, entry.key, entry.value);
                }
            }
        }
    }
    merged
}

fn append(mut base: Node, over: Node) -> Node {
    if let (Some(items), Value::Seq(more)) = (base.as_seq_mut(), over.value) {
        items.extend(more);
    }
    base
}

/// Both sides as lists, one after the other.
fn concatenate(base: Node, over: Node) -> Node {
    append(to_list(base), to_list(over))
}

/// `{A: 1, B: }` as `[A=1, B]`, keys sorted; a string as a list of one.
fn to_list(node: Node) -> Node {
    let origin = node.origin;
    let items = match node.value {
        Value::Seq(items) => items,
        Value::Map(map) => {
            let mut items = Vec::with_capacity(map.len());
            for (key, entry) in map {
                let at = entry.value.origin;
                match entry.value.value {
                    Value::Null => items.push(Node::string(key, entry.key)),
                    Value::Seq(values) => items.extend(
                        values
                            .iter()
                            .map(|value| Node::string(format!("{key}={}", text(value)), value.origin)),
                    ),
                    value => {
                        let value = Node::new(value, at);
                        items.push(Node::string(format!("{key}={}", text(&value)), at));
                    }
                }
            }
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            items
        }
        Value::String(_) => vec![node],
        _ => Vec::new(),
    };
    Node::seq(items, origin)
}

/// A scalar as Go prints it.
pub fn text(node: &Node) -> String {
    printed(node).into()
}

/// As [`text`], for the tree.
pub fn printed(node: &Node) -> Text {
    match &node.value {
        Value::Null => Text::default(),
        Value::Bool(value) => value.to_compact_string(),
        Value::Int(value) => value.to_compact_string(),
        Value::UInt(value) => value.to_compact_string(),
        Value::Float(value) => scalar::float_text(*value).into(),
        Value::Timestamp(text) | Value::String(text) => text.clone(),
        Value::Seq(items) => {
            format_compact!("[{}]", items.iter().map(inner_text).collect::<Vec<_>>().join(" "))
        }
        Value::Map(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            let pairs: Vec<_> =
                pairs.into_iter().map(|(key, value)| format!("{key}:{}", inner_text(value))).collect();
            format_compact!("map[{}]", pairs.join(" "))
        }
    }
}

fn inner_text(node: &Node) -> String {
    if node.is_null() { "<nil>".to_owned() } else { text(node) }
}

/// As [`concatenate`], leaving out what the base has word for word.
fn merge_hosts(base: Node, over: Node) -> Node {
    let base = to_list(base);
    let mut over = to_list(over);
    if let (Some(known), Some(items)) = (base.as_seq(), over.as_seq_mut()) {
        let known: Distinct<'_> = known.iter().collect();
        items.retain(|item| !known.contains(item));
    }
    append(base, over)
}

/// A list of names as a mapping, each with the value that `default` makes (null without it).
pub fn to_map(node: Node, default: Option<fn(&Node) -> Node>) -> Node {
    let origin = node.origin;
    match node.value {
        Value::Seq(items) => {
            let mut map = Mapping::with_capacity(items.len());
            for item in items {
                let value = default.map_or_else(|| Node::null(item.origin), |make| make(&item));
                map.insert(printed(&item), item.origin, value);
            }
            Node::map(map, origin)
        }
        value => Node::new(value, origin),
    }
}

/// What `depends_on: [name]` stands for.
pub fn dependency(name: &Node) -> Node {
    let mut map = Mapping::with_capacity(2);
    map.put("condition", Node::string("service_started", name.origin));
    map.put("required", Node::new(Value::Bool(true), name.origin));
    Node::map(map, name.origin)
}

/// `build: ./dir` as `{context: ./dir}`.
pub fn to_build(node: Node) -> Node {
    if !matches!(node.value, Value::String(_)) {
        return node;
    }
    let origin = node.origin;
    let mut map = Mapping::new();
    map.put("context", node);
    Node::map(map, origin)
}

/// Options of the same driver merge; another driver replaces everything. (Compose crashes where an
/// override is null; here the base stays.)
fn merge_logging(base: Node, over: Node, spec: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) -> Node {
    let differs = match (base.get("driver"), over.get("driver")) {
        (Some(a), Some(b)) => !a.same(b),
        _ => false,
    };
    if differs { over } else { merge_mappings(base, over, spec, path, sink) }
}
