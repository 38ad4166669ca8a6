//! Findings for people: severity and code, one sentence, the source underlined, the remedy; by annotate-snippets.

use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group as Shown, Level, Origin, Renderer, Snippet};

use crate::source::{FileId, SourceMap};

use super::excerpt::{Excerpt, excerpts};
use super::group::{Group, group};
use super::{Finding, Label, Severity};

/// How the terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub colour: bool,
    /// Characters per line.
    pub width: usize,
}

/// Of findings that share a message, so many are listed in a line each.
const LISTED: usize = 12;

/// So many services are named.
const NAMED: usize = 60;

/// Writes each finding with the source it is about: those that say the same of several services as one, and the
/// place of the posture that demands it once, below all of them.
///
/// # Errors
/// Where the writer fails.
pub fn write_findings(
    out: &mut dyn Write,
    findings: &[Finding],
    sources: &SourceMap,
    screen: Screen,
) -> io::Result<()> {
    let renderer = if screen.colour { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(screen.width);
    for group in group(findings) {
        let text = renderer.render(&[report(&group, sources, screen.width)]);
        writeln!(out, "{}\n", trimmed(&text, group.first.labels.is_empty()))?;
    }
    for (demand, is_ahead) in demands(findings) {
        let how = if is_ahead { "warned of" } else { "demanded" };
        writeln!(out, "note: {} is {how} at {}\n", demand.text, sources.describe(demand.span))?;
    }
    Ok(())
}

/// Each place that demands something, once, and whether it only asks for warnings.
fn demands(findings: &[Finding]) -> Vec<(&Label, bool)> {
    let mut found: Vec<(&Label, bool)> = Vec::new();
    for finding in findings {
        let Some(label) = finding.demanded() else { continue };
        if !found.iter().any(|(known, _)| known.span == label.span) {
            found.push((label, finding.ahead().is_some()));
        }
    }
    found
}

/// No blanks at the ends of lines: editors and logs take them away. Without a source, no line that leads to one.
fn trimmed(text: &str, is_bare: bool) -> String {
    let leads = |line: &&str| is_bare && line.trim() == "|";
    text.lines().filter(|line| !leads(line)).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn report<'f>(group: &Group<'f>, sources: &'f SourceMap, width: usize) -> Shown<'f> {
    let code = group.first.code.name();
    let level = match group.first.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let head = code.len() + "warning[]: ".len();
    let title = wrapped(&shortened(&group.message), width.saturating_sub(head));
    let mut shown = level.primary_title(title).id(code).element_of(group, sources);
    let beside = |label: &str| width.saturating_sub(label.len() + 8);
    if !group.services.is_empty() {
        shown = shown.element(
            Level::NOTE.with_name("services").message(wrapped(&names(&group.services), beside("services: "))),
        );
    }
    if !group.others.is_empty() {
        shown = shown.element(Level::NOTE.with_name("also").message(others(group, sources)));
    }
    if let Some(help) = &group.help {
        shown = shown.element(Level::HELP.message(wrapped(help, beside("help: "))));
    }
    shown
}

/// A title with its excerpts.
trait Elements<'f> {
    fn element_of(self, group: &Group<'f>, sources: &'f SourceMap) -> Shown<'f>;
}

impl<'f> Elements<'f> for annotate_snippets::Title<'f> {
    fn element_of(self, group: &Group<'f>, sources: &'f SourceMap) -> Shown<'f> {
        let mut shown = Shown::with_title(self);
        for (at, excerpt) in by_file(&group.first.labels, sources).into_iter().enumerate() {
            match excerpt {
                Excerpt::Lines { name, line, text, labels, folds } => {
                    let annotations = labels.into_iter().enumerate().map(|(place, (range, label))| {
                        let kind = if at == 0 && place == 0 {
                            AnnotationKind::Primary
                        } else {
                            AnnotationKind::Context
                        };
                        annotation(kind, range, label)
                    });
                    let snippet = Snippet::source(text).line_start(line).path(name).fold(folds);
                    shown = shown.element(snippet.annotations(annotations));
                }
                Excerpt::Piece { name, line, column, text, range, label } => {
                    shown = shown.element(Origin::path(name).line(line).char_column(column));
                    let snippet = Snippet::source(text).line_start(line);
                    shown =
                        shown.element(snippet.annotation(annotation(AnnotationKind::Primary, range, label)));
                }
            }
        }
        shown
    }
}

