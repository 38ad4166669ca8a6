//! The record to nodes: keys checked, aliases copied, merge keys merged, scalars typed.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::diagnostic::{Code, Finding};
use crate::reader::Reader;
use crate::source::{FileId, Origin, Span};

use super::super::path::{Path, Segment};
use super::super::scalar::float_text;
use super::super::{Document, Entry, Mapping, Node, Tag, Text, Value, spread};
use super::MOST_FINDINGS;
use super::dialect::Dialect;
use super::lines::Lines;
use super::tags::{self, Kind};
use super::tape::{Item, Shape, Tape};

pub(super) fn documents(
    file: FileId,
    text: &str,
    tape: &Tape<'_>,
    reader: Reader,
    findings: &mut Vec<Finding>,
) -> Vec<Document> {
    let lines = Lines::new(text);
    let dialect = Dialect::of(reader);
    let mut builder = Builder { file, tape, dialect, lines: &lines, findings };
    let build =
        |root: &u32| Document { root: builder.node(*root, &Path::ROOT, Mode::WRITTEN), warnings: Vec::new() };
    tape.roots.iter().map(build).collect()
}

/// How a part of the tape is being read.
#[derive(Clone, Copy)]
struct Mode {
    /// Not for copies, whose original has been reported on, and not inside `!reset`, which nobody
    /// reads.
    report: bool,
    /// Compose takes `!reset` values out of an anchored tree when it first meets them, so that
    /// copies of the tree come without them.
    strip: bool,
}

impl Mode {
    const WRITTEN: Self = Self { report: true, strip: false };

    fn copy(of: &Item<'_>) -> Self {
        Self { report: false, strip: !of.hidden }
    }
}

enum Key<'k> {
    Merge,
    Text(Text),
    /// The text as written and the value as Go prints it.
    Other(Cow<'k, str>, String),
    Collection,
}

struct Builder<'a, 't> {
    file: FileId,
    tape: &'a Tape<'t>,
    dialect: Dialect,
    lines: &'a Lines<'a>,
    findings: &'a mut Vec<Finding>,
}

impl<'a, 't> Builder<'a, 't> {
    fn report(&mut self, mode: Mode, finding: impl FnOnce(&Self) -> Finding) {
        if mode.report && self.findings.len() < MOST_FINDINGS {
            let finding = finding(self);
            self.findings.push(finding);
        }
    }

    fn origin(&self, item: &Item<'t>) -> Origin {
        Origin::Source(item.span(self.file))
    }

    /// The item after this one and everything in it.
    fn after(&self, at: u32) -> u32 {
        match self.tape.get(at).map(|item| &item.shape) {
            Some(Shape::Seq { until } | Shape::Map { until }) => *until,
            _ => at.saturating_add(1),
        }
    }

    /// How many items there are up to `until`, without what is in them.
    fn count(&self, from: u32, until: u32) -> usize {
        std::iter::successors(Some(from), |at| Some(self.after(*at))).take_while(|at| *at < until).count()
    }

    /// The item itself, or what it is an alias for.
    fn target(&self, at: u32) -> u32 {
        match self.tape.get(at).map(|item| &item.shape) {
            Some(Shape::Alias(target)) => *target,
            _ => at,
        }
    }

    fn tag(&self, at: u32) -> Kind {
        self.tape.get(self.target(at)).map_or(Kind::None, |item| item.tag)
    }

