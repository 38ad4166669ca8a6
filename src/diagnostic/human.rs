//! Findings for people, by miette: code, sentence, source underlined, remedy.

use std::fmt;
use std::io::{self, Write};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

use crate::source::{FileId, SourceFile, SourceMap};

use super::{Finding, Label, Severity};

/// How the terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub colour: bool,
    /// Characters per line.
    pub width: usize,
}

/// Writes each finding with the source it is about.
///
/// # Errors
/// Where the writer fails.
pub fn write_findings(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    screen: Screen,
) -> io::Result<()> {
    let theme = if screen.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(screen.width)
        .with_links(false)
        .without_cause_chain()
        .with_context_lines(1);
    for finding in findings {
        let mut text = String::new();
        handler.render_report(&mut text, &Report::new(finding, sources)).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A finding as miette sees it: one source per report, so that labels in other files become
/// related reports.
#[derive(Debug)]
struct Report<'a> {
    code: Option<&'a Finding>,
    message: String,
    source: Option<Window<'a>>,
    labels: Vec<&'a Label>,
    related: Vec<Report<'a>>,
}

impl<'a> Report<'a> {
    fn new(finding: &'a Finding, sources: &'a SourceMap) -> Self {
        let mut groups: Vec<(FileId, Vec<&'a Label>)> = Vec::new();
        for label in &finding.labels {
            match groups.iter_mut().find(|(file, _)| *file == label.span.file) {
                Some((_, labels)) => labels.push(label),
                None => groups.push((label.span.file, vec![label])),
            }
        }
        let mut parts = groups.into_iter().map(|(file, labels)| {
            let source = sources.get(file);
            let source = source.map(|file| Window { file, text: &file.text });
            // Two places of one endless line cannot be shown together.
            let endless = |label: &&&Label| source.as_ref().is_some_and(|source| source.is_endless(label));
            let shown = if labels.iter().any(|label| endless(&label)) {
                labels.into_iter().take(1).collect()
            } else {
                labels
            };
            (source, shown)
        });
        let (source, labels) = parts.next().unwrap_or_default();
        let related = parts
            .map(|(source, labels)| Report {
                code: None,
                message: labels.first().map(|label| label.text.clone()).unwrap_or_default(),
                source,
                labels,
                related: Vec::new(),
            })
            .collect();
        Self { code: Some(finding), message: shortened(&finding.message), source, labels, related }
    }
}

/// A message that quotes more than anybody reads, in its beginning and its end.
fn shortened(message: &str) -> String {
    let place = |count: usize| message.char_indices().nth(count).map(|(at, _)| at);
    let Some(end) = place(MOST_CHARACTERS) else { return message.to_owned() };
    let rest = message.get(end..).unwrap_or_default();
    let left_out = rest.chars().count().saturating_sub(LAST_CHARACTERS);
    if left_out == 0 {
        return message.to_owned();
    }
    let last = rest.char_indices().nth(left_out).map_or(rest.len(), |(at, _)| at);
    format!(
        "{} [{left_out} more characters] {}",
        message.get(..end).unwrap_or_default(),
        rest.get(last..).unwrap_or_default()
    )
}

/// So much of the beginning of an endless message is shown.
const MOST_CHARACTERS: usize = 4000;

/// And so much of its end, which may say what is wrong.
const LAST_CHARACTERS: usize = 200;

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.code.map(|finding| Box::new(finding.code.name()) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.code.map(|finding| finding.severity) {
            Some(Severity::Error) => miette::Severity::Error,
            Some(Severity::Warning) => miette::Severity::Warning,
            _ => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let help = self.code?.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().map(|label| {
            let range = label.span.range();
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            let endless = self.source.as_ref().is_some_and(|source| source.is_endless(label));
            let length = if endless { range.len().min(BESIDE) } else { range.len() };
            LabeledSpan::new(text, range.start, length)
        })))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|report| report as &dyn Diagnostic)))
    }
}

/// Of a line with more bytes than this only a part is shown: nobody can read it, and miette cannot print it.
const ENDLESS: usize = 4096;

