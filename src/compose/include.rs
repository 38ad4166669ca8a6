//! `include`: other projects' resources, each loaded as a level of its own.

use std::collections::HashSet;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Finding};
use crate::project::{Environment, dotenv};
use crate::reader::Habit;
use crate::source::{FileId, Origin};
use crate::yaml::{Mapping, Node, Path, Value};

use super::budget::{Budget, DEEPEST};
use super::faults::is_within;
use super::load::{Level, Loader, relative};
use super::merge::{kind, merge, text};
use super::paths;
use super::project_sections;
use super::table::PROJECT;
use super::tags::{self, TaggedPath};

/// One entry of the list.
struct Entry {
    paths: Vec<(String, Origin)>,
    project_directory: Option<String>,
    env_files: Option<Vec<(String, Origin)>>,
    origin: Origin,
}

/// An entry without its places.
type Said = (Vec<String>, Option<String>, Option<Vec<String>>);

impl Entry {
    fn said(&self) -> Said {
        let texts = |list: &[(String, Origin)]| list.iter().map(|(text, _)| text.clone()).collect();
        (texts(&self.paths), self.project_directory.clone(), self.env_files.as_deref().map(texts))
    }
}

/// Adds the resources of everything the document includes to the document.
///
/// Those of the same name are merged, the document over its includes and an earlier include over a later one, or must
/// be the same: that depends on who reads. `tags` are the document's.
pub fn apply(
    loader: &mut Loader<'_>,
    root: &mut Node,
    tags: &[TaggedPath],
    file: FileId,
    level: &Level,
) -> Option<()> {
    let Some(include) = root.as_map_mut().and_then(|map| map.remove("include")) else { return Some(()) };
    let items = match include.value {
        Value::Null => return Some(()),
        Value::Seq(items) => items,
        _ => {
            loader.sink.push(
                Finding::error(Code::ComposeInclude, "`include` must be a list")
                    .at_origin(include.origin, format!("{} found", kind(&include))),
            );
            loader.faulty.incomplete = true;
            return Some(());
        }
    };
    let including = loader.inputs.sources().get(file)?.path.clone();
    let mut done = HashSet::new();
    for item in items {
        let entry = if is_within(&item) { None } else { read_entry(loader, &item) };
        let imported = match entry {
            Some(None) => continue,
            // A second time it could only add what is there.
            Some(Some(entry)) if !done.insert(entry.said()) => continue,
            Some(Some(entry)) => load(loader, &entry, &including, level),
            None => None,
        };
        match imported {
            Some(imported) => import(loader, imported, root, tags),
            None if loader.stopped => return None,
            None => loader.faulty.incomplete = true,
        }
    }
    Some(())
}

/// `Some(None)` for an empty entry, which stands for nothing.
fn read_entry(loader: &mut Loader<'_>, item: &Node) -> Option<Option<Entry>> {
    let origin = item.origin;
    let texts = |node: &Node| -> Vec<(String, Origin)> {
        match &node.value {
            Value::Seq(items) => items.iter().map(|item| (text(item), item.origin)).collect(),
            Value::Null => Vec::new(),
            _ => vec![(text(node), node.origin)],
        }
    };
    let entry = match &item.value {
        Value::String(path) => Entry {
            paths: vec![(path.to_string(), origin)],
            project_directory: None,
            env_files: None,
            origin,
        },
        Value::Null => return Some(None),
        Value::Map(map) => Entry {
            paths: map.get("path").map(texts).unwrap_or_default(),
            project_directory: map.get("project_directory").map(text).filter(|text| !text.is_empty()),
            env_files: map.get("env_file").map(texts).filter(|files| !files.is_empty()),
            origin,
        },
        _ => {
            loader.sink.push(
                Finding::error(Code::ComposeInclude, "an entry of `include` must be a path or a mapping")
                    .at_origin(origin, format!("{} found", kind(item))),
            );
            return None;
        }
    };
    if entry.paths.is_empty() {
        loader.sink.push(
            Finding::error(Code::ComposeInclude, "an entry of `include` has no `path`")
                .at_origin(origin, "here"),
        );
        return None;
    }
    Some(Some(entry))
}

fn load(loader: &mut Loader<'_>, entry: &Entry, including: &FsPath, level: &Level) -> Option<Node> {
    loader.within(|budget| budget.level(entry.origin))?;
    if level.chain.len() >= DEEPEST {
        loader.sink.push(
            Finding::error(Code::ComposeInclude, format!("more than {DEEPEST} files include one another"))
                .at_origin(entry.origin, "one too many"),
        );
        loader.stopped = true;
        return None;
    }
    let mut files = Vec::with_capacity(entry.paths.len());
    let mut main: Option<PathBuf> = None;
    for (name, origin) in &entry.paths {
        if paths::is_remote(name) {
            loader.sink.push(super::remote_source(name, *origin));
            return None;
        }
        let path = PathBuf::from(paths::clean(&level.directory.join(name).to_string_lossy()));
        if main.is_none() {
            let chain: Vec<&PathBuf> = level.chain.iter().collect();
            if path == including || chain.contains(&&path) {
                loader.sink.push(cycle(&chain, including, &path, *origin));
                return None;
            }
            main = Some(path.clone());
        }
        match loader.inputs.read(&path, name) {
            Ok(file) => files.push(file),
            Err(finding) => {
                loader.sink.push(finding.at_origin(*origin, "included here"));
                return None;
            }
        }
    }
    let length = |file: &FileId| loader.inputs.sources().get(*file).map_or(0, |source| source.text.len());
    let bytes = files.iter().map(length).sum();
    loader.within(|budget| budget.text(bytes, entry.origin))?;
    let own = main.as_deref().and_then(FsPath::parent).unwrap_or(FsPath::new("/")).to_path_buf();
    let (directory, prefix) = match &entry.project_directory {
        None => (own.clone(), relative(&level.directory, &own)),
        Some(text) if text.starts_with('/') => (PathBuf::from(text), PathBuf::from(text)),
        Some(text) => {
            let directory = PathBuf::from(paths::clean(&level.directory.join(text).to_string_lossy()));
            // Compose takes what is no directory for a file, and the directory of that.
            let seen = if directory.is_dir() { &directory } else { directory.parent().unwrap_or(&directory) };
            let prefix = relative(&level.directory, seen);
            (directory, prefix)
        }
    };
    let environment = environment(loader, entry, &directory, level)?;
    let mut chain = level.chain.clone();
    chain.push(including.to_path_buf());
    loader.level(&files, &Level { directory, prefix, environment, chain })
}

