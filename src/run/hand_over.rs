//! What Compose gets: the rendered file, where no container of the project can write it, and an environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::Request;
use crate::compose::{Model, section};
use crate::diagnostic::Finding;
use crate::engine::{Answer, Command};
use crate::model::resource;
use crate::ownership::bind::Reach;
use crate::project::Project;
use crate::render::{self, Handed, Heading, Rendered};
use crate::yaml::Mapping;

use super::images::LazyEngine;
use super::pass::options;
use super::session::Session;
use super::verify::Verified;

/// The project as Compose gets it.
pub struct HandOver {
    /// The client, with the environment that Compose gets.
    pub docker: Command,
    pub variables: BTreeMap<String, String>,
    pub rendered: Rendered,
    /// Where the rendered file is, for as long as this lives.
    handed: Handed,
    /// What the containers of the project can write.
    pub reach: Reach,
    directory: PathBuf,
    name: String,
}

impl HandOver {
    /// Writes the rendered file.
    ///
    /// # Errors
    /// A finding where there is no client, the engine does not say what is mounted, or there is no place for the file.
    pub fn write(session: &Session<'_>, verified: &Verified, engine: &LazyEngine) -> Result<Self, Finding> {
        let (directory, name) = (verified.model.directory.clone(), verified.model.name.clone());
        let variables = variables(&verified.project, &verified.model);
        let docker = find_docker(session.request, &variables)?;
        let reach = reach(session, verified, engine)?;
        let rendered = rendered(session, verified);
        let handed = render::write(&session.home(&verified.project), &name, &rendered, &reach)?;
        Ok(Self { docker, variables, rendered, handed, reach, directory, name })
    }

    pub fn path(&self) -> &Path {
        &self.handed.path
    }

    /// Whether the rendered file is in no folder: see [`Handed::is_sealed`].
    pub fn is_sealed(&self) -> bool {
        self.handed.is_sealed()
    }

    /// Compose's flags that name the file and the project.
    pub fn globals(&self, request: &Request) -> Vec<OsString> {
        request.launch_globals(&self.directory, &self.name, self.path())
    }

    /// Compose's whole line for the command that was typed.
    pub fn words(&self, request: &Request) -> Vec<OsString> {
        request.launch(&self.directory, &self.name, self.path())
    }
}

fn find_docker(request: &Request, variables: &BTreeMap<String, String>) -> Result<Command, Finding> {
    let mut options = options(request);
    options.environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
    Command::find(options).into_result().map_err(crate::engine::no_client)
}

/// The file that Compose gets, with a comment for whoever a label leads to it.
fn rendered(session: &Session<'_>, verified: &Verified) -> Rendered {
    let (request, sources) = (session.request, session.inputs.sources());
    let typed = request.global.files.iter().map(String::as_str);
    let found = verified.project.files.iter().filter_map(|id| Some(sources.get(*id)?.name.as_str()));
    let edit = if request.global.files.is_empty() { found.collect() } else { typed.collect() };
    let directory = verified.project.cwd.as_path();
    render::render(&verified.model, &verified.selected).headed(&Heading {
        edit,
        directory,
        launch: request.again("up"),
        sources,
    })
}

/// What the containers of the project can write: those of the model, and those that are there.
///
/// # Errors
/// Where an engine that answered does not say what they have mounted.
fn reach(session: &Session<'_>, verified: &Verified, engine: &LazyEngine) -> Result<Reach, Finding> {
    let reach = Reach::of(verified.launched(), session.inputs.sources());
    // Without a policy nothing says that the project's files are out of their reach.
    let connected = engine.connected().filter(|_| verified.policy.is_some());
    let Some(engine) = connected.filter(|engine| !engine.is_remote()) else { return Ok(reach) };
    match engine.mounted_by(&verified.model.name) {
        Answer::Known(mounted) => Ok(reach.and(&mounted)),
        Answer::Unknown(reason) => Err(crate::engine::unanswered(reason)),
    }
}

/// What Compose must find in its environment besides what this process has. The `.env` file was
/// read once; Compose does not get to read it again.
fn variables(project: &Project, model: &Model) -> BTreeMap<String, String> {
    let captured = model.captured.iter();
    let mut variables: BTreeMap<String, String> =
        captured.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let mut hand_on = |name: &str| {
        if let Some(value) = model.environment.get(name)
            && !model.captured.contains_key(name)
        {
            variables.insert(name.to_owned(), value.to_owned());
        }
    };
    for name in project.from_env_files.keys() {
        if name.starts_with("COMPOSE_") && name != "COMPOSE_FILE" || name == "DOCKER_DEFAULT_PLATFORM" {
            hand_on(name);
        }
    }
    for key in ["secrets", "configs"] {
        for (_, resource) in section(&model.root, key).into_iter().flat_map(Mapping::iter) {
            if let Some(name) = resource::VARIABLE.str(resource) {
                hand_on(name);
            }
        }
    }
    variables.insert("COMPOSE_DISABLE_ENV_FILE".to_owned(), "true".to_owned());
    variables
}
