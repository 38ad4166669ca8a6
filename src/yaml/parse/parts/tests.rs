use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::Limits;
use super::super::tape::record_at;
use super::*;
use crate::source::FileId;

const FILE: FileId = FileId(0);

/// Compares both ways of reading; whether the text was read in parts at all.
fn is_read_in_parts(text: &str, size: usize) -> bool {
    let limits = Limits::default();
    let Some(cuts) = cuts(text, size) else { return false };
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    let read_in_parts = record_at(FILE, text, limits, &mut found, Some(&cuts));
    let whole = record_at(FILE, text, limits, &mut expected, None);
    assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{text}");
    match (read_in_parts, whole) {
        (Ok(parts), Ok(whole)) => {
            for at in 0.. {
                let (part, whole) = (parts.get(at), whole.get(at));
                assert_eq!(part, whole, "item {at} of {text}");
                if part.is_none() {
                    break;
                }
            }
            assert_eq!(parts, whole, "{text}");
        }
        (Err(parts), Err(whole)) => assert_eq!(format!("{parts:?}"), format!("{whole:?}"), "{text}"),
        (parts, whole) => panic!("{text}\n{parts:?}\n{whole:?}"),
    }
    read(text, &cuts, |_, _| Ok(())).unwrap()
}

const BEFORE: &str =
    "name: x\nx-a: &a {b: 1}\nservices: # all of them\n\n  # the first\n  one:\n    image: x\n";

#[test]
fn members_are_read_where_they_stand() {
    for after in [
        "  two: {image: y}\n  three:\n    command: |\n      a\n\n  four: *a\n",
        "  two:\n    <<: *a\n    list:\n    - 1\n    - b: 2\n",
        "  two: &b [1,\n     2]\n# aside\n  three: *b\nvolumes:\n  v: {}\n...\n",
        "  two: |+\n    text\n\n\n  three: \"a\n    b\"\n  four: a\n    b\n",
        "  two:\n  three:\n  four: 'x'\nvolumes: {}\n---\nservices:\n  five: {}\n",
        "  two: !reset null\n  three: !!str 1\n  four: &c x\n  five: *c\n",
        "\r\n  two: 1\r\n  three: 2\r\n",
        "  two: 1\n  three: 2",
        "  two: |\n    no end of line",
    ] {
        let text = format!("{BEFORE}{after}");
        assert!(is_read_in_parts(&text, 1), "{text}");
    }
}

#[test]
fn what_only_looks_like_members_is_read_in_one_piece() {
    for text in [
        "services:\n  a: \"open\n  b: 1\n  c: closed\"\n  d: 1\n",
        "services:\n  a: 'open\n  b: 1\n  c: closed'\n  d: 1\n",
        "services:\n  a: [\"x\"\n  b: 1]\n  c: 1\n",
        "services:\n  a: [\n  b: 1,\n  c: 2]\n",
        "services:\n  a: 1\n  b: 2\n---\n  c: 3\n",
        "services:\n  a: 1\n  b: 2\n c: 3\n",
        "services:\n  a: 1\n  b: 2\n- c\n",
        "services:\n  a: 1\n  b: *unknown\n  c: *other\n  d\n",
        "? services:\n  a: 1\n  b: 2\n",
        "{\nservices:\n  a: 1,\n  b: 2\n}\n",
        "x: |\n services:\n  a: 1\n  b: 2\n  c: 3\n",
        "\u{FEFF}services:\n  a: 1\n  b: 2\n  c: 3\n",
        "services:\n  a: 1\r---\r  b: 2\n  c: 3\n  d: 3\n",
        "services:\n  a: 1\n  b: 2\n  c: 3\rvolumes: {}\n  d: 1\n",
        "services:\n- a\n  b: 1\n  c: 2\n",
    ] {
        assert!(!is_read_in_parts(text, 1), "{text:?}");
    }
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            found.push(path);
        }
    }
}

/// Of real projects, whole and cut off anywhere.
#[test]
fn files_of_real_projects_are_the_same_in_parts() {
    let root = std::env::var_os("SEAWORTHY_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/cases"), PathBuf::from);
    let mut files = Vec::new();
    yaml_files(&root, &mut files);
    if files.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "the corpus is not here; SEAWORTHY_CORPUS names it");
        println!("skipped: the corpus is not here");
        return;
    }
    let (mut all, mut in_parts) = (0, 0);
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        all += 1;
        in_parts += usize::from(is_read_in_parts(&text, 1));
        for at in (1..8).map(|part| text.len() * part / 8) {
            if let Some(start) = text.get(..at) {
                is_read_in_parts(start, 1);
            }
        }
    }
    println!("{all} files, {in_parts} of them read in parts");
    assert!(in_parts * 3 > all, "{in_parts} of {all}");
}

/// Lines that mean something else after something else.
fn line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "  a:",
        "  b: 1",
        "  c: \"x",
        "  d: x\"",
        "  e: 'y",
        "  f: y'",
        "  g: |",
        "  h: >-",
        "  i: {",
        "  }",
        "  j: [1,",
        "  2]",
        "    k: v",
        "    - l",
        "  - m",
        "# n",
        "",
        "   ",
        "x: 1",
        " o: 1",
        "---",
        "...",
        "services:",
        "  p: &p",
        "  q: *p",
        "  ? r",
        "  : s",
        "\t",
        "  t:\tu",
        "    \"v",
        "  w: x # y",
        "  y: #",
        "  z: !reset",
        "  \"k\": 1",
        "  a b: 1",
        "volumes:",
        "%YAML 1.1",
        "  c: |1",
        "  d: |+",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_are_the_same_in_parts(
        before in prop::collection::vec(line(), 0..4),
        after in prop::collection::vec(line(), 1..16),
    ) {
        let text = format!("{}\nservices:\n  first: {{}}\n{}\n", before.join("\n"), after.join("\n"));
        is_read_in_parts(&text, 1);
    }
}
