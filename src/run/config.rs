//! `config`: the model as `docker compose config` prints it, or a list of what is in it.

mod destination;
mod variables;

use std::mem::ManuallyDrop;

use crate::cli::{ConfigOptions, Request};
use crate::compose::output::{self, Format};
use crate::compose::{self, Model, Phases, Resolve, Trace, listing};
use crate::diagnostic::{Code, Exit, Finding};
use crate::policy;
use crate::project::Project;
use crate::reader::Habit;
use crate::review::Chains;
use crate::review::annotate::annotate;
use crate::yaml::Node;

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
    if matches!(wanted, Wanted::Model)
        && !options.annotate
        && (options.resolve_image_digests || options.lock_image_digests)
    {
        // Only Compose asks registries.
        return super::pass::run(request);
    }
    let mut session = Session::new(request);
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
    let text = text(&mut session, options, wanted);
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

fn text(session: &mut Session<'_>, options: &ConfigOptions, wanted: Wanted<'_>) -> Option<String> {
    // What Compose prints of the tree before it has read it as a model.
    let of_tree = match wanted {
        Wanted::Variables => true,
        Wanted::Services | Wanted::Model => options.no_interpolate,
        _ => false,
    };
    if of_tree {
        return tree_text(session, options, wanted);
    }
    let Loaded { project, whole, selected } = load(session, options, wanted)?;
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
                return Some(annotated(session, selected.root, &trace, &project));
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

/// The selected services, and the model they were taken from where a listing is about both.
struct Loaded {
    project: Project,
    whole: Option<Model>,
    selected: Model,
}

fn load(session: &mut Session<'_>, options: &ConfigOptions, wanted: Wanted<'_>) -> Option<Loaded> {
    // Compose does not look at the services named for these.
    let services: &[String] = match wanted {
        Wanted::Services | Wanted::Names(_) | Wanted::Models | Wanted::Hash(_) => &[],
        _ => &options.selection,
    };
    let selection = session.selection(services);
    let project = discover(session)?;
    let layers = session.layers(&project)?;
    let phases = phases(session, options);
    let model = session.load(&project, layers, phases, &selection)?;
    let resolve = Resolve {
        env_files: match wanted {
            Wanted::Model | Wanted::Environment => true,
            Wanted::Hash(_) => project.reader.has(Habit::HashWithEnvFiles),
            _ => false,
        },
        container_names: matches!(wanted, Wanted::Model) && !options.no_consistency,
    };
    let whole = matches!(wanted, Wanted::Hash(_) | Wanted::Profiles).then(|| model.clone());
    let selected = model.into_selected(&selection, resolve, &mut session.inputs, &mut session.sink)?;
    Some(Loaded { project, whole, selected })
}

/// The project, to be read as the version of Compose that the command line or the policy names.
fn discover(session: &mut Session<'_>) -> Option<Project> {
    let mut project = session.discover()?;
    let policy = if session.request.global.reader.is_some() {
        None
    } else {
        policy::find(&project, &session.policy_given(), &mut session.inputs, &mut session.sink)?
    };
    session.settle_reader(&mut project, policy.as_ref())?;
    Some(project)
}

fn tree_text(session: &mut Session<'_>, options: &ConfigOptions, wanted: Wanted<'_>) -> Option<String> {
    let project = discover(session)?;
    let layers = session.layers(&project)?;
    let phases = Phases { interpolate: false, ..phases(session, options) };
    let tree = compose::load_tree(&project, layers, phases, &mut session.inputs, &mut session.sink)?;
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