/// So many bytes of an endless line are shown on either side.
const BESIDE: usize = 80;

/// A source of which miette sees no more than the surroundings of what it asks for. It counts characters from
/// the start otherwise, for every finding.
#[derive(Debug)]
struct Window<'a> {
    file: &'a SourceFile,
    text: &'a str,
}

impl Window<'_> {
    fn line_start(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
    }

    fn line_end(&self, at: usize) -> usize {
        self.text.get(at..).and_then(|rest| rest.find('\n')).map_or(self.text.len(), |length| at + length + 1)
    }

    fn is_endless(&self, label: &Label) -> bool {
        let at = self.boundary(label.span.start as usize);
        self.line_end(at) - self.line_start(at) > ENDLESS
    }

    /// The end of the character before this one, at the latest.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
    }

    /// So many lines on either side of a place, and not more than a part of an endless one.
    fn around(&self, from: usize, until: usize, before: usize, after: usize) -> (usize, usize) {
        let (line, end) = (self.line_start(from), self.line_end(until));
        if end - line > ENDLESS && from - line + (end - until) > ENDLESS {
            return (
                self.boundary(from.saturating_sub(BESIDE)).max(line),
                self.boundary(until + BESIDE).min(end),
            );
        }
        let start = (0..before).fold(line, |start, _| {
            let earlier = self.line_start(start.saturating_sub(1));
            if start - earlier > ENDLESS { start } else { earlier }
        });
        let stop = (0..after).fold(end, |stop, _| {
            let later = self.line_end(stop);
            if later - stop > ENDLESS { stop } else { later }
        });
        (start, stop)
    }
}

impl SourceCode for Window<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let from = self.boundary(span.offset());
        let until = self.boundary(span.offset().saturating_add(span.len())).max(from);
        // A line more than asked for, which shows where the others end.
        let (start, stop) = self.around(from, until, before + 1, after + 1);
        let shown = self.text.get(start..stop).ok_or(MietteError::OutOfBounds)?;
        let moved = SourceSpan::from((span.offset().saturating_sub(start), span.len()));
        let inner = shown.read_span(&moved, before, after)?;
        let line = self.file.line_breaks(start);
        let column = if inner.line() == 0 { start - self.line_start(start) } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.name.clone(),
            inner.data(),
            SourceSpan::from((inner.span().offset() + start, inner.span().len())),
            inner.line() + line,
            inner.column() + column,
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::Span;

    #[test]
    fn an_endless_message_is_shown_in_its_beginning_and_its_end() {
        let finding = Finding::error(Code::ComposeValue, format!("{}: not a number", "é".repeat(1_000_000)));
        let mut out = Vec::new();
        let sources = SourceMap::default();
        write_findings(&mut out, &[finding], &sources, Screen { colour: false, width: 100_000 }).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("ééé [995814 more characters] é") && out.contains("éé: not a number"), "{out}");
        assert!(shortened(&"x".repeat(MOST_CHARACTERS)).len() == MOST_CHARACTERS);
        assert!(out.len() < 10_000);
    }

    /// A compose file without line breaks, as a program may write it.
    #[test]
    fn a_place_far_out_on_an_endless_line_is_shown() {
        let text = format!("x: [{}here, {}there]\n", "a, ".repeat(100_000), "é, ".repeat(100_000));
        let mut sources = SourceMap::default();
        let file = sources.add(SourceFile::new("compose.yaml", "/p/compose.yaml", text.as_str()));
        let at = |word: &str| {
            let start = text.find(word).unwrap();
            Span::new(file, start, start + word.len())
        };
        let finding =
            Finding::error(Code::ComposeValue, "wrong").at(at("here"), "this").at(at("there"), "that");
        let mut out = Vec::new();
        write_findings(&mut out, &[finding], &sources, Screen { colour: false, width: 100 }).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("a, here, é") && out.contains("this"), "{out}");
        assert!(out.contains("compose.yaml:1:300005") && out.len() < 2000, "{out}");
    }
}
