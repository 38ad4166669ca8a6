//! Text to documents.
//!
//! Each step has its own file: [`guard`] refuses characters, [`scan`] and [`grammar`] read by the rules of the
//! reader that Compose has, which are those of no library, [`tape`] records the events with anchors resolved
//! and every limit enforced before memory is spent, [`dots`] refuses what older versions take for a circle,
//! [`build`] turns the record into nodes.

mod build;
mod dialect;
mod dots;
mod fault;
mod grammar;
mod guard;
mod lines;
mod parts;
mod scan;
mod syntax;
mod tags;
mod tape;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Finding, Severity};
use crate::reader::Reader;
use crate::source::FileId;

use super::Document;

pub use guard::line_separator;

/// Bounds on one file, so that no input can exhaust memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nested collections.
    pub depth: usize,
    /// Nodes of a file, aliases counted once.
    pub nodes: usize,
    /// Nodes that aliases may add.
    pub alias_nodes: usize,
    /// Documents of a file.
    pub documents: usize,
    /// Whether one alias at a name and at that name with a dot behind it is a circle, as Compose has it in its own files.
    pub dotted_circles: bool,
    /// The version of Compose that reads: a plain scalar is not the same value to all.
    pub reader: Reader,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 200,
            nodes: 1_000_000,
            alias_nodes: 500_000,
            documents: 10_000,
            dotted_circles: false,
            reader: Reader::OLDEST,
        }
    }
}

/// Trees are walked recursively everywhere, so no limit may be set higher than the stack allows.
const DEEPEST: usize = 500;

/// More findings than this help nobody, and a hostile file could have millions.
const MOST_FINDINGS: usize = 500;

/// Every document of one file; none for a file that is empty or has only comments.
///
/// # Errors
/// Everything wrong with the text: the first syntax error, or all duplicate and non-string keys.
pub fn parse(file: FileId, text: &str, limits: Limits) -> Result<Vec<Document>, Vec<Finding>> {
    if u32::try_from(text.len()).is_err() {
        return Err(vec![Finding::error(Code::InputTooLarge, "the text is larger than 4 GiB")]);
    }
    let limits = Limits { depth: limits.depth.min(DEEPEST), ..limits };
    guard::characters(file, text).map_err(|finding| vec![finding])?;
    let mut findings = Vec::new();
    let tape = tape::record(file, text, limits, &mut findings).map_err(|finding| vec![finding])?;
    if limits.dotted_circles && tape.has_alias() {
        dots::check(file, &tape, &mut findings);
    }
    let mut documents = build::documents(file, text, &tape, limits.reader, &mut findings);
    if let Some(document) = documents.first_mut() {
        let warning = line_separator(file, text);
        document.warnings.extend(warning.map(|finding| Finding { severity: Severity::Warning, ..finding }));
    }
    if findings.is_empty() {
        return Ok(documents);
    }
    findings.sort_by_key(|finding| finding.labels.first().map(|label| label.span));
    Err(findings)
}
