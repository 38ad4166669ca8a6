//! Lines and columns that fit the terminal, with colour where it shows some.

use anstyle::{AnsiColor, Style};
use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::Screen;

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Heading,
    Good,
    Warning,
    Bad,
    /// Of less interest.
    Dim,
}

impl Tone {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Good => colour(AnsiColor::Green).bold(),
            Self::Warning => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red).bold(),
            Self::Dim => Style::new().dimmed(),
        }
    }
}

/// A piece of text on one line.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    pub text: String,
    pub tone: Tone,
}

impl Piece {
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// What stands in one column of a row: one or more lines.
pub type Cell = Vec<Piece>;

/// Breaks at blanks alone: half a path is none.
fn options(width: usize) -> Options<'static> {
    Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// Collects lines.
pub struct Page {
    out: String,
    screen: Screen,
}

impl Page {
    pub fn new(screen: Screen) -> Self {
        Self { out: String::new(), screen }
    }

    pub fn finish(self) -> String {
        self.out
    }

    pub fn heading(&mut self, text: &str) {
        self.line(&[]);
        self.line(&[Piece::new(text, Tone::Heading)]);
    }

    /// One line of pieces, as long as it is.
    pub fn line(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            self.put(piece);
        }
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
        self.out.push('\n');
    }

    /// A text that goes on below itself, behind what stands before it on its first line.
    pub fn hanging(&mut self, before: &[Piece], text: &Piece) {
        let indent: usize = before.iter().map(Piece::width).sum();
        // A margin that leaves no room for text is no help.
        let (indent, first) =
            if indent + 24 > self.screen.width { (4, Vec::new()) } else { (indent, before.to_vec()) };
        if first.is_empty() && !before.is_empty() {
            self.line(before);
        }
        let room = self.screen.width.saturating_sub(indent).max(16);
        for (at, line) in textwrap::wrap(&text.text, options(room)).into_iter().enumerate() {
            let mut pieces = if at == 0 { first.clone() } else { Vec::new() };
            if pieces.is_empty() {
                pieces.push(Piece::from(" ".repeat(indent)));
            }
            pieces.push(Piece::new(line, text.tone));
            self.line(&pieces);
        }
    }

    /// Rows in aligned columns, two blanks in; `false`, and nothing written, where they do not fit.
    pub fn columns(&mut self, rows: &[Vec<Cell>]) -> bool {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count)
            .map(|at| {
                let cells = rows.iter().filter_map(|row| row.get(at)).flatten();
                cells.map(Piece::width).max().unwrap_or(0)
            })
            .collect();
        let used = widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>();
        if used > self.screen.width {
            return false;
        }
        for row in rows {
            for line in 0..row.iter().map(Vec::len).max().unwrap_or(0) {
                let mut pieces = Vec::new();
                for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                    let piece = cell.get(line).cloned().unwrap_or_default();
                    let gap = width - piece.width();
                    pieces.extend([Piece::from("  "), piece, Piece::from(" ".repeat(gap))]);
                }
                self.line(&pieces);
            }
        }
        true
    }

    /// As [`Self::columns`]; where they do not fit, each row has its first cell on a line of its own and
    /// the others below it.
    pub fn rows(&mut self, rows: &[Vec<Cell>]) {
        if self.columns(rows) {
            return;
        }
        for row in rows {
            let Some((first, rest)) = row.split_first() else { continue };
            let text = |cells: &[Cell]| -> String {
                let pieces = cells.iter().flatten().map(|piece| piece.text.as_str());
                pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("  ")
            };
            let tone = first.first().map(|piece| piece.tone).unwrap_or_default();
            self.hanging(&[Piece::from("  ")], &Piece::new(text(std::slice::from_ref(first)), tone));
            self.hanging(&[Piece::from("      ")], &Piece::from(text(rest)));
        }
    }

    fn put(&mut self, piece: &Piece) {
        let style = piece.tone.style();
        // Control characters of a project's text are not for the terminal.
        let text: String = piece.text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
        if self.screen.colour && piece.tone != Tone::Plain {
            self.out.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.out.push_str(&text);
        }
    }
}
