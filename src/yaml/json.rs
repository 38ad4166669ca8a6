//! Nodes to JSON as Go's `encoding/json` writes it.

use std::fmt::Write as _;

use crate::source::bytes;

use super::scalar::number::{plain, scientific};
use super::{Mapping, Node, Value};

/// Text as Go's `json.MarshalIndent` writes it with two spaces, without a final line break.
pub fn to_json(node: &Node) -> String {
    let mut writer = Writer { out: String::new(), depth: Some(0) };
    writer.value(&node.value);
    writer.out
}

/// Text as Go's `json.Marshal` writes it: no spaces at all.
pub fn to_json_compact(node: &Node) -> String {
    let mut writer = Writer { out: String::new(), depth: None };
    writer.value(&node.value);
    writer.out
}

struct Writer {
    out: String,
    /// `None` where everything goes on one line.
    depth: Option<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value) {
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Bool(value) => write!(self.out, "{value}"),
            Value::Int(value) => write!(self.out, "{value}"),
            Value::UInt(value) => write!(self.out, "{value}"),
            Value::Float(value) if value.is_finite() => write!(self.out, "{}", number(*value)),
            // JSON has no other numbers; Compose refuses to print them.
            Value::Null | Value::Float(_) => write!(self.out, "null"),
            Value::Timestamp(text) | Value::String(text) => return self.string(text),
            Value::Seq(items) => return self.list(items),
            Value::Map(map) => return self.object(map),
        };
    }

    fn list(&mut self, items: &[Node]) {
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            self.next(at, 1);
            self.value(&item.value);
            self.leave();
        }
        self.close(']', items.is_empty());
    }

    fn object(&mut self, map: &Mapping) {
        self.out.push('{');
        for (at, (key, value)) in map.iter().enumerate() {
            self.next(at, 1);
            self.string(key);
            self.out.push_str(if self.depth.is_some() { ": " } else { ":" });
            self.value(&value.value);
            self.leave();
        }
        self.close('}', map.is_empty());
    }

    fn next(&mut self, at: usize, deeper: usize) {
        if at > 0 {
            self.out.push(',');
        }
        if let Some(depth) = &mut self.depth {
            *depth += deeper;
            let depth = *depth;
            self.line(depth);
        }
    }

    fn leave(&mut self) {
        if let Some(depth) = &mut self.depth {
            *depth -= 1;
        }
    }

    fn close(&mut self, bracket: char, empty: bool) {
        if let (Some(depth), false) = (self.depth, empty) {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", depth));
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let short = match c {
                '"' => '"',
                '\\' => '\\',
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\u{8}' => 'b',
                '\u{C}' => 'f',
                '\0'..='\u{1F}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                    continue;
                }
                // Go's writer replaces a byte that is no UTF-8.
                _ if bytes::byte(c).is_some() => {
                    self.out.push_str("\\ufffd");
                    continue;
                }
                _ => {
                    self.out.push(c);
                    continue;
                }
            };
            self.out.push('\\');
            self.out.push(short);
        }
        self.out.push('"');
    }
}

/// Plain digits from 1e-6 up to, but not including, 1e21; else an exponent without leading zeros.
fn number(value: f64) -> String {
    let text = scientific(value);
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-6..21).contains(&exponent) {
        plain(mantissa, exponent)
    } else if exponent < 0 {
        format!("{mantissa}e-{}", exponent.unsigned_abs())
    } else {
        format!("{mantissa}e+{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse};

    fn read(text: &str) -> Node {
        parse(FileId(0), text, Limits::default()).unwrap().remove(0).root
    }

    fn sort(node: &mut Node) {
        match &mut node.value {
            Value::Map(map) => {
                map.sort_by(str::cmp);
                map.iter_mut().for_each(|(_, value)| sort(value));
            }
            Value::Seq(items) => items.iter_mut().for_each(sort),
            _ => {}
        }
    }

    #[test]
    fn json_is_written_as_compose_writes_it() {
        let mut root = read(include_str!("../../tests/data/yaml/json.yaml"));
        sort(&mut root);
        let expected = include_str!("../../tests/data/yaml/json.expected.json").trim_end();
        assert_eq!(to_json(&root).replace('$', "$$"), expected);
    }

    #[test]
    fn the_compact_form_has_no_spaces() {
        let root = read("a: [1, {}, []]\nb: {c: <&>, d: ~}\ne: 2001-01-01\n");
        let expected =
            r#"{"a":[1,{},[]],"b":{"c":"\u003c\u0026\u003e","d":null},"e":"2001-01-01T00:00:00Z"}"#;
        assert_eq!(to_json_compact(&root), expected);
    }

    #[test]
    fn floats_change_form_where_go_changes_it() {
        let cases =
            [(1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-6, "0.000001"), (1.5e-7, "1.5e-7")];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!((number(0.0), number(-0.0), number(-1234.5)), ("0".into(), "-0".into(), "-1234.5".into()));
    }
}
