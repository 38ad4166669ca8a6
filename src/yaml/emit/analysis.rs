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
    text.contains(is_break)
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

/// The commonest texts, which need no closer look: names, paths, commands. They begin as no number does, and hold
/// nothing that means something to a reader.
pub(super) fn is_evidently_plain(text: &str) -> bool {
    let [first, rest @ ..] = text.as_bytes() else { return false };
    let begins = first.is_ascii_alphabetic()
        || matches!(first, b'/' | b'$')
        || *first == b'.' && rest.first() == Some(&b'/');
    if !begins {
        return false;
    }
    let mut rest = rest;
    while let [byte, next @ ..] = rest {
        let means_nothing = match PLAIN.get(usize::from(*byte)) {
            Some(true) => true,
            // What comes after these may give them a meaning.
            _ => matches!(byte, b' ' | b':') && !matches!(next.first(), None | Some(b' ')),
        };
        if !means_nothing {
            return false;
        }
        rest = next;
    }
    !is_word(*first, text)
}

/// What stands for itself wherever it stands.
#[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'#' | b':');
        byte += 1;
    }
    plain
};

/// Whether a text is a word that means something else, or differs from one in its case alone.
fn is_word(first: u8, text: &str) -> bool {
    const WORDS: [&str; 9] = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"];
    text.len() <= 5
        && matches!(first.to_ascii_lowercase(), b'f' | b'n' | b'o' | b't' | b'y')
        && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A number without a point or a sign, which as a text is quoted.
pub(super) fn is_evident_number(text: &str) -> bool {
    /// Every number of so many digits is one.
    const DIGITS: usize = 18;
    let first = text.as_bytes().first().is_some_and(|digit| matches!(digit, b'1'..=b'9'));
    first && text.len() <= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn style(text: &str, simple_key: bool) -> Style {
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
