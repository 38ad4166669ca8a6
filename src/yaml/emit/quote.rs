//! The three styles that are not plain.

use std::fmt::Write as _;

use super::analysis::{is_break, is_printable};

pub(super) fn pad(out: &mut String, by: usize) {
    const BLANK: &str = "                                ";
    let mut left = by;
    while left > 0 {
        let part = BLANK.get(..left).unwrap_or(BLANK);
        out.push_str(part);
        left -= part.len();
    }
}

/// Only line separators of Unicode get here as breaks; what follows one is indented.
pub(super) fn single(out: &mut String, text: &str, indent: usize) {
    out.push('\'');
    let mut after_break = false;
    for c in text.chars() {
        if after_break && !is_break(c) {
            pad(out, indent);
        }
        after_break = is_break(c);
        if c == '\'' {
            out.push('\'');
        }
        out.push(c);
    }
    out.push('\'');
}

pub(super) fn double(out: &mut String, text: &str) {
    out.push('"');
    // go-yaml asks whether the text begins with a byte order mark where it means to ask about each
    // character: every one of them is escaped then.
    let all = text.starts_with('\u{FEFF}');
    for c in text.chars() {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{B}' => 'v',
            '\u{C}' => 'f',
            '\r' => 'r',
            '\u{1B}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            '\u{A0}' if all => '_',
            _ if is_printable(c) && !all => {
                out.push(c);
                continue;
            }
            _ => {
                let code = u32::from(c);
                // Writing to a string cannot fail.
                let _ = match code {
                    0..=0xFF => write!(out, "\\x{code:02X}"),
                    0x100..=0xFFFF => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
                continue;
            }
        };
        out.push('\\');
        out.push(short);
    }
    out.push('"');
}

pub(super) fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        out.push('2');
    }
    let mut from_end = text.chars().rev();
    match (from_end.next().is_some_and(is_break), from_end.next().is_none_or(is_break)) {
        (false, _) => out.push('-'),
        (true, true) => out.push('+'),
        (true, false) => {}
    }
    let mut line_start = true;
    out.push('\n');
    for c in text.chars() {
        if is_break(c) {
            line_start = true;
        } else if line_start {
            pad(out, indent);
            line_start = false;
        }
        out.push(c);
    }
}
