//! For a person: what differs, the most urgent first, as a diff.

use std::fmt::Write;

use crate::diagnostic::Screen;
use crate::snapshot::class::Class;
use crate::snapshot::difference::Difference;
use crate::source::SourceMap;

use super::{line, place, short};

/// A heading for each class, then each difference with its lines `-` and `+`.
pub fn human(differences: &[Difference], sources: &SourceMap, screen: Screen) -> String {
    let mut out = String::new();
    let width = screen.width.saturating_sub(6).max(30);
    let paint = |text: &str, code: &str| {
        if screen.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    for class in Class::ALL {
        let own: Vec<&Difference> =
            differences.iter().filter(|difference| difference.class == class).collect();
        if own.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{} ({})", paint(class.name(), colour(class)), own.len());
        for difference in own {
            let _ = write!(out, "  {}", paint(&difference.place(), "1"));
            let at = line(place(difference), sources);
            if !at.is_empty() {
                let _ = write!(out, "  {}", paint(&at, "2"));
            }
            out.push('\n');
            if difference.before.is_some() {
                let text = short(difference, difference.before.as_ref(), width);
                let _ = writeln!(out, "    {}", paint(&format!("- {text}"), "31"));
            }
            if difference.after.is_some() {
                let text = short(difference, difference.after.as_ref(), width);
                let _ = writeln!(out, "    {}", paint(&format!("+ {text}"), "32"));
            }
            if !difference.why.is_empty() {
                let _ = writeln!(out, "    {}", difference.why);
            }
        }
    }
    out
}

fn colour(class: Class) -> &'static str {
    match class {
        Class::Weakens => "1;31",
        Class::Ownership => "1;35",
        Class::Functional => "1;33",
        Class::Strengthens => "1;32",
        Class::Cosmetic => "1;36",
    }
}
