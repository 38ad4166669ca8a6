//! Advice for a value of the wrong type.

use crate::yaml::{Node, Value};

use super::merge::text;
use super::table::{Canonical, Cast, Check, Decode, Scalars, Spec, UniqueBy};

/// Texts longer than this are not repeated.
const SHORT: usize = 60;

/// The advice for a value that its place does not take, from what the place takes. `parent` is the list or mapping
/// that it stands in.
pub fn of(node: &Node, spec: &Spec, parent: Option<&Spec>) -> Option<String> {
    match &node.value {
        Value::Map(map) => {
            let (key, value) = map.iter().next()?;
            match parent {
                Some(parent)
                    if map.len() == 1 && spec.scalars.has(Scalars::STRING) && spec.list.is_none() =>
                {
                    pair(key, value, parent)
                }
                _ if spec.list.is_some() => match spec.canonical {
                    Canonical::Ports => {
                        short(value).map(|value| format!("Write a list: `- \"{key}:{value}\"`."))
                    }
                    _ => Some("Write a list: begin each line with `- `.".to_owned()),
                },
                _ => None,
            }
        }
        Value::Seq(items) => match (spec.map.is_some(), items.first()) {
            (true, Some(first)) => match first.as_map().and_then(|map| map.keys().next()) {
                Some(key) => Some(format!("Leave out the dash: `{key}:`.")),
                None => short(first).map(|name| format!("Write a mapping: `{name}:`, without a dash.")),
            },
            (false, Some(first)) if spec.scalars.has(Scalars::STRING) => {
                short(first).map(|one| format!("Write one value: `{one}`."))
            }
            _ => None,
        },
        Value::Null => None,
        _ => scalar(node, spec),
    }
}

/// `- A: b` where a list takes `A=b`, or any other text.
fn pair(key: &str, value: &Node, list: &Spec) -> Option<String> {
    let is_pair = list.unique_by == Some(UniqueBy::KeyValue) || list.map.is_some();
    let value = if value.is_null() { String::new() } else { short(value)? };
    Some(if is_pair {
        format!("Write `{key}={value}`, or leave out the dashes: `{key}: {value}`.")
    } else {
        format!("Write it in quotes: `- \"{key}: {value}\"`.")
    })
}

fn scalar(node: &Node, spec: &Spec) -> Option<String> {
    if spec.scalars.is_empty() {
        let written = short(node)?;
        return match (spec.list.is_some(), spec.map.is_some()) {
            (true, _) if spec.canonical == Canonical::Ports || matches!(node.value, Value::String(_)) => {
                Some(format!("Write a list: `- \"{written}\"`."))
            }
            (true, _) => Some(format!("Write a list: `- {written}`.")),
            (false, true) => {
                written.split_once('=').map(|(key, value)| format!("Write a mapping: `{key}: {value}`."))
            }
            (false, false) => None,
        };
    }
    if let Check::OneOf(words) = spec.check {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        return Some(format!("Write one of {}.", words.join(", ")));
    }
    let is_flag = spec.cast == Some(Cast::Bool) || spec.scalars.has(Scalars::BOOLEAN);
    Some(match (&node.value, spec.decode) {
        (Value::Timestamp(_), _) if spec.scalars.has(Scalars::STRING) => {
            "Quote it: unquoted, it is read as a date.".to_owned()
        }
        (_, _) if spec.canonical == Canonical::Gpus => "Write `all`, or a list: `- count: 1`.".to_owned(),
        (_, Decode::Duration | Decode::DurationKept) => match short(node).filter(|text| is_whole(text)) {
            Some(number) => format!("Write it with its unit: `{number}s`."),
            None => "Write a number with its unit: `10s`, `1m30s`.".to_owned(),
        },
        (Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_), _) if is_flag => {
            "Write `true` or `false`.".to_owned()
        }
        (Value::Bool(_) | Value::String(_), _)
            if !spec.scalars.has(Scalars::STRING)
                && spec.scalars.has(Scalars::INTEGER.or(Scalars::NUMBER)) =>
        {
            "Write a number, without quotes.".to_owned()
        }
        (Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Bool(_), _)
            if spec.scalars.has(Scalars::STRING) =>
        {
            "Quote it to make it a string.".to_owned()
        }
        _ => return None,
    })
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A scalar as it was written, where it can stand in a sentence.
fn short(node: &Node) -> Option<String> {
    let is_scalar = !matches!(node.value, Value::Null | Value::Map(_) | Value::Seq(_));
    is_scalar.then(|| text(node)).filter(|text| text.len() <= SHORT && !text.contains(['\n', '`']))
}
