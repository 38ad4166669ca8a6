//! The same text as Compose prints, in YAML and in JSON.

use crate::case::Case;
use crate::program::Program;
use crate::{Verdict, pool};

/// In percent. What is not identical has the same meaning all the same: that is another check.
const WANTED: usize = 98;

pub fn check(cases: &[Case], ours: &Program, compose: &Program) -> Verdict {
    let accepted: Vec<&Case> = cases.iter().filter(|case| case.is_accepted).collect();
    let mut summary = Vec::new();
    let mut faults = Vec::new();
    for format in ["yaml", "json"] {
        let same = pool::map(&accepted, |case| is_identical(case, format, ours, compose));
        let identical = same.iter().filter(|same| **same).count();
        summary.push(format!("{identical} of {} identical in {format}", accepted.len()));
        let others = accepted.iter().zip(&same).filter(|(_, same)| !**same).map(|(case, _)| case.id.clone());
        if identical * 100 < accepted.len() * WANTED {
            faults.push(format!("fewer than {WANTED} % are identical in {format}; not so are:"));
            faults.extend(others);
        } else {
            summary.extend(others.map(|id| format!("not {id}")));
        }
    }
    Verdict { summary: summary.join(", "), faults }
}

fn is_identical(case: &Case, format: &str, ours: &Program, compose: &Program) -> bool {
    let words = [case.globals(), ["config", "--format", format].map(str::to_owned).to_vec()].concat();
    let [ours, theirs] =
        [ours, compose].map(|program| program.run(&case.directory, &case.environment, &words));
    ours.status.success() && theirs.status.success() && ours.stdout == theirs.stdout
}
