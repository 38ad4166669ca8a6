//! `.env` text, as Compose 2.40 reads it.
//!
//! It is a stream of statements, not of lines: a statement may follow a closing quote on its line,
//! and a quoted value may span several. Oddities that files in use depend on are kept, among them the
//! last line without a newline that is a value without a name, and `\033`, which loses its zero.
//!
//! One difference is known: names may hold a few marks and symbols that Go counts as no letters.

mod raw;
mod value;

use std::ops::Range;

use indexmap::IndexMap;

use super::quote::quote;
use super::template::{self, Fault};

pub use raw::parse_raw;

/// Bytes that all values of one text may have beyond the text itself. Each value may name the ones
/// before it, so that a page of them could fill the memory.
pub(crate) const MAX_GROWTH: usize = 16 * 1024 * 1024;

/// What a text defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    pub values: IndexMap<String, String>,
    /// Variables that were named in values, not set, and became nothing, with where they stand in the text; once
    /// per occurrence.
    pub unset: Vec<template::Used>,
    /// Where each value stands in the text, quotes included; for a name on its own, the name.
    pub places: IndexMap<String, Range<usize>>,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DotenvFault {
    /// The name of a variable.
    Name,
    /// A quote that is not closed.
    Quote,
    /// A `${…}` in a value.
    Template(Fault),
    /// Text or values beyond a limit.
    Limit,
}

/// A fault with the words of Compose, without what names the file before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotenvError {
    pub message: String,
    pub range: Range<usize>,
    pub kind: DotenvFault,
}

/// Reads a text. Variables are looked up by `lookup` first and then among those defined above.
///
/// # Errors
///
/// The first fault from the top.
pub fn parse(text: &str, lookup: &Lookup<'_>) -> Result<Parsed, DotenvError> {
    parse_after(text, lookup, &|_| None)
}

/// As [`parse`], for a text that follows others: what they define is looked up last, and a name on
/// its own does not take its value from them.
///
/// # Errors
///
/// The first fault from the top.
pub fn parse_after(text: &str, lookup: &Lookup<'_>, earlier: &Lookup<'_>) -> Result<Parsed, DotenvError> {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { text, rest, line: 1, lookup, earlier, left: text.len() + MAX_GROWTH };
    let mut parsed = Parsed::default();
    while parser.next_statement() {
        parser.statement(&mut parsed)?;
    }
    Ok(parsed)
}

/// The value of a variable, where it has one.
pub type Lookup<'f> = dyn Fn(&str) -> Option<String> + 'f;

struct Parser<'a> {
    text: &'a str,
    /// What is not read yet: always the end of `text`.
    rest: &'a str,
    /// As Compose counts for its messages.
    line: usize,
    lookup: &'a Lookup<'a>,
    earlier: &'a Lookup<'a>,
    /// Bytes that values may still have.
    left: usize,
}

