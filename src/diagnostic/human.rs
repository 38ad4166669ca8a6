//! Findings for people, by miette: code, sentence, source underlined, remedy.

use std::fmt;
use std::io::{self, Write};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::source::{FileId, SourceMap};

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
    source: Option<NamedSource<String>>,
    labels: Vec<&'a Label>,
    related: Vec<Report<'a>>,
}

impl<'a> Report<'a> {
    fn new(finding: &'a Finding, sources: &SourceMap) -> Self {
        let mut groups: Vec<(FileId, Vec<&'a Label>)> = Vec::new();
        for label in &finding.labels {
            match groups.iter_mut().find(|(file, _)| *file == label.span.file) {
                Some((_, labels)) => labels.push(label),
                None => groups.push((label.span.file, vec![label])),
            }
        }
        let mut parts = groups.into_iter().map(|(file, labels)| {
            let source =
                sources.get(file).map(|source| NamedSource::new(&source.name, source.text.to_string()));
            (source, labels)
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
        Self { code: Some(finding), message: finding.message.clone(), source, labels, related }
    }
}

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
            LabeledSpan::new(text, range.start, range.len())
        })))
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn Diagnostic> + 'b>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|report| report as &dyn Diagnostic)))
    }
}
