//! Files that are derived from others: what they will hold, worked out before anything is written.

use std::path::PathBuf;

use serde_json::Value;

use crate::diagnostic::{Code, Finding};
use crate::host::read_file;
use crate::source::Span;

use super::lock::StateRoots;

/// A source larger than this is no settings file.
const LARGEST: u64 = 64 << 20;

/// The mode of a copy that none is given for.
pub const MODE: u32 = 0o644;

/// One derived file, as the policy has it. Paths are absolute and clean.
#[derive(Clone, Debug)]
pub struct DeclaredCopy {
    pub from: PathBuf,
    pub to: PathBuf,
    pub is_json: bool,
    pub drop: Vec<String>,
    pub mode: u32,
    pub span: Option<Span>,
}

/// What has to be written.
#[derive(Clone)]
pub struct CopyStep {
    pub from: PathBuf,
    /// A directory that is there, and the way below it.
    pub root: PathBuf,
    pub path: PathBuf,
    pub mode: u32,
    /// May hold secrets: never shown.
    pub content: Vec<u8>,
}

/// Reads every source and works out its copy.
pub fn decide(copies: &[DeclaredCopy], roots: &StateRoots) -> (Vec<CopyStep>, Vec<Finding>) {
    let (mut steps, mut findings) = (Vec::new(), Vec::new());
    for copy in copies {
        let refuse = |code, message: String, help: &str| {
            let finding = Finding::error(code, message).help(help);
            match copy.span {
                Some(span) => finding.at(span, "declared here"),
                None => finding,
            }
        };
        let Some((root, path)) = roots.inside(&copy.to) else {
            let message = format!("the copy {} would lie outside the roots", copy.to.display());
            findings.push(refuse(
                Code::BindOutside,
                message,
                "Write it below the project, or add its directory to binds.roots.",
            ));
            continue;
        };
        match derive(copy) {
            Ok(content) => {
                steps.push(CopyStep { from: copy.from.clone(), root, path, mode: copy.mode, content });
            }
            Err(reason) => findings.push(refuse(
                Code::CopyFailed,
                format!("{} is not refreshed: {reason}", copy.to.display()),
                "The copy that is there stays as it is. Correct the source.",
            )),
        }
    }
    (steps, findings)
}

fn derive(copy: &DeclaredCopy) -> Result<Vec<u8>, String> {
    let bytes = read_file(&copy.from, LARGEST).map_err(|error| error.to_string())?.bytes;
    let shown = copy.from.display();
    // A file that somebody is just writing, or that a filter left.
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(format!("{shown} is empty"));
    }
    if !copy.is_json {
        return Ok(bytes);
    }
    let mut value: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("{shown} is not JSON: {error}"))?;
    let mut dropped = false;
    for pointer in &copy.drop {
        dropped |= drop_at(&mut value, pointer);
    }
    if !dropped {
        return Ok(bytes);
    }
    let mut text = serde_json::to_vec_pretty(&value).map_err(|error| format!("{shown}: {error}"))?;
    text.push(b'\n');
    Ok(text)
}

/// Removes what a JSON pointer names; whether there was something.
fn drop_at(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return false };
    let name = last.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => map.shift_remove(&name).is_some(),
        Some(Value::Array(items)) => match name.parse::<usize>() {
            Ok(at) if at < items.len() => {
                items.remove(at);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn copy(directory: &Path, drop: &[&str]) -> DeclaredCopy {
        DeclaredCopy {
            from: directory.join("from"),
            to: directory.join("to"),
            is_json: true,
            drop: drop.iter().map(|&pointer| pointer.to_owned()).collect(),
            mode: MODE,
            span: None,
        }
    }

    #[test]
    fn what_is_pointed_at_is_left_out_and_the_rest_stays_in_order() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(temp.path().join("from"), r#"{"z":1,"secret":{"a/b":2,"c":[1,2]},"a":3}"#).unwrap();
        let text = |drop: &[&str]| String::from_utf8(derive(&copy(temp.path(), drop)).unwrap()).unwrap();
        assert_eq!(text(&["/secret"]), "{\n  \"z\": 1,\n  \"a\": 3\n}\n");
        assert!(!text(&["/secret/a~1b"]).contains("a/b") && text(&["/secret/a~1b"]).contains("\"c\""));
        assert!(text(&["/secret/c/0"]).contains("[\n      2\n    ]"));
        assert!(text(&["/none", "/z/y", "/secret/c/7"]).starts_with(r#"{"z":1,"secret""#), "as it was");
    }

    #[test]
    fn a_source_that_is_empty_or_cut_is_none() {
        let temp = tempfile::tempdir().unwrap();
        let whole = r#"{"guard": true, "list": [1, 2]}"#;
        for cut in 0..whole.len() {
            std::fs::write(temp.path().join("from"), whole.split_at(cut).0).unwrap();
            assert!(derive(&copy(temp.path(), &[])).is_err(), "{cut}");
        }
        std::fs::write(temp.path().join("from"), whole).unwrap();
        assert!(derive(&copy(temp.path(), &[])).is_ok());
        std::fs::remove_file(temp.path().join("from")).unwrap();
        assert!(derive(&copy(temp.path(), &[])).is_err());
    }
}
