//! What was printed, as a program reads it.

use serde::Deserialize;
use serde_json::Value;

/// The documents of a stream, read by another reader than the one that is tested.
pub fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|document| !document.is_null())
        .collect()
}

pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The pods that are made, with the names of their workloads.
pub fn pods(documents: &[Value]) -> Vec<(&str, &Value)> {
    let spec = |document: &'_ Value| document.pointer("/spec/template/spec").is_some();
    let with = documents.iter().filter(|document| spec(document));
    with.map(|document| (text(document, "/metadata/name"), document.pointer("/spec/template/spec").unwrap()))
        .collect()
}

/// The object of this kind and name.
#[track_caller]
pub fn find<'d>(documents: &'d [Value], kind: &str, name: &str) -> &'d Value {
    let is_it =
        |document: &&Value| text(document, "/kind") == kind && text(document, "/metadata/name") == name;
    documents.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name}"))
}
