//! Events to a flat record of every node in written order.
//!
//! An alias is recorded as a reference to its anchor's place on the tape, and what it would expand
//! to is known before anything is built: limits are enforced here, where nothing has grown yet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle, Tag, YamlVersion};

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

use super::super::spread;
use super::parts::{self, Cuts};
use super::tags::Kind;
use super::{Limits, MOST_FINDINGS, guard, quotes, syntax};

/// The bytes that an event is about.
type Place = Range<usize>;

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
    height: usize,
}

struct Recorder<'t, 'f> {
    file: FileId,
    text: &'t str,
    /// Stands for `\'`, which the crate does not know.
    mark: Option<char>,
    limits: Limits,
    tape: Tape<'t>,
    open: Vec<Open>,
    /// The latest definition of each name. Compose's reader lets them live on in later documents.
    names: HashMap<Cow<'t, str>, u32>,
    /// Of anchored nodes that are complete.
    weights: HashMap<u32, Weight>,
    added: usize,
    findings: &'f mut Vec<Finding>,
}

/// Reads the whole text. Unknown anchors are collected in `findings`; anything that makes going on
/// pointless is the error.
pub(super) fn record<'t>(
    file: FileId,
    text: &'t str,
    mark: Option<char>,
    limits: Limits,
    findings: &mut Vec<Finding>,
) -> Result<Tape<'t>, Finding> {
    let large = text.len() >= parts::LARGE && spread::helps();
    let cuts = large.then(|| parts::cuts(text, parts::PART)).flatten();
    record_at(file, text, mark, limits, findings, cuts.as_ref())
}

/// As [`record`], in parts where there are any.
pub(super) fn record_at<'t>(
    file: FileId,
    text: &'t str,
    mark: Option<char>,
    limits: Limits,
    findings: &mut Vec<Finding>,
    cuts: Option<&Cuts>,
) -> Result<Tape<'t>, Finding> {
    let options = options(limits);
    if let Some(cuts) = cuts {
        let before = findings.len();
        let mut recorder = Recorder::new(file, text, mark, limits, findings);
        if parts::read(text, cuts, &options, |event, place| recorder.take(event, &place))? {
            return Ok(recorder.tape);
        }
        findings.truncate(before);
    }
    let mut recorder = Recorder::new(file, text, mark, limits, findings);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, place) = event.map_err(|error| syntax::finding(file, text, &error))?;
        recorder.take(event, &place.byte_range().unwrap_or_default())?;
    }
    Ok(recorder.tape)
}

pub(super) fn options(limits: Limits) -> Options {
    let mut options: Options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // The recorder's own limit speaks first: it counts both kinds together.
        flow_nesting_limit: limits.depth + 1,
        block_nesting_limit: limits.depth + 1,
    };
    options.set_emit_comments(false);
    options
}

impl<'t, 'f> Recorder<'t, 'f> {
    fn new(
        file: FileId,
        text: &'t str,
        mark: Option<char>,
        limits: Limits,
        findings: &'f mut Vec<Finding>,
    ) -> Self {
        Self {
            file,
            text,
            mark,
            limits,
            tape: Tape { items: Vec::with_capacity(text.len() / BYTES), roots: Vec::new() },
            open: Vec::new(),
            names: HashMap::new(),
            weights: HashMap::new(),
            added: 0,
            findings,
        }
    }

    fn take(&mut self, event: Event<'t>, place: &Place) -> Result<(), Finding> {
        match event {
            Event::DocumentStart(explicit, version) => {
                self.check_start(explicit, place)?;
                return version.map_or(Ok(()), |version| self.check_version(version, place));
            }
            Event::Scalar(text, style, _, tag) => return self.scalar(text, style, tag.as_deref(), place),
            Event::SequenceStart(style, _, tag) => {
                let start = self.sequence_start(style, place);
                let shape = Shape::Seq { until: u32::MAX };
                return self.begin(shape, style, tag.as_deref(), start, place);
            }
            Event::MappingStart(style, _, tag) => {
                let start = bounds(place).0;
                let shape = Shape::Map { until: u32::MAX };
                return self.begin(shape, style, tag.as_deref(), start, place);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Anchor(_, name) => return self.anchor(name, place),
            Event::Alias(_) | Event::UnresolvedAlias(_) => return self.alias(place),
            _ => {}
        }
        Ok(())
    }

    /// Only the first document needs no `---`, not even after a `...`.
    fn check_start(&self, explicit: bool, place: &Place) -> Result<(), Finding> {
        if self.tape.roots.len() >= self.limits.documents {
            let message = format!("the file has more than {} documents", self.limits.documents);
            let start = bounds(place).0;
            return Err(Finding::error(Code::InputTooLarge, message)
                .at(Span::new(self.file, start, start), "one too many")
                .help("Write what belongs together into one document."));
        }
        if explicit || self.tape.roots.is_empty() {
            return Ok(());
        }
        let start = bounds(place).0;
        let length = self.text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Err(Finding::error(Code::YamlSyntax, "did not find expected <document start>")
            .at(Span::new(self.file, start, start + length), "text after the end of a document")
            .help("Begin a further document with a line `---`."))
    }

    /// The YAML crate takes nearly everything for a name, Compose's reader does not.
    fn check_name(&self, name: &str, place: &Place) -> Result<(), Finding> {
        if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Ok(());
        }
        let (start, end) = bounds(place);
        Err(Finding::error(Code::YamlSyntax, "did not find expected alphabetic or numeric character")
            .at(Span::new(self.file, start, end), "not a name that Compose can read")
            .help("Name anchors with letters, digits, `-` and `_`, and put a space after the name."))
    }

