//! Scalars in quotes. How far their lines are indented does not count.

use super::super::fault::Wrong;
use super::cursor::is_blank;
use super::scalar::{Breaks, Gathered};
use super::{Done, Scanner, Sort, Style};

impl Scanner<'_> {
    pub(super) fn quoted(&mut self, quote: u8) -> Done {
        let start = self.cursor.at();
        self.cursor.skip(1);
        let mut text = Gathered::new();
        let mut breaks = Breaks::default();
        // The piece of the source that is not said yet: nothing in it means anything but itself.
        let mut piece = self.cursor.at();
        loop {
            if self.cursor.is_document_indicator() {
                return self.fault(Wrong::OpenQuote { start });
            }
            let Some(here) = self.cursor.byte() else { return self.fault(Wrong::OpenQuote { start }) };
            let mut after_break = false;
            if here == quote && !(quote == b'\'' && self.cursor.byte_at(1) == Some(b'\'')) {
                text.add(self.cursor.slice(piece, self.cursor.at()));
                break;
            }
            if here == quote {
                // Two quotes are one.
                text.add(self.cursor.slice(piece, self.cursor.at() + 1));
                self.cursor.skip(2);
                piece = self.cursor.at();
                continue;
            }
            if here == b'\\' && quote == b'"' {
                text.add(self.cursor.slice(piece, self.cursor.at()));
                self.cursor.skip(1);
                if self.cursor.line_break() {
                    after_break = true;
                } else {
                    let meant = self.escape(start)?;
                    text.say(meant.encode_utf8(&mut [0; 4]));
                    piece = self.cursor.at();
                    continue;
                }
            } else if !(is_blank(here) || self.cursor.is_break()) {
                let length = self.cursor.run(0, |byte| byte == quote || byte == b'\\' && quote == b'"');
                self.cursor.skip(length);
                continue;
            } else {
                // Blanks at the end of a line are none of the text.
                let blanks = self.cursor.at();
                self.cursor.skip_while(is_blank);
                if !self.cursor.is_break() {
                    continue;
                }
                text.add(self.cursor.slice(piece, blanks));
            }
            loop {
                self.cursor.skip_while(is_blank);
                match self.cursor.take_break() {
                    Some(found) if after_break => breaks.more.push_str(found),
                    Some(found) => {
                        breaks.first = Some(found);
                        after_break = true;
                    }
                    None => break,
                }
            }
            breaks.fold(&mut text);
            piece = self.cursor.at();
        }
        self.cursor.skip(1);
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        self.push(Sort::Scalar { text: text.done(), style }, start);
        Ok(())
    }

    /// The character that an escape stands for, behind its backslash.
    fn escape(&mut self, start: usize) -> Result<char, super::Fault> {
        let backslash = self.cursor.at() - 1;
        let unknown = super::Fault { wrong: Wrong::Escape { start }, at: backslash };
        let Some(letter) = self.cursor.byte() else { return Err(unknown) };
        let digits = match letter {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        if digits == 0 {
            let meant = match letter {
                b'0' => '\0',
                b'a' => '\x07',
                b'b' => '\x08',
                b't' | b'\t' => '\t',
                b'n' => '\n',
                b'v' => '\x0B',
                b'f' => '\x0C',
                b'r' => '\r',
                b'e' => '\x1B',
                b' ' => ' ',
                b'"' => '"',
                b'\'' => '\'',
                b'\\' => '\\',
                b'N' => '\u{85}',
                b'_' => '\u{A0}',
                b'L' => '\u{2028}',
                b'P' => '\u{2029}',
                _ => return Err(unknown),
            };
            self.cursor.skip(1);
            return Ok(meant);
        }
        let from = self.cursor.at() + 1;
        let written = self.cursor.slice(from, from + digits);
        let hexadecimal = written.len() == digits && written.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(written, 16).ok().filter(|_| hexadecimal);
        let Some(meant) = code.and_then(char::from_u32) else {
            let wrong = if hexadecimal { Wrong::Code } else { Wrong::Escape { start } };
            return Err(super::Fault { wrong, at: backslash });
        };
        self.cursor.skip(1 + digits);
        Ok(meant)
    }
}
