//! Files to the one model: the phases of Compose's loader, in its order.
//!
//! Per document: tags, interpolation and casts, `extends`, removal of what is reset, `include`, merge,
//! unicity, schema, canonical form, unicity again. Then once per level: defaults, structural checks,
//! paths, the environment of list forms.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Finding, Severity, Sink};
use crate::project::{Environment, Inputs, Project};
use crate::reader::{Habit, Reader};
use crate::source::{FileId, Origin};
use crate::yaml::{Mapping, Node, Path, Value};

use super::budget::Budget;
use super::canonical::{self, OnFault};
use super::decode::Decoder;
use super::environment::Supply;
use super::extends::Extends;
use super::faults::{self, Faulty};
use super::interpolate::Interpolation;
use super::short::port;
use super::table::PROJECT;
use super::tags::{self, TaggedPath};
use super::trace::{How, Trace};
use super::{
    Layer, aside, checks, defaults, error_count, include, merge, normalize, parse_file, paths, schema,
    slices, unicity,
};

/// Which phases run; the defaults are those of `docker compose up`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one phase")]
pub struct Phases {
    pub interpolate: bool,
    pub normalize: bool,
    pub resolve_paths: bool,
    pub consistency: bool,
    /// `${…}` stays as it is written, paths become relative to the project, and nothing is taken from the
    /// environment. What is wrong is for the load that fills them in to say.
    pub keeps_expressions: bool,
}

impl Default for Phases {
    fn default() -> Self {
        Self {
            interpolate: true,
            normalize: true,
            resolve_paths: true,
            consistency: true,
            keeps_expressions: false,
        }
    }
}

/// A set of files with one directory and one environment: the project itself, or one `include`.
#[derive(Clone, Debug)]
pub struct Level {
    /// Where files named by this level are found. Absolute.
    pub directory: PathBuf,
    /// What relative paths get as prefix: the directory itself, or, for an include, its directory
    /// as seen from the including level, which then adds its own.
    pub prefix: PathBuf,
    pub environment: Arc<Environment>,
    /// The chain of files whose `include` led here.
    pub chain: Vec<PathBuf>,
}

impl Level {
    /// The project itself, which nothing includes.
    pub fn of_project(project: &Project, environment: &Arc<Environment>) -> Self {
        Self {
            directory: project.directory.clone(),
            prefix: project.directory.clone(),
            environment: Arc::clone(environment),
            chain: Vec::new(),
        }
    }
}

/// Loads levels of files into models.
pub struct Loader<'a> {
    /// The version that reads.
    pub reader: Reader,
    pub inputs: &'a mut Inputs,
    pub sink: &'a mut Sink,
    pub phases: Phases,
    /// For `~` in paths.
    pub home: Option<String>,
    pub budget: Budget,
    /// Environments of includes, by that of the level which includes them and their env files.
    pub environments: Environments,
    /// As in [`super::Model::captured`].
    pub captured: BTreeMap<String, Option<String>>,
    /// What is left out since it is wrong.
    pub faulty: Faulty,
    /// A limit was reached: there is no use in going on.
    pub stopped: bool,
    /// Where somebody wants to know what each document said.
    pub trace: Option<&'a mut Trace>,
}

/// With the environment that the address is of, so that it stays the only one there.
pub type Environments = HashMap<(*const Environment, Vec<PathBuf>), [Arc<Environment>; 2]>;

/// One document, ready for merging.
pub struct Prepared {
    pub root: Node,
    pub tags: Vec<TaggedPath>,
}

