//! Events to a flat record of every node in written order.
//!
//! An alias is recorded as a reference to its anchor's place on the tape, and what it would expand
//! to is known before anything is built: limits are enforced here, where nothing has grown yet.

use crate::diagnostic::{Code, Finding};
use crate::reader::Habit;
use crate::source::{FileId, Span};
use std::borrow::Cow;
use std::collections::HashMap;

use super::super::spread;
use super::grammar::{Event, Mark, Marks, Place, Reader};
use super::parts::{self, Cuts};
use super::scan::Style;
use super::tags::Kind;
use super::{Limits, MOST_FINDINGS, syntax};

/// A value comes to at least so many bytes of text in most files.
const BYTES: usize = 8;

/// Every node of a file, each followed by its children; keys and values alternate in a mapping.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tape<'t> {
    items: Vec<Item<'t>>,
    /// The first item of each document.
    pub roots: Vec<u32>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Item<'t> {
    pub shape: Shape<'t>,
    pub tag: Kind,
    /// Inside something marked `!override`, where Compose does not look for `!reset`.
    pub hidden: bool,
    start: u32,
    end: u32,
}

#[derive(Debug, PartialEq)]
pub(super) enum Shape<'t> {
    Scalar {
        text: Cow<'t, str>,
        quoted: bool,
    },
    /// `until` is the item after the last one inside.
    Seq {
        until: u32,
    },
    Map {
        until: u32,
    },
    Alias(u32),
}

impl<'t> Tape<'t> {
    pub fn get(&self, at: u32) -> Option<&Item<'t>> {
        self.items.get(at as usize)
    }

    pub fn has_alias(&self) -> bool {
        self.items.iter().any(|item| matches!(item.shape, Shape::Alias(_)))
    }

    fn next(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }
}

impl Item<'_> {
    pub fn span(&self, file: FileId) -> Span {
        Span { file, start: self.start, end: self.end }
    }
}

/// A collection whose end has not come yet.
struct Open {
    item: u32,
    weight: Weight,
    flow: bool,
    anchored: bool,
    /// What is inside is [`Item::hidden`].
    hides: bool,
}

/// What a complete node expands to, aliases included.
#[derive(Clone, Copy)]
struct Weight {
    nodes: usize,
    /// As go-yaml counts them.
    decodes: usize,
    height: usize,
}

struct Recorder<'t, 'f> {
    file: FileId,
    text: &'t str,
    limits: Limits,
    tape: Tape<'t>,
    open: Vec<Open>,
    /// The latest definition of each name. Compose's reader lets them live on in later documents.
    names: HashMap<&'t str, u32>,
    /// Of anchored nodes that are complete.
    weights: HashMap<u32, Weight>,
    added: usize,
    /// Values that go-yaml decodes for aliases, which counts each alias beside what it stands for.
    decoded: usize,
    findings: &'f mut Vec<Finding>,
}

/// Reads the whole text. Unknown anchors are collected in `findings`; anything that makes going on
/// pointless is the error.
pub(super) fn record<'t>(
    file: FileId,
    text: &'t str,
    limits: Limits,
    findings: &mut Vec<Finding>,
) -> Result<Tape<'t>, Finding> {
    let large = text.len() >= parts::LARGE && spread::helps();
    let cuts = large.then(|| parts::cuts(text, parts::PART)).flatten();
    record_at(file, text, limits, findings, cuts.as_ref())
}

/// As [`record`], in parts where there are any.
pub(super) fn record_at<'t>(
    file: FileId,
    text: &'t str,
    limits: Limits,
    findings: &mut Vec<Finding>,
    cuts: Option<&Cuts>,
) -> Result<Tape<'t>, Finding> {
    if let Some(cuts) = cuts {
        let before = findings.len();
        let mut recorder = Recorder::new(file, text, limits, findings);
        if parts::read(text, cuts, |event, place| recorder.take(event, &place))? {
            return Ok(recorder.tape);
        }
        findings.truncate(before);
    }
    let mut recorder = Recorder::new(file, text, limits, findings);
    for event in Reader::new(text) {
        let (event, place) = event.map_err(|fault| syntax::finding(file, text, fault))?;
        recorder.take(event, &place)?;
    }
    Ok(recorder.tape)
}

