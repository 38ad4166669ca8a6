//! The canonical tree as the typed model that Compose prints: units, durations and commands parsed,
//! texts where texts are wanted, empty values left out.

mod forms;
mod scalars;

use compact_str::ToCompactString;

use crate::diagnostic::{Code, Finding, Sink};
use crate::reader::Reader;
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Path, Tag, Text, Value};

use super::expression;
use super::merge::{kind, text};
use super::plain;
use super::short::duration;
use super::table::{Canonical, Decode, Map, Object, Scalars, Spec, is_extension};

use forms::{
    health_test, hosts, multi_options, plain_text_map, refuse_floats, shell, ssh, taken, text_map, texts,
};
use scalars::{
    to_bool, to_bytes, to_count, to_duration, to_file_mode, to_float32, to_int, to_uint, unsigned,
};

/// For so many fields no memory is asked for.
const FEW: usize = 32;

/// Reads a canonical tree as the typed model.
pub struct Decoder {
    /// The version that reads.
    pub reader: Reader,
    /// Expressions stay as they are written.
    pub written: bool,
}

impl Decoder {
    /// The decoded value; `None` where Compose leaves it out. Faults go to the sink.
    pub fn decode(&self, node: Node, spec: &Spec, path: &Path<'_>, sink: &mut Sink) -> Option<Node> {
        let origin = node.origin;
        let kept = (self.written && expression::holds(&node)).then(|| node.clone());
        match self.convert(node, spec, path, sink) {
            Ok(decoded) => decoded,
            // An expression is what it is, until there is a value.
            Err(_) if kept.is_some() => kept,
            Err(message) => {
                sink.push(plain::finding(Code::ComposeValue, path, &message, origin, "not valid"));
                None
            }
        }
    }

    fn convert(
        &self,
        mut node: Node,
        spec: &Spec,
        path: &Path<'_>,
        sink: &mut Sink,
    ) -> Result<Option<Node>, String> {
        let origin = node.origin;
        if let (Value::Map(map), Some(Map::Free { literal: false, value, .. })) = (&mut node.value, spec.map)
        {
            gather_extensions(map, value, path, sink);
        }
        let with = |value: Value| Some(Node::new(value, origin));
        if node.is_null() && !matches!(spec.decode, Decode::Raw | Decode::Object | Decode::Required) {
            return Ok(None);
        }
        Ok(match spec.decode {
            Decode::Raw => Some(node),
            Decode::Dropped => None,
            Decode::Text if matches!(node.value, Value::UInt(_)) && spec.scalars.has(Scalars::INTEGER) => {
                return Err(format!("{} is too large", text(&node)));
            }
            Decode::Text if matches!(node.value, Value::Float(_)) => {
                return Err(format!("{} is a float, not text; write it in quotes", text(&node)));
            }
            Decode::Text => {
                Some(taken(node)).filter(|text| !text.is_empty()).and_then(|text| with(Value::String(text)))
            }
            Decode::Bool | Decode::External => {
                flag(&node, sink)?.then(|| Node::new(Value::Bool(true), origin))
            }
            Decode::BoolKept | Decode::Required => with(Value::Bool(flag(&node, sink)?)),
            Decode::BoolIfFalse => (!flag(&node, sink)?).then(|| Node::new(Value::Bool(false), origin)),
            Decode::Int => {
                Some(to_int(&node)?).filter(|number| *number != 0).and_then(|number| with(Value::Int(number)))
            }
            Decode::IntKept => with(Value::Int(to_int(&node)?)),
            Decode::Uint(bits) => {
                let number = to_uint(&node)?;
                let number = if bits < 64 { number % (1 << bits) } else { number };
                if number == 0 { None } else { with(unsigned(number)) }
            }
            Decode::UintKept => with(unsigned(to_uint(&node)?)),
            Decode::Cpus if matches!(node.value, Value::UInt(_)) => {
                return Err(format!("{} is too large", text(&node)));
            }
            Decode::Float32 | Decode::Cpus => {
                to_float32(&node)?.and_then(|number| with(Value::Float(number)))
            }
            Decode::Bytes => Some(to_bytes(&node, self.reader)?)
                .filter(|bytes| *bytes != 0)
                .and_then(|bytes| with(Value::String(bytes.to_compact_string()))),
            Decode::PlainTextMap => {
                let map = plain_text_map(node)?;
                (!map.is_empty()).then(|| Node::map(map, origin))
            }
            Decode::Duration => {
                let nanos = to_duration(&node)?;
                if nanos == 0 { None } else { with(Value::String(duration::format(nanos).into())) }
            }
            Decode::DurationKept => with(Value::String(duration::format(to_duration(&node)?).into())),
            Decode::Texts => {
                refuse_floats(&node)?;
                non_empty(texts(node))
            }
            Decode::Shell => with(Value::Seq(shell(node)?)),
            Decode::HealthTest => non_empty(health_test(node)),
            Decode::TextMap | Decode::Environment => {
                let map = text_map(node, spec.decode == Decode::Environment)?;
                (!map.is_empty()).then(|| Node::map(map, origin))
            }
            Decode::MultiOptions => multi_options(node),
            Decode::Hosts => hosts(node)?,
            Decode::Ssh => ssh(node),
            Decode::Ulimit => self.ulimit(node, spec, path, sink)?,
            Decode::FileMode => with(Value::String(to_file_mode(&node)?.into())),
            Decode::DeviceCount => Some(to_count(&node)?)
                .filter(|number| *number != 0)
                .and_then(|number| with(Value::Int(number))),
            // Without interpolation a short form may have stayed what it was.
            Decode::Struct | Decode::Object if !(node.is_null() || node.as_map().is_some()) => {
                return Err(format!("expected a mapping, got {}", kind(&node)));
            }
            Decode::Struct => self
                .object(node, spec, path, sink)
                .filter(|node| node.as_map().is_some_and(|map| !map.is_empty())),
            Decode::Object => self.object(node, spec, path, sink),
            Decode::Objects => non_empty(self.objects(node, spec, path, sink)),
            Decode::ObjectMap => self.object_map(node, spec, path, sink),
        })
    }

