//! A line that is one object of JSON, with fields at any depth.

use std::io::Write;

use memchr::memchr2;

use super::who::{Fields, Value, number};
use super::{Added, Key, Who};
use crate::operate::probe::time;

/// Adds fields right behind those that are known, so that they are of the same object. A line whose brackets do not
/// close is cut, and stays as it is.
pub fn line(line: &[u8], who: &mut dyn Who, added: &mut Added) {
    let mut fields = Fields::default();
    let Some(at) = scan(line, &mut fields) else { return };
    if fields.is_empty() {
        return;
    }
    fields.known(who, at, |key, known, behind| {
        for (name, value) in key.added(known) {
            // Writing to memory cannot fail.
            let _ = write!(added.text, ",\"{name}\":");
            let _ = match value {
                Value::Text(text) => serde_json::to_writer(&mut added.text, text),
                Value::Number(number) => serde_json::to_writer(&mut added.text, &number),
            };
        }
        added.cut(behind);
    });
}

/// Finds the numbers, and when it was. `None` for what is not one whole object, or has been annotated.
fn scan(line: &[u8], fields: &mut Fields) -> Option<Option<i64>> {
    let mut at = 0;
    let mut depth = 0_u32;
    let mut moment = None;
    // The name in front of a value.
    let mut name: Option<&[u8]> = None;
    while let Some(byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = string_end(line, at + 1)?;
                let text = line.get(at + 1..end)?;
                at = end + 1;
                if line.get(blanks(line, at)) == Some(&b':') {
                    if text.ends_with(b"_container") || text.ends_with(b"_CONTAINER") {
                        return None;
                    }
                    at = blanks(line, at) + 1;
                    name = Some(text);
                    continue;
                }
                if let Some(name) = name.take() {
                    seen(name, text, at, fields, &mut moment);
                }
            }
            b'{' | b'[' => {
                // Behind the end there is nothing more.
                if depth == 0 && at > 0 {
                    return None;
                }
                depth += 1;
                name = None;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b' ' | b'\t' | b'\r' => at += 1,
            b',' | b':' => {
                name = None;
                at += 1;
            }
            _ => {
                let end = at + word(line.get(at..)?);
                if let Some(name) = name.take() {
                    seen(name, line.get(at..end)?, end, fields, &mut moment);
                }
                at = end;
            }
        }
    }
    (depth == 0).then_some(moment)
}

fn seen(name: &[u8], value: &[u8], behind: usize, fields: &mut Fields, moment: &mut Option<i64>) {
    if let Some(key) = Key::of(name).or_else(|| Key::of_journal(name)) {
        if let Some(number) = number(value) {
            fields.push(key, number, behind);
        }
    } else if moment.is_none() {
        let text = || std::str::from_utf8(value).ok();
        *moment = match name {
            b"__REALTIME_TIMESTAMP" => {
                text().and_then(|text| text.parse::<i64>().ok()).map(|micros| micros / 1000)
            }
            b"timestamp" | b"@timestamp" | b"time" | b"ts" => text()
                .and_then(|text| time::parse(text).or_else(|| text.parse().ok().and_then(time::from_number))),
            _ => None,
        };
    }
}

/// The quote that ends a text.
fn string_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', line.get(at..)?)?;
        if line.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

fn blanks(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The length of a number or a word; one byte at least.
fn word(rest: &[u8]) -> usize {
    let is_end =
        |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'{' | b'[' | b'"' | b':' | b' ' | b'\t' | b'\r');
    rest.iter().position(is_end).unwrap_or(rest.len()).max(1)
}
