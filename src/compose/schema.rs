//! Validation against the field table.

use crate::diagnostic::{Code, Finding, Sink};
use crate::reader::Reader;
use crate::source::Origin;
use crate::yaml::{Distinct, Mapping, Node, Path, Value};

use super::hint;
use super::merge::kind;
use super::table::{Check, Field, Keys, Map, Object, PROJECT, Scalars, Spec, is_extension};
use crate::yaml::suggest::nearest;

/// Reports everything that the schema refuses below `node`.
pub fn validate(node: &Node, spec: &Spec, reader: Reader, path: &Path<'_>, sink: &mut Sink) {
    validate_in(node, spec, None, reader, path, sink);
}

/// As [`validate`], for an item of a list.
fn validate_in(
    node: &Node,
    spec: &Spec,
    parent: Option<&Spec>,
    reader: Reader,
    path: &Path<'_>,
    sink: &mut Sink,
) {
    if node.is_faulty() {
        return;
    }
    match &node.value {
        Value::Map(map) => match spec.map {
            Some(Map::Object(object)) => validate_object(node, map, object, reader, path, sink),
            Some(Map::Free { value, keys, .. }) => validate_free(map, value, keys, reader, path, sink),
            None => sink.push(wrong_type(node, spec, parent, path)),
        },
        Value::Seq(items) => match spec.list {
            Some(list) => {
                for (at, item) in items.iter().enumerate() {
                    validate_in(item, list.item, Some(spec), reader, &path.index(at), sink);
                }
                if list.unique {
                    refuse_repeats(items, path, sink);
                }
            }
            None => sink.push(wrong_type(node, spec, parent, path)),
        },
        _ => validate_scalar(node, spec, parent, path, sink),
    }
}

fn validate_object(
    node: &Node,
    map: &Mapping,
    object: &'static Object,
    reader: Reader,
    path: &Path<'_>,
    sink: &mut Sink,
) {
    for (sought, (key, entry)) in map.marked_keys().zip(map.entries()) {
        match object.field(sought) {
            Some(field) if field.is_known_to(reader) => {
                validate(&entry.value, field.at(reader).0, reader, &path.key(key), sink);
            }
            Some(field) => sink.push(too_new(field, entry.key, reader, path)),
            None if object.extensions && is_extension(key) => {}
            None if !object.closed => {}
            None if reader.is_beyond() => sink.push(unjudged(key, entry.key, reader, path)),
            None => {
                let fields = object.fields.iter().filter(|field| field.is_known_to(reader));
                let known = fields.map(|field| field.key);
                let mut finding = Finding::error(
                    Code::ComposeUnknownKey,
                    if path.last().is_none() {
                        format!("`{key}` is not a top-level key of a compose file")
                    } else {
                        format!("{path} has an unknown key `{key}`")
                    },
                )
                .at_origin(entry.key, "unknown key");
                finding = match nearest(key, known) {
                    _ if key.starts_with(is_odd_blank) => finding.help(format!(
                        "The name begins with the blank U+{:04X}, which indents nothing: write spaces in its place.",
                        key.chars().next().map_or(0, u32::from)
                    )),
                    Some(near) => finding.help(format!("Did you mean `{near}`?")),
                    None if path.last().is_none() && is_service(&entry.value) => {
                        finding.help(format!("Indent `{key}:`, and what is below it, under `services:`."))
                    }
                    None if object.extensions => {
                        finding.help(format!("Remove it, or name it `x-{key}` if it is your own extension."))
                    }
                    None => finding.help("Remove it."),
                };
                sink.push(finding);
            }
        }
    }
    let required = if object.requires { object.fields } else { &[] };
    for field in required.iter().filter(|field| field.required && !map.contains(field.key)) {
        sink.push(
            Finding::error(Code::ComposeType, format!("{path} has no `{}`, which is required", field.key))
                .at_origin(node.origin, format!("`{}` is missing here", field.key)),
        );
    }
}

/// A character that looks like a blank and does not indent YAML.
fn is_odd_blank(character: char) -> bool {
    !character.is_ascii() && character.is_whitespace()
}

/// A key that nobody here knows, and that the Compose which will be run may: that is for Compose to say.
fn unjudged(key: &str, origin: Origin, reader: Reader, path: &Path<'_>) -> Finding {
    let whole = if path.last().is_none() { key.to_owned() } else { format!("{path}.{key}") };
    let message =
        format!("{whole} is not known here; it is handed to Docker Compose {reader}, which may know it");
    Finding::warning(Code::ComposeUnknownKey, message)
        .at_origin(origin, "unknown key")
        .help("Update seaworthy, or remove the key. Under a policy, the rule `unjudged-key` refuses it.")
}

/// A key of a model that is in no table, with where it stands: the path of what holds it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown<'n> {
    pub holder: String,
    pub key: &'n str,
    pub origin: Origin,
}

