//! Characters that Compose's reader refuses, or takes for something else than everybody sees.

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

const BLOCK: usize = 256;

/// Refuses the characters that Compose's reader refuses.
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
            '\u{85}' => {}
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

/// The first character that Compose's reader takes for a line break, as YAML 1.1 has it, though no editor shows
/// it as one.
pub fn line_separator(file: FileId, text: &str) -> Option<Finding> {
    if text.is_ascii() {
        return None;
    }
    let at = text.find(['\u{85}', '\u{2028}', '\u{2029}'])?;
    let found = text.get(at..)?.chars().next()?;
    let code = u32::from(found);
    let finding =
        Finding::error(Code::YamlLineBreak, format!("the character U+{code:04X} is read as a line break"))
            .at(Span::new(file, at, at + found.len_utf8()), "an invisible line separator")
            .help(format!("Delete it, or write it as \"\\u{code:04X}\" in double quotes."));
    Some(finding)
}