impl Loader<'_> {
    /// The merged model of `files`, with paths resolved, and without what the sink got errors about; `None` where
    /// there is no use in going on.
    pub fn level(&mut self, files: &[FileId], level: &Level) -> Option<Node> {
        let mut layers = Vec::with_capacity(files.len());
        for file in files {
            layers.push(parse_file(*file, self.reader, self.inputs, self.sink)?);
        }
        self.documents(layers, level)
    }

    /// As [`Self::level`], for files that are parsed already.
    pub fn documents(&mut self, layers: Vec<Layer>, level: &Level) -> Option<Node> {
        let mut model: Option<Node> = None;
        for layer in layers {
            for document in layer.documents {
                model = Some(self.document(model.take(), document.root, layer.file, level)?);
            }
        }
        let mut model = model.unwrap_or_else(|| Node::map(Mapping::new(), Origin::Default("empty project")));
        self.take_faulty_out(&mut model);
        let is_included = !level.chain.is_empty();
        let base = (self.phases.resolve_paths || is_included).then(|| self.base(&level.prefix));
        let phases = self.phases;
        let supply = Supply { environment: &level.environment, budget: &self.budget };
        let found = slices::each(&mut model, |model| {
            let mut sink = Sink::new();
            defaults::apply(model);
            if !phases.keeps_expressions {
                checks::structure(model, &mut sink);
            }
            if sink.has_errors() {
                faults::mark(model, |one| {
                    let mut sink = Sink::new();
                    checks::structure(one, &mut sink);
                    sink.has_errors()
                });
            }
            if let Some(base) = &base {
                paths::resolve(model, &PROJECT, base);
            }
            if !phases.keeps_expressions {
                super::environment::resolve_lists(model, &supply, &mut sink);
            }
            if phases.normalize && !is_included {
                normalize::services(model, (!phases.keeps_expressions).then_some(&supply), &mut sink);
            }
            [sink]
        });
        self.stopped |= self.budget.overgrown();
        self.tell(found);
        if self.stopped {
            return None;
        }
        self.take_faulty_out(&mut model);
        if is_included && !self.phases.keeps_expressions {
            self.capture(&model, &level.environment);
        }
        Some(model)
    }

    /// Takes the members with a fault out of the model. What else is wrong in them is said first, since nothing reads
    /// them afterwards.
    fn take_faulty_out(&mut self, model: &mut Node) {
        if self.errors() == 0 {
            return;
        }
        let place = |finding: &Finding| finding.labels.first().map(|label| label.span);
        let said: HashSet<_> = self.sink.findings().iter().filter_map(place).collect();
        let decoder = Decoder { reader: self.reader, written: false };
        let reads = self.phases.interpolate && !self.phases.keeps_expressions;
        let mut found = Sink::new();
        self.faulty.take_out(model, |section, name, member| {
            if reads && let Some(rest) = faults::rest(member, &said) {
                let mut model = faults::alone(section, name, rest);
                canonical::transform(&mut model, &PROJECT, &Path::ROOT, OnFault::Report, &mut found);
                decoder.decode(model, &PROJECT, &Path::ROOT, &mut found);
            }
        });
        let mut said = said;
        // Of two phases the first says what it is.
        let is_new = |finding: &Finding| {
            finding.severity == Severity::Error && place(finding).is_some_and(|place| said.insert(place))
        };
        self.sink.extend(found.into_findings().into_iter().filter(is_new));
    }

    /// Notes the variables of this include that its secrets and configs are made of.
    fn capture(&mut self, model: &Node, environment: &Environment) {
        let resources = ["secrets", "configs"].into_iter().filter_map(|key| section(model, key));
        let names = resources.flat_map(Mapping::iter).filter_map(|(_, resource)| resource.get("environment"));
        for name in names.filter_map(Node::as_str) {
            let Some(value) = environment.get(name) else { continue };
            let known = self.captured.entry(name.to_owned()).or_insert_with(|| Some(value.to_owned()));
            if known.as_deref() != Some(value) {
                *known = None;
            }
        }
    }

    /// What paths are resolved against.
    pub fn base<'b>(&'b self, directory: &'b FsPath) -> paths::Base<'b> {
        let written = self.phases.keeps_expressions;
        paths::Base { directory, home: self.home.as_deref(), written }
    }

    fn errors(&self) -> usize {
        error_count(self.sink)
    }

    /// One document without any other: interpolated, canonical, with its paths resolved.
    pub fn alone(&mut self, root: Node, level: &Level) -> Option<(Node, Vec<TaggedPath>)> {
        let before = self.errors();
        let Prepared { mut root, tags } = self.prepare(root, level)?;
        self.settle(&mut root, true)?;
        paths::resolve(&mut root, &PROJECT, &self.base(&level.prefix));
        (self.errors() == before).then_some((root, tags))
    }

    /// One document merged over the model so far.
    fn document(&mut self, model: Option<Node>, root: Node, file: FileId, level: &Level) -> Option<Node> {
        let Prepared { mut root, tags } = self.prepare(root, level)?;
        let own = self.trace.is_some().then(|| root.clone());
        let includes_first = self.reader.has(Habit::IncludesBeforeExtends);
        if includes_first {
            include::apply(self, &mut root, &tags, file, level)?;
        }
        Extends::new(self, level).document(&mut root, &tags, file)?;
        let mut model = model;
        if let Some(model) = &mut model {
            tags::apply(model, &tags);
        }
        if !includes_first {
            include::apply(self, &mut root, &tags, file, level)?;
        }
        if let (Some(trace), Some(own)) = (&mut self.trace, own) {
            let how = if level.chain.is_empty() { How::Written } else { How::Included };
            trace.add(file, how, own, &tags);
        }
        let touched = model.is_some().then(|| aside::members(&root));
        let mut merged = self.merged(model, root);
        let rest = touched.map(|touched| aside::set(&mut merged, &touched));
        self.spend(&merged, merged.origin)?;
        self.settle(&mut merged, !self.phases.keeps_expressions)?;
        if let Some(rest) = rest {
            aside::put_back(&mut merged, rest);
        }
        self.obsolete_version(&mut merged);
        Some(merged)
    }

    /// Tags taken out, variables replaced; where that cannot be done, values are marked as faulty.
    pub fn prepare(&mut self, mut root: Node, level: &Level) -> Option<Prepared> {
        if root.as_map().is_none() {
            self.sink.push(
                Finding::error(Code::ComposeType, "top-level object must be a mapping")
                    .at_origin(root.origin, format!("{} found", merge::kind(&root)))
                    .help("A compose file has keys such as `services:` at its top level."),
            );
            return None;
        }
        let section = root.get(slices::SECTION).and_then(|section| section.tag);
        // Otherwise they are taken out of the slices.
        let at_once = !self.phases.interpolate || self.trace.is_some() || section.is_some();
        let mut tags = if at_once { tags::extract(&mut root) } else { Vec::new() };
        if self.phases.interpolate {
            if let Some(trace) = &mut self.trace {
                trace.note_expressions(&root);
            }
            let interpolation = Interpolation {
                reader: self.reader,
                environment: &level.environment,
                sources: self.inputs.sources(),
                budget: &self.budget,
                keeps: self.phases.keeps_expressions,
            };
            let found = slices::each(&mut root, |root| {
                let tags = tags::extract(root);
                let mut sink = Sink::new();
                interpolation.apply(root, Some(&PROJECT), &Path::ROOT, &mut sink);
                (tags, [sink])
            });
            let (own, found): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            tags.extend(own.into_iter().flatten());
            self.tell(found);
            self.stopped |= self.budget.overgrown();
        }
        (!self.stopped).then_some(Prepared { root, tags })
    }

    /// A document over the model so far.
    pub fn merged(&mut self, model: Option<Node>, root: Node) -> Node {
        match model {
            Some(model) => merge(model, root, Some(&PROJECT), &Path::ROOT, self.sink),
            None => root,
        }
    }

    /// What every merged document goes through: unicity, the schema if it `validates`, the canonical form and
    /// unicity again. What is wrong is marked as faulty; `None` where there is no use in going on.
    pub fn settle(&mut self, model: &mut Node, validates: bool) -> Option<()> {
        self.count_ports(model)?;
        let reports = self.phases.interpolate && !self.phases.keeps_expressions;
        let reader = self.reader;
        let on_fault = if reports { OnFault::Report } else { OnFault::Keep };
        let found = slices::each(model, |model| {
            let [mut unequal, mut invalid, mut unclear] = std::array::from_fn(|_| Sink::new());
            unicity::enforce(model, &PROJECT, &Path::ROOT, &mut unequal);
            if validates {
                schema::validate(model, &PROJECT, reader, &Path::ROOT, &mut invalid);
            }
            if invalid.has_errors() {
                faults::mark(model, |one| {
                    let mut sink = Sink::new();
                    schema::validate(one, &PROJECT, reader, &Path::ROOT, &mut sink);
                    sink.has_errors()
                });
            }
            canonical::transform(model, &PROJECT, &Path::ROOT, on_fault, &mut unclear);
            drop_empty_dns(model);
            unicity::enforce(model, &PROJECT, &Path::ROOT, &mut unclear);
            [unequal, invalid, unclear]
        });
        self.tell(found);
        Some(())
    }

    /// Takes over what was found in the slices of a model, phase by phase.
    fn tell<const PHASES: usize>(&mut self, found: Vec<[Sink; PHASES]>) {
        let mut phases: [Vec<Finding>; PHASES] = std::array::from_fn(|_| Vec::new());
        for slice in found {
            for (phase, sink) in phases.iter_mut().zip(slice) {
                phase.extend(sink.into_findings());
            }
        }
        // What many services have from one, by `extends` or an alias, is wrong once.
        let mut places = HashSet::new();
        let mut is_new = |finding: &Finding| match finding.labels.first() {
            Some(label) if finding.severity == Severity::Error => {
                places.insert((finding.code, label.span, label.text.clone()))
            }
            _ => true,
        };
        self.sink.extend(phases.into_iter().flatten().filter(|finding| is_new(finding)));
    }

    /// Counts what is about to be gone through; `None` where it is too much.
    pub fn spend(&mut self, node: &Node, at: Origin) -> Option<()> {
        self.within(|budget| budget.nodes(node, at))
    }

    /// Asks the budget.
    pub fn within(&mut self, ask: impl FnOnce(&mut Budget) -> Result<(), Finding>) -> Option<()> {
        let asked = ask(&mut self.budget);
        self.stopped |= asked.is_err();
        asked.map_err(|finding| self.sink.push(finding)).ok()
    }

    /// The ports that short forms stand for are counted before they are written out.
    fn count_ports(&mut self, model: &Node) -> Option<()> {
        for (_, service) in section(model, "services").into_iter().flat_map(Mapping::iter) {
            for port in service.get("ports").and_then(Node::as_seq).into_iter().flatten() {
                let count = port.as_str().map_or(0, port::count);
                self.within(|budget| budget.ports(count, port.origin))?;
            }
        }
        Some(())
    }

    fn obsolete_version(&mut self, model: &mut Node) {
        let removed = model.as_map_mut().and_then(|map| map.remove_entry("version"));
        if let Some(entry) = removed {
            self.sink.push(
                Finding::warning(
                    Code::ComposeObsolete,
                    "the attribute `version` is obsolete, it will be ignored",
                )
                .at_origin(entry.key, "obsolete")
                .help("Remove it to avoid potential confusion."),
            );
        }
    }
}

/// `dns: ["${UNSET}"]` means no entry.
fn drop_empty_dns(model: &mut Node) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        if let Some(items) = service.get_mut("dns").and_then(Node::as_seq_mut) {
            items.retain(|item| !item.is_null() && item.as_str() != Some(""));
        }
    }
}

/// The directory of `path` as seen from `from`, or absolute where it lies elsewhere, as Go's
/// `filepath.Rel` gives it.
pub fn relative(from: &FsPath, path: &FsPath) -> PathBuf {
    let from = PathBuf::from(paths::clean(&from.to_string_lossy()));
    let path = PathBuf::from(paths::clean(&path.to_string_lossy()));
    let shared = from.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - shared;
    let mut result: PathBuf = std::iter::repeat_n("..", up).collect();
    result.extend(path.components().skip(shared));
    if result.as_os_str().is_empty() { PathBuf::from(".") } else { result }
}

/// A mapping's value, or nothing; used where the schema has not been applied yet.
pub fn section<'n>(root: &'n Node, key: &str) -> Option<&'n Mapping> {
    match &root.get(key)?.value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}
