//! Data goes one way: no module may name a later one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module may use those before it: the foundations, then the stages in the order of a run.
const ORDER: [&str; 17] = [
    "source",
    "diagnostic",
    "reader",
    "host",
    "yaml",
    "engine",
    "cli",
    "project",
    "redact",
    "compose",
    "model",
    "policy",
    "ownership",
    "plan",
    "render",
    "prepare",
    "launch",
];

/// These stand beside the way through and may use all of [`ORDER`]; nothing there may use them.
const BESIDE: [&str; 4] = ["review", "snapshot", "operate", "reach"];

/// These put everything together, one file per command, and may use all of it.
const TOP: [&str; 2] = ["run", "commands"];

#[test]
fn no_module_uses_a_later_one() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = String::new();
    let mut edges = 0;
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).unwrap();
        let Some(module) = module_of(relative) else { continue };
        let text = fs::read_to_string(&file).unwrap();
        for (line, used) in used_modules(&text) {
            edges += 1;
            if let Err(why) = allowed(&module, &used) {
                let _ = writeln!(faults, "src/{}:{line}: {why}", relative.display());
            }
        }
    }
    assert!(edges > 300, "only {edges} uses were found; are the sources where they were?");
    assert!(faults.is_empty(), "\n{faults}");
}

/// The order that this test keeps is the one that the library has.
#[test]
fn every_module_of_the_library_has_its_place() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules = text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    for module in modules {
        let known = ORDER.contains(&module) || BESIDE.contains(&module) || TOP.contains(&module);
        assert!(known, "{module} has no place in the order");
    }
}

#[test]
fn a_back_edge_is_seen() {
    assert!(allowed("compose", "policy").is_err());
    assert!(allowed("host", "yaml").is_err());
    assert!(allowed("launch", "run").is_err());
    assert!(allowed("policy", "compose").is_ok() && allowed("run", "launch").is_ok());
    let text = "use crate::{plan::Step, yaml};\nfn f() { crate::launch::g() }\n#[cfg(test)]\nmod tests { use crate::run; }";
    let used: Vec<String> = used_modules(text).into_iter().map(|(_, used)| used).collect();
    assert_eq!(used, ["plan", "yaml", "launch"]);
}

fn allowed(module: &str, used: &str) -> Result<(), String> {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let Some(to) = place(used) else {
        let is_above = BESIDE.contains(&used) || TOP.contains(&used);
        return if module == used || TOP.contains(&module) && is_above {
            Ok(())
        } else {
            Err(format!("{module} uses {used}, which stands beside"))
        };
    };
    match place(module) {
        Some(from) if to > from => Err(format!("{module} uses {used}, which comes later")),
        Some(_) => Ok(()),
        None if TOP.contains(&module) || BESIDE.contains(&module) => Ok(()),
        None => Err(format!("{module} has no place in the order")),
    }
}

/// The first component below `src`; nothing for the crate's root and for files of tests.
fn module_of(relative: &Path) -> Option<String> {
    let mut names = relative
        .with_extension("")
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect::<Vec<_>>();
    if names.iter().any(|name| name == "tests" || name == "fixture") {
        return None;
    }
    let first = names.remove(0);
    (first != "lib" && first != "main").then_some(first)
}

/// Modules of the crate that the text names before its tests, with their lines.
fn used_modules(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let start = code[..at].rfind('\n').map_or(0, |end| end + 1);
        if code[start..at].trim_start().starts_with("//") {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group_heads(group),
            None => vec![head(rest)],
        };
        found.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (line, name)));
    }
    found
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The first names of a brace group, up to its end.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                heads.push(head(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