    fn node(&mut self, at: u32, path: &Path<'_>, mode: Mode) -> Node {
        let tape: &'a Tape<'t> = self.tape;
        let Some(item) = tape.get(at) else {
            return Node::null(Origin::Source(Span::new(self.file, 0, 0)));
        };
        let inside = match item.tag {
            Kind::Reset => Mode { report: false, ..mode },
            // Compose does not look into what is marked `!override`.
            Kind::Override => Mode { strip: false, ..mode },
            _ => mode,
        };
        let mut tag = match item.tag {
            Kind::Reset => Some(Tag::Reset),
            Kind::Override => Some(Tag::Override),
            _ => None,
        };
        let value = match &item.shape {
            Shape::Alias(target) => {
                let mode = tape.get(*target).map_or(mode, Mode::copy);
                return self.node(*target, path, mode);
            }
            Shape::Scalar { text, quoted } => {
                let value = tags::scalar(item.tag, *quoted, text);
                value.and_then(|value| self.dialect.settle(value, text)).unwrap_or_else(|message| {
                    self.report(inside, |builder| {
                        Finding::error(Code::YamlSyntax, message).at(item.span(builder.file), "here")
                    });
                    Value::Null
                })
            }
            Shape::Seq { until } => Value::Seq(self.items(at + 1, *until, path, inside)),
            Shape::Map { until } => {
                let (map, merged) = self.mapping(at + 1, *until, path, inside);
                tag = tag.or(merged);
                Value::Map(map)
            }
        };
        Node { value, origin: self.origin(item), tag }
    }

    fn items(&mut self, mut at: u32, until: u32, path: &Path<'_>, mode: Mode) -> Vec<Node> {
        let mut items = Vec::with_capacity(self.count(at, until));
        while at < until {
            if !(mode.strip && self.tag(at) == Kind::Reset) {
                let node = self.node(at, &path.index(items.len()), mode);
                items.push(node);
            }
            at = self.after(at);
        }
        items
    }

    /// Also the tag that a merged value passes on to this mapping.
    fn mapping(&mut self, mut at: u32, until: u32, path: &Path<'_>, mode: Mode) -> (Mapping, Option<Tag>) {
        let tape: &'a Tape<'t> = self.tape;
        let mut map = Mapping::with_capacity(self.count(at, until) / 2);
        let mut merge: Option<(Span, u32)> = None;
        let mut ahead = self.ahead(at, until, path, mode).into_iter();
        while at < until {
            let Some(item) = tape.get(at) else {
                break;
            };
            let span = item.span(self.file);
            let key = self.key(at);
            let value_at = self.after(at);
            at = self.after(value_at);
            let name: Text = match key {
                Key::Merge => {
                    ahead.next();
                    match merge.map(|(first, _)| first).or_else(|| written_at(&map, "<<")) {
                        Some(first) => self.duplicate("<<", span, first, mode),
                        None => merge = Some((span, value_at)),
                    }
                    continue;
                }
                Key::Text(name) => name,
                Key::Other(name, shown) => {
                    self.report(mode, |_| not_a_string(path, &name, &shown, span));
                    name.into()
                }
                Key::Collection => {
                    ahead.next();
                    self.report(mode, |_| {
                        Finding::error(Code::YamlKey, format!("invalid map key {}", location(path)))
                            .at(span, "a key must be text, not a list or a mapping")
                    });
                    continue;
                }
            };
            let merge_key = merge.filter(|_| name == "<<").map(|(first, _)| first);
            let first = written_at(&map, &name);
            if let Some(first) = merge_key.or(first) {
                self.duplicate(&name, span, first, mode);
            }
            let ready = ahead.next().flatten();
            if mode.strip && self.tag(value_at) == Kind::Reset {
                continue;
            }
            let node = ready.unwrap_or_else(|| self.node(value_at, &path.key(&name), mode));
            let key = Origin::Source(span);
            match first {
                Some(_) => drop(map.insert(name, key, node)),
                None => map.append(name, Entry { key, value: node }),
            }
        }
        let passed_on = merge.and_then(|(_, value_at)| self.merge(&mut map, value_at, path, mode));
        (map, passed_on)
    }

