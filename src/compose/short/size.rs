//! Byte sizes: `64m`, `1.5 GiB`, `1024`.

use super::integer;

/// Reads a size in bytes. All units are powers of 1024 and any case: `k`, `kb` and `kib` are one.
///
/// # Errors
///
/// A number that is none or negative, or a unit that is none.
pub fn parse(text: &str) -> Result<i64, String> {
    // Everything up to the last digit, point or space is the number: `1e3` is one, `1 k b` is none.
    let Some(last) =
        text.rfind(|character: char| character.is_ascii_digit() || matches!(character, '.' | ' '))
    else {
        return Err(invalid(text));
    };
    let (head, suffix) = text.split_at_checked(last + 1).unwrap_or((text, ""));
    // One space may stand between; a second one spoils the number.
    let number = integer::parse_float(head.strip_suffix(' ').unwrap_or(head))?;
    if number < 0.0 {
        return Err(invalid(text));
    }
    Ok(truncate(number * factor(suffix)?))
}

/// Compose's message for a text that is no size.
pub fn invalid(text: &str) -> String {
    format!("invalid size: '{text}'")
}

fn factor(suffix: &str) -> Result<f64, String> {
    if suffix.is_empty() {
        return Ok(1.0);
    }
    let bad = |suffix: &str| format!("invalid suffix: '{suffix}'");
    if suffix.len() > 3 {
        return Err(bad(suffix));
    }
    let lower = suffix.to_lowercase();
    if lower == "b" {
        return Ok(1.0);
    }
    let power = match lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower) {
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return Err(bad(&lower)),
    };
    Ok(2_f64.powi(power))
}

/// Beyond 64 bits, and for what is not a number, this is the smallest integer: what Go's conversion
/// leaves on amd64.
#[allow(clippy::cast_possible_truncation)] // Fractions are cut off; the range is checked.
fn truncate(number: f64) -> i64 {
    let limit = 2_f64.powi(63);
    if number >= -limit && number < limit { number as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_units_are_powers_of_1024_in_any_case() {
        for text in ["1k", "1kb", "1kib", "1KiB", "1KIB", "1 k", "1\u{212a}"] {
            assert_eq!(parse(text), Ok(1024), "{text}");
        }
        let cases =
            [("2m", 2 << 20), ("1g", 1 << 30), ("3T", 3 << 40), ("1.5p", 3 << 49), ("1B", 1), ("7", 7)];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn the_number_is_a_float_and_is_cut_off() {
        let cases = [
            ("1.9", 1),
            (".5k", 512),
            ("1.", 1),
            ("5.m", 5 << 20),
            ("1e3", 1000),
            ("1e3k", 1_024_000),
            ("+5", 5),
            ("-0", 0),
            ("1_000", 1000),
            ("0x1p4", 16),
            ("0X1P-2k", 256),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_the_smallest_integer() {
        for text in ["9e18g", "9223372036854775807", "12345678901234567890123", "inf ", "nan "] {
            assert_eq!(parse(text), Ok(i64::MIN), "{text}");
        }
    }

    #[test]
    fn sizes_without_a_number_and_negative_ones_are_refused() {
        for text in ["", "b", "k", "inf", "-1", "-0.5", "-1k", "-inf "] {
            assert_eq!(parse(text), Err(format!("invalid size: '{text}'")));
        }
    }

    #[test]
    fn unknown_units_are_refused() {
        let cases = [
            ("1ki", "ki"),
            ("1e", "e"),
            ("1X", "x"),
            ("1kbb", "kbb"),
            ("1BB", "bb"),
            ("1ib", "ib"),
            ("1é", "é"),
        ];
        for (text, suffix) in cases {
            assert_eq!(parse(text), Err(format!("invalid suffix: '{suffix}'")));
        }
        // What is too long is shown as written.
        assert_eq!(parse("1KIBX"), Err("invalid suffix: 'KIBX'".to_owned()));
    }

    #[test]
    fn a_number_that_is_none_is_refused_as_a_float() {
        let cases = [
            (" ", ""),
            ("1  k", "1 "),
            ("1 k b", "1 k"),
            ("1,5k", "1,5"),
            ("1.2.3k", "1.2.3"),
            ("0x10", "0x10"),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text), Err(format!("strconv.ParseFloat: parsing \"{number}\": invalid syntax")));
        }
        let refused = "strconv.ParseFloat: parsing \"1e400\": value out of range";
        assert_eq!(parse("1e400"), Err(refused.to_owned()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9xpe_. kmgtpibKMİ\u{212a}]{0,12}|.*") {
            let _ = parse(&text);
        }

        #[test]
        fn every_count_of_bytes_that_a_float_holds_reads_back(bytes in 0_i64..1 << 53) {
            prop_assert_eq!(parse(&bytes.to_string()), Ok(bytes));
        }
    }
}
