//! Every code that the loader can give has a snapshot.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seaworthy::diagnostic::Code;

/// An input beyond the limit is no test, and one that changes while it is read is a race; `host::read` tests
/// both on descriptors.
const WITHOUT: [Code; 2] = [Code::InputTooLarge, Code::InputChanged];

#[test]
fn every_code_of_the_loader_has_a_snapshot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    for part in ["src/project", "src/project.rs", "src/compose", "src/compose.rs", "src/yaml", "src/cli"] {
        for file in files(&root.join(part)) {
            let text = fs::read_to_string(file).unwrap();
            used.extend(Code::ALL.iter().filter(|code| text.contains(&format!("Code::{code:?}"))));
        }
    }
    assert!(used.len() > 20, "the sources are not where they were: {used:?}");
    let shown: String =
        files(&root.join("snapshots")).into_iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let missing: Vec<&str> = used
        .into_iter()
        .filter(|code| !WITHOUT.contains(code))
        .map(Code::name)
        .filter(|name| !shown.contains(name))
        .collect();
    assert!(missing.is_empty(), "no snapshot shows {missing:?}");
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_path_buf()];
    }
    let entries = fs::read_dir(path).map_or_else(|_| Vec::new(), |entries| entries.flatten().collect());
    entries.iter().flat_map(|entry| files(&entry.path())).collect()
}