    fn check_version(&self, version: YamlVersion, place: &Place) -> Result<(), Finding> {
        if version == YamlVersion::new(1, 1) {
            return Ok(());
        }
        let before = self.text.get(..bounds(place).0).unwrap_or("");
        let start = before.rfind("%YAML").unwrap_or(0);
        let length = before.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
        Err(Finding::error(Code::YamlSyntax, "found incompatible YAML document")
            .at(Span::new(self.file, start, start + length), "Compose reads version 1.1 only")
            .help("Remove the %YAML directive."))
    }

    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: &Place,
    ) -> Result<(), Finding> {
        let (start, mut end) = bounds(place);
        let quoted = style != ScalarStyle::Plain;
        let text = match style {
            // The crate says `~` for a value that is not there.
            ScalarStyle::Plain if start == end => Cow::Borrowed(""),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let kept = guard::without_invented_break(self.text, end, &text).len();
                // The next line's indentation is no part of it.
                let written = self.text.get(start..end).unwrap_or("");
                let within = written.trim_end_matches(' ');
                if within.ends_with(['\n', '\r']) {
                    end = start + within.len();
                }
                let mut text = text;
                if kept < text.len() {
                    text.to_mut().truncate(kept);
                }
                quotes::restored(text, self.mark, "\\'")
            }
            ScalarStyle::DoubleQuoted => {
                let source = self.text.get(start..end).unwrap_or("");
                if let Some((at, what)) = quotes::refused(source) {
                    return Err(Finding::error(Code::YamlSyntax, what)
                        .at(
                            Span::new(self.file, start + at, start + at + 2),
                            "not an escape that Compose knows",
                        )
                        .help("Write the character itself."));
                }
                quotes::restored(text, self.mark, "'")
            }
            _ => quotes::restored(text, self.mark, "\\'"),
        };
        if !quoted && text.starts_with('?') && self.open.last().is_some_and(|open| open.flow) {
            return Err(Finding::error(Code::YamlSyntax, "a `?` here would start a key of its own")
                .at(Span::new(self.file, start, end), "read as text by some readers only")
                .help("Put the text in quotes."));
        }
        self.push(Shape::Scalar { text, quoted }, tag, start, end)
    }

    fn push(&mut self, shape: Shape<'t>, tag: Option<&Tag>, start: usize, end: usize) -> Result<(), Finding> {
        if self.tape.items.len() >= self.limits.nodes {
            let message = format!("the file has more than {} values", self.limits.nodes);
            return Err(Finding::error(Code::YamlLimit, message)
                .at(Span::new(self.file, start, end), "one too many")
                .help("Split the file, or remove what generates so much."));
        }
        let tag = tag.map_or(Kind::None, |tag| Kind::of(tag.handle(), tag.suffix()));
        let Span { start, end, .. } = Span::new(self.file, start, end);
        let hidden = self.open.last().is_some_and(|open| open.hides);
        self.tape.items.push(Item { shape, tag, hidden, start, end });
        let at = self.tape.next() - 1;
        match self.open.last_mut() {
            Some(parent) => parent.weight.nodes += 1,
            None => self.tape.roots.push(at),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        shape: Shape<'t>,
        style: StructureStyle,
        tag: Option<&Tag>,
        start: usize,
        place: &Place,
    ) -> Result<(), Finding> {
        let end = bounds(place).1.max(start);
        if self.open.len() >= self.limits.depth {
            let span = Span::new(self.file, start, end);
            return Err(syntax::too_deep(span, self.limits.depth));
        }
        let item = self.tape.next();
        self.push(shape, tag, start, end)?;
        let weight = Weight { nodes: 1, height: 1 };
        let flow = style == StructureStyle::Flow;
        let hides = self.tape.get(item).is_some_and(|item| item.hidden || item.tag == Kind::Override);
        self.open.push(Open { item, weight, flow, anchored: false, hides });
        Ok(())
    }

    fn close(&mut self, place: &Place) {
        let Some(closed) = self.open.pop() else {
            return;
        };
        let next = self.tape.next();
        // A block collection ends with its last child, not where the next token is.
        let inner = self.tape.items.last().map_or(0, |last| last.end);
        let end = if closed.flow { u32::try_from(bounds(place).1).unwrap_or(inner) } else { inner };
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
            parent.weight.height = parent.weight.height.max(closed.weight.height + 1);
        }
    }

    /// Comes directly after the node that it belongs to, before any child.
    fn anchor(&mut self, name: Cow<'t, str>, place: &Place) -> Result<(), Finding> {
        self.check_name(&name, place)?;
        let item = self.tape.next().saturating_sub(1);
        match self.open.last_mut() {
            Some(open) if open.item == item => open.anchored = true,
            _ => {
                self.weights.insert(item, Weight { nodes: 1, height: 0 });
            }
        }
        self.names.insert(name, item);
        Ok(())
    }

    fn alias(&mut self, place: &Place) -> Result<(), Finding> {
        let (start, end) = bounds(place);
        let span = Span::new(self.file, start, end);
        let name = self.text.get(start..end).and_then(|text| text.strip_prefix('*')).unwrap_or("");
        self.check_name(name, place)?;
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
        self.push(Shape::Alias(target), None, start, end)?;
        if let Some(parent) = self.open.last_mut() {
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

    /// The crate puts a sequence that is not indented behind its first dash.
    fn sequence_start(&self, style: StructureStyle, place: &Place) -> usize {
        let start = bounds(place).0;
        let at_dash = self.text.get(start..).is_some_and(|rest| rest.starts_with('-'));
        if style == StructureStyle::Flow || at_dash {
            return start;
        }
        let before = self.text.get(..start).unwrap_or("").trim_end_matches([' ', '\t', '\n', '\r']);
        if before.ends_with('-') { before.len() - 1 } else { start }
    }
}

fn bounds(place: &Place) -> (usize, usize) {
    (place.start, place.end)
}
