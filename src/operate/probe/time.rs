//! Moments, in milliseconds since 1970-01-01 UTC, as files write them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::policy::date::Date;

const DAY: i64 = 86_400_000;

/// Numbers below are seconds (until the year 5138), those from here on milliseconds (from 1973).
const MILLISECONDS: f64 = 1e11;
/// Numbers from here on are no moments that anybody means.
const TOO_LARGE: f64 = 1e14;

/// Now; `None` where the clock is before 1970.
pub fn now() -> Option<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// A number of seconds or milliseconds.
#[allow(clippy::cast_possible_truncation)] // far below what a number of 64 bits has
pub fn from_number(number: f64) -> Option<i64> {
    let milliseconds = if number < MILLISECONDS { number * 1000.0 } else { number };
    (number.is_finite() && (0.0..TOO_LARGE).contains(&number)).then_some(milliseconds as i64)
}

/// As RFC 3339 has it: `2026-11-29T08:15:30Z`, `2026-11-29 08:15:30.5+01:00`. Without a zone it is no moment.
pub fn parse(text: &str) -> Option<i64> {
    let (day, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|character: char| !character.is_ascii_digit())?;
            (rest.get(..end).filter(|digits| !digits.is_empty())?, rest.get(end..)?)
        }
        None => ("", rest),
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('+') { 1 } else { -1 };
            let (hours, minutes) = zone.strip_prefix(['+', '-'])?.split_once(':')?;
            sign * (number(hours, 23)? * 60 + number(minutes, 59)?)
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    // A leap second counts as the one after it.
    let seconds = (number(hours, 23)? * 60 + number(minutes, 59)? - offset) * 60 + number(seconds, 60)?;
    let milliseconds: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(Date::parse(day)?.days() * DAY + seconds * 1000 + milliseconds)
}

/// Two digits, and no more than that.
fn number(text: &str, most: i64) -> Option<i64> {
    let two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| two && *number <= most)
}

/// As RFC 3339, in UTC and whole seconds.
pub fn show(milliseconds: i64) -> String {
    let seconds = milliseconds.rem_euclid(DAY) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let day = Date::from_days(milliseconds.div_euclid(DAY));
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_to_the_millisecond() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01t00:00:01.5z", 1500),
            ("1970-01-02 01:00:00+01:00", DAY),
            ("1969-12-31T23:30:00-00:30", 0),
            ("2026-11-29T07:51:42.123456789Z", 1_795_938_702_123),
        ] {
            assert_eq!(parse(text), Some(milliseconds), "{text}");
        }
        assert_eq!(show(1_795_938_702_123), "2026-11-29T07:51:42Z");
        assert_eq!(show(-1000), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-11-29",
            "2026-11-29T07:51:42",
            "2026-02-30T07:51:42Z",
            "2026-11-29T24:00:00Z",
            "2026-11-29T7:51:42Z",
            "2026-11-29T07:51:42.Z",
            "2026-11-29T07:51:42.5",
            "2026-11-29T07:51:42+1:00",
            "2026-11-29T07:51:42Zx",
            "2026-11-29Täää",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds() {
        assert_eq!(from_number(1_795_938_702.0), Some(1_795_938_702_000));
        assert_eq!(from_number(1_795_938_702_123.0), Some(1_795_938_702_123));
        assert_eq!(from_number(0.5), Some(500));
        for number in [-1.0, 1e14, f64::NAN, f64::INFINITY] {
            assert_eq!(from_number(number), None, "{number}");
        }
    }
}
