//! Text to tokens, by the rules of the reader that Compose has.
//!
//! That reader knows YAML 1.1 and is stricter and laxer than every other in its own way: which tab may stand
//! before what, how far a quoted text may be from its key, what begins a comment. All of it hangs on three
//! things, which are kept here as it keeps them: the indentation of the block that is open, whether a key may
//! begin at this place, and the places where one may have begun. Nothing is copied where the text says it as
//! it is.

mod cursor;
mod directive;
mod quoted;
mod scalar;

use std::borrow::Cow;
use std::collections::VecDeque;

use cursor::{Cursor, is_blank};

use super::fault::{Fault, Wrong};

/// Characters between the beginning of a key and its colon.
const LONGEST_KEY: usize = 1024;

/// Bytes that are looked through for the next of several comments.
const NEXT_COMMENT: usize = 512;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'t> {
    pub sort: Sort<'t>,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sort<'t> {
    StreamEnd,
    Version { major: u8, minor: u8 },
    TagDirective { handle: &'t str, prefix: String },
    DocumentStart,
    DocumentEnd,
    BlockSeq,
    BlockMap,
    BlockEnd,
    FlowSeq,
    FlowSeqEnd,
    FlowMap,
    FlowMapEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'t str),
    Anchor(&'t str),
    Tag { handle: &'t str, suffix: Cow<'t, str> },
    Scalar { text: Cow<'t, str>, style: Style },
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Block,
}

/// A place where a key may have begun that has no `?`: its colon decides.
#[derive(Clone, Copy)]
struct Candidate {
    possible: bool,
    /// Nothing but a key can stand in the column of the keys of a block.
    required: bool,
    /// The number of the token with which it begins.
    token: usize,
    at: usize,
    column: usize,
    line: usize,
    index: usize,
}

const NONE: Candidate =
    Candidate { possible: false, required: false, token: 0, at: 0, column: 0, line: 0, index: 0 };

pub(super) struct Scanner<'t> {
    cursor: Cursor<'t>,
    /// One more than the column of the innermost block; none is open at 0.
    indent: usize,
    indents: Vec<usize>,
    /// One for the file and one for each bracket that is open.
    candidates: Vec<Candidate>,
    key_allowed: bool,
    tokens: VecDeque<Token<'t>>,
    taken: usize,
    ended: bool,
}

type Done = Result<(), Fault>;

impl<'t> Scanner<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            cursor: Cursor::new(text),
            indent: 0,
            indents: Vec::new(),
            candidates: vec![NONE],
            key_allowed: true,
            tokens: VecDeque::new(),
            taken: 0,
            ended: false,
        }
    }

    /// The next token, which stays.
    pub fn peek(&mut self) -> Result<&Token<'t>, Fault> {
        while !self.ended && (self.tokens.is_empty() || self.is_undecided()?) {
            self.fetch()?;
        }
        let end = self.cursor.at();
        if self.tokens.is_empty() {
            self.tokens.push_back(Token { sort: Sort::StreamEnd, start: end, end });
        }
        self.tokens.front().ok_or(Fault { wrong: Wrong::NoContent, at: end })
    }

    pub fn next(&mut self) -> Result<Token<'t>, Fault> {
        self.peek()?;
        self.taken += 1;
        let end = self.cursor.at();
        Ok(self.tokens.pop_front().unwrap_or(Token { sort: Sort::StreamEnd, start: end, end }))
    }

    /// Whether the next token may still turn out to begin a key.
    fn is_undecided(&mut self) -> Result<bool, Fault> {
        let at = self.candidates.iter().position(|one| one.possible && one.token == self.taken);
        at.map_or(Ok(false), |at| self.is_alive(at))
    }

    /// A key fits on one line and in so many characters.
    fn is_alive(&mut self, at: usize) -> Result<bool, Fault> {
        let (line, index) = (self.cursor.line(), self.cursor.index());
        let Some(one) = self.candidates.get_mut(at).filter(|one| one.possible) else { return Ok(false) };
        if one.line < line || one.index + LONGEST_KEY < index {
            if one.required {
                return Err(Fault { wrong: Wrong::NoColon, at: one.at });
            }
            one.possible = false;
        }
        Ok(one.possible)
    }

    fn in_flow(&self) -> bool {
        self.candidates.len() > 1
    }

    fn push(&mut self, sort: Sort<'t>, start: usize) {
        let end = self.cursor.at();
        self.tokens.push_back(Token { sort, start, end });
    }

    /// An indicator of so many bytes.
    fn indicator(&mut self, sort: Sort<'t>, length: usize) {
        let start = self.cursor.at();
        self.cursor.skip(length);
        self.push(sort, start);
    }

    fn fault<T>(&self, wrong: Wrong) -> Result<T, Fault> {
        Err(Fault { wrong, at: self.cursor.at() })
    }

    fn fetch(&mut self) -> Done {
        self.skip_to_token();
        let column = self.cursor.column();
        self.unroll(column + 1);
        let Some(here) = self.cursor.byte() else { return self.stream_end() };
        if column == 0 {
            if here == b'%' {
                return self.directive();
            }
            if self.cursor.is_document_indicator() {
                let sort = if here == b'-' { Sort::DocumentStart } else { Sort::DocumentEnd };
                self.close_all()?;
                self.indicator(sort, 3);
                return Ok(());
            }
        }
        self.token(here)?;
        if !matches!(self.tokens.back(), Some(Token { sort: Sort::BlockEntry, .. })) {
            self.comment_on_line();
        }
        Ok(())
    }

    fn token(&mut self, here: u8) -> Done {
        let blank_next = self.cursor.is_blank_or_end(1);
        let flow = self.in_flow();
        match here {
            b'[' => self.flow_start(Sort::FlowSeq),
            b'{' => self.flow_start(Sort::FlowMap),
            b']' => self.flow_end(Sort::FlowSeqEnd),
            b'}' => self.flow_end(Sort::FlowMapEnd),
            b',' => {
                self.drop_candidate()?;
                self.key_allowed = true;
                self.indicator(Sort::FlowEntry, 1);
                Ok(())
            }
            b'-' if blank_next => self.block_entry(),
            b'?' if flow || blank_next => self.key(),
            b':' if flow || blank_next => self.value(),
            b'*' | b'&' => self.name(here),
            b'!' => self.tag(),
            b'|' | b'>' if !flow => {
                self.drop_candidate()?;
                self.key_allowed = true;
                self.block_scalar(here == b'|')
            }
            b'\'' | b'"' => {
                self.add_candidate()?;
                self.key_allowed = false;
                self.quoted(here)
            }
            b'-' | b'?' | b':' if !flow || here == b'-' => self.plain(),
            b' ' | b'\t' | b'\r' | b'\n' | b'?' | b':' | b'|' | b'>' | b'#' | b'%' | b'@' | b'`' => {
                self.fault(if here == b'\t' { Wrong::Tab } else { Wrong::Start })
            }
            _ => self.plain(),
        }
    }

    /// Blanks, comments and line breaks. A tab is none where a key may begin.
    fn skip_to_token(&mut self) {
        loop {
            if self.cursor.column() == 0 && self.cursor.rest().starts_with('\u{feff}') {
                self.cursor.skip('\u{feff}'.len_utf8());
            }
            let tabs = self.in_flow() || !self.key_allowed;
            self.cursor.skip_while(|byte| byte == b' ' || tabs && byte == b'\t');
            if self.cursor.byte() == Some(b'#') {
                self.comments();
            }
            if !self.cursor.line_break() {
                return;
            }
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    /// A comment and those that follow it. Compose's reader looks for them itself, so that a tab before a
    /// comment does no harm after another.
    fn comments(&mut self) {
        loop {
            self.cursor.skip_line();
            let rest = self.cursor.rest().as_bytes();
            let after = rest.get(1..).unwrap_or_default();
            let passed = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\n' | b'\r');
            let next = 1 + after.iter().take_while(passed).count();
            if rest.is_empty() || next >= NEXT_COMMENT || rest.get(next) != Some(&b'#') {
                return;
            }
            let to = self.cursor.at() + next;
            while self.cursor.at() < to {
                if !self.cursor.line_break() {
                    self.cursor.skip(1);
                }
            }
        }
    }

    /// A comment behind a token: whatever is blank may stand before it, and nothing need.
    fn comment_on_line(&mut self) {
        if self.cursor.is_after_break() {
            return;
        }
        let rest = self.cursor.rest().as_bytes();
        let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
        if blanks < NEXT_COMMENT && rest.get(blanks) == Some(&b'#') {
            self.cursor.skip_line();
        }
    }

    /// Opens a block whose members stand in this column; its token comes before the token with the number.
    fn roll(&mut self, column: usize, sort: Sort<'t>, number: Option<usize>, at: usize) {
        if self.in_flow() || self.indent > column {
            return;
        }
        self.indents.push(self.indent);
        self.indent = column + 1;
        let token = Token { sort, start: at, end: at };
        match number {
            Some(number) => self.tokens.insert(number - self.taken, token),
            None => self.tokens.push_back(token),
        }
    }

    /// Closes every block that is indented further.
    fn unroll(&mut self, indent: usize) {
        while !self.in_flow() && self.indent > indent {
            self.push(Sort::BlockEnd, self.cursor.at());
            self.indent = self.indents.pop().unwrap_or(0);
        }
    }

    fn add_candidate(&mut self) -> Done {
        if self.key_allowed {
            self.drop_candidate()?;
            let column = self.cursor.column();
            let one = Candidate {
                possible: true,
                required: !self.in_flow() && self.indent == column + 1,
                token: self.taken + self.tokens.len(),
                at: self.cursor.at(),
                column,
                line: self.cursor.line(),
                index: self.cursor.index(),
            };
            if let Some(slot) = self.candidates.last_mut() {
                *slot = one;
            }
        }
        Ok(())
    }

    fn drop_candidate(&mut self) -> Done {
        match self.candidates.last_mut() {
            Some(one) if one.possible && one.required => Err(Fault { wrong: Wrong::NoColon, at: one.at }),
            Some(one) => {
                one.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The end of a document: no block stays open.
    fn close_all(&mut self) -> Done {
        self.unroll(0);
        self.drop_candidate()?;
        self.key_allowed = false;
        Ok(())
    }

    fn stream_end(&mut self) -> Done {
        self.close_all()?;
        self.push(Sort::StreamEnd, self.cursor.at());
        self.ended = true;
        Ok(())
    }

    fn flow_start(&mut self, sort: Sort<'t>) -> Done {
        self.add_candidate()?;
        self.candidates.push(NONE);
        self.key_allowed = true;
        self.indicator(sort, 1);
        Ok(())
    }

    fn flow_end(&mut self, sort: Sort<'t>) -> Done {
        self.drop_candidate()?;
        if self.in_flow() {
            self.candidates.pop();
        }
        self.key_allowed = false;
        self.indicator(sort, 1);
        Ok(())
    }

    fn block_entry(&mut self) -> Done {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fault(Wrong::EntryHere);
            }
            self.roll(self.cursor.column(), Sort::BlockSeq, None, self.cursor.at());
        }
        self.drop_candidate()?;
        self.key_allowed = true;
        self.indicator(Sort::BlockEntry, 1);
        Ok(())
    }

    fn key(&mut self) -> Done {
        if !self.in_flow() {
            if !self.key_allowed {
                return self.fault(Wrong::KeyHere);
            }
            self.roll(self.cursor.column(), Sort::BlockMap, None, self.cursor.at());
        }
        self.drop_candidate()?;
        self.key_allowed = !self.in_flow();
        self.indicator(Sort::Key, 1);
        Ok(())
    }

    fn value(&mut self) -> Done {
        let last = self.candidates.len() - 1;
        let alive = self.is_alive(last)?;
        match self.candidates.get_mut(last).filter(|_| alive) {
            Some(one) => {
                let key = std::mem::replace(one, NONE);
                let token = Token { sort: Sort::Key, start: key.at, end: key.at };
                self.tokens.insert(key.token - self.taken, token);
                self.roll(key.column, Sort::BlockMap, Some(key.token), key.at);
                self.key_allowed = false;
            }
            None => {
                if !self.in_flow() {
                    if !self.key_allowed {
                        return self.fault(Wrong::ValueHere);
                    }
                    self.roll(self.cursor.column(), Sort::BlockMap, None, self.cursor.at());
                }
                self.key_allowed = !self.in_flow();
            }
        }
        self.indicator(Sort::Value, 1);
        Ok(())
    }

    /// `*name` and `&name`.
    fn name(&mut self, mark: u8) -> Done {
        self.add_candidate()?;
        self.key_allowed = false;
        let start = self.cursor.at();
        self.cursor.skip(1);
        let name = self.cursor.word();
        let ends = self.cursor.is_blank_or_end(0)
            || matches!(self.cursor.byte(), Some(b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'));
        if name.is_empty() || !ends {
            return Err(Fault { wrong: Wrong::Name, at: start });
        }
        self.push(if mark == b'*' { Sort::Alias(name) } else { Sort::Anchor(name) }, start);
        Ok(())
    }
}
