//! `config`: the model that would be launched, as `docker compose config` prints one, or a list of what is in it.
//! Without a policy that is what Compose makes of the files.

mod destination;
mod governed;
mod variables;

use std::mem::ManuallyDrop;

use crate::cli::{ConfigOptions, Request};
use crate::compose::output::{self, Format};
use crate::compose::{self, Layer, Model, Phases, Resolve, Selection, Trace, Tree, listing};
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::engine::Options;
use crate::policy;
use crate::project::{Project, list};
use crate::reader::Habit;
use crate::review::Chains;
use crate::review::annotate::annotate;
use crate::yaml::Node;

use super::images::LazyEngine;
use super::plan::PATIENCE;
use super::session::Session;

/// What is to be printed, by the first flag of Compose's own order of precedence.
#[derive(Clone, Copy)]
enum Wanted<'o> {
    Services,
    /// Keys of a top-level section.
    Names(&'static str),
    Models,
    Hash(&'o str),
    Profiles,
    Images,
    Variables,
    Environment,
    Model,
}

pub fn run(request: &Request, options: &ConfigOptions) -> Result<Exit, Exit> {
    let wanted = wanted(options);
    let asks_registries = matches!(wanted, Wanted::Model)
        && !options.annotate
        && (options.resolve_image_digests || options.lock_image_digests);
    if asks_registries && options.no_policy {
        // Only Compose asks registries.
        return super::pass::run(request);
    }
    let mut session = Session::new(request);
    session.skips_host = options.no_host;
    if options.annotate {
        if !matches!(wanted, Wanted::Model)
            || options.no_interpolate
            || options.format.as_deref().is_some_and(|name| name != "yaml")
        {
            let finding = Finding::error(
                Code::Usage,
                "--annotate goes with the whole model as YAML, with variables replaced",
            );
            return Err(super::pass::refuse(
                finding.help("Leave out the other flag, or ask `seaworthy explain PATH`."),
            ));
        }
        session.trace = Some(Trace::default());
    }
    if asks_registries && !governs(&mut session).map_err(|()| session.report())? {
        return super::pass::run(request);
    }
    let Some(found) = find(&mut session, options, wanted) else { return Err(session.report()) };
    let text = match found {
        Found::Governed => {
            // The verification reports the same findings anew.
            session.sink = Sink::new();
            let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
            let Some(mut verified) = governed::verified(&mut session, services(options, wanted), &engine)
            else {
                return Err(session.report_as(Exit::Findings, "nothing was printed"));
            };
            if asks_registries {
                return governed::by_compose(&mut session, &mut verified, &engine);
            }
            governed::text(&mut session, options, wanted, verified)
        }
        Found::Free(project) => text(&mut session, options, wanted, &project),
    };
    let exit = session.report();
    let Some(text) = text else { return Err(exit) };
    match (wanted, &options.output) {
        // Compose prints listings in spite of -q and -o, all but these, which it silences.
        (Wanted::Environment | Wanted::Model, _) if options.quiet => Ok(Exit::Done),
        (Wanted::Variables, _) if options.quiet && options.format.as_deref() == Some("yaml") => {
            Ok(Exit::Done)
        }
        (Wanted::Model, Some(path)) if !text.is_empty() => destination::write(path, text.as_bytes()),
        _ => super::print(text.as_bytes()),
    }
}

/// Whether a policy governs the project.
enum Found {
    /// A policy, so that what would be launched is another model than the files make.
    Governed,
    /// Nothing: the project with its files read.
    Free(Box<Project>),
}

/// Whether a policy is in force. A project that is not found is Compose's to refuse; a policy that cannot be read is
/// an error.
fn governs(session: &mut Session<'_>) -> Result<bool, ()> {
    let Some(project) = session.locate() else { return Ok(false) };
    let found = policy::find(&project, &session.policy_given(), &mut session.inputs, &mut session.sink);
    let is_governed = found.ok_or(())?.is_some();
    session.sink = Sink::new();
    Ok(is_governed)
}

/// Looks for a policy. What the files ask of the environment has none.
fn find(session: &mut Session<'_>, options: &ConfigOptions, wanted: Wanted<'_>) -> Option<Found> {
    let of_files = matches!(wanted, Wanted::Variables | Wanted::Environment);
    let mut project = session.locate()?;
    let policy = if options.no_policy {
        None
    } else {
        policy::find(&project, &session.policy_given(), &mut session.inputs, &mut session.sink)?
    };
    if policy.is_some() && !of_files {
        return Some(Found::Governed);
    }
    list::read(&mut project, &list::Expected::Unknown, &mut session.inputs, &mut session.sink)?;
    session.settle_reader(&mut project, policy.as_ref())?;
    Some(Found::Free(Box::new(project)))
}

fn wanted(options: &ConfigOptions) -> Wanted<'_> {
    match options {
        _ if options.services => Wanted::Services,
        _ if options.volumes => Wanted::Names("volumes"),
        _ if options.networks => Wanted::Names("networks"),
        _ if options.models => Wanted::Models,
        ConfigOptions { hash: Some(hash), .. } => Wanted::Hash(hash),
        _ if options.profiles => Wanted::Profiles,
        _ if options.images => Wanted::Images,
        _ if options.variables => Wanted::Variables,
        _ if options.environment => Wanted::Environment,
        _ => Wanted::Model,
    }
}