enum Name<'a> {
    /// Followed by `=` or `:`, and perhaps a value.
    Defined(&'a str),
    /// Alone on its line: its value comes from the environment, if there is one.
    Inherited(&'a str),
}

impl<'a> Parser<'a> {
    /// Skips blank lines and comments; false at the end of the text.
    fn next_statement(&mut self) -> bool {
        loop {
            let start = self.rest.trim_start();
            self.count_lines(self.rest, start);
            self.rest = start;
            if !start.starts_with('#') {
                return !start.is_empty();
            }
            let Some(end) = start.find('\n') else { return false };
            self.rest = start.get(end..).unwrap_or_default();
        }
    }

    fn statement(&mut self, parsed: &mut Parsed) -> Result<(), DotenvError> {
        let start = self.offset();
        let (name, place) = match self.name()? {
            Name::Inherited(name) => {
                let Some(value) = (self.lookup)(name) else { return Ok(()) };
                self.spend(value.len(), start)?;
                parsed.values.insert(name.to_owned(), value);
                (name, start..start + name.len())
            }
            Name::Defined(name) => {
                let value_start = self.offset();
                let value = match self.rest.chars().next() {
                    Some(mark @ ('"' | '\'')) => self.quoted(mark, parsed)?,
                    _ => self.unquoted(parsed)?,
                };
                self.spend(value.text.len(), value_start)?;
                parsed.values.insert(name.to_owned(), value.text);
                (name, value.place)
            }
        };
        parsed.places.insert(name.to_owned(), place);
        Ok(())
    }

    /// Reads a name and what ends it, and the white space before a value.
    fn name(&mut self) -> Result<Name<'a>, DotenvError> {
        let source = self.without_export();
        let start = self.text.len() - source.len();
        if source.is_empty() {
            let message = "zero length string".to_owned();
            return Err(DotenvError { message, range: start..start, kind: DotenvFault::Name });
        }
        for (at, character) in source.char_indices() {
            let rest = source.get(at + 1..).unwrap_or_default();
            match character {
                character if is_blank(character) => {}
                '=' | ':' | '\n' => {
                    let written = source.get(..at).unwrap_or_default();
                    let name = written.trim_end();
                    if name.contains(' ') {
                        let message = format!("line {}: key cannot contain a space", self.line);
                        let range = start..start + name.len();
                        return Err(DotenvError { message, range, kind: DotenvFault::Name });
                    }
                    self.rest = rest.trim_start_matches(is_blank);
                    if character != '\n' {
                        return Ok(Name::Defined(name));
                    }
                    // A name with a space behind it is not counted; the messages say so.
                    if !written.contains(' ') {
                        self.line += 1;
                    }
                    return Ok(Name::Inherited(name));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                character if character.is_alphanumeric() => {}
                character => {
                    let message = format!(
                        "line {}: unexpected character {} in variable name {}",
                        self.line,
                        quote(character.encode_utf8(&mut [0; 4])),
                        quote(first_line(source)),
                    );
                    let range = start + at..start + at + character.len_utf8();
                    return Err(DotenvError { message, range, kind: DotenvFault::Name });
                }
            }
        }
        // The end of the text with nothing behind the name: the name is taken for the value.
        self.rest = source;
        Ok(Name::Defined(""))
    }

    fn without_export(&self) -> &'a str {
        match self.rest.strip_prefix("export") {
            Some(after) if after.starts_with(['\t', '\n', '\x0c', '\r', ' ']) => {
                after.trim_start_matches(is_blank)
            }
            _ => self.rest,
        }
    }

    fn spend(&mut self, bytes: usize, at: usize) -> Result<(), DotenvError> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(DotenvError {
                message: "the values together are too large".to_owned(),
                range: at..at,
                kind: DotenvFault::Limit,
            }),
        }
    }

    fn expand(&self, value: &str, place: &Range<usize>, parsed: &mut Parsed) -> Result<String, DotenvError> {
        if !value.contains('$') {
            return Ok(value.to_owned());
        }
        // Offsets count only where the value stands in the text as it was expanded.
        let written = self.text.get(place.clone()) == Some(value);
        let in_text = |range: &Range<usize>| {
            if written { place.start + range.start..place.start + range.end } else { place.clone() }
        };
        let defined = &parsed.values;
        let lookup = |name: &str| {
            (self.lookup)(name).or_else(|| defined.get(name).cloned()).or_else(|| (self.earlier)(name))
        };
        let expansion = template::expand(value, &lookup).map_err(|error| {
            let range = in_text(&error.range);
            let message = error.fault.to_string();
            DotenvError { message, range, kind: DotenvFault::Template(error.fault) }
        })?;
        let unset = expansion.unset.into_iter();
        parsed.unset.extend(unset.map(|used| template::Used { range: in_text(&used.range), ..used }));
        Ok(expansion.text)
    }

    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn count_lines(&mut self, from: &str, to: &str) {
        let skipped = from.get(..from.len() - to.len()).unwrap_or_default();
        self.line += skipped.matches('\n').count();
    }
}

/// White space within a line, in the selection of the reference.
fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
