//! The variables of a text, as `config --variables` lists them.

use std::ops::Range;

use super::MAX_DEPTH;
use super::token::{Action, Kind, find, line_tail, token};

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
