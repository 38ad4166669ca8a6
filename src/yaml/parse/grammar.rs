//! Tokens to events: what is in what.

mod flow;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::fault::{Fault, Wrong};
use super::scan::{Scanner, Sort, Style, Token};

/// The bytes that an event is about.
pub(super) type Place = Range<usize>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event<'t> {
    StreamStart,
    StreamEnd,
    DocumentStart { explicit: bool },
    DocumentEnd,
    Scalar { text: Cow<'t, str>, style: Style, marks: Marks<'t> },
    Seq { flow: bool, marks: Marks<'t> },
    SeqEnd,
    Map { flow: bool, marks: Marks<'t> },
    MapEnd,
    Alias(&'t str),
}

/// What stands before a value; most have none.
pub(super) type Marks<'t> = Option<Box<Mark<'t>>>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Mark<'t> {
    pub anchor: Option<&'t str>,
    /// With its handle written out.
    pub tag: Option<Cow<'t, str>>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StreamStart,
    FirstDocument,
    Document,
    DocumentContent,
    DocumentEnd,
    End,
    Node,
    BlockEntry,
    /// Entries in the column of the key that they belong to.
    FlatEntry,
    BlockKey,
    BlockValue,
    FlowEntry {
        first: bool,
    },
    /// A mapping of one pair in a list in brackets.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey {
        first: bool,
    },
    FlowValue,
    FlowNoValue,
}

pub(super) struct Reader<'t> {
    scanner: Scanner<'t>,
    state: State,
    states: Vec<State>,
    /// Where the brackets that are open stand.
    open: Vec<usize>,
    handles: HashMap<&'t str, String>,
    versioned: bool,
    /// The end of the last token, and its quotes.
    last: (usize, Option<Style>),
}