    /// An integer stands for both bounds, except zero, which Compose decodes as a pair.
    fn ulimit(
        &self,
        node: Node,
        spec: &Spec,
        path: &Path<'_>,
        sink: &mut Sink,
    ) -> Result<Option<Node>, String> {
        let origin = node.origin;
        let pair = |soft: i64, hard: i64| {
            let mut map = Mapping::new();
            map.put("soft", Node::new(Value::Int(soft), origin));
            map.put("hard", Node::new(Value::Int(hard), origin));
            Some(Node::map(map, origin))
        };
        Ok(match &node.value {
            Value::Map(map) => {
                let bound = |key: &str| map.get(key).map_or(Ok(0), to_int);
                pair(bound("soft")?, bound("hard")?)
            }
            _ => match to_int(&node) {
                Ok(0) => pair(0, 0),
                Ok(number) => Some(Node::new(Value::Int(number), origin)),
                Err(_) => self.object(node, spec, path, sink),
            },
        })
    }

    fn object(&self, node: Node, spec: &Spec, path: &Path<'_>, sink: &mut Sink) -> Option<Node> {
        let origin = node.origin;
        let Some(Map::Object(object)) = spec.map else { return Some(node) };
        match node.value {
            Value::Map(map) => Some(Node::map(self.fields(map, object, path, sink), origin)),
            // `services.a.networks.n:` and `deploy:` may be empty; the first stays so, the second is absent.
            Value::Null => None,
            value => Some(Node::new(value, origin)),
        }
    }

    /// Known fields in the table's order, then extensions.
    fn fields(&self, mut map: Mapping, object: &'static Object, path: &Path<'_>, sink: &mut Sink) -> Mapping {
        let always = if object.always { object.fields } else { &[] };
        for field in always.iter().filter(|field| field.at(self.reader).1) {
            if !map.contains(field.key) {
                map.put(field.key, Node::null(Origin::Default("empty")));
            }
        }
        let place = |key: &str| object.position(key).unwrap_or(usize::MAX);
        let mut few = [usize::MAX; FEW];
        let mut many = Vec::new();
        let places = match few.get_mut(..map.len()) {
            Some(places) => places,
            None => {
                many.resize(map.len(), usize::MAX);
                many.as_mut_slice()
            }
        };
        for (slot, key) in places.iter_mut().zip(map.marked_keys()) {
            *slot = object.position(key).unwrap_or(usize::MAX);
        }
        if !places.is_sorted() {
            map.sort_by_place(place);
            places.sort_unstable();
        }
        let mut places = places.iter();
        map.retain(|key, node| {
            let Some(field) = places.next().and_then(|at| object.fields.get(*at)) else {
                return is_extension(key) && !object.loses_extensions
                    || self.reader.is_beyond() && !is_extension(key);
            };
            let (spec, always) = field.at(self.reader);
            if is_decoded(node, spec.decode) {
                return true;
            }
            let origin = node.origin;
            // It is left out because it says what is taken for granted.
            let is_said = spec.decode == Decode::BoolIfFalse && !node.is_null();
            let written = std::mem::replace(node, Node::null(origin));
            match self.decode(written, spec, &path.key(field.key), sink) {
                Some(value) => *node = value,
                None if always && !is_said => {
                    *node = Node::new(nothing(spec.decode), Origin::Default("empty"));
                }
                None => return false,
            }
            true
        });
        map
    }

