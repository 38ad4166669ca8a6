//! `gc:` of a policy: directories that are removed once their container is certainly gone.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::compose::short::duration;
use crate::diagnostic::{Code, Finding, Sink};
use crate::host::pattern::matches;
use crate::project::Project;
use crate::yaml::Node;

use super::Rank;
use super::binds::{Base, Binds};
use super::reader::{Keys, Located, Reader};

/// One entry of `gc:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Absolute and clean; `*` and `?` stand for parts of one name.
    pub path: Located<PathBuf>,
    /// Nothing in the directory changed for at least so long.
    pub older_than: Located<Duration>,
    pub rank: Rank,
}

/// A directory that was just made for a container that is not there yet is younger.
pub const USUAL_AGE: Duration = Duration::from_secs(3600);

pub(super) const GC: Keys = Keys { place: "gc", known: &["path", "older_than"], later: &[] };

pub fn read(node: &Node, rank: Rank, base: &Base<'_>, reader: &mut Reader<'_>) -> Vec<Sweep> {
    let items = reader.list(node, "gc");
    items.iter().filter_map(|item| one(item, rank, base, reader)).collect()
}

fn one(item: &Node, rank: Rank, base: &Base<'_>, reader: &mut Reader<'_>) -> Option<Sweep> {
    let map = reader.mapping(item, &GC)?;
    let older_than = match map.get("older_than") {
        None => Some(Located::new(USUAL_AGE, item.origin)),
        Some(node) => {
            let read = node.as_str().and_then(|text| duration::parse(text.trim()).ok());
            let age = read.and_then(|nanoseconds| u64::try_from(nanoseconds).ok()).map(Duration::from_nanos);
            if age.is_none() {
                reader.wrong(
                    node,
                    "gc.older_than",
                    "a length of time",
                    "Write a number and a unit: 90m, 1h, 168h.",
                );
            }
            age.map(|age| Located::new(age, node.origin))
        }
    };
    let Some(path) = map.get("path") else {
        reader.missing("gc", "path", item.origin);
        return None;
    };
    let text = reader.text(path, "gc.path")?;
    // By name alone, `a*/../..` would be cleaned into what nobody meant.
    if Path::new(text).components().any(|part| part == Component::ParentDir) && text.contains(['*', '?']) {
        reader.wrong(
            path,
            "gc.path",
            "a path without `..` where it has `*` or `?`",
            "Write the directory itself.",
        );
        return None;
    }
    if Path::new(text).components().any(|part| part.as_os_str().to_string_lossy().contains("**")) {
        reader.wrong(
            path,
            "gc.path",
            "a pattern of single names",
            "`*` is any part of one name; write one `*` for each level: `sessions/*/*`.",
        );
        return None;
    }
    Some(Sweep { path: Located::new(base.resolve(text), path.origin), older_than: older_than?, rank })
}

impl Sweep {
    /// The directory that is named without `*` and `?`, and the patterns for the names below it. A path
    /// without any has its last name as the one pattern.
    pub fn parts(&self) -> (PathBuf, Vec<PathBuf>) {
        let names: Vec<&Path> =
            self.path.value.components().map(|part| Path::new(part.as_os_str())).collect();
        let is_pattern = |name: &&Path| name.to_string_lossy().contains(['*', '?']);
        let first = names.iter().position(is_pattern).unwrap_or(names.len().saturating_sub(1));
        let (plain, patterns) = names.split_at(first);
        (plain.iter().collect(), patterns.iter().map(PathBuf::from).collect())
    }

    /// Whether a directory may be named by both, or lie in one that is.
    pub fn meets(&self, other: &Self) -> bool {
        may_be_one(&self.path.value, &other.path.value)
    }
}

/// Whether two places can be one, or one can hold the other; both may be patterns.
pub fn may_be_one(a: &Path, b: &Path) -> bool {
    let names = |path: &Path| -> Vec<String> {
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let is_open = |name: &str| name.contains(['*', '?']);
    // Two patterns for one name are taken to meet: which names there will be is not known.
    let may = |(a, b): (&String, &String)| match (is_open(a), is_open(b)) {
        (false, false) => a == b,
        (true, false) => matches(a.as_bytes(), b.as_bytes()),
        (false, true) => matches(b.as_bytes(), a.as_bytes()),
        (true, true) => true,
    };
    names(a).iter().zip(&names(b)).all(may)
}

/// The directories in which something may be swept: those in which something may be created.
pub fn roots(binds: &Binds, project: &Project) -> Vec<PathBuf> {
    match &binds.roots {
        Some(roots) => roots.iter().map(|root| root.value.clone()).collect(),
        None => vec![project.directory.clone()],
    }
}

/// Whether every entry stays where the project may sweep. The host's own are its administrator's affair, but
/// for those that could only be a slip.
pub fn check(sweeps: &[Sweep], binds: &Binds, project: &Project, sink: &mut Sink) -> bool {
    let roots = roots(binds, project);
    let mut holds = true;
    for sweep in sweeps {
        if let Err((message, help)) = judge(sweep, &roots, project) {
            sink.push(
                Finding::error(Code::PolicySyntax, message)
                    .at_origin(sweep.path.origin, "refused")
                    .help(help),
            );
            holds = false;
        }
    }
    holds
}

fn judge(sweep: &Sweep, roots: &[PathBuf], project: &Project) -> Result<(), (String, String)> {
    let path = &sweep.path.value;
    let shown = path.display();
    let (plain, patterns) = sweep.parts();
    let all = |name: &PathBuf| name.to_string_lossy().chars().all(|c| c == '*' || c == '?');
    let is_all = patterns.first().is_some_and(all);
    let refuse =
        |why: String, help: &str| Err((format!("`gc` cannot sweep {shown}: {why}"), help.to_owned()));
    let narrower = "Name the directories that belong to containers: `sessions/*`.";
    if path.parent().is_none() || plain.parent().is_none() && is_all {
        return refuse("that is the whole machine".to_owned(), narrower);
    }
    if project.directory.starts_with(path) {
        return refuse("the project itself is in it".to_owned(), narrower);
    }
    if is_all && project.directory.starts_with(&plain) {
        return refuse(format!("it names everything in {}", plain.display()), narrower);
    }
    if sweep.rank == Rank::System {
        return Ok(());
    }
    let within = |root: &PathBuf| path.starts_with(root) && path != root;
    if !roots.iter().any(within) {
        return refuse(
            "it does not lie in one of the project's roots".to_owned(),
            "Only what lies below `binds.roots` (the project's directory where there is none) is ever removed.",
        );
    }
    match roots.iter().find(|root| root.starts_with(path)) {
        Some(root) => refuse(format!("the root {} is in it", root.display()), narrower),
        None => Ok(()),
    }
}
