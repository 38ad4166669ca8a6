//! Two specs, field by field.

use serde::Serialize;
use serde_json::Value;

use crate::redact::written;

/// A field that is another one than was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `TaskTemplate.ContainerSpec.ReadOnly`
    pub path: String,
    /// The value as JSON; `nothing` where it is not there.
    pub wanted: String,
    pub found: String,
}

/// Every field in which `found` is not `wanted`, in either direction. A field that holds nothing, zero or `false` is one
/// that is not there.
pub fn differences(wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    walk("", &tidy(wanted), &tidy(found), &mut all);
    all
}

fn walk(path: &str, wanted: &Value, found: &Value, all: &mut Vec<Difference>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let none = Value::Object(serde_json::Map::new());
    // Each field is told by itself, also where all of its kind are missing.
    let (wanted, found) = match (wanted, found) {
        (Value::Object(_), Value::Null) => (wanted, &none),
        (Value::Null, Value::Object(_)) => (&none, found),
        both => both,
    };
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, value) in wanted {
                walk(&below(key), value, found.get(key).unwrap_or(&Value::Null), all);
            }
            for (key, value) in found.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                walk(&below(key), &Value::Null, value, all);
            }
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                walk(&format!("{path}[{at}]"), wanted, found, all);
            }
        }
        _ if same(wanted, found) => {}
        _ => all.push(Difference {
            path: path.to_owned(),
            wanted: shown(path, wanted),
            found: shown(path, found),
        }),
    }
}

/// A ratio comes back as a float of 32 bits.
fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted.as_f64(), found.as_f64()) {
        (Some(wanted), Some(found)) if wanted.fract() != 0.0 => (wanted - found).abs() < 1e-6,
        _ => wanted == found,
    }
}

/// A variable that looks like a credential is named without its value.
fn shown(path: &str, value: &Value) -> String {
    let variable = value.as_str().filter(|_| path.contains(".Env[")).and_then(|text| text.split_once('='));
    match variable {
        Some((name, text)) => format!("\"{name}={}\"", written(name, text)),
        None if path.ends_with(".Env") => format!("{} variables", value.as_array().map_or(0, Vec::len)),
        None if value.is_null() => "nothing".to_owned(),
        None => value.to_string(),
    }
}

/// Without what says nothing.
fn tidy(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), tidy(value)));
            Value::Object(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(tidy).collect()),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_holds_nothing_is_not_there_and_all_else_is_told() {
        let wanted = json!({"a": {"b": 1, "c": ["x"]}, "r": 0.3});
        let same = json!({"a": {"b": 1, "c": ["x"], "d": null, "e": "", "f": 0, "g": {"h": []}}, "r": 0.300_000_011_920_928_96});
        assert_eq!(differences(&wanted, &same), []);
        let other = json!({"a": {"b": 2, "d": true}, "r": 0.3});
        let found: Vec<_> = differences(&wanted, &other)
            .into_iter()
            .map(|one| format!("{} {} {}", one.path, one.wanted, one.found))
            .collect();
        assert_eq!(found, ["a.b 1 2", "a.c [\"x\"] nothing", "a.d nothing true"]);
        let longer = json!({"a": {"b": 1, "c": ["x", "y"]}, "r": 0.3});
        assert_eq!(differences(&wanted, &longer).len(), 1);
        let none = json!({"r": 0.3});
        let found: Vec<_> = differences(&wanted, &none).into_iter().map(|one| one.path).collect();
        assert_eq!(found, ["a.b", "a.c"]);
    }

    #[test]
    fn credentials_are_not_shown() {
        let spec = |password: &str| json!({"C": {"Env": [format!("DB_PASSWORD={password}"), "A=b"]}});
        let found = differences(&spec("hunter2hunter2"), &spec("swordfish99"));
        assert_eq!(found.len(), 1);
        let text = format!("{found:?}");
        assert!(
            text.contains("DB_PASSWORD=") && !text.contains("hunter2") && !text.contains("swordfish"),
            "{text}"
        );
        let fewer = json!({"C": {"Env": ["DB_PASSWORD=swordfish99"]}});
        let text = format!("{:?}", differences(&spec("hunter2hunter2"), &fewer));
        assert!(!text.contains("hunter2") && !text.contains("swordfish"), "{text}");
    }
}