    fn objects(&self, node: Node, spec: &Spec, path: &Path<'_>, sink: &mut Sink) -> Node {
        let origin = node.origin;
        let (Value::Seq(items), Some(item_spec)) = (node.value, spec.item()) else {
            return Node::seq(Vec::new(), origin);
        };
        let items = items
            .into_iter()
            .enumerate()
            .filter_map(|(at, item)| self.decode(item, item_spec, &path.index(at), sink))
            .collect();
        Node::seq(items, origin)
    }

    fn object_map(&self, node: Node, spec: &Spec, path: &Path<'_>, sink: &mut Sink) -> Option<Node> {
        let origin = node.origin;
        let (Value::Map(map), Some(Map::Free { value, .. })) = (node.value, spec.map) else { return None };
        let mut decoded = Mapping::new();
        for (key, entry) in map {
            let at = entry.value.origin;
            let place = path.key(&key);
            let before = sink.errors();
            let child =
                if entry.value.is_null() { None } else { self.decode(entry.value, value, &place, sink) };
            let tag = (sink.errors() > before).then_some(Tag::Fault);
            // A resource is a struct by value in Compose, and so never null.
            let empty = || match value.canonical {
                Canonical::Resource => Node::map(Mapping::new(), at),
                _ => Node::null(at),
            };
            let child = Node { tag, ..child.unwrap_or_else(empty) };
            decoded.insert(key.as_str(), entry.key, child);
        }
        (!decoded.is_empty()).then(|| Node::map(decoded, origin))
    }
}

/// A flag, with what Compose warns of.
fn flag(node: &Node, sink: &mut Sink) -> Result<bool, String> {
    let parsed = to_bool(node)?;
    if let Some(warning) = parsed.warning(&text(node)) {
        sink.push(old_boolean(warning, node.origin));
    }
    Ok(parsed.value)
}

/// The warning of a word that is no boolean any more.
pub fn old_boolean(warning: String, origin: Origin) -> Finding {
    Finding::warning(Code::ComposeObsolete, warning).at_origin(origin, "old-style boolean")
}

/// Whether a value is in the model what it is in the tree; most are.
fn is_decoded(node: &Node, decode: Decode) -> bool {
    node.tag.is_none()
        && match (decode, &node.value) {
            (Decode::Text, Value::String(text)) => !text.is_empty(),
            (Decode::Bool | Decode::External, Value::Bool(value)) => *value,
            (Decode::Int, Value::Int(number)) => *number != 0,
            (Decode::BoolKept | Decode::Required, Value::Bool(_)) | (Decode::IntKept, Value::Int(_)) => true,
            _ => false,
        }
}

/// The name under which Compose's decoder keeps extensions while it works.
const GATHERED: &str = "#extensions";

/// Compose takes every `x-` key for an extension, even where keys are the author's own: what was
/// written as one variable or label becomes part of a strange one. What would run is shown here too,
/// with a warning.
fn gather_extensions(map: &mut Mapping, value: &Spec, path: &Path<'_>, sink: &mut Sink) {
    if !map.keys().any(is_extension) {
        return;
    }
    let mut gathered = Mapping::new();
    let mut kept = Mapping::new();
    let mut at = None;
    for (key, entry) in std::mem::take(map) {
        if is_extension(&key) {
            sink.push(
                Finding::warning(
                    Code::ComposeValue,
                    format!("Compose takes {path}.{key} for an extension and renames it {GATHERED:?}"),
                )
                .at_origin(entry.key, "not what was meant")
                .help(format!("In a list it stays what it is: `- {key}=value`.")),
            );
            at.get_or_insert(entry.key);
            gathered.insert(key, entry.key, entry.value);
        } else {
            kept.insert(key, entry.key, entry.value);
        }
    }
    if let Some(at) = at {
        // As an object it has no field of these names.
        if matches!(value.map, Some(Map::Object(_))) {
            gathered = Mapping::new();
        }
        kept.insert(GATHERED, at, Node::map(gathered, at));
    }
    *map = kept;
}

fn non_empty(node: Node) -> Option<Node> {
    node.as_seq().is_some_and(|items| !items.is_empty()).then_some(node)
}

/// What Go prints for a field that holds nothing.
fn nothing(decode: Decode) -> Value {
    match decode {
        Decode::Int | Decode::Uint(_) => Value::Int(0),
        Decode::BoolIfFalse => Value::Bool(false),
        Decode::Bytes => Value::String("0".into()),
        _ => Value::String(Text::default()),
    }
}
