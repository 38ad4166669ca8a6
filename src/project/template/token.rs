//! What a `$` begins.

use std::ops::Range;

pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Where reading goes on.
    pub(super) end: usize,
}

pub(super) enum Kind<'a> {
    /// A `$` that means nothing.
    Dollar,
    /// `$$`
    Escape,
    /// `$NAME` or `${NAME}`
    Plain {
        name: &'a str,
    },
    Operation {
        name: &'a str,
        operator: Operator,
        word: Range<usize>,
    },
    /// `${` that is not an expression.
    Invalid,
}

#[derive(Clone, Copy)]
pub(super) struct Operator {
    pub(super) action: Action,
    /// Written with a colon.
    pub(super) empty_is_unset: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Action {
    Default,
    Alternate,
    Required,
}

pub(super) fn token(text: &str, dollar: usize, end: usize) -> Token<'_> {
    let next = dollar + 1;
    match byte(text, next, end) {
        Some(b'$') => Token { kind: Kind::Escape, end: next + 1 },
        Some(b'{') => braced(text, next, end),
        Some(_) => match name(text, next, end) {
            "" => Token { kind: Kind::Dollar, end: next },
            name => Token { kind: Kind::Plain { name }, end: next + name.len() },
        },
        None => Token { kind: Kind::Dollar, end: next },
    }
}

fn braced(text: &str, open: usize, end: usize) -> Token<'_> {
    let invalid = Token { kind: Kind::Invalid, end: open + 1 };
    let name = name(text, open + 1, end);
    if name.is_empty() {
        return invalid;
    }
    let after = open + 1 + name.len();
    let (empty_is_unset, sign) = match byte(text, after, end) {
        Some(b'}') => return Token { kind: Kind::Plain { name }, end: after + 1 },
        Some(b':') => (true, after + 1),
        _ => (false, after),
    };
    let action = match byte(text, sign, end) {
        Some(b'-') => Action::Default,
        Some(b'+') => Action::Alternate,
        Some(b'?') => Action::Required,
        _ => return invalid,
    };
    match closing_brace(text, open, end) {
        Some(close) => {
            let operator = Operator { action, empty_is_unset };
            Token { kind: Kind::Operation { name, operator, word: sign + 1..close }, end: close + 1 }
        }
        None => invalid,
    }
}

/// The brace that closes the one at `open`: by the count, or else the last one of the line.
fn closing_brace(text: &str, open: usize, end: usize) -> Option<usize> {
    let mut count = 0_usize;
    let mut last = None;
    let mut unseen = false;
    for (offset, byte) in text.get(open..end)?.bytes().enumerate() {
        let skipped = std::mem::take(&mut unseen);
        match byte {
            b'\n' => break,
            b'}' => {
                last = Some(open + offset);
                if !skipped {
                    count = count.saturating_sub(1);
                    if count == 0 {
                        break;
                    }
                }
            }
            b'{' if !skipped => {
                count += 1;
                unseen = true;
            }
            _ => {}
        }
    }
    last
}

/// The variable name that starts at `start`; empty where there is none.
fn name(text: &str, start: usize, end: usize) -> &str {
    let rest = text.get(start..end).unwrap_or_default();
    if rest.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    let length = rest.find(|character: char| !in_name(character)).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

fn in_name(character: char) -> bool {
    // The last two are what `k` and `s` fold to.
    character.is_ascii_alphanumeric() || matches!(character, '_' | '\u{212a}' | '\u{17f}')
}

fn byte(text: &str, at: usize, end: usize) -> Option<u8> {
    if at < end { text.as_bytes().get(at).copied() } else { None }
}

pub(super) fn find(text: &str, wanted: u8, range: Range<usize>) -> Option<usize> {
    let start = range.start;
    let found = text.get(range)?.find(char::from(wanted))?;
    Some(start + found)
}

/// Just behind the last `}` of the line, or `start` where there is none.
pub(super) fn line_tail(text: &str, start: usize, end: usize) -> usize {
    let line_end = find(text, b'\n', start..end).unwrap_or(end);
    let line = text.get(start..line_end).unwrap_or_default();
    line.rfind('}').map_or(start, |brace| start + brace + 1)
}
