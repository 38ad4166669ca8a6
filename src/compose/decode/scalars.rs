//! Scalars as the numbers, durations and modes that Compose's types hold.

use crate::reader::{Habit, Reader};
use crate::yaml::{Node, Value};

use super::super::merge::text;
use super::super::short::boolean::{self, Boolean};
use super::super::short::{duration, file_mode, integer, size};

pub(super) fn to_bool(node: &Node) -> Result<Boolean, String> {
    let plain = |value| Ok(Boolean { value, deprecated: false });
    match &node.value {
        Value::Bool(value) => plain(*value),
        Value::Null => plain(false),
        _ => boolean::parse(&text(node)),
    }
}

#[allow(clippy::cast_possible_truncation)] // as Compose's decoder truncates
pub(super) fn to_int(node: &Node) -> Result<i64, String> {
    match &node.value {
        Value::Int(number) => Ok(*number),
        // Compose converts without a check: what does not fit wraps, or is the least number there is.
        Value::Float(number) if number.is_nan() || number.abs() >= 9.2e18 => Ok(i64::MIN),
        Value::Float(number) => Ok(number.trunc() as i64),
        Value::UInt(number) => Ok(number.cast_signed()),
        _ => integer::atoi(&text(node)),
    }
}

pub(super) fn to_uint(node: &Node) -> Result<u64, String> {
    match &node.value {
        Value::String(text) => Err(format!("{text:?} must be a number, not a string")),
        Value::UInt(number) => Ok(*number),
        // What Go makes of a float that no integer can hold.
        Value::Float(number) if number.is_nan() || number.abs() >= 9.2e18 => Ok(1 << 63),
        _ => {
            let number = to_int(node)?;
            u64::try_from(number).map_err(|_| format!("{number} must not be negative"))
        }
    }
}

pub(super) fn unsigned(number: u64) -> Value {
    i64::try_from(number).map_or(Value::UInt(number), Value::Int)
}

/// The shortest decimal that is the same 32-bit number; zero is left out.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(super) fn to_float32(node: &Node) -> Result<Option<f64>, String> {
    let number = match &node.value {
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        Value::UInt(number) => *number as f64,
        _ => integer::parse_float(&text(node))?,
    };
    let short = (number as f32).to_string().parse::<f64>().unwrap_or(number);
    Ok((short != 0.0).then_some(short))
}

/// A byte size. Compose silently drops a YAML float, or a number above `i64::MAX`.
pub(super) fn to_bytes(node: &Node, reader: Reader) -> Result<i64, String> {
    match &node.value {
        Value::String(text) if reader.has(Habit::NegativeSizes) && text.starts_with('-') => {
            text.parse().or_else(|_| size::parse(text))
        }
        Value::Float(_) | Value::UInt(_) => Ok(0),
        Value::Int(number) => Ok(*number),
        // A part of the value is not the value: where that is a secret, only the whole is known as one.
        _ => size::parse(&text(node)).map_err(|_| size::invalid(&text(node))),
    }
}

pub(super) fn to_duration(node: &Node) -> Result<i64, String> {
    duration::parse(&text(node))
}

pub(super) fn to_file_mode(node: &Node) -> Result<String, String> {
    let mode = match &node.value {
        Value::String(text) => file_mode::parse(text)?,
        Value::Float(_) | Value::UInt(_) => return Err(format!("{} is not a file mode", text(node))),
        _ => to_int(node)?,
    };
    Ok(file_mode::format(mode))
}

pub(super) fn to_count(node: &Node) -> Result<i64, String> {
    match &node.value {
        Value::Int(number) => Ok(*number),
        Value::Float(_) | Value::UInt(_) => Err(format!("{} is not a whole number of devices", text(node))),
        Value::String(text) if text.eq_ignore_ascii_case("all") => Ok(-1),
        _ => {
            let text = text(node);
            integer::atoi(&text)
                .map_err(|_| format!("invalid value {text:?}, the only value allowed is 'all' or a number"))
        }
    }
}
