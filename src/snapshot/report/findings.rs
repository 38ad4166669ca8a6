//! Differences as findings, for the writers that all findings have.

use crate::diagnostic::{Code, Finding};
use crate::snapshot::class::Class;
use crate::snapshot::difference::Difference;

use super::{place, short};

/// What weakens is an error; what a reviewer should look at, a warning; the rest, a note. Each with what to do.
pub fn findings(differences: &[Difference], todo: &str) -> Vec<Finding> {
    differences.iter().map(|difference| finding(difference, todo)).collect()
}

fn finding(difference: &Difference, todo: &str) -> Finding {
    let what = match (difference.before.as_ref(), difference.after.as_ref()) {
        (None, after) => format!("is new: {}", short(difference, after, 200)),
        (before, None) => format!("is gone: {}", short(difference, before, 200)),
        (before, after) => {
            format!("was {}, is {}", short(difference, before, 200), short(difference, after, 200))
        }
    };
    let mut message = format!("{}: {} {what}", difference.class.name(), difference.place());
    if !difference.why.is_empty() {
        message.push_str("; ");
        message.push_str(&difference.why);
    }
    let finding = match difference.class {
        Class::Weakens => Finding::error(Code::SnapshotWeakens, message),
        Class::Ownership => Finding::warning(Code::SnapshotOwnership, message),
        Class::Functional => Finding::warning(Code::SnapshotFunctional, message),
        Class::Strengthens => Finding::note(Code::SnapshotStrengthens, message),
        Class::Cosmetic => Finding::note(Code::SnapshotCosmetic, message),
    };
    let finding = match place(difference) {
        Some(span) => finding.at(span, "this differs from what was reviewed"),
        None => finding,
    };
    finding.help(todo)
}
