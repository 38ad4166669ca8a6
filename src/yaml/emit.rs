//! Nodes to the text that Compose's writer prints for the same values, byte for byte: two spaces of
//! indentation, lists indented under their key, no line ever wrapped.

mod analysis;
mod quote;

#[cfg(test)]
mod tests;

use analysis::{Style, style};
use quote::pad;

use crate::source::bytes;

use super::mapping::Member;
use super::scalar::float_text;
use super::{Mapping, Node, Value, spread};

const STEP: usize = 2;

/// Sections of a project, and those of one that is itself a section, as in a snapshot.
const DEEPEST_SECTION: usize = 2 * STEP;

/// A longer key is written in the explicit form, `? key`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Digits of base64 on one line.
const BINARY_WIDTH: usize = 70;

/// Text as go-yaml writes it. Some strings do not survive its writer and reader (line separators of
/// Unicode, a block that begins with a tab, a key `<<`): this is what to show, [`to_yaml_lossless`] is what to launch.
pub fn to_yaml(node: &Node) -> String {
    write(node, false)
}

/// The same, but every value reads back as what it is: a string that would not is in double quotes,
/// and a float keeps its point.
pub fn to_yaml_lossless(node: &Node) -> String {
    write(node, true)
}

/// Members of a mapping that stands at the top, as [`to_yaml_lossless`] writes them there.
pub fn members_to_yaml_lossless<'m>(members: impl Iterator<Item = (&'m str, &'m Node)>) -> String {
    let mut writer = Writer { out: String::new(), fresh: true, lossless: true, marks: None };
    writer.members(members, 0, true);
    writer.end_line();
    writer.out
}

/// As [`to_yaml`], with the line, from zero, on which each key and each element of a list begins, in the
/// order of the text.
pub fn to_yaml_with_lines(node: &Node) -> (String, Vec<usize>) {
    with_lines(written(node, false, Some(Vec::new())))
}

/// As [`to_yaml_lossless`], with lines as [`to_yaml_with_lines`] has them.
pub fn to_yaml_lossless_with_lines(node: &Node) -> (String, Vec<usize>) {
    with_lines(written(node, true, Some(Vec::new())))
}

fn with_lines((text, marks): (String, Option<Vec<usize>>)) -> (String, Vec<usize>) {
    let mut line = 0;
    let mut at = 0;
    let mut lines = Vec::new();
    for mark in marks.unwrap_or_default() {
        line += text.get(at..mark).unwrap_or_default().matches('\n').count();
        at = mark;
        lines.push(line);
    }
    (text, lines)
}

/// As [`to_yaml`]. `prepare` is called with each member of a large section, and the section's name, before the
/// member is written: on several processors, and while what it brings about is still near.
pub fn to_yaml_preparing(node: &mut Node, prepare: impl Fn(&str, &str, &mut Node) + Sync) -> String {
    let Value::Map(root) = &mut node.value else { return to_yaml(node) };
    if root.is_empty() {
        return to_yaml(node);
    }
    let mut writer = Writer { out: String::new(), fresh: true, lossless: false, marks: None };
    for (at, (section, value)) in root.iter_mut().enumerate() {
        match &mut value.value {
            Value::Map(map) if spread::pays(map.len()) => writer.prepared(section, map, at == 0, &prepare),
            _ => writer.member(section, &value.value, 0, at == 0),
        }
    }
    writer.end_line();
    writer.out
}

fn write(node: &Node, lossless: bool) -> String {
    written(node, lossless, None).0
}

fn written(node: &Node, lossless: bool, marks: Option<Vec<usize>>) -> (String, Option<Vec<usize>>) {
    let mut writer = Writer { out: String::new(), fresh: true, lossless, marks };
    match &node.value {
        Value::Map(map) if !map.is_empty() => writer.mapping(map, 0, true),
        Value::Seq(items) if !items.is_empty() => writer.sequence(items, 0, true),
        value => writer.scalar(value, STEP),
    }
    writer.end_line();
    (writer.out, writer.marks)
}

/// Whether a line ends with the header of a literal block: `|`, an indentation, what becomes of the end.
pub fn begins_block(line: &str) -> bool {
    let header = line.trim_end_matches(['-', '+']);
    header.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(" |")
}

