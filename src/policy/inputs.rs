//! What is demanded of every input: with a policy in force it is refused where plain Compose would take
//! it, without one it is a warning.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Severity, Sink};
use crate::project::list::{Expected, beside, rows, with_remedy};
use crate::project::{Inputs, Project};
use crate::yaml;

use super::Policy;
use super::closed::closed;
use super::overlay::Kind;

/// Judges what was read so far; may be called again when there is more.
pub fn check_inputs(policy: Option<&Policy>, project: &Project, inputs: &Inputs, sink: &mut Sink) {
    let severity = if policy.is_some() { Severity::Error } else { Severity::Warning };
    let mut push = |finding: Finding| sink.push(Finding { severity, ..finding });
    for (id, source) in inputs.sources().entries() {
        if source.text.is_empty() {
            push(
                Finding::error(Code::InputEmpty, format!("{} has zero bytes", source.name))
                    .help(Code::InputEmpty.remedy()),
            );
        } else if inputs.is_stream(id) && !closed(&source.text) {
            push(
                Finding::error(Code::InputOpen, format!("nothing proves that {} came whole", source.name))
                    .help(Code::InputOpen.remedy()),
            );
        }
        // Without a policy the reader warns of it.
        if policy.is_some()
            && !inputs.holds_values(id)
            && let Some(finding) = yaml::line_separator(id, &source.text)
        {
            push(Finding { message: format!("{}, and shown as none", finding.message), ..finding });
        }
    }
    let mut seen = HashSet::new();
    let mut rows = rows(project);
    for (row, path) in rows.iter_mut().zip(&project.paths) {
        if !seen.insert(place(path)) {
            row.note = Some("again".to_owned());
        }
    }
    if let Some(row) = rows.iter().find(|row| row.note.is_some()) {
        let message = format!("the list of files names {} twice", row.name);
        let table = beside(&rows, &expected(policy), &project.cwd);
        push(Finding::error(Code::FileListInvalid, message).help(with_remedy(&table)));
    }
}

/// The same file under any name; what is no file is where it is named.
fn place(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The list that a policy writes down, without the overlays that are laid over the base in any case.
pub fn expected(policy: Option<&Policy>) -> Expected {
    let Some((policy, files)) = policy.and_then(|policy| Some((policy, policy.files.as_ref()?))) else {
        return Expected::Unknown;
    };
    Expected::Paths(files.iter().map(|file| file.value.clone()).filter(|path| !policy.lays(path)).collect())
}

impl Policy {
    /// Whether a file is laid over the base in any case.
    pub(super) fn lays(&self, path: &Path) -> bool {
        self.overlays.iter().any(|wanted| matches!(&wanted.kind, Kind::File { path: own, .. } if own == path))
    }
}
