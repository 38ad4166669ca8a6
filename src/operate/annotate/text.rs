//! Records of auditd, and other lines of key=value.

use std::io::Write;

use memchr::memchr2_iter;

use super::who::{Fields, number};
use super::{Added, Key, Who};
use crate::operate::probe::time;

/// A value that auditd writes in hexadecimal digits.
const ENCODED: [&[u8]; 5] = [b"name", b"comm", b"exe", b"cwd", b"proctitle"];

/// So many of them are shown plainly for one line.
const MOST: usize = 4;

pub fn line(line: &[u8], who: &mut dyn Who, added: &mut Added) {
    let is_audit = line.starts_with(b"type=") || line.starts_with(b"node=");
    let mut fields = Fields::default();
    let mut encoded: [Option<(&[u8], &[u8])>; MOST] = [None; MOST];
    let mut next = 0;
    let mut quoted = false;
    for at in memchr2_iter(b'=', b'"', line) {
        if line.get(at) == Some(&b'"') {
            quoted ^= !is_escaped(line, at);
            continue;
        }
        if quoted || !may_end(line, at) {
            continue;
        }
        let name = name_before(line, at);
        if let Some(key) = Key::of(name) {
            if let Some(found) = value(line, at + 1).and_then(number) {
                fields.push(key, found, at);
            }
        } else if is_audit && ENCODED.contains(&name) {
            let value = word(line, at + 1);
            if let Some(place) = encoded.get_mut(next).filter(|_| is_encoded(value)) {
                *place = Some((name, value));
                next += 1;
            }
        }
    }
    if fields.is_empty() && next == 0 {
        return;
    }
    if !fields.is_empty() {
        let at = moment(line);
        fields.known(who, at, |key, known, _| {
            for (name, value) in key.added(known) {
                // Writing to memory cannot fail.
                let _ = write!(added.text, " {name}={value}");
            }
        });
    }
    for (name, value) in encoded.iter().flatten() {
        added.text.push(b' ');
        added.text.extend_from_slice(name);
        added.text.extend_from_slice(b"_text=");
        show(value, &mut added.text);
    }
    if added.text.is_empty() || is_annotated(line) {
        added.clear();
        return;
    }
    let end = line.len() - usize::from(line.last() == Some(&b'\r'));
    added.cut(end);
}

/// Whether an earlier run added to it.
fn is_annotated(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"_container").is_some() || memchr::memmem::find(line, b"_text=").is_some()
}

/// Behind an odd number of backslashes.
fn is_escaped(line: &[u8], at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Whether one of the names that are looked for may end here, by its last two letters: most do not.
fn may_end(line: &[u8], end: usize) -> bool {
    let last = line.get(end.saturating_sub(2)..end).unwrap_or_default();
    matches!(last, b"id" | b"wd" | b"me" | b"mm" | b"xe" | b"le")
}

/// No name that is looked for is longer.
const LONGEST: usize = 10;

/// The name that ends here; empty where it is longer than any that is looked for.
fn name_before(line: &[u8], end: usize) -> &[u8] {
    let begin = end.saturating_sub(LONGEST);
    let before = line.get(begin..end).unwrap_or_default();
    match before.iter().rposition(|byte| is_between(*byte)) {
        Some(at) => before.get(at + 1..).unwrap_or_default(),
        None if begin == 0 => before,
        None => &[],
    }
}

/// The separators of fields; auditd writes a group separator before the names that it looked up.
fn is_between(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b',' | b';' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'\'' | b'\r' | 0x1d
    )
}

fn word(line: &[u8], begin: usize) -> &[u8] {
    let rest = line.get(begin..).unwrap_or_default();
    let end = rest.iter().position(|byte| is_between(*byte)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// A word, or what is in its quotes.
fn value(line: &[u8], begin: usize) -> Option<&[u8]> {
    let word = word(line, begin);
    match word.strip_prefix(b"\"") {
        Some(inner) => inner.strip_suffix(b"\""),
        None => Some(word),
    }
}

fn is_encoded(value: &[u8]) -> bool {
    value.len() >= 2
        && value.len().is_multiple_of(2)
        && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// In quotes, with everything escaped that is not plain: nobody can write a field of his own that way.
fn show(encoded: &[u8], text: &mut Vec<u8>) {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte - b'A' + 10,
    };
    text.push(b'"');
    for pair in encoded.chunks_exact(2) {
        let [high, low] = pair else { continue };
        match digit(*high) << 4 | digit(*low) {
            // Words of a command line.
            0 => text.push(b' '),
            byte @ (b'"' | b'\\') => text.extend_from_slice(&[b'\\', byte]),
            byte @ b' '..=b'~' => text.push(byte),
            byte => {
                // Writing to memory cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push(b'"');
}

/// The beginning of a record's stamp: `audit(SECONDS.MILLISECONDS:SERIAL)`.
const STAMP: &[u8] = b"audit(";

/// When it was: by the stamp of auditd, or by a time in RFC 3339 at the beginning.
fn moment(line: &[u8]) -> Option<i64> {
    let head = line.get(..line.len().min(128)).unwrap_or_default();
    if let Some(at) = memchr::memmem::find(head, STAMP) {
        let stamp = head.get(at + STAMP.len()..)?;
        let stamp = stamp.get(..stamp.iter().position(|byte| *byte == b':')?)?;
        let dot = stamp.iter().position(|byte| *byte == b'.')?;
        let (seconds, fraction) = (stamp.get(..dot)?, stamp.get(dot + 1..)?);
        let whole = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<i64>().ok();
        return whole(seconds)?
            .checked_mul(1000)?
            .checked_add(whole(fraction).filter(|_| fraction.len() == 3)?);
    }
    let begin = head.iter().position(|byte| !is_between(*byte))?;
    let rest = head.get(begin..)?;
    let rest = rest.strip_prefix(b"time=").or_else(|| rest.strip_prefix(b"ts=")).unwrap_or(rest);
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let end = rest.iter().position(|byte| is_between(*byte) || *byte == b'"').unwrap_or(rest.len());
    time::parse(std::str::from_utf8(rest.get(..end)?).ok()?)
}