struct Writer {
    out: String,
    /// Nothing has been written since the last line break. A block scalar may end with a character
    /// that go-yaml takes for a line break, so that the text's last character does not tell.
    fresh: bool,
    lossless: bool,
    /// Where each entry begins, if somebody wants to know.
    marks: Option<Vec<usize>>,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.fresh = false;
    }

    fn indent(&mut self, by: usize) {
        pad(&mut self.out, by);
    }

    fn end_line(&mut self) {
        if !self.fresh {
            self.out.push('\n');
            self.fresh = true;
        }
    }

    /// Where the next entry goes: the first one of a collection inside a list item shares its line.
    fn entry(&mut self, indent: usize, inline: bool) {
        if !inline {
            self.end_line();
            self.indent(indent);
        }
        if let Some(marks) = &mut self.marks {
            marks.push(self.out.len());
        }
    }

    fn mapping(&mut self, map: &Mapping, indent: usize, inline: bool) {
        if indent <= DEEPEST_SECTION && !inline && spread::pays(map.len()) {
            return self.section(map, indent);
        }
        self.members(map.iter(), indent, inline);
    }

    /// A mapping that stands near the top, written in parts.
    fn section(&mut self, map: &Mapping, indent: usize) {
        let parts = map.parts(spread::part(map.len())).collect();
        self.parts(parts, |writer, members: &[Member]| {
            let members = members.iter().map(|member| (member.key.as_str(), &member.entry.value));
            writer.members(members, indent, false);
        });
    }

    /// As [`Self::section`], with its name, and with members that are prepared first.
    fn prepared(
        &mut self,
        name: &str,
        map: &mut Mapping,
        inline: bool,
        prepare: &(impl Fn(&str, &str, &mut Node) + Sync),
    ) {
        self.name(name, 0, inline);
        let parts = map.parts_mut(spread::part(map.len())).collect();
        self.parts(parts, |writer, members: &mut [Member]| {
            for Member { key, entry, .. } in members {
                prepare(name, key, &mut entry.value);
                writer.member(key, &entry.value.value, STEP, false);
            }
        });
    }

    /// Each part as text of its own, put together in their order.
    fn parts<P: Send>(&mut self, parts: Vec<P>, write: impl Fn(&mut Self, P) + Sync) {
        self.end_line();
        let texts = spread::in_parts(parts, |part| {
            let marks = self.marks.is_some().then(Vec::new);
            let mut writer = Writer { out: String::new(), fresh: true, lossless: self.lossless, marks };
            write(&mut writer, part);
            writer.end_line();
            (writer.out, writer.marks)
        });
        self.out.reserve(texts.iter().map(|(text, _)| text.len()).sum());
        for (text, marks) in texts {
            let start = self.out.len();
            if let (Some(all), Some(marks)) = (&mut self.marks, marks) {
                all.extend(marks.into_iter().map(|mark| start + mark));
            }
            self.out.push_str(&text);
        }
    }

    fn members<'m>(
        &mut self,
        members: impl Iterator<Item = (&'m str, &'m Node)>,
        indent: usize,
        inline: bool,
    ) {
        for (at, (key, value)) in members.enumerate() {
            self.member(key, &value.value, indent, inline && at == 0);
        }
    }

    fn member(&mut self, key: &str, value: &Value, indent: usize, inline: bool) {
        let is_explicit = self.name(key, indent, inline);
        self.value(value, indent, is_explicit);
    }

    /// A key with its colon. `true` if it is written in the explicit form, which has the value on its own line.
    fn name(&mut self, key: &str, indent: usize, inline: bool) -> bool {
        self.entry(indent, inline);
        let plain = analysis::is_evidently_plain(key);
        let is_explicit = key.len() > LONGEST_SIMPLE_KEY || !plain && analysis::has_breaks(key);
        if is_explicit {
            self.push("? ");
            self.string(key, indent + STEP, false);
            self.end_line();
            self.indent(indent);
        } else if plain {
            self.push(key);
        } else {
            self.string(key, indent + STEP, true);
        }
        self.push(":");
        is_explicit
    }

    fn sequence(&mut self, items: &[Node], indent: usize, inline: bool) {
        for (at, item) in items.iter().enumerate() {
            self.entry(indent, inline && at == 0);
            self.push("-");
            self.value(&item.value, indent, true);
        }
    }

    /// What follows `key:` or `-`.
    fn value(&mut self, value: &Value, indent: usize, inline: bool) {
        let inner = indent + STEP;
        match value {
            Value::Map(map) if !map.is_empty() => {
                if inline {
                    self.push(" ");
                }
                self.mapping(map, inner, inline);
            }
            Value::Seq(items) if !items.is_empty() => {
                if inline {
                    self.push(" ");
                }
                self.sequence(items, inner, inline);
            }
            value => {
                self.push(" ");
                self.scalar(value, inner);
            }
        }
    }

    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Int(value) => self.push(&value.to_string()),
            Value::UInt(value) => self.push(&value.to_string()),
            Value::Float(value) if value.is_nan() => self.push(".nan"),
            Value::Float(value) if value.is_infinite() => {
                self.push(if *value > 0.0 { ".inf" } else { "-.inf" });
            }
            Value::Float(value) => {
                let text = float_text(*value);
                self.push(&text);
                // Without a point it would read as an integer, and `-0` as plain zero.
                if self.lossless && !text.contains(['.', 'e']) {
                    self.push(".0");
                }
            }
            Value::Timestamp(text) => self.push(text),
            Value::String(text) => self.string(text, indent, false),
            Value::Seq(_) => self.push("[]"),
            Value::Map(_) => self.push("{}"),
        }
    }

    /// Digits in base64, over several lines where they are many.
    fn binary(&mut self, digits: &str, indent: usize) {
        self.push("!!binary ");
        if digits.len() <= BINARY_WIDTH {
            return self.push(digits);
        }
        let lines: Vec<_> = (0..digits.len())
            .step_by(BINARY_WIDTH)
            .filter_map(|at| digits.get(at..digits.len().min(at + BINARY_WIDTH)))
            .collect();
        quote::literal(&mut self.out, &(lines.join("\n") + "\n"), indent);
        self.fresh = true;
    }

    fn string(&mut self, text: &str, indent: usize, simple_key: bool) {
        if analysis::is_evidently_plain(text) {
            return self.push(text);
        }
        if let Some(digits) = bytes::to_base64(text) {
            return self.binary(&digits, indent);
        }
        if analysis::is_evident_number(text) {
            self.push("\"");
            self.push(text);
            return self.push("\"");
        }
        let chosen =
            if self.lossless && analysis::is_lost(text) { Style::Double } else { style(text, simple_key) };
        match chosen {
            Style::Plain => self.push(text),
            Style::Single => {
                quote::single(&mut self.out, text, indent);
                self.fresh = false;
            }
            Style::Double => {
                quote::double(&mut self.out, text);
                self.fresh = false;
            }
            Style::Literal => {
                quote::literal(&mut self.out, text, indent);
                self.fresh = text.ends_with(analysis::is_break);
            }
        }
    }
}
