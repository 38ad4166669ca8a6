//! Numbers in strings, read and refused as Go's `strconv` does: Compose passes its messages on.

use crate::project::quote::quote;

/// A decimal integer as `strconv.Atoi` reads it.
///
/// # Errors
///
/// Anything but an optional sign and decimal digits, or a number beyond 64 bits.
pub fn atoi(text: &str) -> Result<i64, String> {
    digits(text, 10).map_err(|fault| fault.words("Atoi", text))
}

/// An integer in base 8 or 10 as `strconv.ParseInt` reads it.
///
/// # Errors
///
/// As [`atoi`], with the other function's name in the message.
pub fn parse_int(text: &str, base: u32) -> Result<i64, String> {
    digits(text, base).map_err(|fault| fault.words("ParseInt", text))
}

/// A 64-bit float as `strconv.ParseFloat` reads it.
///
/// # Errors
///
/// Text that is no number, or one beyond the largest float.
pub fn parse_float(text: &str) -> Result<f64, String> {
    let value = match notation(text) {
        Some(Notation::Decimal(plain)) => plain.parse().ok(),
        Some(Notation::Hexadecimal(value)) => Some(value),
        None => None,
    };
    finish(text, value, f64::is_infinite)
}

/// A 32-bit float as `strconv.ParseFloat(text, 32)` reads it (`cpus`).
///
/// # Errors
///
/// As [`parse_float`], with the smaller range.
pub fn parse_float32(text: &str) -> Result<f32, String> {
    let value = match notation(text) {
        // Not by way of 64 bits, which could round twice.
        Some(Notation::Decimal(plain)) => plain.parse().ok(),
        Some(Notation::Hexadecimal(value)) => Some(narrow(value)),
        None => None,
    };
    finish(text, value, f32::is_infinite)
}

fn finish<T: Copy>(text: &str, value: Option<T>, is_infinite: fn(T) -> bool) -> Result<T, String> {
    match value {
        Some(value) if is_infinite(value) && !is_special(text) => Err(Fault::Range.words("ParseFloat", text)),
        Some(value) => Ok(value),
        None => Err(Fault::Syntax.words("ParseFloat", text)),
    }
}

enum Fault {
    Syntax,
    Range,
}

impl Fault {
    fn words(&self, function: &str, text: &str) -> String {
        let reason = match self {
            Self::Syntax => "invalid syntax",
            Self::Range => "value out of range",
        };
        format!("strconv.{function}: parsing {}: {reason}", quote(text))
    }
}

fn digits(text: &str, base: u32) -> Result<i64, Fault> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned.is_empty() {
        return Err(Fault::Syntax);
    }
    let mut magnitude = 0_u64;
    for character in unsigned.chars() {
        // In this order, so that a number is too large before what follows it is looked at.
        let digit = character.to_digit(base).ok_or(Fault::Syntax)?;
        let grown =
            magnitude.checked_mul(u64::from(base)).and_then(|value| value.checked_add(u64::from(digit)));
        magnitude = grown.ok_or(Fault::Range)?;
    }
    let value = if text.starts_with('-') {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    value.ok_or(Fault::Range)
}

enum Notation {
    /// Text for the standard library's parser, whose grammar is Go's once underscores are gone.
    Decimal(String),
    Hexadecimal(f64),
}

fn notation(text: &str) -> Option<Notation> {
    if is_special(text) {
        return Some(Notation::Decimal(text.to_owned()));
    }
    if !underscores_separate_digits(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let decimal = plain.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if decimal { Some(Notation::Decimal(plain)) } else { hexadecimal(&plain).map(Notation::Hexadecimal) }
}

/// The words for what is not finite, in any case; "nan" has no sign.
fn is_special(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    unsigned.eq_ignore_ascii_case("inf")
        || unsigned.eq_ignore_ascii_case("infinity")
        || text.eq_ignore_ascii_case("nan")
}

/// Go lets `_` stand between digits, and after `0x`.
fn underscores_separate_digits(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let mut after_digit = hexadecimal.is_some();
    let mut after_underscore = false;
    for character in hexadecimal.unwrap_or(unsigned).chars() {
        let digit = character.is_ascii_digit() || (hexadecimal.is_some() && character.is_ascii_hexdigit());
        let underscore = character == '_';
        if (underscore && !after_digit) || (after_underscore && !digit) {
            return false;
        }
        (after_digit, after_underscore) = (digit, underscore);
    }
    !after_underscore
}

/// `0x1.8p3`: Go reads hexadecimal floats, and demands the exponent.
fn hexadecimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let body = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"))?;
    let (mantissa, exponent) = body.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_number =
        !exponent_digits.is_empty() && exponent_digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let mut value = 0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value.mul_add(16.0, f64::from(digit.to_digit(16)?));
    }
    // Far beyond any float either way, and far from overflow in the sum.
    let far = if exponent.starts_with('-') { -100_000 } else { 100_000 };
    let power = exponent.parse::<i32>().unwrap_or(far).clamp(-100_000, 100_000);
    let places = i32::try_from(fraction.len()).unwrap_or(far.abs()).saturating_mul(4);
    let value = value * 2_f64.powi(power.saturating_sub(places));
    Some(if text.starts_with('-') { -value } else { value })
}

