//! Text between double quotes as Compose's error messages print it (Go's `%q`).

use std::fmt::Write as _;

use crate::source::bytes;

/// Quotes `text`. Several messages carry this form, and a user who searches for one must find it.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        push(&mut out, character);
    }
    out.push('"');
    out
}

fn push(out: &mut String, character: char) {
    let short = match character {
        '"' => r#"\""#,
        '\\' => r"\\",
        '\x07' => r"\a",
        '\x08' => r"\b",
        '\x0c' => r"\f",
        '\n' => r"\n",
        '\r' => r"\r",
        '\t' => r"\t",
        '\x0b' => r"\v",
        _ if is_printable(character) => {
            out.push(character);
            return;
        }
        _ => {
            let code = bytes::byte(character).map_or(u32::from(character), u32::from);
            // Writing to a String cannot fail.
            let _ = match code {
                _ if bytes::byte(character).is_some() => write!(out, "\\x{code:02x}"),
                0..=0x7f => write!(out, "\\x{code:02x}"),
                0x80..=0xffff => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return;
        }
    };
    out.push_str(short);
}

/// The standard library keeps its table of printable characters to itself, but shows it through
/// `escape_debug`. The leading letter is there because a combining mark is escaped at the start of a
/// string only, and Go never escapes one.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let mut probe = String::with_capacity(5);
    probe.push('a');
    probe.push(character);
    probe.escape_debug().nth(2).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_only_put_between_quotes() {
        assert_eq!(quote("A+B=1"), "\"A+B=1\"");
        assert_eq!(quote("é日e\u{301}"), "\"é日e\u{301}\"");
    }

    #[test]
    fn quotes_backslashes_and_control_characters_are_escaped_as_go_does() {
        assert_eq!(quote("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quote("\x07\x08\x0c\n\r\t\x0b"), r#""\a\b\f\n\r\t\v""#);
        assert_eq!(quote("\x00\x1b\x7f"), r#""\x00\x1b\x7f""#);
    }

    #[test]
    fn invisible_characters_are_written_as_their_number() {
        assert_eq!(quote("\u{a0}\u{200b}\u{feff}"), r#""\u00a0\u200b\ufeff""#);
        assert_eq!(quote("\u{e0001}"), r#""\U000e0001""#);
    }
}
