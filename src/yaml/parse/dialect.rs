//! Plain scalars and merge keys as the version of Compose that reads takes them.

use crate::reader::{Habit, Reader};
use crate::yaml::Value;

#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of Compose's own")]
pub(super) struct Dialect {
    minus_zero: bool,
    dates_as_text: bool,
    no_infinity: bool,
    pub no_sequence_under_merge: bool,
}

impl Dialect {
    pub fn of(reader: Reader) -> Self {
        Self {
            minus_zero: reader.has(Habit::MinusZero),
            dates_as_text: reader.has(Habit::DatesAsText),
            no_infinity: reader.has(Habit::NoInfinity),
            no_sequence_under_merge: reader.has(Habit::NoSequenceUnderMerge),
        }
    }

    /// The value of a scalar that the oldest version takes for `value`; the error is one sentence.
    pub fn settle(self, value: Value, text: &str) -> Result<Value, String> {
        Ok(match value {
            Value::Int(0) if self.minus_zero && text == "-0" => Value::Float(-0.0),
            Value::Timestamp(at) if self.dates_as_text => Value::String(as_go_prints(&at).into()),
            Value::Float(number) if self.no_infinity && !number.is_finite() => {
                return Err(format!("{text} is a number that Compose does not take"));
            }
            value => value,
        })
    }
}

/// A time in RFC 3339 as Go prints it: `2001-12-14 21:59:43.1 +0530 +0530`, `2001-01-01 00:00:00 +0000 UTC`.
fn as_go_prints(at: &str) -> String {
    let (date, rest) = at.split_once('T').unwrap_or((at, "00:00:00Z"));
    let zone = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone).unwrap_or((rest, "Z"));
    let offset = if zone == "Z" { "+0000".to_owned() } else { zone.replace(':', "") };
    let name = if offset == "+0000" { "UTC" } else { &offset };
    format!("{date} {time} {offset} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_as_go_prints_them() {
        for (at, wanted) in [
            ("2001-01-01T00:00:00Z", "2001-01-01 00:00:00 +0000 UTC"),
            ("2001-12-14T21:59:43.1+05:30", "2001-12-14 21:59:43.1 +0530 +0530"),
            ("2001-12-14T21:59:43-08:00", "2001-12-14 21:59:43 -0800 -0800"),
            ("2001-12-14T21:59:43+00:00", "2001-12-14 21:59:43 +0000 UTC"),
        ] {
            assert_eq!(as_go_prints(at), wanted);
        }
    }

    #[test]
    fn a_scalar_is_what_its_reader_takes_it_for() {
        let of = |reader, text: &str| Dialect::of(reader).settle(crate::yaml::scalar::resolve(text), text);
        for text in ["-0", "2001-01-01", ".inf", "-.INF", ".nan"] {
            let as_always = crate::yaml::scalar::resolve(text);
            let kept = of(Reader::OLDEST, text).unwrap();
            assert_eq!(format!("{kept:?}"), format!("{as_always:?}"), "{text}");
        }
        assert!(matches!(of(Reader::NEWEST, "-0"), Ok(Value::Float(zero)) if zero.is_sign_negative()));
        assert!(matches!(of(Reader::NEWEST, "0"), Ok(Value::Int(0))));
        assert!(matches!(of(Reader::NEWEST, "2001-01-01"), Ok(Value::String(_))));
        for text in [".inf", "-.INF", ".nan"] {
            assert!(of(Reader::NEWEST, text).is_err(), "{text}");
        }
    }
}