type Found<'t> = Result<(Event<'t>, Place), Fault>;

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::StreamStart,
            states: Vec::new(),
            open: Vec::new(),
            handles: HashMap::new(),
            versioned: false,
            last: (0, None),
        }
    }

    fn peek(&mut self) -> Result<&Token<'t>, Fault> {
        self.scanner.peek()
    }

    fn take(&mut self) -> Result<Token<'t>, Fault> {
        let token = self.scanner.next()?;
        let style = match token.sort {
            Sort::Scalar { style, .. } => Some(style),
            _ => None,
        };
        self.last = (token.end, style);
        Ok(token)
    }

    fn pop(&mut self) -> State {
        self.states.pop().unwrap_or(State::End)
    }

    /// A value that is not written, where the last token ends.
    fn nothing(&self) -> (Event<'t>, Place) {
        let end = self.last.0;
        (Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, marks: None }, end..end)
    }

    fn event(&mut self) -> Found<'t> {
        match self.state {
            State::StreamStart => {
                self.state = State::FirstDocument;
                Ok((Event::StreamStart, 0..0))
            }
            State::FirstDocument => self.document(true),
            State::Document => self.document(false),
            State::DocumentContent => {
                self.state = State::Node;
                match self.peek()?.sort {
                    Sort::Version { .. }
                    | Sort::TagDirective { .. }
                    | Sort::DocumentStart
                    | Sort::DocumentEnd
                    | Sort::StreamEnd => {
                        self.state = self.pop();
                        Ok(self.nothing())
                    }
                    _ => self.node(true, false),
                }
            }
            State::DocumentEnd => {
                self.state = State::Document;
                self.handles.clear();
                self.versioned = false;
                let token = self.peek()?;
                let place = match token.sort {
                    Sort::DocumentEnd => token.start..token.end,
                    _ => token.start..token.start,
                };
                if !place.is_empty() {
                    self.take()?;
                }
                Ok((Event::DocumentEnd, place))
            }
            State::Node => self.node(true, false),
            State::BlockEntry => self.block_entry(),
            State::FlatEntry => self.flat_entry(),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowEntry { first } => self.flow_entry(first),
            State::PairKey => self.pair_key(),
            State::PairValue => self.pair_value(),
            State::PairEnd => {
                self.state = State::FlowEntry { first: false };
                let end = self.last.0;
                Ok((Event::MapEnd, end..end))
            }
            State::FlowKey { first } => self.flow_key(first),
            State::FlowValue => self.flow_value(),
            State::FlowNoValue => {
                self.state = State::FlowKey { first: false };
                Ok(self.nothing())
            }
            State::End => {
                let end = self.last.0;
                Ok((Event::StreamEnd, end..end))
            }
        }
    }

    /// The first document needs no `---`.
    fn document(&mut self, first: bool) -> Found<'t> {
        while !first && self.peek()?.sort == Sort::DocumentEnd {
            self.take()?;
        }
        let start = self.peek()?.start;
        match self.peek()?.sort {
            Sort::StreamEnd => {
                self.state = State::End;
                self.last = (start, None);
                return Ok((Event::StreamEnd, start..start));
            }
            Sort::Version { .. } | Sort::TagDirective { .. } | Sort::DocumentStart => {}
            _ if first => {
                self.states.push(State::DocumentEnd);
                self.state = State::Node;
                return Ok((Event::DocumentStart { explicit: false }, start..start));
            }
            _ => return Err(Fault { wrong: Wrong::NoDocumentStart, at: start }),
        }
        self.directives()?;
        let token = self.peek()?;
        let (start, is_start) = (token.start, token.sort == Sort::DocumentStart);
        if !is_start {
            return Err(Fault { wrong: Wrong::NoDocumentStart, at: start });
        }
        let token = self.take()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok((Event::DocumentStart { explicit: true }, token.start..token.end))
    }

    fn directives(&mut self) -> Result<(), Fault> {
        loop {
            let at = self.peek()?.start;
            match &self.peek()?.sort {
                Sort::Version { major, minor } => {
                    let known = (*major, *minor) == (1, 1);
                    if self.versioned {
                        return Err(Fault { wrong: Wrong::Twice, at });
                    }
                    if !known {
                        return Err(Fault { wrong: Wrong::Version, at });
                    }
                    self.versioned = true;
                    self.take()?;
                }
                Sort::TagDirective { .. } => {
                    if let Sort::TagDirective { handle, prefix } = self.take()?.sort
                        && self.handles.insert(handle, prefix).is_some()
                    {
                        return Err(Fault { wrong: Wrong::Twice, at });
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// A value with what stands before it. `flat`: a list may stand in the column of its key.
    fn node(&mut self, block: bool, flat: bool) -> Found<'t> {
        let begins = self.peek()?.start;
        if let Sort::Alias(name) = self.peek()?.sort {
            let token = self.take()?;
            self.state = self.pop();
            return Ok((Event::Alias(name), token.start..token.end));
        }
        let marks = self.marks()?;
        let token = self.peek()?;
        let place = token.start..token.end;
        let (event, state) = match token.sort {
            Sort::BlockEntry if flat => (Event::Seq { flow: false, marks }, State::FlatEntry),
            Sort::Scalar { .. } => {
                let token = self.take()?;
                self.state = self.pop();
                let Sort::Scalar { text, style } = token.sort else {
                    return Err(Fault { wrong: Wrong::NoContent, at: begins });
                };
                return Ok((Event::Scalar { text, style, marks }, place));
            }
            Sort::FlowSeq => (Event::Seq { flow: true, marks }, State::FlowEntry { first: true }),
            Sort::FlowMap => (Event::Map { flow: true, marks }, State::FlowKey { first: true }),
            Sort::BlockSeq if block => (Event::Seq { flow: false, marks }, State::BlockEntry),
            Sort::BlockMap if block => (Event::Map { flow: false, marks }, State::BlockKey),
            _ if marks.is_some() => {
                self.state = self.pop();
                let end = self.last.0;
                return Ok((Event::Scalar { text: Cow::Borrowed(""), style: Style::Plain, marks }, end..end));
            }
            _ => return Err(Fault { wrong: Wrong::NoContent, at: place.start }),
        };
        if state != State::FlatEntry {
            let flow = matches!(state, State::FlowEntry { .. } | State::FlowKey { .. });
            self.take()?;
            if flow {
                self.open.push(place.start);
            }
        }
        self.state = state;
        Ok((event, place))
    }

    /// An anchor and a tag, in either order.
    fn marks(&mut self) -> Result<Marks<'t>, Fault> {
        let mut marks: Marks<'t> = None;
        loop {
            let token = self.peek()?;
            match &token.sort {
                Sort::Anchor(name) if marks.as_ref().is_none_or(|marks| marks.anchor.is_none()) => {
                    marks.get_or_insert_default().anchor = Some(name);
                    self.take()?;
                }
                Sort::Tag { .. } if marks.as_ref().is_none_or(|marks| marks.tag.is_none()) => {
                    let at = token.start;
                    let Sort::Tag { handle, suffix } = self.take()?.sort else { return Ok(marks) };
                    marks.get_or_insert_default().tag = Some(self.tag(handle, suffix, at)?);
                }
                _ => return Ok(marks),
            }
        }
    }

    fn tag(&self, handle: &'t str, suffix: Cow<'t, str>, at: usize) -> Result<Cow<'t, str>, Fault> {
        let prefix = match self.handles.get(handle).map(String::as_str) {
            Some(prefix) => prefix,
            None if handle.is_empty() => return Ok(suffix),
            None if handle == "!" => "!",
            None if handle == "!!" => "tag:yaml.org,2002:",
            None => return Err(Fault { wrong: Wrong::Handle, at }),
        };
        Ok(Cow::Owned(format!("{prefix}{suffix}")))
    }

    /// A value, unless the next token is one that comes after it.
    fn value_or(
        &mut self,
        after: State,
        ends: fn(&Sort<'_>) -> bool,
        (block, flat): (bool, bool),
    ) -> Found<'t> {
        if ends(&self.peek()?.sort) {
            self.state = after;
            return Ok(self.nothing());
        }
        self.states.push(after);
        self.node(block, flat)
    }

    fn block_entry(&mut self) -> Found<'t> {
        let token = self.peek()?;
        let (start, end) = (token.start, token.end);
        match token.sort {
            Sort::BlockEntry => {
                self.take()?;
                let ends = |sort: &Sort<'_>| matches!(sort, Sort::BlockEntry | Sort::BlockEnd);
                self.value_or(State::BlockEntry, ends, (true, false))
            }
            Sort::BlockEnd => self.end(Event::SeqEnd, start..end),
            _ => self.stray(Wrong::NoEntry, start),
        }
    }

    fn flat_entry(&mut self) -> Found<'t> {
        let token = self.peek()?;
        let start = token.start;
        if token.sort != Sort::BlockEntry {
            self.state = self.pop();
            return Ok((Event::SeqEnd, start..start));
        }
        self.take()?;
        let ends =
            |sort: &Sort<'_>| matches!(sort, Sort::BlockEntry | Sort::Key | Sort::Value | Sort::BlockEnd);
        self.value_or(State::FlatEntry, ends, (true, false))
    }

    fn block_key(&mut self) -> Found<'t> {
        let token = self.peek()?;
        let (start, end) = (token.start, token.end);
        match token.sort {
            Sort::Key => {
                self.take()?;
                let ends = |sort: &Sort<'_>| matches!(sort, Sort::Key | Sort::Value | Sort::BlockEnd);
                self.value_or(State::BlockValue, ends, (true, true))
            }
            Sort::BlockEnd => self.end(Event::MapEnd, start..end),
            _ => self.stray(Wrong::NoKey, start),
        }
    }

    fn block_value(&mut self) -> Found<'t> {
        if self.peek()?.sort != Sort::Value {
            self.state = State::BlockKey;
            return Ok(self.nothing());
        }
        self.take()?;
        let ends = |sort: &Sort<'_>| matches!(sort, Sort::Key | Sort::Value | Sort::BlockEnd);
        self.value_or(State::BlockKey, ends, (true, true))
    }

    /// The end of a block or of brackets.
    fn end(&mut self, event: Event<'t>, place: Place) -> Found<'t> {
        let last = self.last;
        self.take()?;
        if place.is_empty() {
            // The end of a block is where the next thing begins; nothing ends there.
            self.last = last;
        }
        self.state = self.pop();
        Ok((event, place))
    }

    /// A block that does not go on as one.
    fn stray(&mut self, wrong: Wrong, at: usize) -> Found<'t> {
        let quoted = self.last.1.filter(|style| matches!(style, Style::Single | Style::Double));
        let wrong = match quoted {
            Some(style) if self.last.0 == at => Wrong::AfterQuote { style },
            _ => wrong,
        };
        Err(Fault { wrong, at })
    }
}

impl<'t> Iterator for Reader<'t> {
    type Item = Found<'t>;

    /// Ends behind [`Event::StreamEnd`], and behind a fault.
    fn next(&mut self) -> Option<Found<'t>> {
        if self.state == State::End {
            return None;
        }
        let found = self.event();
        if found.is_err() {
            self.state = State::End;
        }
        Some(found)
    }
}
