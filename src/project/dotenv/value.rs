//! The values of a `.env` text, quoted and not.

use std::ops::Range;

use super::{DotenvError, DotenvFault, Parsed, Parser, first_line};

pub(super) struct Value {
    pub(super) text: String,
    pub(super) place: Range<usize>,
}

impl Parser<'_> {
    /// To the end of the line, or to the first `#` with a space before it. A tab will not do.
    pub(super) fn unquoted(&mut self, parsed: &mut Parsed) -> Result<Value, DotenvError> {
        let start = self.offset();
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        let value = line.split(" #").next().unwrap_or_default().trim_end();
        let place = start..start + value.len();
        let text = self.expand(value, &place, parsed)?;
        self.rest = rest;
        self.line += 1;
        Ok(Value { text, place })
    }

    /// To the next quote of the same kind that has no backslash before it. What follows on the line
    /// is the next statement.
    pub(super) fn quoted(&mut self, mark: char, parsed: &mut Parsed) -> Result<Value, DotenvError> {
        let start = self.offset();
        let source = self.rest;
        let mut value = String::new();
        let mut escaped = false;
        for (at, character) in source.char_indices().skip(1) {
            if character == '\n' {
                self.line += 1;
            }
            if character == mark && !escaped {
                let place = start..start + at + 1;
                self.rest = source.get(at + 1..).unwrap_or_default();
                let text = if mark == '"' { self.expand(&unescape(&value), &place, parsed)? } else { value };
                return Ok(Value { text, place });
            }
            if character == '\\' && !escaped {
                escaped = true;
                continue;
            }
            // Only before the quote itself is the backslash dropped.
            if escaped && character != mark {
                value.push('\\');
            }
            escaped = false;
            value.push(character);
        }
        let shown = first_line(source);
        Err(DotenvError {
            message: format!("line {}: unterminated quoted value {shown}", self.line),
            range: start..start + shown.len(),
            kind: DotenvFault::Quote,
        })
    }
}

/// The escapes of double quotes. What is none of them stays as it is written.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = after.chars();
        let plain = match characters.next() {
            Some('a') => "\x07",
            Some('b') => "\x08",
            Some('f') => "\x0c",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\x0b",
            Some('\\') => "\\",
            Some('"') => "\"",
            // Not for the eyes of the template grammar, where two dollars are one.
            Some('$') => "$$",
            Some('0') => {
                rest = octal(characters.as_str(), &mut out);
                continue;
            }
            _ => {
                out.push('\\');
                rest = after;
                continue;
            }
        };
        out.push_str(plain);
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// `\0` and up to three digits: three octal ones make a character, and of anything else only the zero
/// is lost. The reference does that, and colours in files show it (`\033` becomes `\33`).
fn octal<'a>(after: &'a str, out: &mut String) -> &'a str {
    let digits = after.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (number, rest) = after.split_at_checked(digits).unwrap_or(("", after));
    match u8::from_str_radix(number, 8) {
        Ok(code) if digits == 3 => out.push(char::from(code)),
        _ => {
            out.push('\\');
            out.push_str(number);
        }
    }
    rest
}
