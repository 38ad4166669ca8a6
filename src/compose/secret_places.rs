//! Finds the values of a compose file that stand below the name of a credential.
//!
//! The words of a line tell most of them. What they do not tell, a mapping or a list in the place of a text, or a block
//! below the key, is told by the tree: which names are the author's own follows from the field table, so that a service
//! called `auth` is none.

use std::ops::Range;

use crate::redact::names_secret;
use crate::source::{FileId, Origin};
use crate::yaml::{self, Limits, Node, Value};

use super::table::{Map, PROJECT, Spec, is_extension};

/// The places of every scalar and key below a name that means a credential; `None` where the text cannot be parsed.
pub fn find(file: FileId, text: &str) -> Option<Vec<Range<usize>>> {
    let documents = yaml::parse(file, text, Limits::default()).ok()?;
    let mut found = Vec::new();
    for document in &documents {
        walk(&document.root, Some(&PROJECT), &mut found);
    }
    found.sort_unstable_by_key(|range| (range.start, range.end));
    found.dedup();
    Some(found)
}

fn walk(node: &Node, spec: Option<&'static Spec>, found: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(map) => {
            let is_own = match spec.and_then(|spec| spec.map) {
                Some(Map::Object(_)) => false,
                // Names of services, networks and the like have mappings behind them.
                Some(Map::Free { value, .. }) => value.map.is_none(),
                None => true,
            };
            for (key, entry) in map.entries() {
                let child = spec.and_then(|spec| spec.child(key));
                let is_name = is_own || child.is_none() && (is_extension(key) || spec.is_some());
                if is_name && names_secret(key) {
                    hide(&entry.value, found);
                } else {
                    walk(&entry.value, child, found);
                }
            }
        }
        Value::Seq(items) => {
            let item = spec.and_then(Spec::item);
            items.iter().for_each(|one| walk(one, item, found));
        }
        _ => {}
    }
}

/// Everything below, names included: a value may have become one.
fn hide(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Map(map) => {
            for (_, entry) in map.entries() {
                found.extend(range(entry.key));
                hide(&entry.value, found);
            }
        }
        Value::Seq(items) => items.iter().for_each(|one| hide(one, found)),
        Value::Null => {}
        _ => found.extend(range(node.origin)),
    }
}

fn range(origin: Origin) -> Option<Range<usize>> {
    origin.span().map(crate::source::Span::range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let found = find(FileId(0), text).unwrap();
        found.into_iter().map(|range| text.get(range).unwrap()).collect()
    }

    #[test]
    fn whatever_stands_below_such_a_name_is_found() {
        for (text, values) in [
            (
                "services: {a: {environment: {DB_PASSWORD: {a: one, two: [three]}}}}",
                &["a", "one", "two", "three"][..],
            ),
            (
                "services:\n  a:\n    environment:\n      API_TOKEN:\n        - one\n        - two\n",
                &["one", "two"],
            ),
            ("services: {a: {environment: [{DB_PASSWORD: one}]}}", &["one"]),
            ("services: {a: {environment: {DB_PASSWORD: &x one, B: *x}}}", &["one"]),
            ("services: {a: {labels: {x.secret: !!str one}}}", &["!!str one"]),
            ("services: {a: {build: {args: {NPM_TOKEN: {x: one}}}}}", &["x", "one"]),
            ("x-any: {deep: {password: [one]}}", &["one"]),
            ("services: {a: {logging: {options: {splunk-token: {x: one}}}}}", &["x", "one"]),
            ("services: {a: {enviroment: {DB_PASSWORD: [one]}}}", &["one"]),
        ] {
            let found = hidden(text);
            assert!(
                values
                    .iter()
                    .all(|value| found.iter().any(|one| one.contains(value.trim_start_matches("!!str ")))),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn names_of_things_are_no_credentials() {
        for text in [
            "services: {auth: {image: x}, token: {image: y, depends_on: {auth: {condition: service_started}}}}",
            "secrets: {db_password: {file: ./f}}",
            "services: {a: {secrets: [{source: db_password, target: pw}], credential_spec: {file: spec.json}}}",
            "networks: {auth: {driver: bridge}}",
            "services: {a: {networks: {auth: {aliases: [x]}}}}",
        ] {
            assert_eq!(hidden(text), [""; 0], "{text}");
        }
    }
}
