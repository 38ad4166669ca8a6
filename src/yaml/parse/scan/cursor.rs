//! A place in the text, with the counts that the scanner's rules are about.

/// Where in the text the scanner is.
pub(super) struct Cursor<'t> {
    text: &'t str,
    /// Text of one byte a character is counted by subtraction.
    ascii: bool,
    at: usize,
    line: usize,
    /// The place from which columns count: the line's beginning, and a byte on for each that begins no
    /// character.
    column_zero: usize,
    /// As above, of the whole text.
    index_zero: usize,
    after_break: bool,
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The bytes of the line break that these begin with: those of YAML 1.1.
fn break_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] | [0xC2, 0x85, ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => 3,
        _ => 0,
    }
}

/// Whether a line break can begin with this byte.
fn can_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0xC2 | 0xE2)
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        // The mark at the very beginning is no part of the text.
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let ascii = text.get(at..).is_some_and(str::is_ascii);
        Self { text, ascii, at, line: 0, column_zero: at, index_zero: at, after_break: false }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn line(&self) -> usize {
        self.line
    }

    /// In characters, from 0.
    pub fn column(&self) -> usize {
        self.at - self.column_zero
    }

    /// Characters from the beginning of the text.
    pub fn index(&self) -> usize {
        self.at - self.index_zero
    }

    /// Whether there is nothing but blanks between the last line break and this place.
    pub fn is_after_break(&self) -> bool {
        self.after_break
    }

    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }

    pub fn byte(&self) -> Option<u8> {
        self.byte_at(0)
    }

    pub fn byte_at(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    fn bytes_at(&self, offset: usize) -> &'t [u8] {
        self.text.as_bytes().get(self.at + offset..).unwrap_or_default()
    }

    /// Whether there is a line break, or the end of the text.
    pub fn is_break_or_end(&self, offset: usize) -> bool {
        let bytes = self.bytes_at(offset);
        bytes.is_empty() || break_length(bytes) > 0
    }

    pub fn is_break(&self) -> bool {
        break_length(self.bytes_at(0)) > 0
    }

    pub fn is_blank_or_end(&self, offset: usize) -> bool {
        self.byte_at(offset).is_some_and(is_blank) || self.is_break_or_end(offset)
    }

    /// `---` or `...`, with a blank or the end of the line behind it.
    pub fn is_document_indicator(&self) -> bool {
        self.column() == 0
            && matches!(self.bytes_at(0), [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..])
            && self.is_blank_or_end(3)
    }

    /// Bytes of the text before the next blank, line break or byte of `stops`.
    pub fn run(&self, from: usize, stops: impl Fn(u8) -> bool) -> usize {
        let bytes = self.bytes_at(from);
        let mut length = 0;
        while let Some(found) = bytes.get(length..).and_then(<[u8]>::first) {
            let ends = match *found {
                b' ' | b'\t' | b'\n' | b'\r' => true,
                0xC2 | 0xE2 => break_length(bytes.get(length..).unwrap_or_default()) > 0,
                byte => stops(byte),
            };
            if ends {
                break;
            }
            length += 1;
        }
        length
    }

    /// Over bytes that are no line break.
    pub fn skip(&mut self, length: usize) {
        let bytes = self.text.as_bytes().get(self.at..self.at + length).unwrap_or_default();
        if !self.ascii {
            let inner = bytes.iter().filter(|byte| **byte & 0xC0 == 0x80).count();
            self.column_zero += inner;
            self.index_zero += inner;
        }
        self.after_break &= bytes.iter().all(|byte| is_blank(*byte));
        self.at += bytes.len();
    }

    pub fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let length = self.bytes_at(0).iter().take_while(|byte| wanted(**byte)).count();
        self.skip(length);
    }

    pub fn skip_line(&mut self) {
        let bytes = self.bytes_at(0);
        let mut length = 0;
        while let Some(more) =
            bytes.get(length..).and_then(|rest| rest.iter().position(|byte| can_break(*byte)))
        {
            length += more;
            if self.is_break_or_end(length) {
                return self.skip(length);
            }
            length += 1;
        }
        self.skip(bytes.len());
    }

    /// Over one line break, where there is one.
    pub fn line_break(&mut self) -> bool {
        self.take_break().is_some()
    }

    /// As [`Self::line_break`]; what the break is in a text.
    pub fn take_break(&mut self) -> Option<&'static str> {
        let bytes = self.bytes_at(0);
        let length = break_length(bytes);
        let (meaning, counted) = match bytes {
            _ if length == 0 => return None,
            [0xE2, _, 0xA8, ..] => ("\u{2028}", 1),
            [0xE2, ..] => ("\u{2029}", 1),
            [0xC2, ..] => ("\n", 1),
            _ => ("\n", length),
        };
        self.index_zero += length - counted;
        self.at += length;
        self.column_zero = self.at;
        self.line += 1;
        self.after_break = true;
        Some(meaning)
    }

    /// A name of letters, digits, `-` and `_`.
    pub fn word(&mut self) -> &'t str {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        self.slice(start, self.at)
    }
}
