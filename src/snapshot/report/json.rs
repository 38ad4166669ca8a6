//! For programs.

use serde_json::{Value, json as object};

use crate::snapshot::difference::Difference;
use crate::source::{SourceMap, Span};
use crate::yaml::{Node, to_json_compact};

/// One document with every difference.
pub fn json(differences: &[Difference], sources: &SourceMap) -> Value {
    let one = |difference: &Difference| {
        object!({
            "path": difference.path,
            "place": difference.place(),
            "class": difference.class.name(),
            "why": difference.why,
            "before": value(difference.before.as_ref()),
            "after": value(difference.after.as_ref()),
            "cause": difference.cause.map(|span| place(span, sources)),
            "reviewed": difference.reviewed.map(|span| place(span, sources)),
        })
    };
    let worst = differences.iter().map(|difference| difference.class).min();
    object!({
        "version": 1,
        "same": differences.is_empty(),
        "class": worst.map(crate::snapshot::class::Class::name),
        "differences": differences.iter().map(one).collect::<Vec<_>>(),
    })
}

fn value(node: Option<&Node>) -> Value {
    node.and_then(|node| serde_json::from_str(&to_json_compact(node)).ok()).unwrap_or(Value::Null)
}

fn place(span: Span, sources: &SourceMap) -> Value {
    let position = sources.position(span);
    object!({
        "file": sources.get(span.file).map(|file| file.name.as_str()),
        "line": position.line,
        "column": position.column,
    })
}
