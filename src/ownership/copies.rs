//! Files that are derived from others: what they will hold, worked out before anything is written.

use std::path::{Path, PathBuf};

use serde_json::Value;
use walkdir::WalkDir;

use crate::diagnostic::{Code, Finding};
use crate::host::read_file;
use crate::source::Span;

use super::lock::StateRoots;

/// A source larger than this is no settings file.
const LARGEST: u64 = 64 << 20;

/// The mode of a copy that none is given for.
pub const MODE: u32 = 0o644;

/// A directory with more entries than this is no directory of settings.
const MOST: usize = 1000;

/// The directory in a project that seaworthy keeps for itself.
pub const OURS: &str = ".seaworthy";

/// One derived file, or a directory of them, as the policy has it. Paths are absolute and clean.
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
    /// May hold secrets: never shown. `None` where the source is gone, and the copy goes, too.
    pub content: Option<Vec<u8>>,
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
        let made = if copy.from.is_dir() {
            directory(copy, &root, &path)
        } else {
            derive(copy, &copy.from).map(|content| {
                let (from, content) = (copy.from.clone(), Some(content));
                vec![CopyStep { from, root, path, mode: copy.mode, content }]
            })
        };
        match made {
            Ok(made) => steps.extend(made),
            Err(reason) => findings.push(refuse(
                Code::CopyFailed,
                format!("{} is not refreshed: {reason}", copy.to.display()),
                "The copy that is there stays as it is. Correct the source.",
            )),
        }
    }
    (steps, findings)
}

/// A copy of each file below a directory; and what an earlier copy left goes where all of it is ours.
fn directory(copy: &DeclaredCopy, root: &Path, path: &Path) -> Result<Vec<CopyStep>, String> {
    let names = files(&copy.from)?;
    if names.is_empty() {
        return Err(format!("{} has no file", copy.from.display()));
    }
    let step = |name: &Path, content| CopyStep {
        from: copy.from.join(name),
        root: root.to_owned(),
        path: path.join(name),
        mode: copy.mode,
        content,
    };
    let mut steps = Vec::new();
    for name in &names {
        steps.push(step(name, Some(derive(copy, &copy.from.join(name))?)));
    }
    if copy.to.symlink_metadata().is_ok() {
        let left = files(&copy.to)?.into_iter().filter(|name| !names.contains(name));
        for name in left {
            if !path.starts_with(OURS) {
                return Err(format!(
                    "{} has {}, which {} has not, and outside {OURS} nothing is removed",
                    copy.to.display(),
                    name.display(),
                    copy.from.display()
                ));
            }
            steps.push(step(&name, None));
        }
    }
    Ok(steps)
}

/// The files below a directory, relative to it and in order. Links lead to files, and to nothing else.
fn files(top: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for (count, entry) in WalkDir::new(top).min_depth(1).sort_by_file_name().into_iter().enumerate() {
        if count >= MOST {
            return Err(format!("{} has more than {MOST} entries", top.display()));
        }
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path();
        let metadata = path.metadata().map_err(|error| format!("{}: {error}", path.display()))?;
        if !metadata.is_file() {
            return Err(format!("{} is no file", path.display()));
        }
        found.push(path.strip_prefix(top).unwrap_or(path).to_owned());
    }
    Ok(found)
}

fn derive(copy: &DeclaredCopy, from: &Path) -> Result<Vec<u8>, String> {
    let bytes = read_file(from, LARGEST).map_err(|error| error.to_string())?.bytes;
    let shown = from.display();
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
        let text = |drop: &[&str]| {
            String::from_utf8(derive(&copy(temp.path(), drop), &temp.path().join("from")).unwrap()).unwrap()
        };
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
            assert!(derive(&copy(temp.path(), &[]), &temp.path().join("from")).is_err(), "{cut}");
        }
        std::fs::write(temp.path().join("from"), whole).unwrap();
        assert!(derive(&copy(temp.path(), &[]), &temp.path().join("from")).is_ok());
        std::fs::remove_file(temp.path().join("from")).unwrap();
        assert!(derive(&copy(temp.path(), &[]), &temp.path().join("from")).is_err());
    }
    #[test]
    fn a_directory_is_copied_file_by_file_and_only_ours_is_cleared() {
        let temp = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = temp.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("from/a.json", r#"{"a": 1, "secret": 2}"#);
        write("from/sub/b.json", r#"{"b": 1}"#);
        write("to/old/c.json", "{}");
        let copy = DeclaredCopy { drop: vec!["/secret".to_owned()], ..copy(temp.path(), &[]) };
        let names = |path: &str| {
            let steps = directory(&copy, temp.path(), Path::new(path))?;
            let one = |step: CopyStep| (step.path.display().to_string(), step.content);
            Ok::<Vec<_>, String>(steps.into_iter().map(one).collect())
        };
        let steps = names(".seaworthy/to").unwrap();
        let paths: Vec<&str> = steps.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, [".seaworthy/to/a.json", ".seaworthy/to/sub/b.json", ".seaworthy/to/old/c.json"]);
        assert!(!String::from_utf8_lossy(steps[0].1.as_ref().unwrap()).contains("secret"));
        assert!(steps[2].1.is_none());
        assert!(names("to").unwrap_err().contains("has old/c.json, which"));
        // A source that does not parse changes none of the copies.
        write("from/sub/b.json", r#"{"b": "#);
        assert!(names(".seaworthy/to").unwrap_err().contains("sub/b.json is not JSON"));
        std::fs::remove_dir_all(temp.path().join("from")).unwrap();
        std::fs::create_dir(temp.path().join("from")).unwrap();
        assert!(names(".seaworthy/to").unwrap_err().contains("has no file"));
    }
}
