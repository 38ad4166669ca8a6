//! The flags of one command as they were typed, with the table's defaults behind them.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::ArgMatches;

use super::spec::{Flag, Takes};
use crate::reader::Reader;

/// The values of a command's flags, by long name. Switches have the values `true` and `false`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Flags(Vec<(&'static Flag, Vec<String>)>);

impl Flags {
    /// Every value, in the order typed; empty where the flag was not typed.
    pub fn all(&self, long: &str) -> &[String] {
        self.entry(long).map_or(&[], |(_, values)| values)
    }

    /// The value that counts: the last one typed, if any.
    pub fn last(&self, long: &str) -> Option<&str> {
        self.all(long).last().map(String::as_str)
    }

    /// Whether a switch is on, by being typed or by default.
    pub fn on(&self, long: &str) -> bool {
        self.entry(long)
            .is_some_and(|(flag, values)| values.last().map_or(flag.default, String::as_str) == "true")
    }

    /// The value typed, or the table's default.
    pub fn value(&self, long: &str) -> &str {
        self.entry(long).map_or("", |(flag, values)| values.last().map_or(flag.default, String::as_str))
    }

    /// Whether it was typed at all.
    pub fn typed(&self, long: &str) -> bool {
        !self.all(long).is_empty()
    }

    /// What was typed: each flag once, with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.0.iter().filter(|(_, values)| !values.is_empty()).map(|(flag, values)| (flag.long, &values[..]))
    }

    /// The first one typed that versions have only after this one.
    pub fn newer_than(&self, reader: Reader) -> Option<(&'static str, Reader)> {
        let typed = self.0.iter().filter(|(_, values)| !values.is_empty());
        let mut dated = typed.filter_map(|(flag, _)| Some((flag.long, flag.since?)));
        dated.find(|(_, since)| *since > reader)
    }

    fn entry(&self, long: &str) -> Option<&(&'static Flag, Vec<String>)> {
        self.0.iter().find(|(flag, _)| flag.long == long)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A value that its flag cannot have; as Compose words it.
#[derive(Debug, PartialEq, Eq)]
pub struct BadValue(pub String);

/// Takes the values of `flags` out of what clap has read in `args`.
pub fn collect(
    flags: impl IntoIterator<Item = &'static Flag>,
    matches: &ArgMatches,
    args: &[OsString],
) -> Result<Flags, BadValue> {
    let mut collected = Vec::new();
    for flag in flags {
        if raw(flag, matches).any(OsStr::is_empty) && bare_equals(flag, args) {
            return Err(BadValue(format!("flag needs an argument: {}", label(flag))));
        }
        let values = raw(flag, matches).map(|value| accept(flag, value)).collect::<Result<_, _>>()?;
        collected.push((flag, values));
    }
    Ok(Flags(collected))
}

/// The flags as words again, in the order typed.
pub fn words(flags: impl IntoIterator<Item = &'static Flag>, matches: &ArgMatches) -> Vec<OsString> {
    let mut typed: Vec<(usize, Vec<OsString>)> = Vec::new();
    for flag in flags {
        let places = matches.indices_of(flag.long).into_iter().flatten();
        typed.extend(places.zip(raw(flag, matches)).map(|(place, value)| (place, spell(flag, value))));
    }
    typed.sort_by_key(|(place, _)| *place);
    typed.into_iter().flat_map(|(_, words)| words).collect()
}

fn raw<'a>(flag: &Flag, matches: &'a ArgMatches) -> impl Iterator<Item = &'a OsStr> {
    matches.get_raw(flag.long).into_iter().flatten()
}

/// Whether the flag may stand there as `-u=`. Clap reads an empty value, Compose the value `=`;
/// nothing is judged that is read in two ways.
fn bare_equals(flag: &Flag, args: &[OsString]) -> bool {
    let Some(short) = flag.short else { return false };
    let end = format!("{short}=");
    args.iter()
        .filter_map(|word| word.to_str())
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with(&end))
}

fn spell(flag: &Flag, value: &OsStr) -> Vec<OsString> {
    let long = || OsString::from(format!("--{}", flag.long));
    match (flag.takes, flag.short) {
        (Takes::Switch, _) if value == "true" => vec![long()],
        (Takes::Switch, _) => {
            let mut word = long();
            word.push("=");
            word.push(value);
            vec![word]
        }
        (_, Some(short)) => vec![OsString::from(format!("-{short}")), value.to_owned()],
        (_, None) => vec![long(), value.to_owned()],
    }
}

fn accept(flag: &Flag, value: &OsStr) -> Result<String, BadValue> {
    let refuse = |why: &str| {
        let (shown, label) = (value.to_string_lossy(), label(flag));
        BadValue(format!("invalid argument {shown:?} for {label:?} flag: {why}"))
    };
    // What is judged must be what is passed on, so that a value which cannot be read exactly is
    // no value.
    let text = value.to_str().ok_or_else(|| refuse("it is not valid UTF-8"))?;
    match flag.takes {
        Takes::Switch => {
            boolean(text).map(|on| on.to_string()).ok_or_else(|| refuse("it is neither true nor false"))
        }
        Takes::Number if !is_number(text) => Err(refuse("it is not a whole number")),
        Takes::Choice(words) if !words.contains(&text) => {
            Err(refuse(&format!("it is none of {}", words.join(", "))))
        }
        _ => Ok(text.to_owned()),
    }
}

fn label(flag: &Flag) -> String {
    flag.short.map_or_else(|| format!("--{}", flag.long), |short| format!("-{short}, --{}", flag.long))
}

/// The words that Compose takes for a boolean.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Whether Compose takes this for a whole number: decimal, or with a prefix for another base.
fn is_number(text: &str) -> bool {
    whole_number(text).is_some()
}

/// The number, as Compose reads it.
pub fn whole_number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.split_at_checked(2) {
        Some(("0x", rest)) => (16, rest),
        Some(("0o", rest)) => (8, rest),
        Some(("0b", rest)) => (2, rest),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    // Underscores may group digits, as in Go's literals.
    let digits = if digits.ends_with('_') || digits.contains("__") {
        return None;
    } else {
        digits.replace('_', "")
    };
    if !digits.starts_with(|first: char| first.is_digit(base)) {
        return None;
    }
    let size = i128::from_str_radix(&digits, base).ok()?;
    i64::try_from(if negative { -size } else { size }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_compose_and_no_others() {
        assert!(["1", "t", "T", "true", "TRUE", "True"].iter().all(|text| boolean(text) == Some(true)));
        assert!(["0", "f", "F", "false", "FALSE", "False"].iter().all(|text| boolean(text) == Some(false)));
        assert!(["", "yes", "on", "tRUE", "2"].iter().all(|text| boolean(text).is_none()));
    }

    #[test]
    fn numbers_may_have_a_sign_and_a_base() {
        assert_eq!(whole_number("10"), Some(10));
        assert_eq!(whole_number("-1"), Some(-1));
        assert_eq!(whole_number("0x10"), Some(16));
        assert_eq!(whole_number("010"), Some(8));
        assert_eq!(whole_number("0b11"), Some(3));
        assert_eq!(whole_number("0"), Some(0));
        assert_eq!(whole_number("1_000"), Some(1000));
        for text in ["", "-", "x", "1e3", "1.5", "0x", "08", "--1", "1_", "1__0", "9223372036854775808", "é0"]
        {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }
}
