//! `${…}` in text, as Compose 2.40 reads it, quirks included: projects depend on what it accepts, and
//! a launcher that expands differently from Compose has reviewed something else than what runs.
//!
//! Three quirks are deliberate. The words of an operator are expanded even where they are not used.
//! The byte after any `{` is not looked at while closing braces are counted, so that `{}` leaves the
//! count one too high; an expression whose count never comes down ends at the last `}` of its line.
//! And names are matched without regard to case by Unicode's rules, which lets the Kelvin sign and
//! the long s be letters.

use std::fmt;
use std::ops::Range;

use super::quote::quote;

/// Levels of words within words. Real files have two or three; the limit is for the stack.
const MAX_DEPTH: usize = 100;

/// Bytes that values may add to one text. A value can be named many times, and a text of a few
/// kilobytes must not become gigabytes.
const MAX_GROWTH: usize = 1024 * 1024;

/// A text with its variables filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    pub text: String,
    /// The variables that were not set and became nothing, once per occurrence. Compose warns about
    /// each, also in a word that is not used.
    pub unset: Vec<String>,
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
    let mut expander = Expander { text, lookup, budget: MAX_GROWTH, unset: Vec::new(), used: Vec::new() };
    let filled = expander.level(0..text.len(), 0)?;
    Ok(Expansion { text: filled, unset: expander.unset, used: expander.used })
}

/// One variable as `config --variables` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Empty for an expression that is not of the grammar, which Compose lists too.
    pub name: String,
    pub required: bool,
    pub default: Option<String>,
    pub alternate: Option<String>,
}

/// The variables of `text`, in an order in which the last of a name is the one Compose lists.
///
/// What follows an expression with an operator comes before it, and what its word holds comes after:
/// that is how Compose walks, and so how `${A:-x} ${A:-y}` comes out as `x`. The words of `?` are not
/// looked into.
pub fn variables(text: &str) -> Vec<Variable> {
    let mut found = Vec::new();
    list(text, 0..text.len(), 0, &mut found);
    found
}

fn list(text: &str, span: Range<usize>, depth: usize, found: &mut Vec<Variable>) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut at = span.start;
    // Expressions with an operator wait here until the rest of their line has been listed.
    let mut waiting: Vec<(Variable, Option<Range<usize>>)> = Vec::new();
    let mut line_end = span.start;
    while let Some(dollar) = find(text, b'$', at..span.end) {
        let new_line = dollar >= line_end;
        if new_line {
            release(text, depth, &mut waiting, found);
        }
        let token = token(text, dollar, span.end);
        at = token.end;
        match token.kind {
            Kind::Dollar | Kind::Escape => {}
            Kind::Invalid => found.push(Variable::named("")),
            Kind::Plain { name } => found.push(Variable::named(name)),
            Kind::Operation { name, operator, word } => {
                let words = text.get(word.clone()).unwrap_or_default().to_owned();
                let mut variable = Variable::named(name);
                let mut inner = Some(word);
                match operator.action {
                    Action::Default => variable.default = Some(words),
                    Action::Alternate => variable.alternate = Some(words),
                    Action::Required => {
                        variable.required = true;
                        inner = None;
                    }
                }
                waiting.push((variable, inner));
                if new_line {
                    line_end = line_tail(text, token.end, span.end);
                }
            }
        }
    }
    release(text, depth, &mut waiting, found);
}

fn release(
    text: &str,
    depth: usize,
    waiting: &mut Vec<(Variable, Option<Range<usize>>)>,
    found: &mut Vec<Variable>,
) {
    while let Some((variable, word)) = waiting.pop() {
        found.push(variable);
        if let Some(word) = word {
            list(text, word, depth + 1, found);
        }
    }
}

impl Variable {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), required: false, default: None, alternate: None }
    }
}

struct Expander<'a> {
    text: &'a str,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    budget: usize,
    unset: Vec<String>,
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
                        None => self.unset.push(name.to_owned()),
                    }
                    name
                }
                Kind::Operation { name, operator, word } => {
                    let word = self.level(word, depth + 1)?;
                    let value = self.value(name, &range)?;
                    let counts = match &value {
                        Some(value) => !(operator.empty_is_unset && value.is_empty()),
                        None => false,
                    };
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

/// Just behind the last `}` of the line, or `start` where there is none.
fn line_tail(text: &str, start: usize, end: usize) -> usize {
    let line_end = find(text, b'\n', start..end).unwrap_or(end);
    let line = text.get(start..line_end).unwrap_or_default();
    line.rfind('}').map_or(start, |brace| start + brace + 1)
}

struct Token<'a> {
    kind: Kind<'a>,
    end: usize,
}

enum Kind<'a> {
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
struct Operator {
    action: Action,
    /// Written with a colon.
    empty_is_unset: bool,
}

#[derive(Clone, Copy)]
enum Action {
    Default,
    Alternate,
    Required,
}

fn token(text: &str, dollar: usize, end: usize) -> Token<'_> {
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

fn find(text: &str, wanted: u8, range: Range<usize>) -> Option<usize> {
    let start = range.start;
    let found = text.get(range)?.find(char::from(wanted))?;
    Some(start + found)
}

#[cfg(test)]
mod tests;
