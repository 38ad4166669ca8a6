//! `${…}` kept as it is written: one opaque word that every parser of short forms takes for a name.
//!
//! The expression's ASCII characters are moved into a private area of Unicode, so that no colon, slash
//! or quote of theirs means anything, and moved back by [`written`].

use std::borrow::Cow;

use crate::project::template::{self, TemplateError};
use crate::yaml::{Node, Value};

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
const FIRST: u32 = 0xE100;
const LAST: u32 = FIRST + 0x7F;

/// The text with each expression of the outermost level as one word, and `$$` as `$`.
///
/// # Errors
/// Where it is not of the grammar.
pub fn keep(text: &str) -> Result<String, TemplateError> {
    // Any value will do: only the places are wanted.
    let used = template::expand(text, &|_| Some("x".to_owned()))?.used;
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in used.into_iter().map(|used| used.range) {
        literal(text.get(at..range.start).unwrap_or_default(), &mut out);
        out.push(OPEN);
        let expression = text.get(range.clone()).unwrap_or_default();
        out.extend(expression.chars().map(moved));
        out.push(CLOSE);
        at = range.end;
    }
    literal(text.get(at..).unwrap_or_default(), &mut out);
    Ok(out)
}

fn moved(character: char) -> char {
    if character.is_ascii() {
        char::from_u32(u32::from(character) + FIRST).unwrap_or(character)
    } else {
        character
    }
}

/// What is no expression; characters of the private area must not be taken for one later.
fn literal(text: &str, out: &mut String) {
    let own = |c: char| matches!(u32::from(c), 0xE000 | 0xE001 | FIRST..=LAST);
    out.extend(text.replace("$$", "$").chars().map(|c| if own(c) { '\u{FFFD}' } else { c }));
}

/// Whether a text holds an expression that was kept.
pub fn is_kept(text: &str) -> bool {
    text.contains(OPEN)
}

/// Whether a text begins with one.
pub fn begins(text: &str) -> bool {
    text.starts_with(OPEN)
}

/// Whether a value, or one directly below it, holds a kept expression.
pub fn holds(node: &Node) -> bool {
    let text = |node: &Node| node.as_str().is_some_and(is_kept);
    match &node.value {
        Value::String(text) => is_kept(text),
        Value::Seq(items) => items.iter().any(text),
        Value::Map(map) => map.iter().any(|(_, node)| text(node)),
        _ => false,
    }
}

/// The text as it was written.
pub fn written(text: &str) -> Cow<'_, str> {
    // Nothing else is written another way.
    if text.is_ascii() && !text.contains('$') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match u32::from(character) {
            0xE000 | 0xE001 => {}
            code @ FIRST..=LAST => out.extend(char::from_u32(code - FIRST)),
            0x24 => out.push_str("$$"),
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_one_word_and_comes_back_as_it_was() {
        let text = "${A:-b:c}:/x/$B:ro $$5 é${É}";
        let kept = keep("${A:-b:c}:/x/$B:ro $$5 é").unwrap();
        assert_eq!(kept.matches(':').count(), 2, "{kept:?}");
        assert_eq!(written(&kept), "${A:-b:c}:/x/$B:ro $$5 é");
        assert!(is_kept(&kept) && begins(&kept));
        assert!(keep(text).is_err());
    }

    #[test]
    fn nobody_can_write_what_only_looks_like_an_expression() {
        let forged: String = std::iter::once(OPEN)
            .chain("${A}".chars().map(|c| char::from_u32(u32::from(c) + FIRST).unwrap()))
            .collect();
        assert_eq!(keep(&forged).unwrap(), "\u{FFFD}".repeat(5));
    }
}
