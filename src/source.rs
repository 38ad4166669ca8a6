//! Where every value comes from.
//!
//! Each input is read once and kept whole in a [`SourceMap`]; a [`Span`] names a byte range in one
//! of them, and an [`Origin`] says for any value whether it was written in a file, inherited from the
//! environment, typed on the command line or put there by a default.

pub mod bytes;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

/// One input file, by its position in the [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A byte range `start..end` of one input file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        // Inputs above 4 GiB are refused when they are read, so offsets always fit.
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: clamp(start), end: clamp(end) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written in a file.
    Source(Span),
    /// A default of Compose; the text names the rule, e.g. `"default network"`.
    Default(&'static str),
    /// Taken from the process environment or an env file.
    Environment,
    /// Typed on the command line.
    CommandLine,
    /// Put there by the policy, e.g. an injected `user:`.
    Policy(Option<Span>),
}

impl Origin {
    pub fn span(self) -> Option<Span> {
        match self {
            Self::Source(span) | Self::Policy(Some(span)) => Some(span),
            _ => None,
        }
    }
}

/// One input: its name as messages show it, where it was read from, and its whole text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As the user named it (`compose.yaml`, `-`, `builtin:hardening`).
    pub name: String,
    /// Absolute path; for standard input and built-in overlays the name itself.
    pub path: PathBuf,
    pub text: Arc<str>,
    digest: OnceLock<String>,
    /// The line breaks before each [`BLOCK`] of the text.
    lines: OnceLock<Vec<u32>>,
}

/// So many bytes are counted through for one place; those before were counted once for all.
const BLOCK: usize = 4096;

impl SourceFile {
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            text: text.into(),
            digest: OnceLock::new(),
            lines: OnceLock::new(),
        }
    }

    /// Lower-case hexadecimal sha256 of the text as read.
    pub fn sha256(&self) -> &str {
        self.digest.get_or_init(|| sha256(self.text.as_bytes()))
    }

    /// The line breaks before a place. For hundreds of findings in a large file.
    pub fn line_breaks(&self, before: usize) -> usize {
        let breaks = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() - 1;
        let bytes = self.text.as_bytes();
        let counted = self.lines.get_or_init(|| {
            let mut total = 0;
            let mut counted = Vec::with_capacity(bytes.len() / BLOCK + 1);
            for block in bytes.chunks(BLOCK) {
                counted.push(total);
                total += u32::try_from(breaks(block)).unwrap_or(u32::MAX);
            }
            counted
        });
        let before = before.min(bytes.len());
        let block = (before / BLOCK).min(counted.len().saturating_sub(1));
        let rest = bytes.get(block * BLOCK..before).unwrap_or_default();
        counted.get(block).map_or(0, |count| *count as usize) + breaks(rest)
    }

    /// The same input shown with another text.
    #[must_use]
    pub fn shown_as(&self, text: Arc<str>) -> Self {
        let digest = OnceLock::from(self.sha256().to_owned());
        Self { name: self.name.clone(), path: self.path.clone(), text, digest, lines: OnceLock::new() }
    }
}

/// Lower-case hexadecimal sha256.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A position as people count it: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Every input of one run, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    pub fn add(&mut self, file: SourceFile) -> FileId {
        self.files.push(file);
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    pub fn find(&self, path: &Path) -> Option<FileId> {
        let at = self.files.iter().position(|file| file.path == path)?;
        Some(FileId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Every file with its id.
    pub fn entries(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(at, file)| (FileId(u32::try_from(at).unwrap_or(u32::MAX)), file))
    }

    /// The text under a span; empty where the span does not lie on character boundaries.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|file| file.text.get(span.range())).unwrap_or("")
    }

    pub fn position(&self, span: Span) -> Position {
        let file = self.get(span.file);
        let text = file.map_or("", |file| &file.text);
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: file.map_or(0, |file| file.line_breaks(before.len())) + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
        }
    }

    /// `compose.yaml:12:5`
    pub fn describe(&self, span: Span) -> String {
        let name = self.get(span.file).map_or("?", |file| &file.name);
        format!("{name}:{}", self.position(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_the_block_that_a_place_is_in() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17] {
            let text: String = "é\n\nxx\r\n".chars().cycle().take(length).collect();
            let file = SourceFile::new("a", "/a", text.as_str());
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                assert_eq!(
                    file.line_breaks(at),
                    text.get(..at).unwrap().matches('\n').count(),
                    "{at} of {length}"
                );
            }
            assert_eq!(file.line_breaks(usize::MAX), text.matches('\n').count());
        }
    }

    #[test]
    fn positions_count_characters_from_one() {
        let mut map = SourceMap::default();
        let file = map.add(SourceFile::new("a.yaml", "/x/a.yaml", "é: 1\nüx: 2\n"));
        let at = map.files[0].text.find('2').unwrap();
        assert_eq!(map.describe(Span::new(file, at, at + 1)), "a.yaml:2:5");
        assert_eq!(map.text(Span::new(file, at, at + 1)), "2");
    }
}
