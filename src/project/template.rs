//! `${…}` in text, as Compose 2.40 reads it, quirks included: projects depend on what it accepts, and
//! a launcher that expands differently from Compose has reviewed something else than what runs.
//!
//! Three quirks are deliberate. Versions before 5.0.2 expand the words of an operator even where they are not used.
//! The byte after any `{` is not looked at while closing braces are counted, so that `{}` leaves the
//! count one too high; an expression whose count never comes down ends at the last `}` of its line.
//! And names are matched without regard to case by Unicode's rules, which lets the Kelvin sign and
//! the long s be letters.

mod token;
mod variables;

use std::fmt;
use std::ops::Range;

use crate::reader::{Habit, Reader};

use super::quote::quote;
use token::{Action, Kind, find, line_tail, token};

pub use variables::{Variable, variables};

/// Levels of words within words. Real files have two or three; the limit is for the stack.
pub(crate) const MAX_DEPTH: usize = 100;

/// Bytes that values may add to one text. A value can be named many times, and a text of a few
/// kilobytes must not become gigabytes.
pub(crate) const MAX_GROWTH: usize = 1024 * 1024;

/// A text with its variables filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    pub text: String,
    /// The variables that were not set and became nothing, once per occurrence. Compose warns about
    /// each, also in a word that is not used.
    pub unset: Vec<Used>,
    /// The expressions of the outermost level, in the order of the text.
    pub used: Vec<Used>,
}

/// One expression and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub name: String,
    /// The whole expression, from its `$`, in the text given.
    pub range: Range<usize>,
}

/// Why a text cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Not the grammar. `text` is what Compose prints as the last line of its message: the text given,
    /// or the inner part it was looking at.
    Syntax { text: String },
    /// `${NAME:?message}` or `${NAME?message}` without a value.
    Required { name: String, message: Option<String> },
    /// Beyond a limit that only hostile input reaches. Compose has no such limit.
    Limit { message: &'static str },
}

impl fmt::Display for Fault {
    /// The words of Compose where it has no path to name, as in a `.env` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { text } => write!(f, "Invalid template: {}", quote(text)),
            Self::Required { name, message: None } => {
                write!(f, "required variable {name} is missing a value")
            }
            Self::Required { name, message: Some(message) } => {
                write!(f, "required variable {name} is missing a value: {message}")
            }
            Self::Limit { message } => f.write_str(message),
        }
    }
}

/// A fault and the best place for it in the text given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    pub fault: Fault,
    pub range: Range<usize>,
}

/// Expands every expression in `text`.
///
/// # Errors
///
/// The first fault from the left, where an expression's words come before the expression itself.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Expansion, TemplateError> {
    expand_as(Reader::OLDEST, text, lookup)
}

/// As [`expand`], as a version of Compose does it.
///
/// # Errors
///
/// As [`expand`].
pub fn expand_as(
    reader: Reader,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Expansion, TemplateError> {
    let is_lazy = reader.has(Habit::LazyDefault);
    let (unset, used) = (Vec::new(), Vec::new());
    let mut expander = Expander { text, lookup, is_lazy, budget: MAX_GROWTH, unset, used };
    let filled = expander.level(0..text.len(), 0)?;
    Ok(Expansion { text: filled, unset: expander.unset, used: expander.used })
}

struct Expander<'a> {
    text: &'a str,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    /// Words that are not used are not expanded.
    is_lazy: bool,
    budget: usize,
    unset: Vec<Used>,
    used: Vec<Used>,
}

impl Expander<'_> {
    fn level(&mut self, span: Range<usize>, depth: usize) -> Result<String, TemplateError> {
        if depth > MAX_DEPTH {
            let fault = Fault::Limit { message: "variables are nested more than 100 levels deep" };
            return Err(TemplateError { fault, range: span });
        }
        let text = self.text;
        let mut out = String::with_capacity(span.len());
        let mut at = span.start;
        let mut last_operation = None;
        while let Some(dollar) = find(text, b'$', at..span.end) {
            out.push_str(text.get(at..dollar).unwrap_or_default());
            let token = token(text, dollar, span.end);
            at = token.end;
            let range = dollar..token.end;
            let name = match token.kind {
                Kind::Dollar | Kind::Escape => {
                    out.push('$');
                    continue;
                }
                Kind::Invalid => return Err(syntax(text, &span, range, last_operation)),
                Kind::Plain { name } => {
                    match self.value(name, &range)? {
                        Some(value) => out.push_str(&value),
                        None => self.unset.push(Used { name: name.to_owned(), range: range.clone() }),
                    }
                    name
                }
                Kind::Operation { name, operator, word } => {
                    let given = (self.lookup)(name);
                    let counts = given.is_some_and(|value| !(operator.empty_is_unset && value.is_empty()));
                    let is_used = match operator.action {
                        Action::Default => !counts,
                        Action::Alternate => counts,
                        Action::Required => true,
                    };
                    let word =
                        if is_used || !self.is_lazy { self.level(word, depth + 1)? } else { String::new() };
                    let value = self.value(name, &range)?;
                    match (operator.action, counts) {
                        (Action::Default | Action::Required, true) => {
                            out.push_str(&value.unwrap_or_default());
                        }
                        (Action::Default, false) | (Action::Alternate, true) => out.push_str(&word),
                        // Unset or empty: either way there is nothing to print.
                        (Action::Alternate, false) => {}
                        (Action::Required, false) => {
                            let message = Some(word).filter(|word| !word.is_empty());
                            let fault = Fault::Required { name: name.to_owned(), message };
                            return Err(TemplateError { fault, range });
                        }
                    }
                    last_operation = Some(token.end);
                    name
                }
            };
            if depth == 0 {
                self.used.push(Used { name: name.to_owned(), range });
            }
        }
        out.push_str(text.get(at..span.end).unwrap_or_default());
        Ok(out)
    }

    fn value(&mut self, name: &str, range: &Range<usize>) -> Result<Option<String>, TemplateError> {
        let value = (self.lookup)(name);
        let length = value.as_ref().map_or(0, String::len);
        let Some(left) = self.budget.checked_sub(length) else {
            let fault = Fault::Limit { message: "variables add more than 1 MiB to one value" };
            return Err(TemplateError { fault, range: range.clone() });
        };
        self.budget = left;
        Ok(value)
    }
}

/// A syntax fault with the text that Compose would show for it: after an expression with an operator,
/// up to the last `}` of that line, it looks at the rest on its own.
fn syntax(
    text: &str,
    span: &Range<usize>,
    range: Range<usize>,
    last_operation: Option<usize>,
) -> TemplateError {
    let shown = match last_operation {
        Some(start) => {
            let tail = line_tail(text, start, span.end);
            if range.start < tail { start..tail } else { span.clone() }
        }
        None => span.clone(),
    };
    let text = text.get(shown).unwrap_or_default().to_owned();
    TemplateError { fault: Fault::Syntax { text }, range }
}

#[cfg(test)]
mod tests;