/// Every key of a project's model that nobody here knows, extensions left out.
pub fn unknown_keys(root: &Node) -> Vec<Unknown<'_>> {
    let mut found = Vec::new();
    collect_unknown(root, &PROJECT, &Path::ROOT, &mut found);
    found
}

fn collect_unknown<'n>(node: &'n Node, spec: &Spec, path: &Path<'_>, found: &mut Vec<Unknown<'n>>) {
    match (&node.value, spec.map) {
        (Value::Map(map), Some(Map::Object(object))) => {
            for (key, entry) in map.entries() {
                match object.fields.iter().find(|field| field.key == key) {
                    Some(field) => collect_unknown(&entry.value, &field.spec, &path.key(key), found),
                    None if is_extension(key) || !object.closed => {}
                    None => found.push(Unknown { holder: path.to_string(), key, origin: entry.key }),
                }
            }
        }
        (Value::Map(map), Some(Map::Free { value, .. })) => {
            for (key, entry) in map.entries() {
                collect_unknown(&entry.value, value, &path.key(key), found);
            }
        }
        (Value::Seq(items), _) => {
            for (at, item) in items.iter().enumerate() {
                if let Some(item_spec) = spec.item() {
                    collect_unknown(item, item_spec, &path.index(at), found);
                }
            }
        }
        _ => {}
    }
}

/// A key that versions have only after the one that reads.
fn too_new(field: &Field, key: Origin, reader: Reader, path: &Path<'_>) -> Finding {
    let since = field.since.map(|since| since.to_string()).unwrap_or_default();
    Finding::error(
        Code::ComposeUnknownKey,
        format!("{path}.{} needs Docker Compose {since} or newer; this is {reader}", field.key),
    )
    .at_origin(key, format!("since {since}"))
    .help("Update Docker Compose, or remove the key.")
}

fn validate_free(map: &Mapping, value: &Spec, keys: Keys, reader: Reader, path: &Path<'_>, sink: &mut Sink) {
    for (key, entry) in map.entries() {
        let legal =
            !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        match keys {
            Keys::Names if !legal => sink.push(
                Finding::error(Code::ComposeUnknownKey, format!("{path} has an illegal name `{key}`"))
                    .at_origin(entry.key, "names consist of letters, digits, `.`, `_` and `-`"),
            ),
            Keys::NonEmpty if key.chars().all(|c| c == '\n') => sink.push(
                Finding::error(Code::ComposeUnknownKey, format!("{path} has an empty key"))
                    .at_origin(entry.key, "a name is missing here"),
            ),
            Keys::NamesUnchecked if !legal => {}
            Keys::LowercaseUnchecked if !is_lowercase(key) => {}
            _ => validate(&entry.value, value, reader, &path.key(key), sink),
        }
    }
}

fn is_lowercase(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Beyond so many items Compose's schema library compares them exactly.
const EXACT: usize = 20;

fn refuse_repeats(items: &[Node], path: &Path<'_>, sink: &mut Sink) {
    if items.len() < 2 {
        return;
    }
    let mut seen = Distinct::default();
    for (at, item) in items.iter().enumerate() {
        let first = if items.len() > EXACT {
            seen.first(at, item)
        } else {
            items.iter().take(at).position(|other| equals(item, other))
        };
        if let Some(first) = first {
            let mut finding =
                Finding::error(Code::ComposeValue, format!("{path} items at {first} and {at} are equal"))
                    .at_origin(item.origin, "repeated here")
                    .help("Remove one of the two.");
            if let Some(other) = items.get(first) {
                finding = finding.at_origin(other.origin, "first here");
            }
            sink.push(finding);
        }
    }
}

/// Whether Compose's schema library takes a later item for an earlier one: as numbers are compared, a
/// string that is written like the number equals it, though not the other way round. Lists of more than
/// [`EXACT`] items it compares by hash.
fn equals(later: &Node, earlier: &Node) -> bool {
    match (&later.value, &earlier.value) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, node)| b.get(key).is_some_and(|other| equals(node, other)))
        }
        (Value::Seq(a), Value::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b)),
        #[allow(clippy::float_cmp, reason = "equal means the same number")]
        (Value::Int(_) | Value::UInt(_) | Value::Float(_), _) => {
            later.same(earlier) || as_number(later).is_some_and(|a| as_number(earlier) == Some(a))
        }
        _ => later.same(earlier),
    }
}

#[allow(clippy::cast_precision_loss)] // numbers beyond 2^53 in such lists are beyond reason
fn as_number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Int(number) => Some(*number as f64),
        Value::UInt(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::String(text) => rational(text),
        _ => None,
    }
}

