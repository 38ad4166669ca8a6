//! Types plain scalars as Compose's YAML reader does, and writes numbers as Go writes them.
//!
//! The reader is a hybrid of YAML 1.1 and 1.2: `0777` and `0o777` are octal, `1_000` is a number,
//! `yes` is text, `12:30` is text, `2001-12-14` is a timestamp.

pub(super) mod number;
mod timestamp;

use super::Value;

pub use number::{float_text, float32_text};

/// What an untagged plain scalar is.
pub fn resolve(text: &str) -> Value {
    untyped(text).unwrap_or_else(|| Value::String(text.into()))
}

/// Whether a plain scalar of this text reads as text.
pub fn reads_as_string(text: &str) -> bool {
    untyped(text).is_none()
}

/// The words that YAML 1.1 took for booleans; the writer quotes them for readers that still do.
pub fn is_old_boolean(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// Numbers in base 60, which YAML 1.1 had (`12:30:45`); quoted for the same reason.
pub fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let mut parts = unsigned.split(':');
    let head = parts.next().unwrap_or("");
    if !all(head, |b| b.is_ascii_digit() || b == b'_') {
        return false;
    }
    let mut parts = parts.peekable();
    let mut any = false;
    while let Some(part) = parts.next() {
        any = true;
        // Only the last part may have a fraction.
        let whole = match part.split_once('.') {
            Some((whole, fraction)) if parts.peek().is_none() => {
                if !all(fraction, |b| b.is_ascii_digit() || b == b'_') {
                    return false;
                }
                whole
            }
            _ => part,
        };
        let sixty = match whole.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
            _ => false,
        };
        if !sixty {
            return false;
        }
    }
    any
}

/// The value of a plain scalar that is not text. `timestamps` are not looked for under an explicit
/// `!!int` and the like.
pub(super) fn typed(text: &str, timestamps: bool) -> Option<Value> {
    let Some(&first) = text.as_bytes().first() else {
        return Some(Value::Null);
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' => special(text)
            .or_else(|| {
                timestamp::parse(text).filter(|_| timestamps).map(|text| Value::Timestamp(text.into()))
            })
            .or_else(|| number::parse(text)),
        b'.' => special(text).or_else(|| number::parse_leading_point(text)),
        b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'~' => special(text),
        _ => None,
    }
}

fn untyped(text: &str) -> Option<Value> {
    typed(text, true)
}

fn special(text: &str) -> Option<Value> {
    Some(match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn all(text: &str, accepts: impl Fn(u8) -> bool) -> bool {
    text.bytes().all(accepts)
}

#[cfg(test)]
mod tests;
