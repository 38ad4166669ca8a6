//! The gate: load, verify, prepare, cross-check, launch.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::cli::{ComposeCommand, Request};
use crate::compose::{Model, Phases};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::{Answer, Command};
use crate::project::Project;
use crate::render::{self, Rendered};

use super::pass::options;
use super::session::Session;

/// Everything that was decided about a launch.
pub struct Verified {
    pub project: Project,
    /// Every service of every profile.
    pub model: Model,
    /// The services of this launch.
    pub selected: Model,
}

/// Loads and verifies; `None` where the session has errors.
pub fn verify(session: &mut Session<'_>, services: &[String]) -> Option<Verified> {
    let selection = session.selection(services);
    let project = session.discover()?;
    let layers = session.layers(&project)?;
    let model = session.load(&project, layers, Phases::default(), &selection)?;
    let selected = model.select(&selection, &mut session.inputs, &mut session.sink)?;
    Some(Verified { project, model, selected })
}

/// `up`, `create`, `run`, `start`, `restart`, `scale`, `watch`.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    launch(request, command)
}

/// `build`, `pull`, `push`, `publish`: verified, then passed on with the rendered file.
pub fn pass_rendered(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    launch(request, command)
}

fn launch(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let services = named_services(command);
    let Some(verified) = verify(&mut session, &services) else { return Err(session.report()) };
    let rendered = render::render(&verified.model, &verified.selected);
    let outcome = hand_over(request, &verified, &rendered, &services, &mut session);
    if let Err(finding) = outcome {
        session.sink.push(finding);
    }
    Err(session.report())
}

/// The services that a command names; none means all.
fn named_services(command: &ComposeCommand) -> Vec<String> {
    match command.name {
        "run" => command.positionals.first().cloned().into_iter().collect(),
        "scale" => {
            command.positionals.iter().map(|word| word.split('=').next().unwrap_or(word).to_owned()).collect()
        }
        "publish" => Vec::new(),
        _ => command.positionals.clone(),
    }
}

/// Writes the rendered file, has Compose read it, and becomes Compose. Returns only on failure.
fn hand_over(
    request: &Request,
    verified: &Verified,
    rendered: &Rendered,
    services: &[String],
    session: &mut Session<'_>,
) -> Result<(), Finding> {
    let mut options = options(request);
    let variables = variables(&verified.project, &verified.model);
    options.environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
    let docker = match Command::find(options) {
        Answer::Known(docker) => docker,
        Answer::Unknown(reason) => {
            return Err(
                Finding::error(Code::ComposeUnavailable, reason).help(Code::ComposeUnavailable.remedy())
            );
        }
    };
    let directory = &verified.model.directory;
    let path = render::write(directory, &verified.model.name, rendered)?;
    let globals = request.launch_globals(directory, &verified.model.name, &path);
    crate::launch::cross_check(&docker, &globals, services, rendered)?;
    session.report();
    if request.global.no_launch {
        return Ok(());
    }
    let mut words: Vec<OsString> = request.global.docker.clone();
    words.push("compose".into());
    words.extend(request.launch(directory, &verified.model.name, &path));
    Err(crate::launch::exec(docker.program(), &words, &variables))
}

/// What Compose must find in its environment besides what this process has. The `.env` file was
/// read once; Compose does not get to read it again.
fn variables(project: &Project, model: &Model) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut hand_on = |name: &str| {
        if let Some(value) = model.environment.get(name) {
            variables.insert(name.to_owned(), value.to_owned());
        }
    };
    for name in project.from_env_files.keys() {
        if name.starts_with("COMPOSE_") && name != "COMPOSE_FILE" || name == "DOCKER_DEFAULT_PLATFORM" {
            hand_on(name);
        }
    }
    for key in ["secrets", "configs"] {
        for (_, resource) in crate::compose::section(&model.root, key).into_iter().flat_map(|map| map.iter())
        {
            if let Some(name) = resource.get("environment").and_then(crate::yaml::Node::as_str) {
                hand_on(name);
            }
        }
    }
    variables.insert("COMPOSE_DISABLE_ENV_FILE".to_owned(), "true".to_owned());
    variables
}
