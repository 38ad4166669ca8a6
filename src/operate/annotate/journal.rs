//! The journal's export format: entries of lines `FIELD=VALUE`, each ended by an empty line. A value that is no plain
//! text comes as its length and its bytes behind a line that is the field's name alone.

use std::io::Write;

use super::who::{Fields, Key, number};
use super::{Added, Who};

/// How an entry begins.
const FIRST: &[u8] = b"__CURSOR=";

/// The stamp, in microseconds.
const STAMP: &[u8] = b"__REALTIME_TIMESTAMP=";

/// The longest name that the journal lets a field have.
const LONGEST: usize = 64;

/// Larger values than the journal keeps are no values.
const LARGEST: u64 = 768 << 20;

/// The state that decides how the next line is read.
pub enum Next {
    Line,
    /// The length of a value, which follows.
    More,
    /// So many bytes are not lines.
    Raw(u64),
}

/// Where in an entry a stream is.
#[derive(Debug, Default)]
pub struct Journal {
    is_open: bool,
    at: Option<i64>,
    pid: Option<u32>,
}

impl Journal {
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// What a line needs, given what follows it.
    pub fn wants(&mut self, line: &[u8], following: &[u8]) -> Next {
        if line.starts_with(FIRST) {
            *self = Self { is_open: true, at: None, pid: None };
            return Next::Line;
        }
        if !self.is_open || line.is_empty() || !is_name(line) {
            self.is_open &= !line.is_empty();
            return Next::Line;
        }
        let Some(length) = following.first_chunk::<8>() else { return Next::More };
        let length = u64::from_le_bytes(*length);
        if length > LARGEST {
            return Next::Line;
        }
        // The length itself, the value, and the end of the line behind it.
        Next::Raw(8 + length + 1)
    }

    /// Adds lines behind those that are known.
    pub fn line(&mut self, line: &[u8], who: &mut dyn Who, added: &mut Added) {
        if let Some(micros) = line.strip_prefix(STAMP) {
            let micros = std::str::from_utf8(micros).ok().and_then(|text| text.parse::<i64>().ok());
            self.at = micros.map(|micros| micros / 1000);
            return;
        }
        let Some(at) = memchr::memchr(b'=', line.get(..line.len().min(LONGEST)).unwrap_or_default()) else {
            return;
        };
        let (name, value) = (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default());
        let Some((key, number)) = Key::of_journal(name).zip(number(value)) else { return };
        let mut fields = Fields::default();
        if key == Key::JournalPid {
            self.pid = Some(number);
        } else if let Some(pid) = self.pid {
            fields.of(pid);
        }
        fields.push(key, number, line.len());
        fields.known(who, self.at, |key, known, behind| {
            for (name, value) in key.added(known) {
                // Writing to memory cannot fail.
                let _ = write!(added.text, "\n{name}={value}");
            }
            added.cut(behind);
        });
    }
}

fn is_name(line: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    line.len() <= LONGEST && line.iter().all(is_part)
}
