//! The lines of a source that a message shows.

use std::ops::Range;

use crate::source::SourceFile;

use super::Label;

/// Of a line with more bytes than this only a piece is shown: nobody can read it.
const ENDLESS: usize = 4096;

/// So many bytes of an endless line are shown on either side.
const BESIDE: usize = 80;

/// Labels that lie at most so many lines apart are shown with all that lies between.
const NEAR: usize = 6;

/// What is shown of one file.
#[derive(Debug)]
pub enum Excerpt<'f> {
    /// Whole lines from number `line` on, with the ranges in them and their labels.
    Lines { name: &'f str, line: usize, text: &'f str, labels: Vec<(Range<usize>, &'f str)>, folds: bool },
    /// A piece of an endless line.
    Piece { name: &'f str, line: usize, column: usize, text: &'f str, range: Range<usize>, label: &'f str },
}

/// What is shown of a file for these labels, the first of which is the place where it is wrong; `None` for none.
pub fn excerpts<'f>(file: &'f SourceFile, labels: &[&'f Label]) -> Option<Excerpt<'f>> {
    let window = Window { text: &file.text };
    let first = labels.first()?;
    if labels.iter().any(|label| window.is_endless(label)) {
        return window.piece(file, first);
    }
    let range = |label: &Label| window.range(label);
    let from = labels.iter().map(|label| range(label).start).min()?;
    let until = labels.iter().map(|label| range(label).end).max()?;
    // The line above often has the name of what is shown.
    let start = window.line_start(window.line_start(from).saturating_sub(1));
    let start = if window.line_start(from) - start > ENDLESS { window.line_start(from) } else { start };
    let end = window.line_end(until);
    let text = file.text.get(start..end)?;
    let labels = labels.iter().map(|label| {
        let range = range(label);
        (range.start - start..range.end - start, label.text.as_str())
    });
    Some(Excerpt::Lines {
        name: &file.name,
        line: file.line_breaks(start) + 1,
        text,
        labels: labels.collect(),
        folds: text.lines().count() > NEAR,
    })
}

struct Window<'f> {
    text: &'f str,
}

impl<'f> Window<'f> {
    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
    }

    /// Without its line break.
    fn line_end(&self, at: usize) -> usize {
        self.text.get(at..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |length| at + length)
    }

    fn is_endless(&self, label: &Label) -> bool {
        let range = self.range(label);
        self.line_end(range.end) - self.line_start(range.start) > ENDLESS
    }

    /// The end of the character before this one, at the latest.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn range(&self, label: &Label) -> Range<usize> {
        let start = self.boundary(label.span.start as usize);
        start..self.boundary(label.span.end as usize).max(start)
    }

    /// The surroundings of the beginning of a label, on its line.
    fn piece(&self, file: &'f SourceFile, label: &'f Label) -> Option<Excerpt<'f>> {
        let range = self.range(label);
        let line = self.line_start(range.start);
        let start = self.boundary(range.start.saturating_sub(BESIDE)).max(line);
        let shown = self.boundary(range.end.min(range.start + BESIDE)).min(self.line_end(range.start));
        let end = self.boundary(shown + BESIDE).min(self.line_end(shown));
        let before = self.text.get(line..range.start)?;
        Some(Excerpt::Piece {
            name: &file.name,
            line: file.line_breaks(line) + 1,
            column: before.chars().count() + 1,
            text: self.text.get(start..end)?,
            range: range.start - start..shown - start,
            label: &label.text,
        })
    }
}
