//! Text to documents.
//!
//! Three steps, each in its own file: [`guard`] refuses what the YAML crate reads differently from
//! Compose's reader, [`tape`] records the crate's events with anchors resolved and every limit
//! enforced before memory is spent, [`build`] turns the record into nodes. The YAML crate is
//! touched in [`tape`] and [`syntax`] only.

mod build;
mod guard;
mod lines;
mod parts;
mod quotes;
mod syntax;
mod tags;
mod tape;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Finding};
use crate::source::FileId;

use super::Document;

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 200, nodes: 1_000_000, alias_nodes: 500_000, documents: 10_000 }
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
    let respelled;
    let mut text = text;
    let tape = match tape::record(file, text, None, limits, &mut findings) {
        Ok(tape) => tape,
        Err(finding) => {
            let fault = |text: &str, mark| {
                let read = tape::record(file, text, Some(mark), limits, &mut Vec::new());
                let label = read.err()?.labels.first()?.span;
                Some(label.start as usize)
            };
            let starts = |at: u32| text.get(at as usize..).is_some_and(|rest| rest.starts_with("\\'"));
            let found = finding.labels.first().is_some_and(|label| starts(label.span.start));
            let other = if found { quotes::respelled(text, &fault) } else { None };
            let Some((other, mark)) = other else { return Err(vec![finding]) };
            respelled = other;
            text = &respelled;
            findings.clear();
            tape::record(file, text, Some(mark), limits, &mut findings).map_err(|finding| vec![finding])?
        }
    };
    let documents = build::documents(file, text, &tape, &mut findings);
    if findings.is_empty() {
        return Ok(documents);
    }
    findings.sort_by_key(|finding| finding.labels.first().map(|label| label.span));
    Err(findings)
}
