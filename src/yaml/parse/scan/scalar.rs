//! Scalars without quotes: plain ones, and blocks behind `|` and `>`.

use std::borrow::Cow;

use super::super::fault::{Fault, Wrong};
use super::cursor::is_blank;
use super::{Done, Scanner, Sort, Style};

/// Text that is the source's own as long as the source says it in one piece.
pub(super) struct Gathered<'t> {
    own: Option<String>,
    /// One piece of the source.
    piece: &'t str,
}

impl<'t> Gathered<'t> {
    pub fn new() -> Self {
        Self { own: None, piece: "" }
    }

    /// Adds what the source has here, directly behind the piece before where that is the source's.
    pub fn add(&mut self, piece: &'t str) {
        match &mut self.own {
            Some(own) => own.push_str(piece),
            None if self.piece.is_empty() => self.piece = piece,
            None => self.say(piece),
        }
    }

    /// The piece is longer than it was.
    pub fn grow(&mut self, whole: &'t str, added: &str) {
        match &mut self.own {
            Some(own) => own.push_str(added),
            None => self.piece = whole,
        }
    }

    /// Adds what the source does not have so.
    pub fn say(&mut self, text: &str) {
        if !text.is_empty() {
            self.own.get_or_insert_with(|| self.piece.to_owned()).push_str(text);
        }
    }

    pub fn done(self) -> Cow<'t, str> {
        self.own.map_or(Cow::Borrowed(self.piece), Cow::Owned)
    }
}

/// Line breaks that have been read and not been said: the first, and those behind it.
#[derive(Default)]
pub(super) struct Breaks {
    pub first: Option<&'static str>,
    pub more: String,
}

impl Breaks {
    /// A single line break is a space, of several the first is none.
    pub fn fold(&mut self, into: &mut Gathered<'_>) {
        match self.first.take() {
            Some("\n") if self.more.is_empty() => into.say(" "),
            Some("\n") | None => {}
            Some(other) => into.say(other),
        }
        into.say(&self.more);
        self.more.clear();
    }
}

