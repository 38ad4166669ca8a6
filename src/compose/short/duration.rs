//! Durations: Go's units plus `d` and `w`, printed as Go prints them.

/// Reads a duration in nanoseconds: `1m30s`, `1.5h`, `2w`, `-3s`, `0`.
///
/// # Errors
///
/// No number where one must be, a number without a unit, an unknown unit, or more than 64 bits.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration \"{text}\"");
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let (whole_digits, after) = take(rest, |character| character.is_ascii_digit());
        let (fraction_digits, after) = match after.strip_prefix('.') {
            Some(after) => take(after, |character| character.is_ascii_digit()),
            None => ("", after),
        };
        if whole_digits.is_empty() && fraction_digits.is_empty() {
            return Err(invalid());
        }
        let whole = match whole_digits {
            "" => 0,
            digits => digits.parse::<i64>().map_err(|_| invalid())?,
        };
        let (unit, after) = take(after, |character| !character.is_ascii_digit() && character != '.');
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration \"{text}\""));
        }
        let Some(length) = nanoseconds(unit) else {
            return Err(format!("time: unknown unit \"{unit}\" in duration \"{text}\""));
        };
        let part = whole
            .checked_mul(length)
            .and_then(|part| part.checked_add(fraction(fraction_digits, length)))
            .ok_or_else(invalid)?;
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after;
    }
    Ok(if negative { -total } else { total })
}

fn take(text: &str, wanted: fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|character| !wanted(character)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn nanoseconds(unit: &str) -> Option<i64> {
    const SECOND: i64 = 1_000_000_000;
    Some(match unit {
        "ns" => 1,
        // Both letters mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        "d" => 24 * 3_600 * SECOND,
        "w" => 7 * 24 * 3_600 * SECOND,
        _ => return None,
    })
}

/// The part behind the point. Digits that no longer fit 64 bits are dropped, and the product is a
/// float's, cut off: the last nanosecond must be the one that Compose gets.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn fraction(digits: &str, unit: i64) -> i64 {
    let mut value = 0_i64;
    let mut scale = 1_f64;
    for digit in digits.bytes() {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(i64::from(digit - b'0')));
        let Some(next) = next else { break };
        value = next;
        scale *= 10.0;
    }
    if value == 0 { 0 } else { (value as f64 * (unit as f64 / scale)) as i64 }
}

/// Prints nanoseconds the way Go does: `1h30m0s`, `1.5s`, `500ms`, `10µs`, `0s`.
pub fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let small = match magnitude {
        0 => return "0s".to_owned(),
        1..1_000 => Some((magnitude, 1, "ns")),
        1_000..1_000_000 => Some((magnitude, 1_000, "µs")),
        1_000_000..1_000_000_000 => Some((magnitude, 1_000_000, "ms")),
        _ => None,
    };
    if let Some((value, unit, name)) = small {
        return format!("{sign}{}{name}", decimal(value, unit));
    }
    let minutes = magnitude / 60_000_000_000;
    let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / unit` with as many decimals as it takes; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(text: &str) -> String {
        format(parse(text).unwrap())
    }

    #[test]
    fn units_are_those_of_go_and_days_and_weeks() {
        let cases = [
            ("1ns", 1),
            ("10us", 10_000),
            ("10µs", 10_000),
            ("10\u{3bc}s", 10_000),
            ("500ms", 500_000_000),
            ("1s", 1_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h", 3_600_000_000_000),
            ("1d", 86_400_000_000_000),
            ("1w", 604_800_000_000_000),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        assert_eq!(printed("1w2d3h"), "219h0m0s");
        assert_eq!(printed("1h1h"), "2h0m0s");
    }

    #[test]
    fn signs_decimals_and_a_bare_zero_are_allowed() {
        let cases = [("0", 0), ("+0", 0), ("-0", 0), ("00h", 0), ("-3s", -3_000_000_000), ("+1ns", 1)];
        for (text, value) in cases {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        assert_eq!(printed("1.5h"), "1h30m0s");
        assert_eq!(printed(".5s"), "500ms");
        assert_eq!(printed("1.s"), "1s");
        assert_eq!(printed("1m.5s"), "1m0.5s");
        assert_eq!(printed("9.3w"), "1562h24m0s");
    }

    #[test]
    fn fractions_are_cut_off_after_a_float_product() {
        assert_eq!(printed("0.5ns"), "0s");
        assert_eq!(printed("1.23456789012345678ms"), "1.234567ms");
        assert_eq!(printed("0.3333333333333333333h"), "20m0s");
        assert_eq!(printed("1.99999999999999999999s"), "2s");
        assert_eq!(printed("0.9999999999999999999999ns"), "1ns");
        assert_eq!(printed("0.0000000000000000000001h"), "0s");
    }

    #[test]
    fn a_number_needs_a_unit() {
        for text in ["90", "1us1", "1.2.3s", "1.5"] {
            assert_eq!(parse(text), Err(format!("time: missing unit in duration \"{text}\"")));
        }
    }

    #[test]
    fn unknown_units_are_named_as_written() {
        for (text, unit) in [
            ("1x", "x"),
            ("1 s", " s"),
            ("1h ", "h "),
            ("1S", "S"),
            ("1é", "é"),
            ("1e3s", "e"),
            ("1\"s", "\"s"),
        ] {
            assert_eq!(parse(text), Err(format!("time: unknown unit \"{unit}\" in duration \"{text}\"")));
        }
    }

    #[test]
    fn what_is_no_duration_or_too_long_is_invalid() {
        let cases = [
            "",
            "-",
            "+",
            ".s",
            "s",
            "--1s",
            " 1s",
            "99999999999999999999s",
            "9223372036854775808ns",
            "-9223372036854775808ns",
            "2562047h47m16.854775808s",
            "2562048h",
            "9223372036854775807ns1ns",
        ];
        for text in cases {
            assert_eq!(parse(text), Err(format!("time: invalid duration \"{text}\"")));
        }
        assert_eq!(parse("2562047h47m16.854775807s"), Ok(i64::MAX));
        assert_eq!(parse("106751d23h47m16.854775807s"), Ok(i64::MAX));
    }

    #[test]
    fn durations_are_printed_as_go_does() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (10_000, "10µs"),
            (1_500, "1.5µs"),
            (500_000_000, "500ms"),
            (100_000_100, "100.0001ms"),
            (1_000_000_001, "1.000000001s"),
            (90_000_000_000, "1m30s"),
            (86_400_000_000_000, "24h0m0s"),
            (-1_500_000_000, "-1.5s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (value, text) in cases {
            assert_eq!(format(value), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-+]?([0-9.]{0,25}(ns|us|ms|s|m|h|d|w|é)?){0,5}|.*") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_printed_reads_back(value in -i64::MAX..=i64::MAX) {
            // The float product may lose the last nanosecond, as it does for the reference.
            let back = parse(&format(value)).unwrap();
            prop_assert!(back.abs_diff(value) <= 1, "{value} {back}");
        }
    }
}
