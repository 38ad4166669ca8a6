//! In which style a text can be written.

use super::super::scalar::{is_old_boolean, is_sexagesimal, reads_as_string};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What YAML 1.1, and with it go-yaml, takes for a line break.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn has_breaks(text: &str) -> bool {
    !is_all(text, PRINTABLE) && text.contains(is_break)
}

/// `' '` to `~`.
const PRINTABLE: u8 = 1;

/// Printable, and without a meaning within a text.
const HARMLESS: u8 = 2;

/// What each byte is.
const BYTES: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        let harmless = if byte == b':' || byte == b'#' { 0 } else { HARMLESS };
        #[expect(
            clippy::indexing_slicing,
            reason = "every byte is an index; iterators are not for constants"
        )]
        {
            kinds[byte as usize] = PRINTABLE | harmless;
        }
        byte += 1;
    }
    kinds
};

/// Whether all bytes are of a kind; without a stop at the first one that is not, which is slower for the short
/// texts that most are.
fn is_all(text: &str, kind: u8) -> bool {
    text.bytes().fold(kind, |all, byte| all & BYTES.get(usize::from(byte)).copied().unwrap_or_default())
        == kind
}

/// Whether go-yaml writes the text in a form that does not read back: breaks that it folds, a block
/// that begins with a tab, which readers take for indentation, and `<<`, which as a key merges.
pub(super) fn is_lost(text: &str) -> bool {
    text == "<<"
        || text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        || (text.contains('\n') && text.trim_start_matches('\n').starts_with('\t'))
}

/// What may stand in the output as it is. Characters beyond the basic plane are valid YAML, but
/// go-yaml escapes them.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}') && c != '\u{FEFF}'
}

/// The commonest texts, of which no character means something where it stands: names, paths, words.
fn has_no_indicators(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '$'))
        && !text.ends_with(' ')
        && is_all(text, HARMLESS)
}

/// Longer texts that begin with a letter are no numbers, and no words that mean something else.
fn is_long_word(text: &str) -> bool {
    text.len() >= 6 && !text.starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn style(text: &str, simple_key: bool) -> Style {
    if has_no_indicators(text) {
        let is_text = is_long_word(text) || reads_as_string(text) && !is_old_boolean(text);
        return if is_text { Style::Plain } else { Style::Double };
    }
    let allowed = Allowed::of(text);
    if text.contains('\n') {
        return if allowed.literal && !simple_key { Style::Literal } else { Style::Double };
    }
    if !reads_as_string(text) || is_old_boolean(text) || is_sexagesimal(text) {
        return Style::Double;
    }
    if allowed.plain {
        Style::Plain
    } else if allowed.single {
        Style::Single
    } else {
        Style::Double
    }
}

struct Allowed {
    plain: bool,
    single: bool,
    literal: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        // Characters that need an escape, and spaces that folding would eat at a line's edge.
        let mut special = false;
        let mut tabs = false;
        let mut breaks = false;
        let mut space_before_break = false;
        let mut space_after_break = false;

        let mut previous = None;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match (previous, c) {
                (
                    None,
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                ) => true,
                (None, '?' | '-') | (_, ':') => blank_follows,
                (Some(before), '#') => matches!(before, ' ' | '\t') || is_break(before),
                _ => false,
            };
            tabs |= c == '\t';
            special |= c != '\t' && !is_printable(c);
            space_after_break |= c == ' ' && previous.is_some_and(is_break);
            if is_break(c) {
                breaks = true;
                space_before_break |= previous == Some(' ');
            }
            previous = Some(c);
        }

        let space_outside = text.starts_with(' ') || text.ends_with(' ');
        let single = !(tabs || special || space_before_break || space_after_break);
        Self {
            plain: single && !indicators && !breaks && !space_outside,
            single,
            literal: !(special || space_before_break || text.ends_with(' ')),
        }
    }
}
