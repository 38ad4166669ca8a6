//! The project before it has a policy of its own: what the files, the host and the engine show.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::Request;
use crate::diagnostic::{Code, Exit, Finding};
use crate::ownership::bind::BindDecision;
use crate::ownership::images::AFTER_PULL;
use crate::policy::{self, Given, Postures};
use crate::project::{Inputs, Project, list};
use crate::run::images::LazyEngine;
use crate::run::session::Session;

use super::attempt::{Attempt, Drift};
use super::draft::Draft;
use super::evidence::{self, Evidence};
use super::levels::Levels;
use super::{roots, text};

pub(super) struct Seen<'e> {
    /// As typed, with the policy named that is to be written.
    pub request: Request,
    pub engine: &'e LazyEngine,
    /// The path of the new policy.
    pub target: PathBuf,
    /// The same for people.
    pub name: String,
    /// The files of the list: what comes through a pipe is read once.
    pub inputs: Inputs,
    pub directory: PathBuf,
    pub home: Option<PathBuf>,
    /// With every profile that can be together with the others.
    pub services: Vec<Evidence>,
    /// Of the same services.
    pub binds: Vec<BindDecision>,
    pub roots: BTreeSet<PathBuf>,
    pub host: Host,
    /// Networks that have a way out, and services with a network that is not the project's own.
    pub ways_out: Vec<String>,
    /// The errors that hold under every policy.
    pub left: BTreeSet<(Code, String)>,
}

/// What the weakest policy shows.
struct Found {
    directory: PathBuf,
    ways_out: Vec<String>,
    services: Vec<Evidence>,
    binds: Vec<BindDecision>,
    roots: BTreeSet<PathBuf>,
}

/// The settings that the host's policy leaves open.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    /// No weaker one can be written.
    pub posture: Arc<Postures>,
    /// Whether it says itself who services run as where nothing else does.
    pub gives_user: bool,
}

/// The rules by which a project shows that it has a way out.
const WAYS_OUT: [&str; 4] = ["egress", "network-external", "network-mode", "host-network"];

/// The path of the new policy; `None` if the sink says why there is none.
fn place(session: &mut Session<'_>) -> Option<(Project, PathBuf, Host)> {
    let mut project = session.locate()?;
    let named = session.policy_path();
    let target = named.clone().unwrap_or_else(|| policy::place(&project));
    if target.symlink_metadata().is_ok() {
        session.sink.push(taken(&target));
        return None;
    }
    let given = Given::default();
    if named.is_none() {
        let found = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
        let sources = found.iter().flat_map(|policy| &policy.sources);
        let mut files = sources.filter_map(|file| session.inputs.sources().get(*file));
        if let Some(file) = files.find(|file| file.path != given.system) {
            let finding = taken(&file.path);
            session.sink.push(finding);
            return None;
        }
    }
    let host = policy::of_host(&project, &given, &mut session.inputs, &mut session.sink)?;
    let host = host.map_or(Host::default(), |host| Host {
        posture: Arc::clone(&host.posture),
        gives_user: host.users.default.is_some(),
    });
    list::read(&mut project, &policy::expected(None), &mut session.inputs, &mut session.sink)?;
    Some((project, target, host))
}

fn taken(path: &Path) -> Finding {
    Finding::error(Code::Usage, format!("there is a policy already: {}", path.display()))
        .help("Nothing is replaced. Move it away, or write beside it: --policy other.yaml init.")
}

impl<'e> Seen<'e> {
    /// Reads everything. Refuses where there is a policy already.
    pub fn of(request: &Request, engine: &'e LazyEngine) -> Result<Self, Exit> {
        let mut session = Session::new(request);
        let Some((project, target, host)) = place(&mut session) else { return Err(session.report()) };
        let mut named = request.clone();
        named.global.policy = Some(target.clone());
        let home = project.environment.get("HOME").filter(|home| home.starts_with('/')).map(PathBuf::from);
        let mut seen = Self {
            request: named,
            engine,
            name: list::shown(&target, &project.cwd),
            target,
            inputs: session.inputs,
            directory: project.home().to_owned(),
            home,
            services: Vec::new(),
            binds: Vec::new(),
            roots: BTreeSet::new(),
            host,
            ways_out: Vec::new(),
            left: BTreeSet::new(),
        };
        seen.look()?;
        Ok(seen)
    }

    /// Keeps what the project shows with every profile; as it was typed, where not all of them can be together, such as
    /// two services with one `container_name`.
    fn look(&mut self) -> Result<(), Exit> {
        let typed = std::mem::replace(&mut self.request.global.profiles, vec!["*".to_owned()]);
        let found = self.tried().ok();
        self.request.global.profiles = typed;
        let found = match found {
            Some(found) => found,
            None => self.tried().map_err(|mut session| session.report())?,
        };
        self.directory = found.directory;
        self.ways_out = found.ways_out;
        self.services = found.services;
        self.binds = found.binds;
        self.roots = found.roots;
        Ok(())
    }

    /// Tries the weakest policy there is. What was said of a project that cannot be read is the session's.
    fn tried(&self) -> Result<Found, Box<Session<'_>>> {
        let draft = Draft::new(Levels::all(self.host.posture.default.value), BTreeSet::new());
        let mut attempt = Attempt::new(self, &text::bare(self, &draft), Drift::Tolerated);
        let Some(verified) = attempt.verified.take() else { return Err(Box::new(attempt.session)) };
        let services = evidence::gather(self, &verified);
        let broken = attempt.verdicts.iter().filter(|verdict| WAYS_OUT.contains(&verdict.rule.id));
        let ways_out = broken
            .map(|verdict| verdict.place.strip_prefix("networks.").unwrap_or(&verdict.place).to_owned())
            .collect();
        let roots = roots::find(self, &verified, attempt.session.sink.findings());
        Ok(Found {
            directory: verified.model.directory,
            ways_out,
            services,
            binds: verified.host.binds,
            roots,
        })
    }

    pub fn is_left(&self, finding: &Finding) -> bool {
        self.left.contains(&(finding.code, finding.message.clone()))
    }

    pub fn service(&self, name: &str) -> Option<&Evidence> {
        self.services.iter().find(|service| service.name == name)
    }

    /// Whether there is an engine, and it has not all of the images yet.
    pub fn asks_for_images(&self) -> bool {
        let is_missing =
            |service: &Evidence| service.said.is_none() && service.unknown.as_deref() == Some(AFTER_PULL);
        self.services.iter().any(is_missing)
    }

    /// A path as the policy writes it: from its own directory, from the home, or in full.
    pub fn written(&self, path: &Path) -> String {
        let here = self.target.parent().unwrap_or(Path::new("/"));
        if let Ok(rest) = path.strip_prefix(here) {
            return if rest.as_os_str().is_empty() {
                ".".to_owned()
            } else {
                format!("./{}", rest.display())
            };
        }
        match self.home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if !rest.as_os_str().is_empty() => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        }
    }
}
