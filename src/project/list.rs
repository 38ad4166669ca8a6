//! The list of files: sealed, so that a list cut short is seen to be one, and shown beside the list
//! that was expected wherever it is refused.

mod beside;
mod sealed;

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Sink};

use crate::host::names_in;
use crate::yaml::suggest::nearest;

use super::{Inputs, Project};

pub use beside::{Row, beside};
pub use sealed::{open, run, sealed};

/// What is known of the list that should have been given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Unknown,
    Count(usize),
    /// Absolute paths.
    Paths(Vec<PathBuf>),
}

/// Reads every file of the list. `None` where the list has another length than was announced, or a file
/// cannot be read whole.
pub fn read(project: &mut Project, expected: &Expected, inputs: &mut Inputs, sink: &mut Sink) -> Option<()> {
    let announced = project.expect_files.map(Expected::Count);
    let expected = match expected {
        Expected::Unknown => announced.as_ref().unwrap_or(expected),
        known => known,
    };
    let mut rows = rows(project);
    if let Some(count) = project.expect_files.filter(|count| *count != rows.len()) {
        let cut = if rows.len() < count { "is cut short: it " } else { "" };
        let message = format!("the list of files {cut}has {}, --expect-files says {count}", rows.len());
        sink.push(Finding::error(Code::FileListInvalid, message).help(with_remedy(&beside(
            &rows,
            expected,
            &project.cwd,
        ))));
        return None;
    }
    // A list of one is no list.
    let is_list = rows.len() > 1 || *expected != Expected::Unknown;
    let mut findings = Vec::new();
    let mut files = Vec::with_capacity(rows.len());
    for (row, path) in rows.iter_mut().zip(&project.paths) {
        match inputs.read(path, &row.name) {
            // Standard input is empty when it is read again.
            Ok(file) if path.as_os_str() == "-" && files.contains(&file) => {}
            Ok(file) => files.push(file),
            Err(mut finding) => {
                if let Some(near) = namesake(path) {
                    let near = Path::new(&row.name).with_file_name(near);
                    finding.help = Some(format!("Did you mean `{}`?", near.display()));
                }
                let what = finding.message.strip_prefix(&row.name).unwrap_or(&finding.message);
                row.note = Some(what.trim_start_matches([':', ' ']).to_owned());
                findings.push(finding);
            }
        }
    }
    if findings.is_empty() {
        project.files = files;
        return Some(());
    }
    let table = beside(&rows, expected, &project.cwd);
    for (at, mut finding) in findings.into_iter().enumerate() {
        if at == 0 && is_list {
            let remedy = finding.help.take().map(|help| help + "\n").unwrap_or_default();
            finding.help = Some(remedy + &table);
        }
        sink.push(finding);
    }
    None
}

/// The file of the same directory whose name is nearest to that of one that is not there.
fn namesake(path: &Path) -> Option<String> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let name = path.file_name()?.to_str()?;
    let names: Vec<String> = names_in(path.parent()?);
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// What to do about a list, and both lists.
pub fn with_remedy(table: &str) -> String {
    format!("{}\n{table}", Code::FileListInvalid.remedy())
}

/// The list as it was given.
pub fn rows(project: &Project) -> Vec<Row> {
    project.paths.iter().map(|path| Row { name: shown(path, &project.cwd), note: None }).collect()
}

/// A path as messages show it: short where it lies below the current directory.
pub fn shown(path: &Path, cwd: &Path) -> String {
    let short = path.strip_prefix(cwd).ok().filter(|short| !short.as_os_str().is_empty());
    short.unwrap_or(path).display().to_string()
}

/// An empty name is a variable without a value, or a list that lost an entry.
pub fn without_blanks(names: &[String], from: &str, sink: &mut Sink) -> Option<()> {
    if names.iter().all(|name| !name.is_empty()) {
        return Some(());
    }
    let row = |name: &String| Row {
        name: if name.is_empty() { "\"\"".to_owned() } else { name.clone() },
        note: name.is_empty().then(|| "empty".to_owned()),
    };
    let rows: Vec<Row> = names.iter().map(row).collect();
    let message = match from {
        "COMPOSE_FILE" => "COMPOSE_FILE has an empty element".to_owned(),
        _ => format!("{from} has an empty value"),
    };
    sink.push(Finding::error(Code::FileListInvalid, message).help(with_remedy(&beside(
        &rows,
        &Expected::Unknown,
        Path::new("/"),
    ))));
    None
}
