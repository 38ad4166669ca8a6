//! Compose semantics: files to the one model that `docker compose` would run.
//!
//! [`load`] is the way in. Everything about a field stands in the [`table`]; the other modules are
//! the phases that walk it, in the order in which [`load::Loader`] runs them.

mod aside;
pub mod bind;
pub mod blank;
mod budget;
mod canonical;
mod checks;
mod consistency;
mod decode;
pub mod defaults;
mod environment;
mod expression;
mod extends;
mod faults;
mod glob;
mod hash;
mod hint;
mod include;
mod interpolate;
pub mod listing;
mod load;
mod merge;
mod name;
mod normalize;
pub mod output;
pub mod paths;
mod plain;
#[cfg(test)]
pub(crate) mod properties;
mod schema;
pub mod secret_places;
mod select;
pub mod short;
mod slices;
pub mod table;
mod tags;
pub mod trace;
pub mod unicity;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use foldhash::HashSet;

use crate::diagnostic::{Code, Finding, Sink};
use crate::host::expect_text;
use crate::project::{Environment, Inputs, Project};
use crate::reader::{Habit, Reader};
use crate::source::{FileId, Origin};
use crate::yaml::{self, Document, Limits, Mapping, Node, Path, Text};

pub use environment::names_in_file;
pub use expression::{begins as begins_with_expression, written as as_written};
pub use hash::config_hash;
pub use load::{Phases, section};
pub use merge::{kind, merge, text};
pub use schema::unknown_keys;
pub use select::Profiles;
pub use tags::TaggedPath;
pub use trace::Trace;
pub use unicity::key_of;

use budget::Budget;
use decode::Decoder;
use faults::Faulty;
use load::{Level, Loader};
use table::{PROJECT, Spec};

/// What is wanted of the model.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `--profile`, in order.
    pub profiles: Vec<String>,
    /// Services named on the command line (globs); empty for all enabled ones.
    pub services: Vec<String>,
    /// Keep networks, volumes and the like that no service uses.
    pub all_resources: bool,
    /// Where an env file of a service is missing, a warning says so.
    pub lenient_env_files: bool,
}

/// How much of a selection is worked out; the default is what a launch needs.
#[derive(Clone, Copy, Debug)]
pub struct Resolve {
    /// Env files are read into the environment. Compose's listings leave them alone.
    pub env_files: bool,
    /// Two services with one container name are refused.
    pub container_names: bool,
}

impl Default for Resolve {
    fn default() -> Self {
        Self { env_files: true, container_names: true }
    }
}

/// The one model of a project.
#[derive(Clone, Debug)]
pub struct Model {
    pub name: String,
    /// Where relative paths resolve. Absolute.
    pub directory: PathBuf,
    pub environment: Arc<Environment>,
    /// Decoded: what `config` prints, for every service of every profile, before anything is left
    /// out. Env files and label files are not read yet.
    pub root: Node,
    pub profiles: Profiles,
    /// The version of Compose that the project was read as.
    pub reader: Reader,
    /// The `user` of services where it is written and nothing is left of it, as of an unset `${UID}`.
    /// Compose takes it for absent, so that the decoded tree does not have it.
    pub blank_users: BTreeMap<String, Node>,
    /// Variables that secrets and configs of an `include` take their content from, as its own env files give
    /// them, which Compose must find in its environment; `None` where two includes give different values, of which
    /// one environment can hold only one.
    pub captured: BTreeMap<String, Option<String>>,
}

/// One file of the list with its documents, as they are before any phase ran.
#[derive(Clone, Debug)]
pub struct Layer {
    pub file: FileId,
    pub documents: Vec<Document>,
}