#[allow(clippy::cast_possible_truncation)] // Rounding to the nearest is what is asked for.
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn syntax(function: &str, text: &str) -> String {
        format!("strconv.{function}: parsing {}: invalid syntax", quote(text))
    }

    fn range(function: &str, text: &str) -> String {
        format!("strconv.{function}: parsing {}: value out of range", quote(text))
    }

    #[test]
    fn integers_are_decimal_with_an_optional_sign() {
        for (text, value) in [("3", 3), ("03", 3), ("+3", 3), ("-3", -3), ("9223372036854775807", i64::MAX)] {
            assert_eq!(atoi(text), Ok(value));
        }
        assert_eq!(atoi("-9223372036854775808"), Ok(i64::MIN));
    }

    #[test]
    fn other_notations_of_integers_are_refused() {
        for text in ["", "-", "+", "0x3", "1_0", "3.0", " 3", "3 ", "1e3", "٣", "--1", "+-1", "a\"b\n"] {
            assert_eq!(atoi(text), Err(syntax("Atoi", text)));
        }
        assert_eq!(atoi("0x3").unwrap_err(), "strconv.Atoi: parsing \"0x3\": invalid syntax");
        assert_eq!(parse_int("x", 10), Err(syntax("ParseInt", "x")));
    }

    #[test]
    fn integers_beyond_64_bits_are_out_of_range() {
        for text in ["9223372036854775808", "-9223372036854775809", "99999999999999999999"] {
            assert_eq!(atoi(text), Err(range("Atoi", text)));
            assert_eq!(parse_int(text, 10), Err(range("ParseInt", text)));
        }
        // Too large comes before not a digit, but only beyond the unsigned range.
        assert_eq!(atoi("99999999999999999999+"), Err(range("Atoi", "99999999999999999999+")));
        assert_eq!(atoi("9999999999999999999+"), Err(syntax("Atoi", "9999999999999999999+")));
    }

    #[test]
    fn floats_are_decimal_or_hexadecimal() {
        let cases = [
            ("0.5", 0.5),
            ("+.5", 0.5),
            ("1.", 1.0),
            ("-1e3", -1000.0),
            ("1_0.5", 10.5),
            ("0x1p-2", 0.25),
            ("0X1P4", 16.0),
            ("-0x1.8p1", -3.0),
            ("0x.8p1", 1.0),
            ("0x_1_0p1", 32.0),
            ("0x1p-99999", 0.0),
        ];
        for (text, value) in cases {
            assert_eq!(parse_float(text), Ok(value), "{text}");
        }
        assert_eq!(parse_float("-Infinity"), Ok(f64::NEG_INFINITY));
        assert!(parse_float("NaN").unwrap().is_nan());
    }

    #[test]
    fn other_notations_of_floats_are_refused() {
        let cases = [
            "", ".", "e3", "1e", "x", "1 ", "1,5", "1.2.3", "0x10", "0x1p", "0xp1", "0x.p1", "0b1", "+nan",
            "1_", "_1", "1__0", "1_.5", "in_f", "0x_p1", "1p3", "0x1.p_1", "é1",
        ];
        for text in cases {
            assert_eq!(parse_float(text), Err(syntax("ParseFloat", text)));
        }
    }

    #[test]
    fn each_width_of_floats_has_its_range() {
        assert_eq!(parse_float("1e400"), Err(range("ParseFloat", "1e400")));
        assert_eq!(parse_float("0x1p2000"), Err(range("ParseFloat", "0x1p2000")));
        assert_eq!(parse_float("1e39"), Ok(1e39));
        assert_eq!(parse_float32("1e39"), Err(range("ParseFloat", "1e39")));
        assert_eq!(parse_float32("0x1p-2"), Ok(0.25));
        assert_eq!(parse_float32("16777217"), Ok(16_777_216.0));
        assert_eq!(parse_float32("x"), Err(syntax("ParseFloat", "x")));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9xXpPeE_.infa]{0,30}|.*", base in prop_oneof![Just(8), Just(10)]) {
            let _ = (atoi(&text), parse_int(&text, base), parse_float(&text), parse_float32(&text));
        }

        #[test]
        fn every_integer_reads_back(value: i64) {
            prop_assert_eq!(atoi(&value.to_string()), Ok(value));
        }
    }
}
