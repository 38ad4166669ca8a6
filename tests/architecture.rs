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

/// The modules that CONTRIBUTING.md explains are those of the library.
#[test]
fn every_module_is_explained() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let explained: Vec<&str> = rows.map(|(module, _)| module).collect();
    let known: Vec<&str> = ORDER.iter().chain(&BESIDE).chain(&TOP).copied().collect();
    for module in &known {
        assert!(explained.contains(module), "{module} is not explained");
    }
    for module in explained {
        assert!(known.contains(&module), "{module} is explained, and is no module");
    }
    let (foundations, stages) = ORDER.split_at(6);
    assert!(text.contains(&foundations.join(" → ")) && text.contains(&stages.join(" → ")));
}

/// Each function of the walks is where docs/architecture.md says.
#[test]
fn the_walks_go_through_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let mut steps = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let Some(at) = cells.iter().position(|cell| cell.ends_with(".rs`")) else { continue };
        let file = cells[at].trim_matches('`');
        let code = fs::read_to_string(root.join("src").join(file)).expect(file);
        for name in cells[at + 1].split(", ").map(|name| name.trim_matches('`')) {
            steps += 1;
            let is_there = ["(", "<"].iter().any(|next| code.contains(&format!("fn {name}{next}")));
            assert!(is_there, "{file} has no function `{name}`");
        }
    }
    assert!(steps > 30, "only {steps} steps were found; are the tables what they were?");
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

/// Modules that read the tree by its keys because they make it, or give its fields their meaning.
const READERS: [&str; 3] = ["compose", "model", "yaml"];

/// Look-ups of a key of Compose by its text elsewhere, and why they stand. This table may only shrink.
const BY_TEXT: &[(&str, usize, &str)] = &[
    ("src/engine/podman.rs", 1, "is about an answer of the engine"),
    ("src/operate/probe/place.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/operate/probe/trial.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/ownership/bind/mounts.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/ownership/lock/read.rs", 1, "is about the lock's own file"),
    ("src/ownership/user/resolve.rs", 2, "`x-seaworthy.user` is no key of Compose"),
    ("src/plan/service.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/policy/adapt.rs", 3, "rewrites a layer that is not merged yet"),
    ("src/policy/arrange.rs", 1, "looks at a layer that is not merged yet"),
    (
        "src/policy/assertion/effect/across.rs",
        1,
        "names a section of the project, whose entries the view reads",
    ),
    ("src/policy/assertion/leaves.rs", 2, "pairs the elements of any list by their target"),
    ("src/policy/binds.rs", 4, "is about the policy's own file"),
    ("src/policy/copies.rs", 2, "is about the policy's own file"),
    ("src/policy/expand.rs", 1, "rewrites a layer that is not merged yet"),
    ("src/policy/file.rs", 2, "is about the policy's own file"),
    ("src/policy/gc.rs", 1, "is about the policy's own file"),
    ("src/policy/layer.rs", 1, "`x-seaworthy.user` is no key of Compose"),
    ("src/policy/overlay.rs", 2, "refuses keys in a layer that is not merged yet"),
    ("src/policy/probes.rs", 5, "is about the policy's own file"),
    ("src/policy/rules/mount.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/policy/rules/network.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/policy/state.rs", 2, "is about the policy's own file"),
    ("src/reach/kube/container.rs", 3, "reads what only this translation needs"),
    ("src/reach/kube/mounts.rs", 4, "is about objects of Kubernetes, and names a section"),
    ("src/reach/kube/network.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/reach/kube/profile.rs", 8, "is about an object of Kubernetes"),
    ("src/reach/kube/storage.rs", 3, "reads what only this translation needs"),
    ("src/reach/kube/workload.rs", 2, "reads what only this translation needs"),
    ("src/reach/swarm/container.rs", 1, "reads what only this translation needs"),
    ("src/reach/swarm/limits.rs", 5, "reads what only this translation needs"),
    ("src/reach/swarm/mounts.rs", 2, "reads what only this translation needs"),
    ("src/reach/swarm/network.rs", 6, "reads what only this translation needs"),
    ("src/reach/swarm/ports.rs", 2, "reads what only this translation needs"),
    ("src/reach/swarm/rendering.rs", 11, "writes the model in another form, key by key"),
    ("src/reach/swarm/schedule.rs", 11, "reads what only this translation needs"),
    ("src/reach/swarm/service.rs", 2, "reads what only this translation needs"),
    ("src/reach/swarm/stacked.rs", 2, "renames what a stack declares"),
    ("src/reach/swarm/tasks.rs", 1, "names a section of the project, whose entries the view reads"),
    ("src/run/lock.rs", 1, "`x-seaworthy.user` is no key of Compose"),
    ("src/run/overlays/pin.rs", 2, "is about the policy's own file"),
    (
        "src/snapshot/class/service.rs",
        2,
        "the word of a security option; names a section of the project, whose entries the view reads",
    ),
    ("src/snapshot/difference/items.rs", 1, "is about the snapshot's own list"),
    ("src/snapshot/model.rs", 1, "writes a port that it takes apart itself"),
];