impl<'t, 'f> Recorder<'t, 'f> {
    fn new(file: FileId, text: &'t str, limits: Limits, findings: &'f mut Vec<Finding>) -> Self {
        Self {
            file,
            text,
            limits,
            tape: Tape { items: Vec::with_capacity(text.len() / BYTES), roots: Vec::new() },
            open: Vec::new(),
            names: HashMap::new(),
            weights: HashMap::new(),
            added: 0,
            decoded: 0,
            findings,
        }
    }

    fn take(&mut self, event: Event<'t>, place: &Place) -> Result<(), Finding> {
        match event {
            Event::DocumentStart { .. } => self.check_start(place),
            Event::Scalar { text, style, marks } => {
                let shape = Shape::Scalar { text, quoted: style != Style::Plain };
                let end = if style == Style::Block { self.within(place) } else { place.end };
                self.push(shape, marks.as_deref(), place.start, end)?;
                self.anchor(marks);
                Ok(())
            }
            Event::Seq { flow, marks } => self.begin(Shape::Seq { until: u32::MAX }, flow, marks, place),
            Event::Map { flow, marks } => self.begin(Shape::Map { until: u32::MAX }, flow, marks, place),
            Event::SeqEnd | Event::MapEnd => {
                self.close(place);
                Ok(())
            }
            Event::Alias(name) => self.alias(name, place),
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn check_start(&self, place: &Place) -> Result<(), Finding> {
        if self.tape.roots.len() < self.limits.documents {
            return Ok(());
        }
        let message = format!("the file has more than {} documents", self.limits.documents);
        Err(Finding::error(Code::InputTooLarge, message)
            .at(Span::new(self.file, place.start, place.start), "one too many")
            .help("Write what belongs together into one document."))
    }

    /// The end of a block of text, without the indentation of the line that follows it.
    fn within(&self, place: &Place) -> usize {
        let written = self.text.get(place.clone()).unwrap_or_default();
        let within = written.trim_end_matches(' ');
        if within.ends_with(['\n', '\r']) { place.start + within.len() } else { place.end }
    }

    fn push(
        &mut self,
        shape: Shape<'t>,
        mark: Option<&Mark<'t>>,
        start: usize,
        end: usize,
    ) -> Result<(), Finding> {
        if self.tape.items.len() >= self.limits.nodes {
            let message = format!("the file has more than {} values", self.limits.nodes);
            return Err(Finding::error(Code::YamlLimit, message)
                .at(Span::new(self.file, start, end), "one too many")
                .help("Split the file, or remove what generates so much."));
        }
        let tag = mark.and_then(|mark| mark.tag.as_deref()).map_or(Kind::None, Kind::of);
        let Span { start, end, .. } = Span::new(self.file, start, end);
        let hidden = self.open.last().is_some_and(|open| open.hides);
        self.tape.items.push(Item { shape, tag, hidden, start, end });
        let at = self.tape.next() - 1;
        match self.open.last_mut() {
            Some(parent) => {
                parent.weight.nodes += 1;
                parent.weight.decodes += 1;
            }
            None => self.tape.roots.push(at),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        shape: Shape<'t>,
        flow: bool,
        marks: Marks<'t>,
        place: &Place,
    ) -> Result<(), Finding> {
        let (start, end) = (place.start, place.end);
        if self.open.len() >= self.limits.depth {
            let span = Span::new(self.file, start, end);
            return Err(syntax::too_deep(span, self.limits.depth));
        }
        let item = self.tape.next();
        self.push(shape, marks.as_deref(), start, end)?;
        let weight = Weight { nodes: 1, decodes: 1, height: 1 };
        let hides = self.tape.get(item).is_some_and(|item| item.hidden || item.tag == Kind::Override);
        self.open.push(Open { item, weight, flow, anchored: false, hides });
        self.anchor(marks);
        Ok(())
    }

    fn close(&mut self, place: &Place) {
        let Some(closed) = self.open.pop() else {
            return;
        };
        let next = self.tape.next();
        // A block collection ends with its last child, not where the next token is.
        let inner = self.tape.items.last().map_or(0, |last| last.end);
        let end = if closed.flow { u32::try_from(place.end).unwrap_or(inner) } else { inner };
        if let Some(item) = self.tape.items.get_mut(closed.item as usize) {
            item.end = end.max(item.end);
            if let Shape::Seq { until } | Shape::Map { until } = &mut item.shape {
                *until = next;
            }
        }
        if closed.anchored {
            self.weights.insert(closed.item, closed.weight);
        }
        if let Some(parent) = self.open.last_mut() {
            // The collection itself was counted when it began.
            parent.weight.nodes = parent.weight.nodes.saturating_add(closed.weight.nodes - 1);
            parent.weight.decodes = parent.weight.decodes.saturating_add(closed.weight.decodes - 1);
            parent.weight.height = parent.weight.height.max(closed.weight.height + 1);
        }
    }

    /// Names the node that was just recorded, before any child of it.
    fn anchor(&mut self, marks: Marks<'t>) {
        let Some(name) = marks.and_then(|mark| mark.anchor) else { return };
        let item = self.tape.next().saturating_sub(1);
        match self.open.last_mut() {
            Some(open) if open.item == item => open.anchored = true,
            _ => {
                self.weights.insert(item, Weight { nodes: 1, decodes: 1, height: 0 });
            }
        }
        self.names.insert(name, item);
    }

    fn alias(&mut self, name: &str, place: &Place) -> Result<(), Finding> {
        let (start, end) = (place.start, place.end);
        let span = Span::new(self.file, start, end);
        let Some(&target) = self.names.get(name) else {
            let finding = Finding::error(Code::YamlAlias, format!("unknown anchor '{name}' referenced"))
                .at(span, "no anchor of this name before this place");
            return self.placeholder(finding, start, end);
        };
        let Some(&weight) = self.weights.get(&target) else {
            let mut finding = Finding::error(
                Code::YamlAlias,
                format!("cycle detected: *{name} is part of what it stands for"),
            )
            .at(span, "refers to a value that contains this place");
            if let Some(item) = self.tape.get(target) {
                let first = Span { end: item.start, ..item.span(self.file) };
                finding = finding.at(first, "the value begins here");
            }
            return self.placeholder(finding, start, end);
        };
        let depth = self.open.len() + weight.height;
        if depth > self.limits.depth {
            return Err(syntax::too_deep(span, self.limits.depth));
        }
        self.added = self.added.saturating_add(weight.nodes);
        if self.added > self.limits.alias_nodes {
            let message =
                format!("the aliases up to *{name} stand for more than {} values", self.limits.alias_nodes);
            return Err(Finding::error(Code::YamlLimit, message)
                .at(span, format!("this one alone stands for {}", weight.nodes))
                .help("Aliases that repeat aliases multiply; write fewer of them."));
        }
        self.decoded = self.decoded.saturating_add(weight.decodes);
        if self.limits.reader.has(Habit::AliasRatio) && is_excessive(self.decoded, self.tape.items.len()) {
            let message = "the document is nearly all what its aliases stand for";
            return Err(Finding::error(Code::YamlLimit, message)
                .at(span, format!("this one alone stands for {}", weight.nodes))
                .help(
                    "Compose refuses this as excessive aliasing. Write fewer aliases that repeat aliases.",
                ));
        }
        self.push(Shape::Alias(target), None, start, end)?;
        if let Some(parent) = self.open.last_mut() {
            parent.weight.decodes = parent.weight.decodes.saturating_add(weight.decodes);
            parent.weight.nodes = parent.weight.nodes.saturating_add(weight.nodes - 1);
            parent.weight.height = parent.weight.height.max(weight.height + 1);
        }
        Ok(())
    }

    /// Goes on with a null, so that every such alias is reported.
    fn placeholder(&mut self, finding: Finding, start: usize, end: usize) -> Result<(), Finding> {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
        self.push(Shape::Scalar { text: Cow::Borrowed(""), quoted: false }, None, start, end)
    }
}

/// Whether go-yaml takes the decoding of so many values for aliases, beside `written` ones, for an attack: 99 of 100 may
/// be for aliases up to 400,000 values, and fewer from there on, down to a tenth.
fn is_excessive(aliased: usize, written: usize) -> bool {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let all = aliased.saturating_add(written);
    if aliased <= 100 || all <= 1000 {
        return false;
    }
    #[allow(clippy::cast_precision_loss, reason = "the limits of a file are far below")]
    let (aliased, all) = (aliased as f64, all as f64);
    aliased / all > 0.99 - 0.89 * ((all.clamp(LOW, HIGH) - LOW) / (HIGH - LOW))
}
