//! Compose's own reading of the rendered file must mean what was verified.

use std::ffi::OsString;
use std::path::Path;

use super::program::Program;
use super::version::{self, Unsaid};
use crate::compose::bind;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, Command};
use crate::host::read_found;
use crate::reader::Reader;
use crate::render::{Rendered, first_difference};
use crate::source::FileId;
use crate::yaml::{self, Limits, Node, Value};

/// A rendered file of more bytes than this is not the one that was written.
const LIMIT: u64 = 1 << 30;

/// The rendered file as it was handed over.
pub struct HandedOver<'r> {
    pub rendered: &'r Rendered,
    pub path: &'r Path,
    /// Compose's flags that name the file and the project.
    pub globals: &'r [OsString],
}

/// Has Compose read the rendered file, and compares the meaning with what was verified.
///
/// # Errors
/// A finding where Compose cannot be run, refuses the file, or reads something else from it.
pub fn cross_check(docker: &Command, services: &[String], file: &HandedOver<'_>) -> Result<(), Finding> {
    let (compose, first) = Program::direct(docker)?.question(docker)?;
    let ask = |more: &mut dyn Iterator<Item = OsString>| {
        compose.run(first.iter().cloned().chain(more).collect::<Vec<_>>())
    };
    let words = file.globals.iter().cloned().chain(["config".into()]);
    let output = match ask(&mut words.chain(services.iter().map(OsString::from))) {
        Answer::Known(output) => output,
        Answer::Unknown(reason) => {
            return Err(unavailable(format!("docker compose did not answer: {reason}")));
        }
    };
    if !output.succeeded() {
        let complaint = output.complaint();
        if version::is_absent(&complaint) {
            return Err(unavailable("docker compose is not installed".to_owned()));
        }
        if let Some(changed) = changed_since(file) {
            return Err(changed);
        }
        let message = format!("docker compose refuses the rendered file: {complaint}");
        return Err(Finding::error(Code::CrossCheck, message).help(Code::CrossCheck.remedy()));
    }
    let found = String::from_utf8_lossy(&output.stdout);
    // All that versions take for granted is written out in it: the same text means the same in each.
    if found == file.rendered.expected || difference(&file.rendered.expected, &found, None).is_none() {
        return Ok(());
    }
    let version = match version::ask(docker) {
        Ok(said) => said.unwrap_or_default().parse().map_err(Unsaid::Unread),
        Err(unsaid) => Err(unsaid),
    };
    let differs = |reader| difference(&file.rendered.expected, &found, Some(reader));
    let (reader, difference) = match version {
        Ok(reader) => (Some(reader), differs(reader)),
        // A difference that every version has needs no version to be told.
        Err(unsaid) => match (differs(Reader::OLDEST), differs(Reader::NEWEST)) {
            (Some(difference), Some(_)) => (None, Some(difference)),
            _ => return Err(unsaid.finding()),
        },
    };
    match difference {
        None => Ok(()),
        Some(difference) => Err(changed_since(file).unwrap_or_else(|| refusal(reader, &difference))),
    }
}

fn unavailable(message: String) -> Finding {
    Finding::error(Code::ComposeUnavailable, message).help(Code::ComposeUnavailable.remedy())
}

/// The first place where two readings differ in meaning, and what each says there.
struct Difference {
    place: String,
    verified: String,
    found: String,
}

/// The first difference in meaning between what was verified and what was printed, with what `reader` leaves out
/// of its print filled in.
fn difference(expected: &str, found: &str, reader: Option<Reader>) -> Option<Difference> {
    let read = |text: &str| yaml::parse(FileId(0), text, Limits::default()).ok()?.into_iter().next();
    let (Some(expected), Some(found)) = (read(expected), read(found)) else {
        let whole = |text: &str| text.to_owned();
        return Some(Difference {
            place: whole("the whole"),
            verified: whole("a model"),
            found: whole("something that is no YAML document"),
        });
    };
    let (expected, mut found) = (expected.root, found.root);
    if let Some(reader) = reader {
        bind::write_out(&mut found, reader);
    }
    let place = first_difference(&expected, &found, "")?;
    let shown = |root: &Node| at(root, &place).map_or("absent".to_owned(), show);
    Some(Difference { verified: shown(&expected), found: shown(&found), place })
}

