//! Escapes in double quotes where the crate and Compose's reader part: `\'`, which only the latter
//! knows, and `\/` and surrogate pairs, which only the former does.

use std::borrow::Cow;

/// Bytes that may be read again and again in search of the next `\'`.
const BUDGET: usize = 64 * 1024 * 1024;

/// The text with a mark for every `\'` in double quotes, every place as it was. The mark has as many
/// bytes and stands nowhere in the text, as itself or as an escape, so that finding it again is
/// unambiguous. `fault` reads a text and says where the first unknown escape is.
pub(super) fn respelled(text: &str, fault: &dyn Fn(&str, char) -> Option<usize>) -> Option<(String, char)> {
    let lower = text.to_ascii_lowercase();
    let unused = |mark: &char| !text.contains(*mark) && !lower.contains(&format!("{:x}", u32::from(*mark)));
    let mark = ('\u{7C0}'..='\u{7EA}').find(unused)?;
    let mut text = text.to_owned();
    for _ in 0..BUDGET / text.len().max(1) {
        let Some(at) = fault(&text, mark) else { return Some((text, mark)) };
        let (before, after) = text.split_at_checked(at)?;
        if !after.starts_with("\\'") {
            return None;
        }
        text = format!("{before}{}", marked(after, mark));
    }
    None
}

/// Marks up to the closing quote.
fn marked(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.char_indices();
    while let Some((at, found)) = characters.next() {
        match found {
            '"' => {
                out.push_str(text.get(at..).unwrap_or(""));
                break;
            }
            '\\' => match characters.next() {
                Some((_, '\'')) => out.push(mark),
                next => {
                    out.push('\\');
                    out.extend(next.map(|(_, next)| next));
                }
            },
            _ => out.push(found),
        }
    }
    out
}

/// A scalar with what the mark stands for in it.
pub(super) fn restored<'t>(text: Cow<'t, str>, mark: Option<char>, meaning: &str) -> Cow<'t, str> {
    match mark {
        Some(mark) if text.contains(mark) => Cow::Owned(text.replace(mark, meaning)),
        _ => text,
    }
}

/// The first escape in a double-quoted text that Compose's reader refuses, and what it says.
pub(super) fn refused(source: &str) -> Option<(usize, &'static str)> {
    let mut characters = source.char_indices();
    while let Some((at, found)) = characters.next() {
        if found != '\\' {
            continue;
        }
        match characters.next()?.1 {
            '/' => return Some((at, "found unknown escape character")),
            'u' if is_surrogate(source.get(at + 2..at + 6)) => {
                return Some((at, "found invalid Unicode character escape code"));
            }
            _ => {}
        }
    }
    None
}

fn is_surrogate(digits: Option<&str>) -> bool {
    digits
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .is_some_and(|code| (0xD800..0xE000).contains(&code))
}
