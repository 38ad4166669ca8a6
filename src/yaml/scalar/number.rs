//! Numbers: reading them as Go's `strconv` does after YAML's own extras, and Go's `%v` for floats.

use super::Value;

/// A number that starts with a digit or a sign.
pub(super) fn parse(text: &str) -> Option<Value> {
    let plain: std::borrow::Cow<'_, str> =
        if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    integer(&plain).or_else(|| float(&plain)).or_else(|| signed_after_prefix(&plain))
}

/// `.5`: the only form in which Go's own rule for underscores applies, since YAML does not remove
/// them here.
pub(super) fn parse_leading_point(text: &str) -> Option<Value> {
    if !text.contains('_') {
        return float(text);
    }
    // Every underscore stands between two digits.
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let placed = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)));
    if placed { float(&text.replace('_', "")) } else { None }
}

fn integer(text: &str) -> Option<Value> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, text.get(1..)?),
        b'+' => (false, true, text.get(1..)?),
        _ => (false, false, text),
    };
    let magnitude = magnitude(digits)?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    match i64::try_from(magnitude) {
        Ok(value) => Some(Value::Int(value)),
        // Go's unsigned reader takes no sign, so a signed one becomes a float instead.
        Err(_) if signed => None,
        Err(_) => Some(Value::UInt(magnitude)),
    }
}

fn magnitude(digits: &str) -> Option<u64> {
    let (radix, body) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', _, ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', _, ..] => (2, digits.get(2..)?),
        [b'0'] => return Some(0),
        [b'0', ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    unsigned(body, radix)
}

/// `from_str_radix`, which would also take a sign.
fn unsigned(body: &str, radix: u32) -> Option<u64> {
    if body.starts_with(['+', '-']) { None } else { u64::from_str_radix(body, radix).ok() }
}

/// `0b-101`, `0o+7`: an accident of the reader (it cuts the prefix and reads the rest with its
/// sign), kept so that such a value stays what it is for Compose.
fn signed_after_prefix(text: &str) -> Option<Value> {
    let (radix, body) =
        if let Some(body) = text.strip_prefix("0b") { (2, body) } else { (8, text.strip_prefix("0o")?) };
    let digits = body.strip_prefix(['+', '-'])?;
    let magnitude = unsigned(digits, radix)?;
    if body.starts_with('-') {
        0_i64.checked_sub_unsigned(magnitude).map(Value::Int)
    } else {
        i64::try_from(magnitude).ok().map(Value::Int)
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and within the range of a float.
fn float(text: &str) -> Option<Value> {
    let mut bytes = text.as_bytes();
    let digits = |bytes: &mut &[u8]| {
        let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *bytes = bytes.get(count..).unwrap_or_default();
        count
    };
    if let [b'+' | b'-', rest @ ..] = bytes {
        bytes = rest;
    }
    let whole = digits(&mut bytes);
    let mut fraction = 0;
    if let [b'.', rest @ ..] = bytes {
        bytes = rest;
        fraction = digits(&mut bytes);
    }
    if whole + fraction == 0 {
        return None;
    }
    if let [b'e' | b'E', rest @ ..] = bytes {
        bytes = rest;
        if let [b'+' | b'-', rest @ ..] = bytes {
            bytes = rest;
        }
        if digits(&mut bytes) == 0 {
            return None;
        }
    }
    if !bytes.is_empty() {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Value::Float)
}

/// Go's shortest form of a float, as it appears wherever a float lands in a string field.
pub fn float_text(value: f64) -> String {
    if value.is_finite() {
        shortest(&scientific(value))
    } else {
        not_finite(value.is_nan(), value.is_sign_negative())
    }
}

/// The same for a single-precision float; `cpus` is one.
pub fn float32_text(value: f32) -> String {
    if value.is_finite() {
        shortest(&scientific(value))
    } else {
        not_finite(value.is_nan(), value.is_sign_negative())
    }
}

/// `d.ddde-5` with as few digits as read back to the same value. Where two such texts are equally
/// near, Rust takes the greater and Go the even one; rounding to that many digits does so, too.
pub(in crate::yaml) fn scientific(value: impl std::fmt::LowerExp) -> String {
    let text = format!("{value:e}");
    let digits = text.split_once('e').and_then(|(mantissa, _)| mantissa.split_once('.'));
    // A tie needs a last digit after the point and more digits than a small number has.
    match digits {
        Some((_, fraction)) if fraction.len() >= 6 => format!("{value:.*e}", fraction.len()),
        _ => text,
    }
}

fn not_finite(nan: bool, negative: bool) -> String {
    match (nan, negative) {
        (true, _) => "NaN",
        (false, true) => "-Inf",
        (false, false) => "+Inf",
    }
    .to_owned()
}

/// From Rust's shortest `d.ddde-5` to Go's `g`: plain digits for exponents -4 to 5, else an exponent
/// with its sign and at least two digits.
fn shortest(scientific: &str) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific.to_owned();
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    plain(mantissa, exponent)
}

/// `d.ddd` times ten to the `exponent`, without an exponent.
pub(in crate::yaml) fn plain(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent < 0 {
        return format!("{sign}0.{}{whole}{fraction}", "0".repeat(shift - 1));
    }
    match fraction.split_at_checked(shift) {
        Some((moved, "")) => format!("{sign}{whole}{moved}"),
        Some((moved, rest)) => format!("{sign}{whole}{moved}.{rest}"),
        None => format!("{sign}{whole}{fraction}{}", "0".repeat(shift - fraction.len())),
    }
}