    /// The values of a section with many members, built on several processors; for any other mapping
    /// nothing. What needs a look at its neighbours is left out.
    fn ahead(&mut self, mut at: u32, until: u32, path: &Path<'_>, mode: Mode) -> Vec<Option<Node>> {
        if !path.is_section() {
            return Vec::new();
        }
        let mut keys = Vec::new();
        while at < until {
            keys.push(at);
            at = self.after(self.after(at));
        }
        if !spread::pays(keys.len()) {
            return Vec::new();
        }
        let (file, tape, dialect, lines) = (self.file, self.tape, self.dialect, self.lines);
        let done = spread::in_parts(keys.chunks(spread::part(keys.len())).collect(), |keys: &[u32]| {
            let mut findings = Vec::new();
            let mut builder = Builder { file, tape, dialect, lines, findings: &mut findings };
            let values: Vec<_> = keys.iter().map(|at| builder.member(*at, path, mode)).collect();
            (values, findings)
        });
        let room = MOST_FINDINGS.saturating_sub(self.findings.len());
        let mut all = Vec::with_capacity(keys.len());
        let mut found = Vec::new();
        for (values, findings) in done {
            all.extend(values);
            found.extend(findings);
        }
        self.findings.extend(found.into_iter().take(room));
        all
    }

    fn member(&mut self, at: u32, path: &Path<'_>, mode: Mode) -> Option<Node> {
        let value_at = self.after(at);
        let dropped = mode.strip && self.tag(value_at) == Kind::Reset;
        match self.key(at) {
            Key::Text(name) if !dropped => Some(self.node(value_at, &path.key(&name), mode)),
            _ => None,
        }
    }

    fn key(&self, at: u32) -> Key<'a> {
        let Some(item) = self.tape.get(self.target(at)) else {
            return Key::Collection;
        };
        let Shape::Scalar { text, quoted } = &item.shape else {
            return Key::Collection;
        };
        let written = at == self.target(at);
        let merges = item.tag == Kind::Merge || (item.tag == Kind::None && !quoted);
        if text == "<<" && merges && written {
            return Key::Merge;
        }
        let shown = match tags::scalar(item.tag, *quoted, text) {
            Ok(Value::String(text)) => return Key::Text(text),
            Ok(Value::Null) => "<nil>".to_owned(),
            Ok(Value::Bool(value)) => value.to_string(),
            Ok(Value::Int(value)) => value.to_string(),
            Ok(Value::UInt(value)) => format!("{value:#x}"),
            Ok(Value::Float(value)) => float_text(value),
            Ok(Value::Timestamp(text)) => text.into_string(),
            Ok(Value::Seq(_) | Value::Map(_)) | Err(_) => text.to_string(),
        };
        Key::Other(Cow::Borrowed(text), shown)
    }

    fn duplicate(&mut self, name: &str, again: Span, first: Span, mode: Mode) {
        self.report(mode, |builder| {
            let line = builder.lines.number(first.start as usize);
            Finding::error(
                Code::YamlDuplicateKey,
                format!("mapping key {} already defined at line {line}", go_quoted(name)),
            )
            .at(again, "defined again here")
            .at(first, "first defined here")
        });
    }

    /// Adds what `<<` names, behind the keys that the mapping has itself; the earlier source wins.
    fn merge(&mut self, map: &mut Mapping, at: u32, path: &Path<'_>, mode: Mode) -> Option<Tag> {
        let target = self.target(at);
        let item = self.tape.get(target)?;
        let mode = if target == at { mode } else { Mode::copy(item) };
        // Compose records the place of a tag without the `<<`: it lands on the mapping around it. Nothing is
        // above the file's own mapping, though, and the place of an item in a list of sources is none.
        let passed_on = (!path.is_root()).then_some(Tag::OverrideByMerge);
        let marked = item.tag == Kind::Override;
        match (item.tag, &item.shape) {
            (Kind::Reset, _) => return passed_on,
            (_, Shape::Map { .. }) => {
                let tags = match (marked, passed_on) {
                    (true, _) => Tags::Unseen,
                    (false, Some(_)) => Tags::Recorded,
                    (false, None) => Tags::Dropped,
                };
                self.merge_one(map, target, path, mode, tags);
            }
            (_, Shape::Seq { .. }) if target != at && self.dialect.no_sequence_under_merge => {
                self.not_mergeable(at, mode);
            }
            (_, Shape::Seq { until }) => {
                let mut next = target + 1;
                while next < *until {
                    let source = self.target(next);
                    match self.tape.get(source) {
                        Some(item) if item.tag == Kind::Reset && !marked => {}
                        Some(item) if matches!(item.shape, Shape::Map { .. }) => {
                            let mode = if source == next { mode } else { Mode::copy(item) };
                            let unseen = marked || item.tag == Kind::Override;
                            let tags = if unseen { Tags::Unseen } else { Tags::Dropped };
                            self.merge_one(map, source, path, mode, tags);
                        }
                        _ => self.not_mergeable(next, mode),
                    }
                    next = self.after(next);
                }
            }
            _ => self.not_mergeable(at, mode),
        }
        passed_on.filter(|_| marked)
    }

    fn merge_one(&mut self, map: &mut Mapping, source: u32, path: &Path<'_>, mode: Mode, tags: Tags) {
        let Value::Map(mut merged) = self.node(source, path, mode).value else {
            return;
        };
        if tags != Tags::Recorded {
            merged.retain(|_, value| untagged(value, tags));
        }
        for (key, mut entry) in merged {
            let brought = entry.value.tag;
            match map.get_mut(&key).map(|own| (own.tag, own)) {
                None => map.append(key, entry),
                // Compose takes it out of the mapping before it looks at `<<`: the place is emptied of what
                // earlier documents say, and the value comes from here.
                Some((Some(Tag::Reset), _)) => {
                    if brought != Some(Tag::Reset) {
                        for_good(&mut entry.value);
                        drop(map.insert(key, entry.key, entry.value));
                    }
                }
                // The tag's place counts even where the mapping's own value does.
                Some((None, own)) => own.tag = brought.map(|_| Tag::OverrideByMerge),
                Some(_) => {}
            }
        }
    }

    fn not_mergeable(&mut self, at: u32, mode: Mode) {
        // A copy's own reader complains as well, so the alias is reported where it stands.
        let mode = Mode { report: true, ..mode };
        let Some(span) = self.tape.get(at).map(|item| item.span(self.file)) else {
            return;
        };
        self.report(mode, |_| {
            Finding::error(Code::YamlSyntax, "map merge requires map or sequence of maps as the value")
                .at(span, "neither a mapping nor a list of mappings")
        });
    }
}