impl Scanner<'_> {
    pub(super) fn plain(&mut self) -> Done {
        self.add_candidate()?;
        self.key_allowed = false;
        let flow = self.in_flow();
        // The column that the text may not fall behind.
        let indent = self.indent;
        let start = self.cursor.at();
        let mut end = start;
        let mut text = Gathered::new();
        let mut piece = start;
        let mut breaks = Breaks::default();
        let mut after_break = false;
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte() == Some(b'#') {
                break;
            }
            let length = self.plain_run(flow);
            if length > 0 {
                let here = self.cursor.at();
                if after_break {
                    breaks.fold(&mut text);
                    after_break = false;
                    text.add(self.cursor.slice(here, here + length));
                    piece = here;
                } else {
                    let whole = self.cursor.slice(piece, here + length);
                    text.grow(whole, self.cursor.slice(end, here + length));
                }
                self.cursor.skip(length);
                end = self.cursor.at();
            }
            if !(self.cursor.byte().is_some_and(is_blank) || self.cursor.is_break()) {
                break;
            }
            loop {
                match self.cursor.byte() {
                    Some(b'\t') if after_break && self.cursor.column() < indent => {
                        return self.fault(Wrong::Tab);
                    }
                    Some(b' ' | b'\t') => self.cursor.skip(1),
                    _ if self.cursor.is_break() => {
                        let found = self.cursor.take_break().unwrap_or_default();
                        if after_break {
                            breaks.more.push_str(found);
                        } else {
                            breaks.first = Some(found);
                            after_break = true;
                        }
                    }
                    _ => break,
                }
            }
            if !flow && self.cursor.column() < indent {
                break;
            }
        }
        self.push(Sort::Scalar { text: text.done(), style: Style::Plain }, start);
        if let Some(token) = self.tokens.back_mut() {
            token.end = end;
        }
        if after_break {
            self.key_allowed = true;
        }
        Ok(())
    }

    /// Bytes up to a blank, or to what ends a plain text.
    fn plain_run(&self, flow: bool) -> usize {
        let mut length = 0;
        loop {
            let stops =
                |byte| byte == b':' || flow && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}');
            length += self.cursor.run(length, stops);
            if self.cursor.byte_at(length) != Some(b':') || self.cursor.is_blank_or_end(length + 1) {
                return length;
            }
            length += 1;
        }
    }

    pub(super) fn block_scalar(&mut self, literal: bool) -> Done {
        let start = self.cursor.at();
        self.cursor.skip(1);
        let header = self.block_header(start)?;
        let mut block = Block { start, indent: header.indent.map_or(0, |by| self.indent.max(1) - 1 + by) };
        // A block that no other surrounds counts from the margin.
        let mut text = String::new();
        let mut first: Option<&'static str> = None;
        let mut more = String::new();
        let mut end = self.block_breaks(&mut block, &mut more)?;
        let mut was_blank = false;
        while self.cursor.column() == block.indent && self.cursor.byte().is_some() {
            let blank = self.cursor.byte().is_some_and(is_blank);
            if !literal && !was_blank && !blank && first == Some("\n") {
                if more.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(first.unwrap_or_default());
            }
            text.push_str(&more);
            more.clear();
            was_blank = blank;
            let line = self.cursor.at();
            self.cursor.skip_line();
            text.push_str(self.cursor.slice(line, self.cursor.at()));
            first = self.cursor.take_break();
            end = self.block_breaks(&mut block, &mut more)?;
        }
        if header.keeps != Some(false) {
            text.push_str(first.unwrap_or_default());
        }
        if header.keeps == Some(true) {
            text.push_str(&more);
        }
        self.push(Sort::Scalar { text: Cow::Owned(text), style: Style::Block }, start);
        if let Some(token) = self.tokens.back_mut() {
            token.end = end;
        }
        Ok(())
    }

    /// What stands behind the `|` or `>`, to the end of the line.
    fn block_header(&mut self, start: usize) -> Result<Header, Fault> {
        let mut header = Header { keeps: None, indent: None };
        for _ in 0..2 {
            match self.cursor.byte() {
                Some(sign @ (b'+' | b'-')) if header.keeps.is_none() => header.keeps = Some(sign == b'+'),
                Some(b'0') if header.indent.is_none() => return self.fault(Wrong::BlockHeader),
                Some(digit @ b'1'..=b'9') if header.indent.is_none() => {
                    header.indent = Some(usize::from(digit - b'0'));
                }
                _ => break,
            }
            self.cursor.skip(1);
        }
        self.cursor.skip_while(is_blank);
        if self.cursor.byte() == Some(b'#') {
            self.cursor.skip_line();
        }
        if !self.cursor.is_break_or_end(0) {
            return Err(Fault { wrong: Wrong::BlockHeader, at: self.cursor.at().max(start) });
        }
        self.cursor.line_break();
        Ok(header)
    }

    /// Indentation and empty lines. The first line that says something decides how far the block is indented,
    /// where its header does not. Gives the place behind the last line break.
    fn block_breaks(&mut self, block: &mut Block, breaks: &mut String) -> Result<usize, Fault> {
        let mut end = self.cursor.at();
        let mut deepest = 0;
        loop {
            while (block.indent == 0 || self.cursor.column() < block.indent)
                && self.cursor.byte() == Some(b' ')
            {
                self.cursor.skip(1);
            }
            let column = self.cursor.column();
            deepest = deepest.max(column);
            if (block.indent == 0 || column < block.indent) && self.cursor.byte() == Some(b'\t') {
                return Err(Fault { wrong: Wrong::Tab, at: self.cursor.at().max(block.start) });
            }
            let Some(found) = self.cursor.take_break() else { break };
            breaks.push_str(found);
            end = self.cursor.at();
        }
        if block.indent == 0 {
            block.indent = deepest.max(self.indent).max(1);
        }
        Ok(end)
    }
}

struct Header {
    /// Line breaks at the end: all with `+`, none with `-`, else one.
    keeps: Option<bool>,
    indent: Option<usize>,
}

struct Block {
    start: usize,
    /// 0 while it is not known.
    indent: usize,
}
