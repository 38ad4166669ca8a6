//! Durable directories: which they are, and who may put them right.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::host::Owner;
use crate::host::pattern::matches;
use crate::yaml::Node;

use super::lock::{StateRoots, written_places};

/// What a policy says about durable directories.
#[derive(Clone, Debug, Default)]
pub struct StatePolicy {
    pub declared: Vec<DeclaredState>,
    pub repair: Allowed,
}

/// One durable directory, or several.
#[derive(Clone, Debug)]
pub struct DeclaredState {
    /// Absolute, or a volume; `*` and `?` stand for parts of one name.
    pub path: PathBuf,
    /// Users, in the container's numbers, whose files are the service's although no lock remembers them.
    pub from: Vec<Owner>,
    pub strategy: Strategy,
}

/// How a durable directory stays usable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Nothing is said: given away, or by a group where services with different users have one in common.
    #[default]
    Unsaid,
    /// Everything in it is given to the service's user.
    Chown,
    /// It stays the operator's and is shown to the service as its own.
    Idmap,
    /// Everything in it is of a group that all have who share it.
    Group,
    /// Access control lists name all who share it.
    Acl,
}

/// One directory or volume of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredTree {
    pub path: PathBuf,
    pub from: Vec<Owner>,
    pub strategy: Strategy,
}

/// Who is allowed to repair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    #[default]
    Any,
    Host,
    Helper,
    Nobody,
}

/// Who repairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// This process.
    Host,
    /// A helper container.
    Helper,
}

impl Way {
    pub fn describe(self) -> &'static str {
        match self {
            Self::Host => "by this process",
            Self::Helper => "by a helper container",
        }
    }
}

/// Who repairs, and why; or why nobody does.
pub fn way(allowed: Allowed, may_chown: bool) -> Result<(Way, &'static str), &'static str> {
    match allowed {
        Allowed::Nobody => Err("the policy says `repair: never`"),
        Allowed::Helper => Ok((Way::Helper, "the policy says `repair: helper`")),
        Allowed::Host | Allowed::Any if may_chown => Ok((Way::Host, "root may give files away")),
        Allowed::Host => Err("the policy says `repair: host`, and only root may give files away"),
        Allowed::Any => Ok((Way::Helper, "only root may give files away, and the engine has one")),
    }
}

/// The directories of a service that are declared durable, in order, with what was declared for them.
pub fn declared_trees(service: &Node, roots: &StateRoots, declared: &[DeclaredState]) -> Vec<DeclaredTree> {
    let mut trees: Vec<DeclaredTree> = Vec::new();
    for source in written_places(service, roots) {
        for state in declared {
            for path in within(&source, &state.path, roots.is_elsewhere()) {
                // What lies inside a mount is shown as all of the mount is.
                let strategy = match state.strategy {
                    Strategy::Idmap if path != source => Strategy::Chown,
                    strategy => strategy,
                };
                match trees.iter_mut().find(|known| known.path == path) {
                    Some(known) => {
                        known.from.extend(state.from.iter().copied());
                        if matches!(known.strategy, Strategy::Unsaid | Strategy::Chown) {
                            known.strategy = strategy;
                        }
                    }
                    None => trees.push(DeclaredTree { path, from: state.from.clone(), strategy }),
                }
            }
        }
    }
    trees.sort();
    trees
}

/// Whether a place is declared durable, or lies in one that is.
pub fn is_declared(declared: &[DeclaredState], place: &Path) -> bool {
    declared.iter().any(|state| !within(place, &state.path, true).is_empty())
}

/// What of a mounted directory a pattern means: all of it, where the directory lies in what the pattern
/// names; else what the pattern names inside it. On another machine, nothing is named by a star.
fn within(source: &Path, pattern: &Path, is_elsewhere: bool) -> Vec<PathBuf> {
    let mut names = source.components();
    let mut patterns = pattern.components();
    loop {
        let Some(part) = patterns.next() else { return vec![source.to_owned()] };
        let Some(name) = names.next() else {
            let rest = std::iter::once(part).chain(patterns);
            if is_elsewhere {
                let rest: PathBuf = rest.collect();
                let is_plain = !rest.as_os_str().as_bytes().iter().any(|byte| b"*?".contains(byte));
                return is_plain.then(|| source.join(rest)).into_iter().collect();
            }
            return rest.fold(vec![source.to_owned()], |found, part| {
                found.iter().flat_map(|directory| named(directory, part.as_os_str())).collect()
            });
        };
        if !matches(part.as_os_str().as_bytes(), name.as_os_str().as_bytes()) {
            return Vec::new();
        }
    }
}

/// The directories in `directory` whose name fits. Links are not followed.
fn named(directory: &Path, pattern: &OsStr) -> Vec<PathBuf> {
    let is_directory =
        |path: &PathBuf| path.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_dir());
    if !pattern.as_bytes().iter().any(|byte| b"*?".contains(byte)) {
        return Some(directory.join(pattern)).filter(is_directory).into_iter().collect();
    }
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let fitting = entries.filter(|entry| matches(pattern.as_bytes(), entry.file_name().as_bytes()));
    let mut found: Vec<PathBuf> = fitting.map(|entry| entry.path()).filter(is_directory).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_in_a_tree_is_a_tree_and_so_is_a_tree_in_a_mount() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        for path in ["memory/one/state", "memory/two/state", "memory/two/other"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::os::unix::fs::symlink("one", at("memory/three")).unwrap();
        let pattern = at("memory/*/state");
        assert_eq!(within(&at("memory/one/state"), &pattern, false), [at("memory/one/state")]);
        assert_eq!(within(&at("memory/one/state/deep"), &pattern, false), [at("memory/one/state/deep")]);
        assert_eq!(within(&at("memory"), &pattern, false), [at("memory/one/state"), at("memory/two/state")]);
        assert_eq!(within(&at("memory/two/other"), &pattern, false), [""; 0].map(PathBuf::from));
        assert_eq!(
            within(&at("memory/new/state"), &pattern, false),
            [at("memory/new/state")],
            "also while missing"
        );
    }

    #[test]
    fn who_repairs_is_what_is_allowed_and_possible() {
        assert_eq!(way(Allowed::Any, true).unwrap().0, Way::Host);
        assert_eq!(way(Allowed::Any, false).unwrap().0, Way::Helper);
        assert_eq!(way(Allowed::Helper, true).unwrap().0, Way::Helper);
        assert!(way(Allowed::Host, false).is_err() && way(Allowed::Nobody, true).is_err());
    }
}
