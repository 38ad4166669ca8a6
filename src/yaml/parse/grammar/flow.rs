//! Lists and mappings in brackets.

use super::super::fault::{Fault, Wrong};
use super::super::scan::Sort;
use super::{Event, Found, Reader, State};

impl<'t> Reader<'t> {
    fn opened(&self) -> usize {
        self.open.last().copied().unwrap_or_default()
    }

    fn close_flow(&mut self, event: Event<'t>) -> Found<'t> {
        self.open.pop();
        let token = self.peek()?;
        let place = token.start..token.end;
        self.end(event, place)
    }

    pub(super) fn flow_entry(&mut self, first: bool) -> Found<'t> {
        if !first && self.peek()?.sort != Sort::FlowSeqEnd {
            let token = self.peek()?;
            let (at, is_comma) = (token.start, token.sort == Sort::FlowEntry);
            if !is_comma {
                return Err(Fault { wrong: Wrong::FlowSeq { open: self.opened() }, at });
            }
            self.take()?;
        }
        let token = self.peek()?;
        let place = token.start..token.end;
        match token.sort {
            Sort::FlowSeqEnd => self.close_flow(Event::SeqEnd),
            Sort::Key => {
                self.take()?;
                self.state = State::PairKey;
                Ok((Event::Map { flow: true, marks: None }, place))
            }
            _ => {
                self.states.push(State::FlowEntry { first: false });
                self.flow_node(Wrong::FlowSeq { open: self.opened() })
            }
        }
    }

    /// A value in brackets, or the brackets are not closed.
    fn flow_node(&mut self, wrong: Wrong) -> Found<'t> {
        let found = self.node(false, false);
        match found {
            Err(Fault { wrong: Wrong::NoContent, at }) if self.peek()?.sort == Sort::StreamEnd => {
                Err(Fault { wrong, at })
            }
            found => found,
        }
    }

    pub(super) fn pair_key(&mut self) -> Found<'t> {
        match self.peek()?.sort {
            Sort::Value | Sort::FlowEntry | Sort::FlowSeqEnd => {
                // Compose's reader loses this token.
                self.take()?;
                self.state = State::PairValue;
                Ok(self.nothing())
            }
            _ => {
                self.states.push(State::PairValue);
                self.node(false, false)
            }
        }
    }

    pub(super) fn pair_value(&mut self) -> Found<'t> {
        if self.peek()?.sort != Sort::Value {
            self.state = State::PairEnd;
            return Ok(self.nothing());
        }
        self.take()?;
        let ends = |sort: &Sort<'_>| matches!(sort, Sort::FlowEntry | Sort::FlowSeqEnd);
        self.value_or(State::PairEnd, ends, (false, false))
    }

    pub(super) fn flow_key(&mut self, first: bool) -> Found<'t> {
        if !first && self.peek()?.sort != Sort::FlowMapEnd {
            let token = self.peek()?;
            let (at, is_comma) = (token.start, token.sort == Sort::FlowEntry);
            if !is_comma {
                return Err(Fault { wrong: Wrong::FlowMap { open: self.opened() }, at });
            }
            self.take()?;
        }
        match self.peek()?.sort {
            Sort::FlowMapEnd => self.close_flow(Event::MapEnd),
            Sort::Key => {
                self.take()?;
                let ends = |sort: &Sort<'_>| matches!(sort, Sort::Value | Sort::FlowEntry | Sort::FlowMapEnd);
                self.value_or(State::FlowValue, ends, (false, false))
            }
            _ => {
                self.states.push(State::FlowNoValue);
                self.flow_node(Wrong::FlowMap { open: self.opened() })
            }
        }
    }

    pub(super) fn flow_value(&mut self) -> Found<'t> {
        if self.peek()?.sort != Sort::Value {
            self.state = State::FlowKey { first: false };
            return Ok(self.nothing());
        }
        self.take()?;
        let ends = |sort: &Sort<'_>| matches!(sort, Sort::FlowEntry | Sort::FlowMapEnd);
        self.value_or(State::FlowKey { first: false }, ends, (false, false))
    }
}
