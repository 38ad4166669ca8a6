//! The list of files as given, against the list that the policy expects.

use std::fmt::Write;
use std::path::Path;

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::Project;

use super::Policy;
use super::overlay::Kind;

impl Policy {
    /// Compares `files:` with what was given. Mandatory overlays may be named in either list or left
    /// out: they are laid over the base in any case.
    pub fn check_list(&self, project: &Project, sink: &mut Sink) {
        let Some(expected) = &self.files else { return };
        let overlay = |path: &Path| {
            self.overlays
                .iter()
                .any(|wanted| matches!(&wanted.kind, Kind::File { path: own, .. } if own == path))
        };
        let wanted: Vec<&Path> =
            expected.iter().map(|file| file.value.as_path()).filter(|path| !overlay(path)).collect();
        let given: Vec<&Path> =
            project.paths.iter().map(std::path::PathBuf::as_path).filter(|path| !overlay(path)).collect();
        if wanted == given {
            return;
        }
        let message = if given.len() < wanted.len() && wanted.starts_with(&given) {
            format!(
                "the list of files is cut short: {} of the {} that the policy expects",
                given.len(),
                wanted.len()
            )
        } else {
            "the list of files is not the one that the policy expects".to_owned()
        };
        let mut finding = Finding::error(Code::FileListInvalid, message);
        if let Some(missing) =
            expected.iter().find(|file| !overlay(&file.value) && !given.contains(&file.value.as_path()))
        {
            finding = finding.at_origin(missing.origin, "not given");
        } else if let Some(first) = expected.first() {
            finding = finding.at_origin(first.origin, "expected from here on");
        }
        sink.push(finding.help(table(&given, &wanted, &project.directory)));
    }
}

/// Both lists, one below the other.
fn table(given: &[&Path], expected: &[&Path], directory: &Path) -> String {
    let mut text = String::new();
    for (title, list) in [("given", given), ("expected", expected)] {
        let _ = writeln!(text, "{title}:");
        for (at, path) in list.iter().enumerate() {
            let other = if title == "given" { expected } else { given };
            let mark = if other.get(at) == Some(path) { ' ' } else { '!' };
            let _ = writeln!(
                text,
                "{mark} {}. {}",
                at + 1,
                path.strip_prefix(directory).unwrap_or(path).display()
            );
        }
        if list.is_empty() {
            text.push_str("  nothing\n");
        }
    }
    text.trim_end().to_owned()
}
