//! The model as the one file that Compose gets, and what Compose must read from it.

mod place;
#[cfg(test)]
mod properties;
pub mod read_back;

use std::collections::HashSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use compact_str::format_compact;

use crate::compose::output::{self, Format};
use crate::compose::table::PROJECT;
use crate::compose::{Model, bind, blank, section, unicity};
use crate::diagnostic::{Code, Finding, Sink};
use crate::host::process::shell_word;
use crate::host::{FileSystem, Sealed, read_found, sweep, write_atomic};
use crate::model::{build, limits, order};
use crate::ownership::bind::Reach;
use crate::source::SourceMap;
use crate::yaml::{Mapping, Node, Value, to_yaml_lossless};

pub use place::{Home, kept, kept_writable, make_parents};

/// What is handed to Compose.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The file's text: every service of every profile, each value as it will be used.
    pub text: String,
    /// What the text says.
    pub tree: Node,
    /// The selected services alone, as `docker compose config` prints them, and with all written out that one
    /// version prints and another does not.
    pub expected: String,
}

/// A rendered file larger than this is none.
const LARGEST: u64 = 256 << 20;

const TITLE: &str = "# Rendered by seaworthy; made anew at each launch, so what is changed here is lost.\n";

/// Who opens the file because a label names it finds here what to do instead.
#[derive(Clone, Debug)]
pub struct Heading<'h> {
    /// The files that were merged, as they were typed or found.
    pub edit: Vec<&'h str>,
    /// From which their names are, and in which the words below are typed.
    pub directory: &'h Path,
    /// The words with which the project is launched, `seaworthy` first.
    pub launch: Vec<String>,
    /// All that was read.
    pub sources: &'h SourceMap,
}

impl Rendered {
    /// With a comment that says which files to edit, how to launch, and which bytes were read.
    #[must_use]
    pub fn headed(mut self, heading: &Heading<'_>) -> Self {
        let mut head = TITLE.to_owned();
        let words = heading.edit.iter().map(|name| shell_word(name)).collect::<Vec<_>>().join(" ");
        let launch = heading.launch.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ");
        let directory = heading.directory.to_string_lossy();
        let lines = [
            format!("# To change the project, edit these files in {directory}: {words}"),
            format!("# Then launch it there with `seaworthy up`, in full: {launch}"),
        ];
        for line in lines {
            let _ = writeln!(head, "{}", line.replace(char::is_control, " "));
        }
        for file in heading.sources.iter() {
            let _ = writeln!(head, "# {} sha256:{}", file.name.escape_debug(), file.sha256());
        }
        self.text = self.text.replacen(TITLE, &head, 1);
        self
    }
}

/// Renders `model`, in which `selected` holds the services of this launch with their env files read.
/// Services that are not launched keep their env files as references: a missing one is no fault then.
/// The text is neutral: all that one known version of Compose takes for granted and another does not is written out.
pub fn render(model: &Model, selected: &Model) -> Rendered {
    let mut whole = model.root.clone();
    let launched: HashSet<&str> = selected.services().map(|(name, _)| name).collect();
    if let (Some(services), Some(ready)) =
        (whole.get_mut("services").and_then(Node::as_map_mut), section(&selected.root, "services"))
    {
        for (name, service) in services.iter_mut() {
            if launched.contains(name)
                && let Some(ready) = ready.get(name)
            {
                let dependencies = order::DEPENDS_ON.node(service).cloned();
                *service = ready.clone();
                // A selection by name trims dependencies; the file is for every later command too.
                if let Some(dependencies) = dependencies {
                    order::DEPENDS_ON.put(service, dependencies);
                }
            }
        }
    }
    collapse_equal(&mut whole);
    let mut arranged = output::arrange(&whole, Some(&PROJECT), Format::Yaml, &crate::yaml::Path::ROOT);
    make_loadable(&mut arranged);
    blank::write_out(&mut arranged);
    bind::write_out(&mut arranged, model.reader);
    escape_values(&mut arranged);
    // Closed, so that a cut file is seen to be one.
    let text = format!("{TITLE}{}...\n", to_yaml_lossless(&arranged));
    let mut expected = selected.root.clone();
    collapse_equal(&mut expected);
    bind::write_out(&mut expected, selected.reader);
    Rendered { text, tree: arranged, expected: output::render_arranged(&mut expected, Format::Yaml) }
}

/// Elements that became equal when their values got their types: Compose makes one of them when it reads the file.
fn collapse_equal(root: &mut Node) {
    unicity::enforce(root, &PROJECT, &crate::yaml::Path::ROOT, &mut Sink::new());
}

