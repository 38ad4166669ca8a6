//! The second reading: another YAML reader must find in the rendered text what was verified.

use serde_yaml::Value as Read;

use crate::diagnostic::{Code, Finding};
use crate::yaml::{Node, Value};

/// Parses `text` with a reader of another lineage and compares it with `model`.
///
/// # Errors
/// A finding that names the first place where the two differ.
pub fn read_back(text: &str, model: &Node) -> Result<(), Finding> {
    let fault = |place: String| {
        Finding::error(
            Code::Internal,
            format!("the rendered file does not read back as it was verified: {place}"),
        )
        .help(Code::Internal.remedy())
    };
    let read: Read = serde_yaml::from_str(text).map_err(|error| fault(error.to_string()))?;
    difference(model, &read, "").map_or(Ok(()), |place| Err(fault(place)))
}

fn difference(model: &Node, read: &Read, path: &str) -> Option<String> {
    let same = match (&model.value, read) {
        (Value::Null, Read::Null) => true,
        (Value::Bool(a), Read::Bool(b)) => a == b,
        (Value::Int(a), Read::Number(b)) => b.as_i64() == Some(*a),
        (Value::UInt(a), Read::Number(b)) => b.as_u64() == Some(*a),
        (Value::Float(a), Read::Number(b)) => {
            b.as_f64().is_some_and(|b| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
        }
        // This reader knows no timestamps.
        (Value::Timestamp(a) | Value::String(a), Read::String(b)) => a == b,
        (Value::Seq(a), Read::Sequence(b)) if a.len() == b.len() => {
            return a
                .iter()
                .zip(b)
                .enumerate()
                .find_map(|(at, (a, b))| difference(a, b, &format!("{path}[{at}]")));
        }
        (Value::Map(a), Read::Mapping(b)) if a.len() == b.len() => {
            return a.iter().find_map(|(key, value)| {
                let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                match b.get(key) {
                    Some(read) => difference(value, read, &place),
                    None => Some(place),
                }
            });
        }
        _ => false,
    };
    (!same).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse, to_yaml_lossless};

    fn tree(text: &str) -> Node {
        parse(FileId(0), text, Limits::default()).unwrap().remove(0).root
    }

    #[test]
    fn what_was_written_reads_back() {
        let model = tree(
            "a: [1, 1.5, true, null, '0777', 'yes', \"x\\ty\", '12:30']\nb:\n  c: |\n    two\n    lines\n",
        );
        assert!(read_back(&to_yaml_lossless(&model), &model).is_ok());
    }

    #[test]
    fn a_difference_is_named_by_its_path() {
        let model = tree("a: {b: [x, y]}\n");
        for text in
            ["a: {b: [x, z]}\n", "a: {b: [x]}\n", "a: {c: [x, y]}\n", "a: {b: [x, y]}\nd: 1\n", "a: [\n"]
        {
            assert!(read_back(text, &model).is_err(), "{text}");
        }
        let finding = read_back("a: {b: [x, z]}\n", &model).unwrap_err();
        assert!(finding.message.ends_with("a.b[1]"), "{}", finding.message);
    }
}