fn annotation(kind: AnnotationKind, range: std::ops::Range<usize>, label: &str) -> Annotation<'_> {
    let annotation = kind.span(range);
    if label.is_empty() { annotation } else { annotation.label(label) }
}

/// The labels of each file, in the order of the first of each.
fn by_file<'f>(labels: &'f [Label], sources: &'f SourceMap) -> Vec<Excerpt<'f>> {
    let mut files: Vec<(FileId, Vec<&'f Label>)> = Vec::new();
    for label in labels {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.file, vec![label])),
        }
    }
    files.into_iter().filter_map(|(file, labels)| excerpts(sources.get(file)?, &labels)).collect()
}

fn names(services: &[&str]) -> String {
    let mut text = services.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if services.len() > NAMED {
        text.push_str(&format!(" and {} more", services.len() - NAMED));
    }
    text
}

/// A line for each further finding of a message.
fn others(group: &Group<'_>, sources: &SourceMap) -> String {
    let line = |group: &Group<'_>| {
        let place = group.first.labels.first().map(|label| format!("{}: ", sources.describe(label.span)));
        let message = match (group.first.rule(), &group.message) {
            (Some(rule), message) => message.strip_prefix(&format!("rule {rule}: ")).unwrap_or(message),
            (None, message) => message,
        };
        let services =
            if group.services.is_empty() { String::new() } else { format!(" ({})", names(&group.services)) };
        format!("{}{}{services}", place.unwrap_or_default(), shortened(message))
    };
    let mut lines: Vec<String> = group.others.iter().take(LISTED).map(line).collect();
    let left = group.others.len().saturating_sub(LISTED);
    if left > 0 {
        lines.push(format!("and {left} more; `seaworthy check --format concise` lists all"));
    }
    lines.join("\n")
}

fn wrapped(text: &str, width: usize) -> String {
    // Paths and names stay whole, so that they can be copied.
    let options = textwrap::Options::new(width.max(24))
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace);
    text.lines().map(|line| textwrap::fill(line, &options)).collect::<Vec<_>>().join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Waivable};
    use crate::source::{SourceFile, Span};

    fn shown(findings: &[Finding], sources: &SourceMap, width: usize) -> String {
        let mut out = Vec::new();
        write_findings(&mut out, findings, sources, Screen { colour: false, width }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_endless_message_is_shown_in_its_beginning_and_its_end() {
        let finding = Finding::error(Code::ComposeValue, format!("{}: not a number", "é".repeat(1_000_000)));
        let out = shown(&[finding], &SourceMap::default(), 100_000);
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
        let out = shown(&[finding], &sources, 100);
        assert!(out.contains("a, here, é") && out.contains("this"), "{out}");
        assert!(out.contains("compose.yaml:1:300005") && out.len() < 2000, "{out}");
    }

    #[test]
    fn thirty_services_with_one_fault_take_less_than_a_screen() {
        let mut text = String::from("services:\n");
        (0..30).for_each(|at| text.push_str(&format!("  service{at}:\n    image: x\n")));
        let mut sources = SourceMap::default();
        let file = sources.add(SourceFile::new("compose.yaml", "/p/compose.yaml", text.as_str()));
        let policy = "version: 1\nposture: hardened\n";
        let policy = sources.add(SourceFile::new("seaworthy.yaml", "/p/seaworthy.yaml", policy));
        let demand = crate::source::Origin::Source(Span::new(policy, 20, 28));
        let findings: Vec<Finding> = (0..30)
            .map(|at| {
                let name = format!("service{at}");
                let start = text.find(&format!("{name}:")).unwrap();
                Finding::error(Code::RuleViolated, format!("rule user-root: services.{name} has no user"))
                    .at(Span::new(file, start, start + name.len()), "here")
                    .of_service(&name)
                    .of_rule(
                        "user-root",
                        demand,
                        "posture hardened",
                        Waivable { service: name.clone(), allow: Vec::new() },
                    )
                    .help(format!("Write a user. Or waive it: {{ service: {name} }}"))
            })
            .collect();
        let out = shown(&findings, &sources, 100);
        assert!(out.lines().count() < 24, "{out}");
        assert_eq!(out.matches("posture hardened").count(), 1, "{out}");
        assert!((0..30).all(|at| out.contains(&format!("service{at}"))), "{out}");
    }
}
