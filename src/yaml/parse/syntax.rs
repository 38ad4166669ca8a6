//! The YAML crate's errors in words that help.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

pub(super) fn too_deep(span: Span, limit: usize) -> Finding {
    Finding::error(Code::YamlLimit, format!("more than {limit} collections are nested here"))
        .at(span, "one level too deep")
}

pub(super) fn finding(file: FileId, text: &str, error: &ScanError) -> Finding {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let view = View { text, at };
    match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::UnexpectedCharacter { character: '\t' } => {
            let tab = view.next_tab();
            say(file, "a tab is used for indentation", "the tab", tab, tab + 1)
                .help("Indent with spaces only.")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => view.colon(file),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => view
            .point(
                file,
                "a key is not followed by `: `",
                "expected a colon and a space after this line's key",
            )
            .help("Write `key: value`, with a space after the colon; a key must fit on one line."),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::BlockSequenceEntryNotAllowed => view
            .point(file, "the indentation fits no level above", "this line")
            .help("Start it in the column of the entries that it belongs with."),
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => view
            .point(file, "a quoted text does not end", "the quotes are still open here")
            .help("Close the quotes on the line where they open."),
        ErrorKind::InvalidTrailingSingleQuotedScalar => view
            .point(file, "text follows the closing quote", "here")
            .help("Inside single quotes, write a quote as two: 'it''s'."),
        ErrorKind::InvalidTrailingDoubleQuotedScalar => view
            .point(file, "text follows the closing quote", "here")
            .help("Inside double quotes, write a quote as \\\"."),
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            view.escape(file).help("Write \\\\ for a backslash, or use single quotes.")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            view.point(file, format!("a `{open}` is not closed"), "opened here")
                .help(format!("Add the missing `{close}`."))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            view.point(file, format!("a `{open}` is closed by `{close}`"), "here")
        }
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => {
            view.point(file, "a list in brackets does not go on as one", "expected `,` or `]` here")
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => {
            view.point(file, "a mapping in braces does not go on as one", "expected `,` or `}` here")
        }
        ErrorKind::UnexpectedCharacter { character } => view
            .point(file, format!("a value cannot start with `{}`", character.escape_default()), "here")
            .help("Put the value in quotes."),
        ErrorKind::UnsupportedYamlMajorVersion => {
            view.point(file, "found incompatible YAML document", "Compose reads version 1.1 only")
        }
        ErrorKind::RecursionLimitExceeded => {
            let (start, end) = view.character();
            Finding::error(Code::YamlLimit, "too many collections are nested here")
                .at(Span::new(file, start, end), "one level too deep")
        }
        other => view.point(file, other.to_string(), "here"),
    }
}

fn say(file: FileId, message: impl Into<String>, label: &str, start: usize, end: usize) -> Finding {
    Finding::error(Code::YamlSyntax, message).at(Span::new(file, start, end), label)
}

/// The text around the place that the crate names.
struct View<'t> {
    text: &'t str,
    at: usize,
}

impl View<'_> {
    /// The character at the place; empty at the end of the text.
    fn character(&self) -> (usize, usize) {
        let length = self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        (self.at, self.at + length)
    }

    fn point(&self, file: FileId, message: impl Into<String>, label: &str) -> Finding {
        let (start, end) = self.character();
        say(file, message, label, start, end)
    }

    /// The crate may name the text behind the tab, or the start of a text that runs into it.
    fn next_tab(&self) -> usize {
        let start = self.line_start(self.at);
        let indentation = self.text.get(start..self.at).unwrap_or("");
        if let Some(tab) = indentation.find('\t') {
            return start + tab;
        }
        let rest = self.text.get(self.at..).unwrap_or("");
        rest.find('\t').map_or(self.at, |tab| self.at + tab)
    }

    /// The crate names the text; the reader wants the backslash.
    fn escape(&self, file: FileId) -> Finding {
        let rest = self.text.get(self.at..).unwrap_or("");
        let mut characters = rest.char_indices();
        while let Some((at, found)) = characters.next() {
            if found != '\\' {
                continue;
            }
            match characters.next() {
                Some((_, next)) if "0abt\tnvfre \"/\\N_LPxuU\n\r".contains(next) => {}
                next => {
                    let end = next.map_or(rest.len(), |(next, character)| next + character.len_utf8());
                    let label = "not an escape that YAML knows";
                    return say(file, "found unknown escape character", label, self.at + at, self.at + end);
                }
            }
        }
        self.point(file, "found an incomplete escape", "in this text")
    }

    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
    }

    /// A `: ` where no key can be: mostly the line before lacks the space after its own colon.
    fn colon(&self, file: FileId) -> Finding {
        let finding =
            self.point(file, "mapping values are not allowed in this context", "a second `:` in one entry");
        let start = self.line_start(self.at);
        let before = self.text.get(..start).unwrap_or("").trim_end();
        let previous = self.line_start(before.len());
        let line = before.get(previous..).unwrap_or("");
        if let Some(colon) = tight_colon(line) {
            let place = Span::new(file, previous + colon, previous + colon + 1);
            return finding
                .at(place, "no space after this colon, so that its line is read as text")
                .help("Put a space after the colon: `key: value`.");
        }
        finding.help("Put a value that contains `: ` in quotes, or correct the indentation.")
    }
}

/// The first colon of a line, where it is directly followed by something.
fn tight_colon(line: &str) -> Option<usize> {
    let content = line.trim_start().trim_start_matches("- ");
    if content.starts_with(['#', '"', '\'']) {
        return None;
    }
    let colon = line.find(':')?;
    let next = line.get(colon + 1..)?.chars().next()?;
    (!next.is_whitespace()).then_some(colon)
}
