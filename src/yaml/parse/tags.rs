//! Tags, and scalars that carry one.

use super::super::{Value, scalar};
use crate::source::bytes;

const CORE: &str = "tag:yaml.org,2002:";

/// What a tag does to its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    Reset,
    Override,
    Merge,
    Str,
    Binary,
    /// One of the types that a scalar must then be.
    Typed(&'static str),
    /// Anything else keeps a scalar as text.
    Unknown,
}

impl Kind {
    /// Of a tag with its handle written out.
    pub fn of(tag: &str) -> Self {
        match tag {
            // A lone `!` says nothing in Compose's reader.
            "!" => Self::None,
            "!reset" => Self::Reset,
            "!override" => Self::Override,
            _ => tag.strip_prefix(CORE).or_else(|| tag.strip_prefix("!!")).map_or(Self::Unknown, Self::core),
        }
    }

    fn core(name: &str) -> Self {
        match name {
            "str" => Self::Str,
            "binary" => Self::Binary,
            "merge" => Self::Merge,
            "int" => Self::Typed("int"),
            "float" => Self::Typed("float"),
            "bool" => Self::Typed("bool"),
            "null" => Self::Typed("null"),
            "timestamp" => Self::Typed("timestamp"),
            _ => Self::Unknown,
        }
    }
}

/// The value of a scalar; the error is one sentence.
pub(super) fn scalar(kind: Kind, quoted: bool, text: &str) -> Result<Value, String> {
    let text = &*bytes::kept(text);
    match kind {
        Kind::None if !quoted => Ok(scalar::resolve(text)),
        Kind::Typed(wanted) => typed(wanted, text),
        Kind::Binary => bytes::from_base64(text)
            .map(|text| Value::String(text.into()))
            .ok_or_else(|| "!!binary value contains invalid base64 data".to_owned()),
        _ => Ok(Value::String(text.into())),
    }
}

fn typed(wanted: &str, text: &str) -> Result<Value, String> {
    let found = scalar::typed(text, wanted == "timestamp");
    let name = match &found {
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "bool",
        Some(Value::Int(_) | Value::UInt(_)) => "int",
        Some(Value::Float(_)) => "float",
        Some(Value::Timestamp(_)) => "timestamp",
        _ => "str",
    };
    match found {
        Some(value) if name == wanted => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "what a conversion to float is")]
        Some(Value::Int(value)) if wanted == "float" => Ok(Value::Float(value as f64)),
        _ => Err(format!("cannot decode !!{name} `{text}` as a !!{wanted}")),
    }
}
