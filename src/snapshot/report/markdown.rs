//! For a pull request.

use std::fmt::Write;

use crate::snapshot::class::Class;
use crate::snapshot::difference::Difference;
use crate::source::SourceMap;

use super::{line, place, short};

/// GitHub takes comments of at most 65,536 characters; a line about what was left out has to fit in too.
const MOST: usize = 65_000;

/// A table for each class.
pub fn markdown(differences: &[Difference], sources: &SourceMap) -> String {
    let mut out = String::from("### Seaworthy snapshot\n\n");
    if differences.is_empty() {
        out.push_str("What would run is what was reviewed.\n");
        return out;
    }
    let counts: Vec<String> = Class::ALL
        .iter()
        .map(|class| (class, differences.iter().filter(|difference| difference.class == *class).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| format!("**{count}** {}", class.name()))
        .collect();
    let _ = writeln!(out, "What would run differs from what was reviewed: {}.", counts.join(", "));
    let mut class = None;
    for (at, difference) in differences.iter().enumerate() {
        let mut text = String::new();
        if class != Some(difference.class) {
            class = Some(difference.class);
            let _ = write!(
                text,
                "\n#### {}\n\n| where | reviewed | now | why | caused by |\n|---|---|---|---|---|\n",
                difference.class.name()
            );
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            code(&difference.place()),
            code(&short(difference, difference.before.as_ref(), 200)),
            code(&short(difference, difference.after.as_ref(), 200)),
            difference.why,
            code(&line(place(difference), sources)),
        );
        if out.len() + text.len() > MOST {
            let _ =
                writeln!(out, "\n…and {} more; `seaworthy snapshot diff` shows all.", differences.len() - at);
            break;
        }
        out.push_str(&text);
    }
    out
}

/// As code in a cell of a table: no text may end the code, the cell or the line.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    let safe = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    format!("{fence}{blank}{safe}{blank}{fence}")
}