/// Compose does not look at the services named for these.
fn services<'o>(options: &'o ConfigOptions, wanted: Wanted<'_>) -> &'o [String] {
    match wanted {
        Wanted::Services | Wanted::Names(_) | Wanted::Models | Wanted::Hash(_) => &[],
        _ => &options.selection,
    }
}

/// Whether it is about what Compose prints of the tree before it has read it as a model.
fn is_of_tree(options: &ConfigOptions, wanted: Wanted<'_>) -> bool {
    match wanted {
        Wanted::Variables => true,
        Wanted::Services | Wanted::Model => options.no_interpolate,
        _ => false,
    }
}

/// Prints a project without a policy.
fn text(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    wanted: Wanted<'_>,
    project: &Project,
) -> Option<String> {
    let layers = session.layers(project)?;
    if is_of_tree(options, wanted) {
        let tree = tree(session, options, project, layers)?;
        return tree_text(session, options, wanted, tree);
    }
    let selection = session.selection(services(options, wanted));
    let phases = phases(session, options);
    let model = session.load(project, layers, phases, &selection)?;
    model_text(session, options, wanted, project, model, &selection)
}

/// The whole project as text, or what is wanted of it.
fn model_text(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    wanted: Wanted<'_>,
    project: &Project,
    model: Model,
    selection: &Selection,
) -> Option<String> {
    let resolve = Resolve {
        env_files: match wanted {
            Wanted::Model | Wanted::Environment => true,
            Wanted::Hash(_) => project.reader.has(Habit::HashWithEnvFiles),
            _ => false,
        },
        container_names: matches!(wanted, Wanted::Model) && !options.no_consistency,
    };
    let whole = matches!(wanted, Wanted::Hash(_) | Wanted::Profiles).then(|| model.clone());
    let selected = model.into_selected(selection, resolve, &mut session.inputs, &mut session.sink)?;
    let whole = whole.as_ref().unwrap_or(&selected);
    let names = match wanted {
        Wanted::Services => listing::services(&selected, &mut session.sink)?,
        Wanted::Names(section) => listing::section_names(&selected.root, section),
        Wanted::Models => listing::models(&selected),
        Wanted::Hash(names) => listing::hashes(whole, &selected, names, &mut session.sink)?,
        Wanted::Profiles => listing::profiles(whole),
        Wanted::Images => listing::images(&selected, separator(session, &selected)),
        Wanted::Environment => {
            let mut lines: Vec<String> =
                selected.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
            lines.sort_unstable();
            lines
        }
        Wanted::Variables | Wanted::Model => {
            let format = format(session, options)?;
            if let Some(trace) = session.trace.take() {
                return Some(annotated(session, selected.root, &trace, project));
            }
            // The program ends with this; taking a large model apart would only delay it.
            let mut root = ManuallyDrop::new(selected.root);
            return Some(output::render_arranged(&mut root, format));
        }
    };
    Some(names.into_iter().map(|name| name + "\n").collect())
}

fn annotated(session: &Session<'_>, model: Node, trace: &Trace, project: &Project) -> String {
    let (model, text, lines) = output::render_with_lines(model);
    let chains = Chains::new(&model, trace, project, session.inputs.sources());
    annotate(&model, &text, &lines, &chains)
}

fn tree(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    project: &Project,
    layers: Vec<Layer>,
) -> Option<Tree> {
    let phases = Phases { interpolate: false, ..phases(session, options) };
    compose::load_tree(project, layers, phases, &mut session.inputs, &mut session.sink)
}

fn tree_text(
    session: &mut Session<'_>,
    options: &ConfigOptions,
    wanted: Wanted<'_>,
    tree: Tree,
) -> Option<String> {
    match wanted {
        Wanted::Services => {
            let names = listing::section_names(&tree.root, "services");
            Some(names.into_iter().map(|name| name + "\n").collect())
        }
        Wanted::Variables => {
            let text = variables::text(&listing::variables(&tree.root), options.format.as_deref());
            text.map_err(|finding| session.sink.push(finding)).ok()
        }
        _ => {
            let format = format(session, options)?;
            Some(output::render_raw(tree.root, format))
        }
    }
}

fn phases(session: &Session<'_>, options: &ConfigOptions) -> Phases {
    Phases {
        interpolate: !options.no_interpolate,
        normalize: !options.no_normalize && !session.request.global.compatibility,
        resolve_paths: !options.no_path_resolution,
        consistency: !options.no_consistency,
        ..Phases::default()
    }
}

fn format(session: &mut Session<'_>, options: &ConfigOptions) -> Option<Format> {
    match options.format.as_deref() {
        None | Some("yaml") => Some(Format::Yaml),
        Some("json") => Some(Format::Json),
        Some(other) => {
            session.sink.push(
                Finding::error(Code::Usage, format!("unsupported format {other:?}"))
                    .help("The formats are yaml and json."),
            );
            None
        }
    }
}

/// Between the project's name and the service's.
fn separator(session: &Session<'_>, model: &Model) -> &'static str {
    let variable = model.environment.get("COMPOSE_COMPATIBILITY").unwrap_or_default();
    let on = matches!(variable.trim().to_ascii_lowercase().as_str(), "1" | "t" | "true" | "y" | "yes");
    if session.request.global.compatibility || on { "_" } else { "-" }
}
