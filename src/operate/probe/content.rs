//! Whether the content of a file is good: it is there, it parses, and it has not expired.
//!
//! What is wrong is said without a word of the content: not even an error of a parser is repeated.

use serde_json::Value;

use super::{encoded, time};
use crate::policy::probes::{Demand, Format};

/// Judges a content at a moment. Good is until when it is, where it says so.
///
/// # Errors
/// What is wrong with it.
pub fn judge(bytes: &[u8], demand: &Demand, now: i64) -> Result<Option<i64>, String> {
    if bytes.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    let until = end(bytes, demand)?;
    let lasting = i64::try_from(demand.valid_for.as_millis()).unwrap_or(i64::MAX);
    match until {
        Some(until) if until <= now => Err(format!("it expired at {}", time::show(until))),
        Some(until) if until <= now.saturating_add(lasting) => Err(format!(
            "it expires at {}, within the {:?} that it must stay good",
            time::show(until),
            demand.valid_for
        )),
        until => Ok(until),
    }
}

/// The earliest end that it names.
fn end(bytes: &[u8], demand: &Demand) -> Result<Option<i64>, String> {
    let not = |place: String| format!("it is not {}{place}", demand.format.name().to_uppercase());
    let text = std::str::from_utf8(bytes);
    let value = match demand.format {
        Format::Text => return text_end(bytes, &demand.expires),
        Format::Pem => {
            let text = text.map_err(|_| not(String::new()))?;
            return encoded::pem(text).map_err(|reason| format!("it is not PEM: {reason}"));
        }
        Format::Jwt => {
            let claims = text
                .ok()
                .and_then(encoded::token)
                .ok_or_else(|| not(" (three parts in base 64)".to_owned()))?;
            return claims.get("exp").map(|exp| moment(exp, "its claim exp")).transpose();
        }
        Format::Json => serde_json::from_slice(bytes)
            .map_err(|error| not(format!(" (line {}, column {})", error.line(), error.column())))?,
        Format::Yaml => serde_yaml::from_slice(bytes).map_err(|error| {
            let place = error.location().map(|at| format!(" (line {}, column {})", at.line(), at.column()));
            not(place.unwrap_or_default())
        })?,
        Format::Toml => {
            let text = text.map_err(|_| not(String::new()))?;
            let table: toml::Table = toml::from_str(text).map_err(|error| {
                let before = error.span().and_then(|span| text.get(..span.start));
                not(before.map(|text| format!(" (line {})", text.lines().count().max(1))).unwrap_or_default())
            })?;
            from_toml(toml::Value::Table(table))
        }
    };
    match &value {
        Value::Object(map) if !map.is_empty() => {}
        Value::Array(list) if !list.is_empty() => {}
        // A plain token in quotes is JSON too; in YAML, any line of words would be.
        Value::String(text) if !text.trim().is_empty() && demand.format == Format::Json => {}
        Value::Object(_) | Value::Array(_) | Value::Null | Value::String(_) => {
            return Err("it holds nothing".to_owned());
        }
        Value::Bool(_) | Value::Number(_) => return Err("it holds a single value".to_owned()),
    }
    let ends = demand.expires.iter().map(|field| {
        let found = if field.starts_with('/') { value.pointer(field) } else { value.get(field) };
        moment(found.ok_or_else(|| format!("it has nothing at {field}"))?, field)
    });
    Ok(ends.collect::<Result<Vec<_>, _>>()?.into_iter().min())
}

/// Moments of TOML are written as they are read elsewhere.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(list) => Value::Array(list.into_iter().map(from_toml).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, from_toml(value))).collect())
        }
    }
}

