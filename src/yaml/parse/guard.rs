//! Where YAML 1.2, which the crate reads, and Compose's reader part: raw characters that are line
//! breaks for one and text for the other, and a block scalar cut off at the end of the file.

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

const BLOCK: usize = 256;

/// Refuses the characters that Compose's reader refuses, and those that it takes for line breaks.
pub(super) fn characters(file: FileId, text: &str) -> Result<(), Finding> {
    // All of them start with one of a few bytes, so that plain text is passed over quickly, many bytes at once.
    let suspicious = |byte: u8| {
        (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || matches!(byte, 0x7F | 0xC2 | 0xE2 | 0xEF)
    };
    let blocks = text.as_bytes().chunks(BLOCK).enumerate();
    let blocks = blocks.filter(|(_, block)| block.iter().fold(false, |any, byte| any | suspicious(*byte)));
    let bytes = blocks.flat_map(|(number, block)| (number * BLOCK..).zip(block));
    for (at, _) in bytes.filter(|(_, byte)| suspicious(**byte)) {
        let Some(found) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            continue;
        };
        let span = Span::new(file, at, at + found.len_utf8());
        match found {
            '\u{85}' | '\u{2028}' | '\u{2029}' => {
                return Err(Finding::error(
                    Code::YamlSyntax,
                    format!("the character U+{:04X} would be read as a line break", u32::from(found)),
                )
                .at(span, "an invisible line separator")
                .help(format!(
                    "Delete it, or write it as \"\\u{:04X}\" in double quotes.",
                    u32::from(found)
                )));
            }
            '\0'..='\u{8}'
            | '\u{B}'
            | '\u{C}'
            | '\u{E}'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{FFFE}'
            | '\u{FFFF}' => {
                return Err(Finding::error(Code::YamlSyntax, "control characters are not allowed")
                    .at(span, format!("U+{:04X}", u32::from(found)))
                    .help("Delete it, or write it as an escape in double quotes."));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A block scalar whose last line is the last of the file and has no line break: Compose's reader
/// adds none, the crate does.
pub(super) fn without_invented_break<'v>(text: &str, end: usize, value: &'v str) -> &'v str {
    let (Some(kept), true) = (value.strip_suffix('\n'), end == text.len()) else {
        return value;
    };
    let last = text.rsplit(['\n', '\r']).next().unwrap_or("");
    // The line's content is what the value ends with; a line that only holds indentation adds
    // nothing to the value, which then ends in a line break of the text itself.
    let content = last.trim_start_matches(' ');
    let tail = kept.rsplit('\n').next().unwrap_or("");
    let cut = if content.is_empty() {
        !tail.is_empty() && tail.bytes().all(|byte| byte == b' ') && last.ends_with(tail)
    } else {
        tail.ends_with(content)
    };
    if cut { kept } else { value }
}
