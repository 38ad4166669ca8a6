//! The list of files as given, against the list that the policy expects.

use std::path::Path;

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::Project;
use crate::project::list::{Row, beside, shown, with_remedy};

use super::Policy;

impl Policy {
    /// Compares `files:` with what was given. Mandatory overlays may be named in either list or left
    /// out: they are laid over the base in any case.
    pub fn check_list(&self, project: &Project, sink: &mut Sink) {
        let Some(expected) = &self.files else { return };
        let overlay = |path: &Path| self.lays(path);
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
        let rows: Vec<Row> =
            given.iter().map(|path| Row { name: shown(path, &project.cwd), note: None }).collect();
        let table = beside(&rows, &super::expected(Some(self)), &project.cwd);
        sink.push(finding.help(with_remedy(&table)));
    }
}
