//! Faults of the text in words that help.

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

use super::fault::{Fault, Wrong};
use super::scan::Style;

pub(super) fn too_deep(span: Span, limit: usize) -> Finding {
    Finding::error(Code::YamlLimit, format!("more than {limit} collections are nested here"))
        .at(span, "one level too deep")
}

const INDENT: &str = "Start it in the column of the entries that it belongs with.";

pub(super) fn finding(file: FileId, text: &str, fault: Fault) -> Finding {
    let at = fault.at.min(text.len());
    let view = View { text, at };
    match fault.wrong {
        Wrong::Tab => say(file, "a tab is used for indentation", "the tab", at, at + 1)
            .help("Indent with spaces only, and leave nothing on an empty line."),
        Wrong::ValueHere => view.colon(file),
        Wrong::NoColon => view
            .line(file, "a key is not followed by `: `", "expected a colon and a space after this line's key")
            .help("Write `key: value`, with a space after the colon; a key must fit on one line."),
        Wrong::EntryHere if view.is_behind_key() => view
            .point(file, "an item of a list must start on its own line", "not on the line of its key")
            .help("Put the `-` on the next line, indented, or write the list in brackets: `[a, b]`."),
        Wrong::NoKey | Wrong::NoEntry | Wrong::EntryHere | Wrong::KeyHere => view.stray(file),
        Wrong::OpenQuote { start } => {
            say(file, "a quoted text does not end", "the quote that is not closed", start, start + 1)
                .help("Close it with the same quote, or put a `\\` before a quote inside double quotes.")
        }
        Wrong::AfterQuote { style } => {
            let help = if style == Style::Single {
                "Inside single quotes, write a quote as two: 'it''s'."
            } else {
                "Inside double quotes, write a quote as \\\"."
            };
            view.point(file, "text follows the closing quote", "here").help(help)
        }
        Wrong::Escape { .. } => {
            let length = text.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let label = "not an escape that Compose knows";
            say(file, "found unknown escape character", label, at, at + 1 + length)
                .help("Write \\\\ for a backslash, or use single quotes.")
        }
        Wrong::Code => say(
            file,
            "found invalid Unicode character escape code",
            "this stands for no character",
            at,
            (at + 2).min(text.len()),
        )
        .help("Write the character itself."),
        Wrong::FlowSeq { open } => view.flow(file, open, "list", '[', ']'),
        Wrong::FlowMap { open } => view.flow(file, open, "mapping", '{', '}'),
        Wrong::Start | Wrong::NoContent => view.start(file),
        Wrong::Name => {
            let name = text.get(at + 1..).unwrap_or_default();
            let length = name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len());
            say(
                file,
                "did not find expected alphabetic or numeric character",
                "not a name that Compose can read",
                at,
                at + 1 + length,
            )
            .help("Name anchors with letters, digits, `-` and `_`, and put a space after the name.")
        }
        Wrong::Tag => view
            .word(file, "a tag cannot be read", "this tag")
            .help("Put text that begins with `!` in quotes, and a space after a tag."),
        Wrong::Handle => view.word(file, "found undefined tag handle", "no %TAG defines it"),
        Wrong::Directive => view
            .line(file, "a directive cannot be read", "here")
            .help("Remove it, or put a text that begins with `%` in quotes."),
        Wrong::Twice => view.line(file, "the same directive is there twice", "a second time"),
        Wrong::Version => view
            .line(file, "found incompatible YAML document", "Compose reads version 1.1 only")
            .help("Remove the %YAML directive."),
        Wrong::BlockHeader => view.point(file, "text follows `|` or `>` on its line", "here").help(
            "Begin the text on the next line. After `|` and `>` only `+`, `-` and a digit from 1 may stand.",
        ),
        Wrong::NoDocumentStart => view
            .point(file, "did not find expected <document start>", "text after the end of a document")
            .help("Begin a further document with a line `---`."),
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

    /// From the place to the end of its line.
    fn line(&self, file: FileId, message: &str, label: &str) -> Finding {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.lines().next().map_or(0, |line| line.trim_end().len());
        say(file, message, label, self.at, self.at + length)
    }

    /// From the place to the next blank.
    fn word(&self, file: FileId, message: &str, label: &str) -> Finding {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        say(file, message, label, self.at, self.at + length)
    }

    fn here(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    /// The text before the place on its line.
    fn before(&self) -> &str {
        self.text.get(self.line_start(self.at)..self.at).unwrap_or_default()
    }

    fn is_behind_key(&self) -> bool {
        self.before().trim_end().ends_with(':')
    }

    /// A block that goes on with something that is no member of it.
    fn stray(&self, file: FileId) -> Finding {
        match self.here() {
            Some(found @ (']' | '}' | ',')) => self
                .point(file, format!("`{found}` is not inside of brackets"), "here")
                .help("Remove it, or put the text in quotes."),
            _ if self.before().trim().is_empty() => {
                self.point(file, "the indentation fits no level above", "this line").help(INDENT)
            }
            _ => self
                .point(file, "something follows a value on its line", "here")
                .help("Put a text of several parts in quotes."),
        }
    }

    /// No value can begin here.
    fn start(&self, file: FileId) -> Finding {
        match self.here() {
            Some('.') => self
                .line(file, "a document ends that has not begun", "nothing is before it")
                .help("Write something before the `...`, or remove it."),
            Some(found) => self
                .point(file, format!("a value cannot start with `{}`", found.escape_default()), "here")
                .help("Put the value in quotes."),
            None => self.point(file, "the text ends where a value is expected", "here"),
        }
    }

    /// Brackets that do not go on as such: mostly they are not closed, and the next key is taken for a part.
    fn flow(&self, file: FileId, open: usize, what: &str, begin: char, end: char) -> Finding {
        let opened = Span::new(file, open, open + 1);
        let lines = self.text.get(open..self.at).unwrap_or_default().contains('\n');
        if self.here().is_none() || lines && self.here() == Some(':') {
            return Finding::error(Code::YamlSyntax, format!("this {what} is not closed"))
                .at(opened, format!("`{begin}` opened here"))
                .help(format!("Add the missing `{end}`."));
        }
        let goes_on = format!("a {what} that `{begin}` opened does not go on as one");
        self.point(file, goes_on, &format!("expected `,` or `{end}` here")).at(opened, "opened here")
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