/// The earliest end that lines `NAME=VALUE` or `NAME: VALUE` of a text name; of several with one name the last counts.
fn text_end(bytes: &[u8], names: &[String]) -> Result<Option<i64>, String> {
    if names.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let find = |name: &String| {
        let lines = text.lines().rev().filter_map(|line| {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
            let rest = line.strip_prefix(name.as_str())?.trim_start();
            Some(rest.strip_prefix(['=', ':'])?.trim().trim_matches(['"', '\'']))
        });
        let found = lines.into_iter().next().ok_or_else(|| format!("it has no line {name}"))?;
        moment(&Value::String(found.to_owned()), name)
    };
    Ok(names.iter().map(find).collect::<Result<Vec<_>, _>>()?.into_iter().min())
}

/// A moment as files write it: seconds or milliseconds since 1970, RFC 3339, or a token that has one.
fn moment(value: &Value, place: &str) -> Result<i64, String> {
    let found = match value {
        Value::Number(number) => number.as_f64().and_then(time::from_number),
        Value::String(text) => {
            let text = text.trim();
            let is_number =
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let number = || text.parse().ok().filter(|_| is_number).and_then(time::from_number);
            let claim = || match encoded::token(text)?.get("exp")? {
                Value::Number(number) => number.as_f64().and_then(time::from_number),
                _ => None,
            };
            time::parse(text).or_else(number).or_else(claim)
        }
        _ => None,
    };
    found.ok_or_else(|| format!("what it has at {place} is no moment"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: i64 = 1_795_938_702_000;

    fn demand(format: Format, expires: &[&str]) -> Demand {
        Demand {
            format,
            expires: expires.iter().map(|field| (*field).to_owned()).collect(),
            valid_for: Duration::ZERO,
        }
    }

    fn of(format: Format, expires: &[&str], text: &str) -> Result<Option<i64>, String> {
        judge(text.as_bytes(), &demand(format, expires), NOW)
    }

    #[test]
    fn a_second_decides() {
        for (format, before, after) in [
            (Format::Json, "{\"a\": {\"exp\": ", "}}"),
            (Format::Yaml, "a:\n  exp: ", "\n"),
            (Format::Toml, "[a]\nexp = ", "\n"),
        ] {
            let at = |moment: &str| of(format, &["/a/exp"], &format!("{before}{moment}{after}"));
            assert_eq!(at("1795938703"), Ok(Some(NOW + 1000)));
            assert_eq!(at("1795938701"), Err("it expired at 2026-11-29T07:51:41Z".to_owned()));
            assert!(at("1795938702").is_err(), "the moment itself is too late");
            assert_eq!(at("1795938702001"), Ok(Some(NOW + 1)));
            assert_eq!(at("\"2026-11-29T08:51:43+01:00\""), Ok(Some(NOW + 1000)));
            assert!(at("\"2026-11-29T08:51:41+01:00\"").is_err());
            assert_eq!(at("\"1795938703\""), Ok(Some(NOW + 1000)));
        }
        assert!(of(Format::Toml, &["exp"], "exp = 2026-11-29T07:51:43Z\n").is_ok());
        assert!(of(Format::Toml, &["exp"], "exp = 2026-11-29T07:51:41Z\n").is_err());
    }

    #[test]
    fn what_must_stay_good_for_a_time_is_judged_by_it() {
        let mut demand = demand(Format::Json, &["exp"]);
        let text = format!("{{\"exp\": {}}}", NOW / 1000 + 60);
        demand.valid_for = Duration::from_secs(59);
        assert!(judge(text.as_bytes(), &demand, NOW).is_ok());
        demand.valid_for = Duration::from_secs(60);
        let error = judge(text.as_bytes(), &demand, NOW).unwrap_err();
        assert!(error.starts_with("it expires at 2026-11-29T07:52:42Z, within the 60s"), "{error}");
    }

    #[test]
    fn the_earliest_of_several_ends_counts() {
        let text = "{\"a\": 1795938710, \"b\": 1795938705}";
        assert_eq!(of(Format::Json, &["a", "/b"], text), Ok(Some(NOW + 3000)));
    }

    #[test]
    fn an_end_that_is_not_known_is_not_good() {
        for (format, text) in [
            (Format::Json, "{\"other\": 1}"),
            (Format::Json, "{\"exp\": null}"),
            (Format::Json, "{\"exp\": \"soon\"}"),
            (Format::Json, "{\"exp\": \"2026-11-30T00:00:00\"}"),
            (Format::Json, "{\"exp\": -1}"),
            (Format::Text, "expires=1795938703\n"),
            (Format::Text, "exp=soon\n"),
        ] {
            assert!(of(format, &["exp"], text).is_err(), "{text}");
        }
        assert_eq!(of(Format::Text, &["exp"], "exp=1\nexport exp = '1795938703'\n"), Ok(Some(NOW + 1000)));
    }

    #[test]
    fn empty_or_cut_content_is_not_good_in_any_format() {
        for format in Format::ALL {
            for text in ["", " \n\t"] {
                assert_eq!(of(format, &[], text), Err("it is empty".to_owned()));
            }
        }
        let whole = "{\"tokens\": {\"access\": \"secret\", \"exp\": 1795938703}}";
        assert!(of(Format::Json, &[], whole).is_ok());
        for end in 0..whole.len() {
            assert!(of(Format::Json, &[], whole.get(..end).unwrap()).is_err(), "{end}");
        }
        for text in ["{}", "[]", "null", "\"\"", "1", "true"] {
            assert!(of(Format::Json, &[], text).is_err(), "{text}");
        }
        for text in ["words and words", "---\n", "a: [", "a: b: c", "1"] {
            assert!(of(Format::Yaml, &[], text).is_err(), "{text}");
        }
        assert!(of(Format::Toml, &[], "a = ").is_err() && of(Format::Toml, &[], "# nothing\n").is_err());
        assert!(of(Format::Json, &[], "\"token\"").is_ok() && of(Format::Text, &[], "\u{fffd}token").is_ok());
    }

    #[test]
    fn a_token_is_judged_by_its_claim_alone_or_in_a_field() {
        // {"exp":1795938703} and {"exp":1795938701}
        let (good, late) = ("eyJleHAiOjE3OTU5Mzg3MDN9", "eyJleHAiOjE3OTU5Mzg3MDF9");
        let token = |claims: &str| format!("eyJhbGciOiJIUzI1NiJ9.{claims}.c2ln");
        assert_eq!(of(Format::Jwt, &[], &token(good)), Ok(Some(NOW + 1000)));
        assert!(of(Format::Jwt, &[], &token(late)).unwrap_err().contains("expired"));
        assert!(of(Format::Jwt, &[], &token("eyJleHAiOiJ4In0")).unwrap_err().contains("no moment"));
        assert_eq!(of(Format::Jwt, &[], &token("e30")), Ok(None), "one without an end does not end");
        assert!(of(Format::Jwt, &[], "secret").is_err());
        let field = |claims: &str| of(Format::Json, &["/id"], &format!("{{\"id\": \"{}\"}}", token(claims)));
        assert_eq!(field(good), Ok(Some(NOW + 1000)));
        assert!(field(late).is_err() && field("e30").is_err(), "what was declared must be there");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_content() {
        for (format, text) in [
            (Format::Json, "{\"SECRET\": SECRET}"),
            (Format::Json, "{\"exp\": \"SECRET\"}"),
            (Format::Yaml, "SECRET: [SECRET\n"),
            (Format::Yaml, "SECRET: *SECRET\n"),
            (Format::Toml, "SECRET = SECRET\n"),
            (Format::Toml, "SECRET = 1\nSECRET = 2\n"),
            (Format::Pem, "-----BEGIN SECRET-----\nSECRET\n-----END OTHER-----\n"),
            (Format::Jwt, "SECRET.SECRET.SECRET"),
            (Format::Text, "exp=SECRET"),
        ] {
            let expires: &[&str] =
                if format == Format::Text || text.contains("exp") { &["exp"] } else { &[] };
            let error = of(format, expires, text).unwrap_err();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
