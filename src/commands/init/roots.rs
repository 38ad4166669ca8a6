//! Where the project's own directories lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::host::Kind;
use crate::ownership::bind::{BindDecision, Role};
use crate::run::verify::Verified;

use super::evidence::is_top;
use super::seen::Seen;

/// Rules whose waivers name what is mounted: that is the host's, and nothing to create or to own.
pub(super) const OF_THE_HOST: [&str; 5] =
    ["sensitive-mount", "home-mount", "engine-socket", "volume-device", "mount-propagation"];

/// The roots for what is mounted outside the project; empty where all lies in it.
pub(super) fn find(seen: &Seen<'_>, verified: &Verified, findings: &[Finding]) -> BTreeSet<PathBuf> {
    let of_host: BTreeSet<PathBuf> = findings
        .iter()
        .filter(|finding| finding.rule().is_some_and(|rule| OF_THE_HOST.contains(&rule)))
        .filter_map(|finding| finding.waiver()?.allow.first().map(PathBuf::from))
        .collect();
    let project = &verified.model.directory;
    let is_ours = |bind: &&BindDecision| {
        matches!(bind.role, Role::Bind | Role::Volume)
            && !bind.read_only
            && bind.kind == Kind::Directory
            && !of_host.contains(&bind.source)
            && !is_half(bind, findings)
    };
    let sources: Vec<&Path> =
        verified.host.binds.iter().filter(is_ours).map(|bind| bind.source.as_path()).collect();
    let outside: BTreeSet<PathBuf> = sources
        .iter()
        .filter(|source| !source.starts_with(project) && !project.starts_with(source))
        .filter_map(|source| of_missing(source).or_else(|| Some(source.to_path_buf())))
        .filter(|root| !is_top(root) || root.symlink_metadata().is_err())
        .collect();
    if outside.is_empty() {
        return BTreeSet::new();
    }
    let mut roots = together(outside, seen.home.as_deref());
    if sources.iter().any(|source| source.starts_with(project)) {
        roots.insert(project.clone());
    }
    roots
}

/// Whether a part of its path is a variable without a value: then it is no place that was meant.
pub(super) fn is_half(bind: &BindDecision, findings: &[Finding]) -> bool {
    let Some(written) = bind.origin.span() else { return false };
    findings.iter().filter(|finding| finding.code == Code::VariableUnset).any(|finding| {
        let mut places = finding.labels.iter().map(|label| label.span);
        places.any(|span| span.file == written.file && written.start <= span.start && span.end <= written.end)
    })
}

pub(super) use crate::ownership::root::of_missing;

/// Several in one directory become that directory, unless it holds other things as well: the top of the host, a home.
fn together(roots: BTreeSet<PathBuf>, home: Option<&Path>) -> BTreeSet<PathBuf> {
    let mut by_parent: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for root in roots {
        by_parent.entry(root.parent().unwrap_or(Path::new("/")).to_path_buf()).or_default().push(root);
    }
    let mut found = BTreeSet::new();
    for (parent, roots) in by_parent {
        let is_home = home.is_some_and(|home| home.starts_with(&parent));
        if roots.len() > 1 && !is_top(&parent) && !is_home {
            found.insert(parent);
        } else {
            found.extend(roots);
        }
    }
    // A root below another root adds nothing.
    let all = found.clone();
    found.retain(|root| !all.iter().any(|other| other != root && root.starts_with(other)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(roots: &[&str]) -> Vec<String> {
        let roots = roots.iter().map(PathBuf::from).collect();
        together(roots, Some(Path::new("/home/op"))).iter().map(|root| root.display().to_string()).collect()
    }

    #[test]
    fn several_in_one_directory_become_that_directory() {
        assert_eq!(joined(&["/mnt/tank/a", "/mnt/tank/b"]), ["/mnt/tank"]);
        assert_eq!(joined(&["/mnt/a", "/mnt/b"]), ["/mnt/a", "/mnt/b"], "not all that is mounted");
        assert_eq!(joined(&["/home/op/a", "/home/op/b"]), ["/home/op/a", "/home/op/b"], "not a home");
        assert_eq!(joined(&["/srv/app", "/srv/app/data"]), ["/srv/app"]);
    }

    #[test]
    fn the_first_missing_part_is_the_root() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().canonicalize().unwrap();
        assert_eq!(of_missing(&path.join("a/b/c")), Some(path.join("a")));
        assert_eq!(of_missing(&path), None);
    }
}
