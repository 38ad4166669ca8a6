//! `%YAML` and `%TAG`, and tags.

use std::borrow::Cow;

use super::super::fault::{Fault, Wrong};
use super::cursor::is_blank;
use super::{Done, Scanner, Sort};

/// Digits of a version's number.
const LONGEST_NUMBER: usize = 2;

impl<'t> Scanner<'t> {
    pub(super) fn directive(&mut self) -> Done {
        self.close_all()?;
        let start = self.cursor.at();
        self.cursor.skip(1);
        let name = self.cursor.word();
        let wrong = Err(Fault { wrong: Wrong::Directive, at: start });
        if !self.cursor.is_blank_or_end(0) {
            return wrong;
        }
        self.cursor.skip_while(is_blank);
        let sort = match name {
            "YAML" => {
                let Some(major) = self.version_number() else { return wrong };
                if self.cursor.byte() != Some(b'.') {
                    return wrong;
                }
                self.cursor.skip(1);
                let Some(minor) = self.version_number() else { return wrong };
                Sort::Version { major, minor }
            }
            "TAG" => {
                let handle = self.tag_handle(true).ok_or(Fault { wrong: Wrong::Directive, at: start })?;
                if !self.cursor.byte().is_some_and(is_blank) {
                    return wrong;
                }
                self.cursor.skip_while(is_blank);
                let prefix = self.tag_text(start)?;
                if prefix.is_empty() || !self.cursor.is_blank_or_end(0) {
                    return wrong;
                }
                Sort::TagDirective { handle, prefix: prefix.into_owned() }
            }
            _ => return wrong,
        };
        self.push(sort, start);
        self.cursor.skip_while(is_blank);
        if self.cursor.byte() == Some(b'#') {
            self.cursor.skip_line();
        }
        if !self.cursor.is_break_or_end(0) {
            return wrong;
        }
        self.cursor.line_break();
        Ok(())
    }

    fn version_number(&mut self) -> Option<u8> {
        let start = self.cursor.at();
        self.cursor.skip_while(|byte| byte.is_ascii_digit());
        let digits = self.cursor.slice(start, self.cursor.at());
        (digits.len() <= LONGEST_NUMBER).then(|| digits.parse().ok()).flatten()
    }

    pub(super) fn tag(&mut self) -> Done {
        self.add_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.at();
        let wrong = || Fault { wrong: Wrong::Tag, at: start };
        let (handle, suffix) = if self.cursor.byte_at(1) == Some(b'<') {
            self.cursor.skip(2);
            let suffix = self.tag_text(start)?;
            if suffix.is_empty() || self.cursor.byte() != Some(b'>') {
                return Err(wrong());
            }
            self.cursor.skip(1);
            ("", suffix)
        } else {
            let handle = self.tag_handle(false).ok_or_else(wrong)?;
            let suffix = self.tag_text(start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                if suffix.is_empty() {
                    return Err(wrong());
                }
                (handle, suffix)
            } else {
                // No handle after all: what was read belongs to the name behind the `!`.
                let head = handle.get(1..).unwrap_or_default();
                let suffix = if head.is_empty() { suffix } else { Cow::Owned(format!("{head}{suffix}")) };
                if suffix.is_empty() { ("", Cow::Borrowed("!")) } else { ("!", suffix) }
            }
        };
        if !self.cursor.is_blank_or_end(0) {
            return Err(wrong());
        }
        self.push(Sort::Tag { handle, suffix }, start);
        Ok(())
    }

    /// `!`, `!name` or `!name!`; of a directive only what is a handle for sure.
    fn tag_handle(&mut self, of_directive: bool) -> Option<&'t str> {
        let start = self.cursor.at();
        if self.cursor.byte() != Some(b'!') {
            return None;
        }
        self.cursor.skip(1);
        self.cursor.word();
        let closed = self.cursor.byte() == Some(b'!');
        if closed {
            self.cursor.skip(1);
        }
        let handle = self.cursor.slice(start, self.cursor.at());
        (closed || !of_directive || handle == "!").then_some(handle)
    }

    /// The characters of an address, with `%` and two digits for any byte.
    fn tag_text(&mut self, start: usize) -> Result<Cow<'t, str>, Fault> {
        let from = self.cursor.at();
        self.cursor.skip_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'-' | b'_'
                        | b';'
                        | b'/'
                        | b'?'
                        | b':'
                        | b'@'
                        | b'&'
                        | b'='
                        | b'+'
                        | b'$'
                        | b','
                        | b'.'
                        | b'!'
                        | b'~'
                        | b'*'
                        | b'\''
                        | b'('
                        | b')'
                        | b'['
                        | b']'
                        | b'%'
                )
        });
        let written = self.cursor.slice(from, self.cursor.at());
        if !written.contains('%') {
            return Ok(Cow::Borrowed(written));
        }
        let meant = unescaped(written).and_then(|bytes| String::from_utf8(bytes).ok());
        meant.map(Cow::Owned).ok_or(Fault { wrong: Wrong::Tag, at: start })
    }
}

fn unescaped(written: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(written.len());
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        out.push(u8::try_from(high << 4 | low).ok()?);
    }
    Some(out)
}