/// The methods of a tree that take a key.
const LOOK_UPS: [&str; 12] = [
    ".get(",
    ".get_mut(",
    ".at(",
    ".entry(",
    ".remove(",
    ".contains(",
    ".text(",
    ".texts(",
    ".list(",
    ".items(",
    ".is_true(",
    ".map(",
];

#[test]
fn a_field_of_a_service_is_looked_up_by_its_view_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let keys = keys_of_compose(&fs::read_to_string(root.join("src/policy/rules/keys.rs")).unwrap());
    assert!(keys.len() > 150, "only {} keys were found; is the table where it was?", keys.len());
    let mut faults = String::new();
    let mut known = 0;
    for file in rust_files(&root.join("src")) {
        let relative = file.strip_prefix(root.join("src")).unwrap();
        let Some(module) = module_of(relative) else { continue };
        if READERS.contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let found = looked_up(&text, &keys);
        let name = format!("src/{}", relative.display());
        let row = BY_TEXT.iter().find(|(path, ..)| *path == name);
        known += usize::from(row.is_some());
        let allowed = row.map_or(0, |(_, count, _)| *count);
        match found.len() {
            count if count > allowed => {
                let _ = writeln!(
                    faults,
                    "{name}: {count}, {allowed} allowed: {found:?}; use a view of src/model"
                );
            }
            count if count < allowed => {
                let _ = writeln!(faults, "{name}: {count} are left of {allowed}; say so in the table");
            }
            _ => {}
        }
    }
    assert_eq!(known, BY_TEXT.len(), "a file of the table is not there");
    assert!(BY_TEXT.iter().all(|(_, count, why)| *count > 0 && !why.is_empty()));
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn a_look_up_by_text_is_seen() {
    let keys = keys_of_compose(
        "(\"services.*.volumes[].bind.propagation\", A),\n(\"services.*.user\", A),\n(\"networks.*.x\", A),",
    );
    assert_eq!(keys, ["bind", "propagation", "user", "volumes"]);
    let text = "fn f() {\n  a.get(\"user\"); b.at(&[\"volumes\", \"x\"]);\n  // a.get(\"user\")\n  c.get(\"User\"); d.get(key);\n}\n#[cfg(test)]\nmod tests { e.get(\"user\"); }";
    assert_eq!(looked_up(text, &keys), [(2, "user".to_owned()), (2, "volumes".to_owned())]);
}

/// The keys below a service, at any depth, from the table of all keys.
fn keys_of_compose(table: &str) -> Vec<String> {
    let paths = table.split('"').filter_map(|text| text.strip_prefix("services.*."));
    let parts = paths.flat_map(|path| path.split('.').map(|key| key.trim_end_matches("[]").to_owned()));
    let mut keys: Vec<String> = parts.filter(|key| key != "*").collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Each look-up by text before the tests of a file, with its line.
fn looked_up(text: &str, keys: &[String]) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, call) in LOOK_UPS.iter().flat_map(|call| code.match_indices(call)) {
        let start = code[..at].rfind('\n').map_or(0, |end| end + 1);
        if code[start..at].trim_start().starts_with("//") {
            continue;
        }
        let inside = code[at + call.len()..].trim_start();
        let inside = inside.strip_prefix("&[").unwrap_or(inside);
        let end = inside.find([')', ']', '|']).unwrap_or(inside.len());
        let line = code[..at].matches('\n').count() + 1;
        for literal in inside[..end]
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|literal| keys.iter().any(|key| key == literal))
        {
            found.push((line, literal.to_owned()));
        }
    }
    found.sort();
    found
}