/// Compose's own output does not load again where a size is negative or an SSH key has a path.
fn make_loadable(root: &mut Node) {
    let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        for field in [limits::MEMORY, limits::RESERVED_MEMORY, limits::SWAP, limits::SWAPPINESS, limits::SHM]
        {
            if let Some(size) = field.node_mut(service)
                && let Some(number) =
                    size.as_str().and_then(|text| text.parse::<i64>().ok()).filter(|size| *size < 0)
            {
                size.value = Value::Int(number);
            }
        }
        let keys = build::SSH.node_mut(service).and_then(Node::as_seq_mut);
        for item in keys.into_iter().flatten() {
            if let Value::String(text) = &mut item.value
                && let Some((id, path)) = text.split_once(": ")
            {
                *text = format_compact!("{id}={path}");
            }
        }
    }
}

/// Compose replaces `$$` in values, never in keys.
fn escape_values(node: &mut Node) {
    match &mut node.value {
        Value::String(text) if text.contains('$') => *text = text.replace('$', "$$").into(),
        Value::Seq(items) => items.iter_mut().for_each(escape_values),
        Value::Map(map) => map.iter_mut().for_each(|(_, child)| escape_values(child)),
        _ => {}
    }
}

/// What Compose is told to read.
#[derive(Debug)]
pub struct Handed {
    pub path: PathBuf,
    /// The file itself, where it lies in no folder: to be kept until Compose has taken over.
    sealed: Option<Sealed>,
}

impl Handed {
    /// Whether it is there for this process and those that it starts or becomes, and for nobody else.
    pub fn is_sealed(&self) -> bool {
        self.sealed.is_some()
    }
}

/// Where the rendered file of a project lies: in a folder that no container of the project can write, or, where
/// there is none, in no folder at all.
pub fn path(home: &Home<'_>, name: &str, reach: &Reach) -> PathBuf {
    let sealed = || PathBuf::from("/proc/self/fd/N");
    let folders = home.folders(reach);
    folders.first().map_or_else(sealed, |folder| folder.path.join(format!("{name}.yaml")))
}

/// Writes the rendered file, 0600 in a 0700 directory, whole or not at all: in the first such directory that can be
/// written, else into memory, sealed.
///
/// # Errors
/// A finding that names the path and what failed, where something stands in the way, or the place was asked for; an
/// older rendered file is intact then.
pub fn write(home: &Home<'_>, name: &str, rendered: &Rendered, reach: &Reach) -> Result<Handed, Finding> {
    read_back::read_back(&rendered.text, &rendered.tree)?;
    let failed =
        |error: String| Finding::error(Code::PrepareFailed, error).help(Code::PrepareFailed.remedy());
    for folder in home.folders(reach) {
        match folder.ensure() {
            Ok(()) => {}
            Err(error) if !error.may_go_elsewhere() || home.state.is_some() => {
                let finding = failed(error.to_string());
                return Err(match FileSystem::decides_at(&folder.path) {
                    Some(why) => finding.help(format!(
                        "{why}: name a directory of this machine's own with --state-dir, or SEAWORTHY_STATE_DIR."
                    )),
                    None => finding,
                });
            }
            Err(_) => continue,
        }
        let path = folder.path.join(format!("{name}.yaml"));
        let written = sweep(&folder.path).and_then(|()| write_atomic(&path, rendered.text.as_bytes(), 0o600));
        match written {
            Ok(()) => return Ok(Handed { path, sealed: None }),
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    let sealed = Sealed::new(name, rendered.text.as_bytes())
        .map_err(|error| failed(format!("the rendered file cannot be kept in memory: {error}")))?;
    Ok(Handed { path: sealed.path(), sealed: Some(sealed) })
}

/// Whether it is a file that a launch rendered.
pub fn is_rendered(path: &Path) -> bool {
    let Ok(content) = read_found(path, LARGEST) else { return false };
    content.bytes.starts_with(TITLE.as_bytes())
}

/// Removes a rendered file, and the folder where nothing else is in it.
///
/// # Errors
/// Where it stays.
pub fn remove(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path)?;
    let Some(folder) = path.parent() else { return Ok(()) };
    let ignore = folder.join(".gitignore");
    let others = std::fs::read_dir(folder)?.filter_map(Result::ok).any(|entry| entry.path() != ignore);
    if !others {
        // Whoever is about to write there makes it again.
        let _ = std::fs::remove_file(&ignore).and_then(|()| std::fs::remove_dir(folder));
    }
    Ok(())
}

/// A mapping's keys that only one of two has, or whose values differ: the path of the first.
pub fn first_difference(expected: &Node, found: &Node, path: &str) -> Option<String> {
    match (&expected.value, &found.value) {
        (Value::Map(a), Value::Map(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains(key)));
            keys.map(|key| child_difference(a, b, key, path)).find(Option::is_some).flatten()
        }
        (Value::Seq(a), Value::Seq(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| first_difference(a, b, &format!("{path}[{at}]"))),
        _ => (!expected.same(found)).then(|| path.to_owned()),
    }
}

fn child_difference(a: &Mapping, b: &Mapping, key: &str, path: &str) -> Option<String> {
    let place = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (a.get(key), b.get(key)) {
        (Some(a), Some(b)) => first_difference(a, b, &place),
        _ => Some(place),
    }
}
