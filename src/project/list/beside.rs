//! Two lists of files, side by side.

use std::fmt::Write;
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::{Expected, shown};

/// One entry of the list as given, with what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub note: Option<String>,
}

/// The list as given beside the list expected; lines that differ are marked.
pub fn beside(given: &[Row], expected: &Expected, cwd: &Path) -> String {
    let wanted: Vec<String> = match expected {
        Expected::Unknown => vec!["(not written down)".to_owned()],
        Expected::Count(count) => vec![format!("({count} {})", if *count == 1 { "file" } else { "files" })],
        Expected::Paths(paths) => paths.iter().map(|path| shown(path, cwd)).collect(),
    };
    let exact = matches!(expected, Expected::Paths(_));
    let number = |at: usize, name: &str| format!("{}. {name}", at + 1);
    let mut left: Vec<String> = given
        .iter()
        .enumerate()
        .map(|(at, row)| match &row.note {
            Some(note) => format!("{}  ({note})", number(at, &row.name)),
            None => number(at, &row.name),
        })
        .collect();
    if left.is_empty() {
        left.push("(no file)".to_owned());
    }
    let right: Vec<String> = wanted
        .iter()
        .enumerate()
        .map(|(at, name)| if exact { number(at, name) } else { name.clone() })
        .collect();
    let width = left.iter().map(|line| line.width()).chain([5]).max().unwrap_or(5);
    let mut text = format!("  given{}  expected", " ".repeat(width - 5));
    for at in 0..left.len().max(right.len()) {
        let (a, b) = (left.get(at).map_or("", String::as_str), right.get(at).map_or("", String::as_str));
        let row = given.get(at);
        let differs = exact && row.map(|row| row.name.as_str()) != wanted.get(at).map(String::as_str);
        let mark = if differs || row.is_some_and(|row| row.note.is_some()) { '!' } else { ' ' };
        let line = format!("{mark} {a}{}  {b}", " ".repeat(width - a.width()));
        let _ = write!(text, "\n{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Row {
        Row { name: name.into(), note: None }
    }

    #[test]
    fn the_lists_stand_beside_one_another_and_differences_are_marked() {
        let given = [row("compose.yaml"), Row { name: "b.yaml".into(), note: Some("no such file".into()) }];
        let expected =
            Expected::Paths(["/p/compose.yaml", "/p/ops/b.yaml", "/q/c.yaml"].map(Into::into).to_vec());
        let text = beside(&given, &expected, Path::new("/p"));
        assert_eq!(
            text,
            "  given                      expected\n\
             \x20 1. compose.yaml            1. compose.yaml\n\
             ! 2. b.yaml  (no such file)  2. ops/b.yaml\n\
             !                            3. /q/c.yaml"
        );
    }

    #[test]
    fn a_count_and_nothing_at_all_can_be_expected() {
        assert_eq!(
            beside(&[], &Expected::Count(2), Path::new("/")),
            "  given      expected\n  (no file)  (2 files)"
        );
        assert_eq!(
            beside(&[row("a")], &Expected::Unknown, Path::new("/")),
            "  given  expected\n  1. a   (not written down)"
        );
    }
}