/// What Go reads as a rational number: decimals, fractions, integers with a prefix.
fn rational(text: &str) -> Option<f64> {
    if let Some((top, bottom)) = text.split_once('/') {
        return Some(rational(top)? / rational(bottom)?);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = digits.replace('_', "");
    let radix = match digits.get(..2).unwrap_or_default() {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return digits.parse::<f64>().ok().map(|number| sign * number),
    };
    #[allow(clippy::cast_precision_loss)]
    let number = u64::from_str_radix(digits.get(2..)?, radix).ok()? as f64;
    Some(sign * number)
}

fn validate_scalar(node: &Node, spec: &Spec, parent: Option<&Spec>, path: &Path<'_>, sink: &mut Sink) {
    let accepted = match &node.value {
        Value::Null => spec.scalars.has(Scalars::NULL),
        Value::Bool(_) => spec.scalars.has(Scalars::BOOLEAN),
        Value::Int(_) | Value::UInt(_) => spec.scalars.has(Scalars::INTEGER.or(Scalars::NUMBER)),
        Value::Float(value) => {
            spec.scalars.has(Scalars::NUMBER) || spec.scalars.has(Scalars::INTEGER) && value.fract() == 0.0
        }
        Value::String(_) => spec.scalars.has(Scalars::STRING),
        _ => false,
    };
    if !accepted {
        sink.push(wrong_type(node, spec, parent, path));
        return;
    }
    let fault = match (spec.check, &node.value) {
        (Check::OneOf(words), Value::String(text)) if !words.contains(&text.as_str()) => {
            Some((format!("must be one of {}", quoted(words)), nearest(text, words.iter().copied())))
        }
        (Check::Range(low, high), Value::Int(number)) => {
            #[allow(clippy::cast_precision_loss)] // the bounds are small
            let number = *number as f64;
            (number < low || number > high).then(|| (range_text(low, high), None))
        }
        #[allow(clippy::cast_precision_loss)] // only its magnitude counts
        (Check::Range(low, high), Value::UInt(number)) => {
            (*number as f64 > high).then(|| (range_text(low, high), None))
        }
        (Check::Range(low, high), Value::Float(number)) => {
            (*number < low || *number > high).then(|| (range_text(low, high), None))
        }
        (Check::ContainerName, Value::String(text)) if !has_container_name(text) => Some((
            "must begin with a letter or digit and go on with letters, digits, `_`, `.` or `-`".to_owned(),
            None,
        )),
        (Check::PullPolicy, Value::String(text)) if !is_pull_policy(text) => {
            let words =
                ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
            Some((
                format!("must be one of {} or every_<duration>", quoted(&words)),
                nearest(text, words.into_iter()),
            ))
        }
        _ => None,
    };
    if let Some((expected, near)) = fault {
        let mut finding = Finding::error(Code::ComposeValue, format!("{path} {expected}"))
            .at_origin(node.origin, "not valid");
        if let Some(near) = near {
            finding = finding.help(format!("Did you mean `{near}`?"));
        }
        sink.push(finding);
    }
}

fn range_text(low: f64, high: f64) -> String {
    if high < f64::MAX {
        format!("must be between {low} and {high}")
    } else {
        format!("must be {low} or more")
    }
}

/// Compose's pattern `[a-zA-Z0-9][a-zA-Z0-9_.-]+` is not anchored.
fn has_container_name(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| match pair {
        [first, second] => {
            first.is_ascii_alphanumeric() && (second.is_ascii_alphanumeric() || b"_.-".contains(second))
        }
        _ => false,
    })
}

/// The schema's pattern is an alternation without an end anchor, but for `every_`.
fn is_pull_policy(text: &str) -> bool {
    let every = |text: &str| {
        text.match_indices("every_").any(|(at, word)| {
            let rest = text.get(at + word.len()..).unwrap_or_default();
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            digits > 0 && rest.chars().nth(digits).is_some_and(|unit| "wdhms".contains(unit))
        })
    };
    ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"]
        .iter()
        .any(|word| text.contains(word))
        || every(text)
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn wrong_type(node: &Node, spec: &Spec, parent: Option<&Spec>, path: &Path<'_>) -> Finding {
    let found = kind(node);
    let finding = if path.last().is_none() {
        Finding::error(Code::ComposeType, "a compose file must be a mapping")
    } else {
        Finding::error(
            Code::ComposeType,
            format!("{path} must be {}, but is {}", expected(spec), article(found)),
        )
    };
    let finding = finding.at_origin(node.origin, format!("{found} found"));
    match hint::of(node, spec, parent) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// What a place takes, in words: `a list or a string`.
fn expected(spec: &Spec) -> String {
    let mut forms = Vec::new();
    if spec.map.is_some() {
        forms.push("a mapping");
    }
    if spec.list.is_some() {
        forms.push("a list");
    }
    for (scalar, name) in [
        (Scalars::STRING, "a string"),
        (Scalars::INTEGER, "an integer"),
        (Scalars::NUMBER, "a number"),
        (Scalars::BOOLEAN, "a boolean"),
        (Scalars::NULL, "empty"),
    ] {
        if spec.scalars.has(scalar) {
            forms.push(name);
        }
    }
    match forms.split_last() {
        None => "absent".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// Whether a mapping at the top looks like a service that was not indented.
fn is_service(node: &Node) -> bool {
    ["image", "build"].iter().any(|key| node.get(key).is_some())
}