/// What becomes of the tags in what `<<` brings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// They count for the places they land on.
    Recorded,
    /// They act where they are, and reach no other document.
    Dropped,
    /// Compose does not look there.
    Unseen,
}

/// Has tags act as they do where their place is not recorded; false for a value that is gone then.
fn untagged(node: &mut Node, tags: Tags) -> bool {
    let own = node.tag.take();
    if own == Some(Tag::Reset) && tags == Tags::Dropped {
        return false;
    }
    let inside = if own == Some(Tag::Override) { Tags::Unseen } else { tags };
    match &mut node.value {
        Value::Map(map) => map.retain(|_, value| untagged(value, inside)),
        Value::Seq(items) => items.retain_mut(|item| untagged(item, inside)),
        _ => {}
    }
    true
}

/// A value in the place of one that was reset: its own tags have acted.
fn for_good(node: &mut Node) {
    untagged(node, Tags::Dropped);
    node.tag = Some(Tag::OverrideByMerge);
}

fn written_at(map: &Mapping, name: &str) -> Option<Span> {
    map.entry(name).and_then(|entry| entry.key.span())
}

fn not_a_string(path: &Path<'_>, name: &str, shown: &str, span: Span) -> Finding {
    let finding = Finding::error(Code::YamlKey, format!("non-string key {}: {shown}", location(path)))
        .at(span, "this key is not text");
    if name.is_empty() {
        finding.help("Write a key before the colon.")
    } else {
        finding.help(format!("Put the key in quotes: \"{name}\"."))
    }
}

/// `at top level`, `in services.a.ports[0]`: as Compose writes it.
fn location(path: &Path<'_>) -> String {
    let mut text = String::new();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Segment::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    if text.is_empty() { "at top level".to_owned() } else { format!("in {text}") }
}

/// As Go quotes a string that it prints; printable characters stay.
fn go_quoted(name: &str) -> String {
    let mut out = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1F}' | '\u{7F}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