/// The node at a place as [`first_difference`] names it; `None` where there is none. Names with a dot are found by
/// trying the longest.
fn at<'n>(node: &'n Node, place: &str) -> Option<&'n Node> {
    let place = place.strip_prefix('.').unwrap_or(place);
    if place.is_empty() {
        return Some(node);
    }
    if let Some(rest) = place.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return at(node.as_seq()?.get(index.parse::<usize>().ok()?)?, rest);
    }
    let map = node.as_map()?;
    let ends = place.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(end, _)| end);
    let mut ends: Vec<usize> = ends.chain([place.len()]).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| {
        let (key, rest) = place.split_at_checked(end)?;
        at(map.get(key)?, rest)
    })
}

/// A value that cannot be a secret; else what kind of value it is.
fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(_) | Value::Timestamp(_) => "another text".to_owned(),
        Value::Seq(items) => format!("a list of {}", items.len()),
        Value::Map(map) => format!("a mapping of {}", map.len()),
    }
}

fn refusal(reader: Option<Reader>, difference: &Difference) -> Finding {
    let Difference { place, verified, found } = difference;
    let version = reader.map(|reader| format!(" {reader}")).unwrap_or_default();
    let message = format!(
        "docker compose{version} reads {place} of the rendered file as {found}; verified was {verified}"
    );
    let help = match reader.filter(|reader| !reader.is_known()) {
        None => Code::CrossCheck.remedy().to_owned(),
        Some(reader) => format!(
            "Docker Compose {reader} is newer than this seaworthy knows ({}). Update seaworthy, or use a version of \
             Compose that it knows.",
            Reader::NEWEST
        ),
    };
    Finding::error(Code::CrossCheck, message).help(help)
}

/// A finding where the rendered file is not the one that was written.
fn changed_since(file: &HandedOver<'_>) -> Option<Finding> {
    let path = file.path.display();
    let written = file.rendered.text.as_bytes();
    let what = match read_found(file.path, LIMIT) {
        Ok(content) if content.bytes == written => return None,
        Ok(_) => format!("{path} was changed after seaworthy wrote it"),
        Err(error) => format!("{path}, which seaworthy wrote, can no longer be read: {error}"),
    };
    Some(Finding::error(Code::CrossCheck, what).help(
        "Nothing was launched. Find out what else writes there: a service that mounts the project's directory may.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIED: &str = "name: p\nservices:\n  a.b:\n    volumes:\n      - type: bind\n        source: /x\n        target: /y\n        bind:\n          create_host_path: false\n";

    fn printed(bind: &str) -> String {
        VERIFIED.replace("\n          create_host_path: false", bind)
    }

    #[test]
    fn a_print_is_filled_with_what_its_version_leaves_out() {
        let (old, new) = (Reader::new(2, 40, 3), Reader::new(5, 5, 0));
        assert!(difference(VERIFIED, &printed(" {}"), None).is_some());
        assert!(difference(VERIFIED, VERIFIED, None).is_none());
        assert!(difference(VERIFIED, &printed(" {}"), Some(old)).is_none());
        assert!(difference(VERIFIED, &printed("\n          create_host_path: false"), Some(new)).is_none());
        for (text, reader) in [(" {}", new), ("\n          create_host_path: true", old)] {
            let found = difference(VERIFIED, &printed(text), Some(reader)).unwrap();
            assert_eq!(found.place, "services.a.b.volumes[0].bind.create_host_path");
            assert_eq!((found.verified.as_str(), found.found.as_str()), ("false", "true"));
        }
    }

    #[test]
    fn a_version_that_is_not_known_yet_is_no_defect() {
        let of = |reader| {
            let found = difference(VERIFIED, &printed(" {}"), Some(reader)).unwrap();
            refusal(Some(reader), &found).help.unwrap()
        };
        assert!(of(Reader::new(5, 5, 0)).contains("defect of seaworthy"));
        let help = of(Reader::new(5, 7, 0));
        assert!(
            help.contains("newer than this seaworthy knows (5.5.0)") && !help.contains("defect"),
            "{help}"
        );
    }

    #[test]
    fn no_text_of_the_model_is_shown() {
        let root = yaml::parse(FileId(0), "a: {b: [secret]}", Limits::default()).unwrap().remove(0).root;
        assert_eq!(at(&root, "a.b[0]").map(show).as_deref(), Some("another text"));
        assert!(at(&root, "a.c").is_none());
    }
}