fn cycle(chain: &[&PathBuf], including: &FsPath, path: &FsPath, origin: Origin) -> Finding {
    let mut steps: Vec<String> = chain.iter().map(|path| path.display().to_string()).collect();
    steps.push(including.display().to_string());
    steps.push(path.display().to_string());
    Finding::error(Code::ComposeCycle, format!("include cycle detected:\n  {}", steps.join("\n  includes ")))
        .at_origin(origin, "leads back")
        .help("Remove one of these includes.")
}

/// The environment of an entry: the parent's wins, then its own env files.
fn environment(
    loader: &mut Loader<'_>,
    entry: &Entry,
    directory: &FsPath,
    level: &Level,
) -> Option<Arc<Environment>> {
    let files: Vec<(PathBuf, Origin)> = match &entry.env_files {
        None => {
            let default = directory.join(".env");
            if default.is_file() { vec![(default, entry.origin)] } else { Vec::new() }
        }
        Some(files) => files
            .iter()
            .filter(|(file, _)| file != "/dev/null")
            .map(|(file, origin)| (level.directory.join(file), *origin))
            .collect(),
    };
    if files.is_empty() {
        return Some(Arc::clone(&level.environment));
    }
    // Hundreds of includes may name the same file, with thousands of variables in it.
    let paths = files.iter().map(|(path, _)| path.clone()).collect();
    let key = (Arc::as_ptr(&level.environment), paths);
    if let Some([known, _]) = loader.environments.get(&key) {
        return Some(Arc::clone(known));
    }
    let bytes = level.environment.iter().map(|(name, value)| name.len() + value.len()).sum();
    if !loader.budget.growth(bytes) {
        loader.sink.push(Budget::overgrowth("with this include,", entry.origin));
        loader.stopped = true;
        return None;
    }
    let mut environment = (*level.environment).clone();
    let mut values = indexmap::IndexMap::new();
    for (path, origin) in files {
        let name = path.display().to_string();
        let read = loader.inputs.read_env(&path, &name);
        let file = match read {
            Ok(file) => file,
            Err(finding) => {
                loader.sink.push(finding.at_origin(origin, "env file of this include"));
                return None;
            }
        };
        if let Some(trace) = &mut loader.trace {
            trace.env_files.push(file);
        }
        let source = loader.inputs.sources().get(file)?;
        let lookup = |name: &str| level.environment.get(name).map(str::to_owned);
        let earlier = |name: &str| values.get(name).cloned();
        let parsed = dotenv::parse_after(&source.text, &lookup, &earlier);
        match parsed {
            Ok(parsed) => {
                crate::project::env_file_warnings(&parsed, file, loader.sink);
                let found = parsed.values.iter();
                loader.within(|budget| budget.variables(found, origin))?;
                values.extend(parsed.values);
            }
            Err(error) => {
                loader.sink.push(crate::project::env_file_fault(&error, file, &name));
                return None;
            }
        }
    }
    environment.fill(&values);
    let environment = Arc::new(environment);
    loader.environments.insert(key, [Arc::clone(&environment), Arc::clone(&level.environment)]);
    Some(environment)
}

/// Adds each imported resource.
fn import(loader: &mut Loader<'_>, mut imported: Node, root: &mut Node, tags: &[TaggedPath]) {
    let merges = loader.reader.has(Habit::IncludesMerge);
    if merges {
        tags::apply(&mut imported, tags);
    }
    let Value::Map(imported) = imported.value else { return };
    let Some(into) = root.as_map_mut() else { return };
    for (section, entry) in imported {
        if !project_sections().any(|known| known == section) {
            continue;
        }
        let Value::Map(resources) = entry.value.value else { continue };
        if into.get(&section).is_none_or(|own| own.as_map().is_none()) {
            into.insert(section.clone(), entry.key, Node::map(Mapping::new(), entry.value.origin));
        }
        let Some(own) = into.get_mut(&section).and_then(Node::as_map_mut) else { continue };
        for (name, resource) in resources {
            match own.entry(&name) {
                None => {
                    own.insert(name, resource.key, resource.value);
                }
                Some(known) if known.value.same(&resource.value) => {}
                Some(_) if merges => {
                    let Some(known) = own.get_mut(&name) else { continue };
                    let spec = PROJECT.child(section.as_str()).and_then(|spec| spec.child(name.as_str()));
                    let path = Path::ROOT.key(&section);
                    let over = std::mem::replace(known, Node::null(resource.key));
                    *known = merge(resource.value, over, spec, &path.key(&name), loader.sink);
                }
                Some(known) => {
                    loader.sink.push(
                        Finding::error(
                            Code::ComposeInclude,
                            format!("{section}.{name} conflicts with imported resource"),
                        )
                        .at_origin(known.key, "defined here")
                        .at_origin(resource.key, "and differently in the included file")
                        .help("Rename one, or override the included one from a later -f file."),
                    );
                }
            }
        }
    }
}