/// The project's files as layers, in their order. `None` where the sink got errors.
pub fn parse(project: &Project, inputs: &Inputs, sink: &mut Sink) -> Option<Vec<Layer>> {
    let length = |file: &FileId| inputs.sources().get(*file).map_or(0, |source| source.text.len());
    let bytes: usize = project.files.iter().map(length).sum();
    expect_text(bytes);
    let layers: Vec<_> =
        project.files.iter().map(|file| parse_file(*file, project.reader, inputs, sink)).collect();
    layers.into_iter().collect()
}

/// One file as a layer.
pub fn parse_file(file: FileId, reader: Reader, inputs: &Inputs, sink: &mut Sink) -> Option<Layer> {
    let text = inputs.sources().get(file).map(|source| source.text.clone())?;
    match yaml::parse(
        file,
        &text,
        Limits { reader, dotted_circles: !reader.has(Habit::DotsInAliased), ..Limits::default() },
    ) {
        Ok(documents) => {
            sink.extend(documents.iter().flat_map(|document| document.warnings.clone()));
            Some(Layer { file, documents })
        }
        Err(findings) => {
            sink.extend(findings);
            None
        }
    }
}

/// Loads layers into the model. `None` where the sink got errors.
pub fn load(
    project: &Project,
    layers: Vec<Layer>,
    phases: Phases,
    selection: &Selection,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Model> {
    load_with(project, layers, phases, selection, inputs, sink, None)
}

/// As [`load`], recording what each document said. `None` leaves no record, and costs nothing.
pub fn load_with(
    project: &Project,
    layers: Vec<Layer>,
    phases: Phases,
    selection: &Selection,
    inputs: &mut Inputs,
    sink: &mut Sink,
    trace: Option<&mut Trace>,
) -> Option<Model> {
    let before = error_count(sink);
    let (Tree { root, name, environment, captured }, mut faulty) =
        tree(project, layers, phases, inputs, sink, trace)?;
    let blank_users = blank_users(&root);
    let mut root = decoded(root, project.reader, false, sink)?;
    if error_count(sink) > before {
        faulty.take_out(&mut root, |_, _, _| ());
        faulty.stand_in(&mut root);
    }
    let profiles = Profiles::new(&selection.profiles, environment.get("COMPOSE_PROFILES"));
    let model = Model {
        name,
        directory: project.directory.clone(),
        environment,
        root,
        profiles,
        reader: project.reader,
        blank_users,
        captured,
    };
    if phases.consistency && !faulty.incomplete {
        let enabled = model.enabled();
        consistency::check(&model.root, &|name| enabled.contains(name), sink);
    }
    (error_count(sink) == before).then_some(model)
}

/// The typed model of a tree.
fn decoded(mut root: Node, reader: Reader, written: bool, sink: &mut Sink) -> Option<Node> {
    // As decoding would leave it, so that slices come in this order.
    if let (Some(map), Some(table::Map::Object(project))) = (root.as_map_mut(), PROJECT.map) {
        let place = |key: &str| project.position(key).unwrap_or(usize::MAX);
        map.sort_by(|a, b| place(a).cmp(&place(b)));
    }
    let decoder = Decoder { reader, written };
    let done = slices::each(&mut root, |slice| {
        let mut sink = Sink::new();
        let tree = std::mem::replace(slice, Node::null(slice.origin));
        let model = decoder.decode(tree, &PROJECT, &Path::ROOT, &mut sink);
        let is_model = model.is_some();
        if let Some(mut model) = model {
            select::spread_scale(&mut model);
            *slice = model;
        }
        (sink, is_model)
    });
    let mut all = true;
    for (found, is_model) in done {
        sink.extend(found.into_findings());
        all &= is_model;
    }
    all.then_some(root)
}

fn blank_users(root: &Node) -> BTreeMap<String, Node> {
    let services = section(root, "services").into_iter().flat_map(Mapping::iter);
    services
        .filter_map(|(name, service)| Some((name, service.get("user")?)))
        .filter(|(_, user)| user.as_str() == Some(""))
        .map(|(name, user)| (name.to_owned(), user.clone()))
        .collect()
}

/// The tree before it is decoded, as `config --no-interpolate` prints it.
pub struct Tree {
    pub root: Node,
    pub name: String,
    pub environment: Arc<Environment>,
    /// As in [`Model::captured`].
    pub captured: BTreeMap<String, Option<String>>,
}

/// Everything up to and including normalisation.
pub fn load_tree(
    project: &Project,
    layers: Vec<Layer>,
    phases: Phases,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Tree> {
    let before = error_count(sink);
    let (tree, _) = tree(project, layers, phases, inputs, sink, None)?;
    (error_count(sink) == before).then_some(tree)
}

/// What can be told of the tree, also where the sink got errors; `None` where there is no use in going on.
fn tree(
    project: &Project,
    layers: Vec<Layer>,
    phases: Phases,
    inputs: &mut Inputs,
    sink: &mut Sink,
    trace: Option<&mut Trace>,
) -> Option<(Tree, Faulty)> {
    if layers.iter().all(|layer| layer.documents.is_empty()) {
        sink.push(
            Finding::error(Code::ComposeEmpty, "empty compose file")
                .help("A compose file needs at least `services:` with one service."),
        );
        return None;
    }
    let before = error_count(sink);
    checks::directory(&project.cwd, sink);
    let mut environment = project.environment.clone();
    let home = environment.get("HOME").map(str::to_owned);
    // Without one nothing is returned, and everything else can be looked at under any.
    let name =
        name::resolve(project, &layers, phases, &environment, inputs.sources(), sink).unwrap_or_default();
    environment.set("COMPOSE_PROJECT_NAME", name.as_str());
    let environment = Arc::new(environment);
    let mut level = Level::of_project(project, &environment);
    if phases.keeps_expressions {
        level.prefix = PathBuf::from(".");
    }
    let mut loader = Loader {
        reader: project.reader,
        inputs,
        sink,
        phases,
        home,
        budget: Budget::default(),
        environments: HashMap::new(),
        captured: BTreeMap::new(),
        faulty: Faulty::default(),
        stopped: false,
        trace,
    };
    let mut root = loader.documents(layers, &level)?;
    let captured = std::mem::take(&mut loader.captured);
    let faulty = std::mem::take(&mut loader.faulty);
    if root.as_map().is_none_or(Mapping::is_empty) && error_count(sink) == before {
        sink.push(Finding::error(Code::ComposeEmpty, "empty compose file"));
        return None;
    }
    if phases.keeps_expressions {
        normalize::apply_written(&mut root);
    } else if phases.normalize {
        normalize::apply(&mut root, &name);
    } else if let Some(map) = root.as_map_mut().filter(|_| phases.interpolate) {
        let origin = map.get("name").map_or(Origin::Default("project name"), |node| node.origin);
        map.put("name", Node::string(name.as_str(), origin));
    }
    Some((Tree { root, name, environment, captured }, faulty))
}

/// The model as it is written, for every service of every profile: each `${…}` as it stands (see [`as_written`]),
/// paths relative to the project, nothing of this host or its environment in it. It is the same wherever the
/// files are the same. Short forms that cannot be told apart with an expression in them stay short.
pub fn load_written(
    project: &Project,
    layers: Vec<Layer>,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Node> {
    let phases = Phases { consistency: false, keeps_expressions: true, ..Phases::default() };
    let before = error_count(sink);
    let Tree { root, .. } = load_tree(project, layers, phases, inputs, sink)?;
    let mut root = decoded(root, project.reader, true, sink)?;
    bind::print_as_oldest(&mut root, project.reader);
    (error_count(sink) == before).then_some(root)
}

/// One document read for itself, as a mandatory overlay is: what it sets, in the form that the model
/// has, and what it resets or overrides.
pub struct Fragment {
    /// Interpolated, canonical, with paths resolved, decoded; nothing of other files or defaults.
    pub root: Node,
    pub tags: Vec<TaggedPath>,
}

/// Reads one document of a layer for itself, in the project's environment.
pub fn fragment(
    document: &Document,
    project: &Project,
    environment: &Arc<Environment>,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Fragment> {
    let home = environment.get("HOME").map(str::to_owned);
    let level = Level::of_project(project, environment);
    let budget = Budget::default();
    let mut loader = Loader {
        reader: project.reader,
        inputs,
        sink,
        phases: Phases::default(),
        home,
        budget,
        environments: HashMap::new(),
        captured: BTreeMap::new(),
        faulty: Faulty::default(),
        stopped: false,
        trace: None,
    };
    let (root, tags) = loader.alone(document.root.clone(), &level)?;
    let root = Decoder { reader: project.reader, written: false }.decode(
        root,
        &PROJECT,
        &Path::ROOT,
        loader.sink,
    )?;
    Some(Fragment { root, tags })
}

impl Model {
    /// The model that a command is about: services by profile and name, with env files and label
    /// files read. `None` where the sink got errors.
    pub fn select(&self, selection: &Selection, inputs: &mut Inputs, sink: &mut Sink) -> Option<Model> {
        self.clone().into_selected(selection, Resolve::default(), inputs, sink)
    }

    /// As [`Self::select`], with a choice of how much is worked out.
    pub fn into_selected(
        self,
        selection: &Selection,
        resolve: Resolve,
        inputs: &mut Inputs,
        sink: &mut Sink,
    ) -> Option<Model> {
        let before = error_count(sink);
        let mut model = self;
        let mut kept = select::enabled(&model.root, &model.profiles);
        if !selection.services.is_empty() {
            kept = select::named(&model.root, &mut model.profiles, &selection.services, sink);
        }
        if error_count(sink) > before {
            return None;
        }
        select::keep_services(&mut model.root, &kept, !selection.services.is_empty());
        if let Some(services) = model.root.get_mut("services").and_then(Node::as_map_mut) {
            let mut budget = Budget::default();
            for (name, service) in services.iter_mut() {
                let Some(service) = service.as_map_mut() else { continue };
                if resolve.env_files {
                    let files = (&mut *inputs, &mut budget);
                    let lenient = selection.lenient_env_files;
                    environment::resolve_service(name, service, &model.environment, files, lenient, sink);
                }
                environment::resolve_labels(service, (&mut *inputs, &mut budget), sink);
                if budget.is_spent() {
                    break;
                }
            }
        }
        if !selection.all_resources {
            select::drop_unused(&mut model.root);
        }
        if resolve.container_names {
            consistency::container_names(&model.root, &|_| true, sink);
        }
        (error_count(sink) == before).then_some(model)
    }

    pub fn services(&self) -> impl Iterator<Item = (&str, &Node)> {
        section(&self.root, "services").into_iter().flat_map(Mapping::iter)
    }

    /// Names of the services that the active profiles enable.
    pub fn enabled(&self) -> HashSet<Text> {
        select::enabled(&self.root, &self.profiles)
    }
}

fn error_count(sink: &Sink) -> usize {
    sink.findings().iter().filter(|finding| finding.severity == crate::diagnostic::Severity::Error).count()
}

/// The table's entry for one service.
fn schema_service() -> &'static Spec {
    static EMPTY: Spec = Spec::new(table::Scalars::NONE, table::Decode::Raw);
    PROJECT.child("services").and_then(|services| services.child("a")).unwrap_or(&EMPTY)
}

/// The sections that an include imports.
fn project_sections() -> impl Iterator<Item = &'static str> {
    std::iter::once("services").chain(table::RESOURCES)
}

/// Compose would fetch this at launch; what is launched here is what was there to review.
fn remote_source(text: &str, origin: Origin) -> Finding {
    Finding::error(Code::RemoteSource, format!("{text} would be fetched from the network"))
        .at_origin(origin, "remote reference")
        .help("Fetch and review it first, then name the local copy.")
}
