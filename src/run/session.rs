//! What every command that reads a project needs: the surroundings, the inputs, the findings.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::cli::{Command, Request, table};
use crate::compose::{self, Layer, Model, Phases, Selection, Trace};
use crate::diagnostic::{Code, Exit, Finding, Screen, Severity, Sink, closing, next, write_findings};
use crate::engine::{self, Answer, Options};
use crate::launch::kept;
use crate::launch::version::{self, Installed, Unsaid};
use crate::ownership::bind::Reach;
use crate::policy::{self, Policy};
use crate::project::{self, Environment, Given, Inputs, Project};
use crate::reader::release::V5_0;
use crate::reader::{By, Reader, ReaderError};
use crate::redact::Redactor;
use crate::render::{Home, kept_writable};
use crate::source::SourceMap;

/// Whether what is mounted can refuse where the policy only looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounted {
    /// It cannot.
    AsPosture,
    /// It can, as under every other posture.
    Judged,
}

/// How far a run has come: a refusal says what was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The project is read; what the policy says of it comes after.
    Read,
    /// Nothing is left to say.
    Judged,
}

/// One run over one project.
pub struct Session<'r> {
    pub request: &'r Request,
    pub inputs: Inputs,
    pub sink: Sink,
    /// Whether a user that differs from the lock is said but stops nothing: where nothing is started,
    /// and where that is what is put right.
    pub tolerates_drift: bool,
    pub mounted: Mounted,
    /// `--state-dir`, absolute.
    state: Option<PathBuf>,
    /// Whether what was typed with the command is left out of what is decided.
    pub skips_typed: bool,
    pub stage: Stage,
    /// The disk of this machine is not the one that the project will run on.
    pub skips_host: bool,
    /// As which version of Compose the project is read, and why; known once it is settled.
    pub read_as: Option<ReadAs>,
    /// The Compose that will be run, once it was looked for.
    installed: Option<Result<Option<Installed>, Finding>>,
    /// Where what each document said is recorded.
    pub trace: Option<Trace>,
}

/// As which version of Compose a project is read.
#[derive(Clone, Copy, Debug)]
pub struct ReadAs {
    pub reader: Reader,
    pub by: By,
    /// It was not asked for now: an earlier run noted it.
    is_noted: bool,
    /// Whether a policy is in force.
    is_governed: bool,
}

impl<'r> Session<'r> {
    pub fn new(request: &'r Request) -> Self {
        Self {
            request,
            inputs: Inputs::default(),
            sink: Sink::new(),
            tolerates_drift: false,
            mounted: Mounted::AsPosture,
            state: request.global.state_dir.as_ref().map(|path| current_directory().join(path)),
            skips_typed: false,
            stage: Stage::Judged,
            skips_host: false,
            read_as: None,
            installed: None,
            trace: None,
        }
    }

    /// The project's files, found and read.
    pub fn discover(&mut self) -> Option<Project> {
        let mut project = self.locate()?;
        project::list::read(
            &mut project,
            &project::list::Expected::Unknown,
            &mut self.inputs,
            &mut self.sink,
        )?;
        Some(project)
    }

    /// The project's files, found but not read yet.
    pub fn locate(&mut self) -> Option<Project> {
        for (old, new) in &self.request.global.deprecated {
            let message =
                format!("option '--{old}' is DEPRECATED at root level! Please use '--{new}' instead.");
            self.sink.push(Finding::warning(Code::ComposeObsolete, message));
        }
        let mut given = given(self.request);
        // What is wrong with it is said once the policy is known.
        if let Ok(Some(installed)) = self.installed() {
            given.reader = installed.reader;
        }
        project::locate(&given, &mut self.inputs, &mut self.sink)
    }

    /// The names in the sealed list, if one is asked for.
    pub fn sealed(&mut self) -> Option<Vec<String>> {
        project::list::sealed(&given(self.request), &mut self.inputs, &mut self.sink)
    }

    pub fn layers(&mut self, project: &Project) -> Option<Vec<Layer>> {
        compose::parse(project, &self.inputs, &mut self.sink)
    }

    pub fn load(
        &mut self,
        project: &Project,
        layers: Vec<Layer>,
        phases: Phases,
        selection: &Selection,
    ) -> Option<Model> {
        let trace = self.trace.as_mut();
        compose::load_with(project, layers, phases, selection, &mut self.inputs, &mut self.sink, trace)
    }

    /// What the command line and the process say about the policy.
    pub fn policy_given(&self) -> policy::Given {
        policy::Given { path: self.policy_path(), ..policy::Given::default() }
    }

    /// From here on the project is read as the version of Compose that counts: the one named on the command line, else
    /// the one that will be run, else the one that the policy names, else the newest. `None` where the one that will be
    /// run is not known and something is about to be launched, or cannot be read as.
    pub fn settle_reader(&mut self, project: &mut Project, policy: Option<&Policy>) -> Option<()> {
        let installed = self.installed().map_err(|finding| self.sink.push(finding)).ok()?;
        let of_policy = policy.and_then(|policy| policy.compose.as_ref()).map(|compose| compose.value);
        let named = self.request.global.reader;
        let (reader, by) = match (named, &installed, of_policy) {
            (_, Some(installed), _) => (installed.reader, By::Installed),
            (Some(named), None, _) => (named, By::CommandLine),
            (None, None, Some(reader)) => (reader, By::Policy),
            (None, None, None) => (Reader::default(), By::Newest),
        };
        if let (Some(named), Some(installed)) = (named, &installed)
            && (named.major, named.minor) != (installed.reader.major, installed.reader.minor)
        {
            self.sink.push(another_version(named, installed.reader));
            return None;
        }
        if !reader.is_known() {
            let message = format!(
                "Docker Compose {reader} is newer than this seaworthy knows; it is read as {}",
                Reader::NEWEST
            );
            self.sink.push(Finding::warning(Code::ComposeVersion, message));
        }
        if let Some(finding) = newer_flag(self.request, reader) {
            self.sink.push(finding);
            return None;
        }
        project.reader = reader;
        self.read_as = Some(ReadAs {
            reader,
            by,
            is_noted: installed.is_some_and(|installed| installed.is_remembered),
            is_governed: policy.is_some(),
        });
        Some(())
    }

    /// The Compose that will be run, where it counts: not where another version is named and nothing is launched, and
    /// not where the project runs on another machine.
    ///
    /// # Errors
    /// Where its version is not known, and something would be launched; or where it is too old to be read as.
    fn installed(&mut self) -> Result<Option<Installed>, Finding> {
        if let Some(known) = &self.installed {
            return known.clone();
        }
        let found = self.installed_by(kept_writable().as_deref());
        self.installed = Some(found.clone());
        found
    }

    /// What an earlier run noted is no proof where a container of the project can write it: Compose is asked then.
    /// `None` where it says another version than the one that the project was read as.
    pub fn confirm_reader(&mut self, project: &Project, reach: &Reach) -> Option<()> {
        let is_noted = self.read_as.is_some_and(|read_as| read_as.is_noted)
            && kept_writable().is_some_and(|folder| reach.holds(&folder));
        if !is_noted {
            return Some(());
        }
        match self.installed_by(None) {
            Ok(Some(installed)) if installed.reader == project.reader => Some(()),
            Ok(installed) => {
                let said = installed.map_or("none".to_owned(), |installed| installed.reader.to_string());
                let message = format!(
                    "the version of Docker Compose was noted as {}, and the one installed is {said}",
                    project.reader
                );
                self.sink.push(Finding::error(Code::ComposeVersion, message).help(
                    "Something changed what seaworthy noted: a service mounts the place. Remove that mount, or \
                     compose.json there.",
                ));
                None
            }
            Err(finding) => {
                self.sink.push(finding);
                None
            }
        }
    }

    fn installed_by(&mut self, notes: Option<&Path>) -> Result<Option<Installed>, Finding> {
        let launches = matches!(&self.request.command, Command::Compose(_));
        let is_neutral = matches!(self.request.command, Command::Snapshot(_) | Command::Overlays(_));
        if is_neutral || self.skips_host || (self.request.global.reader.is_some() && !launches) {
            return Ok(None);
        }
        let deadline = if launches { Options::default().deadline } else { super::plan::PATIENCE };
        let options = Options { deadline, ..super::pass::options(self.request) };
        // That there is no docker is said by whoever needs it.
        let Answer::Known(docker) = engine::Command::find(options) else { return Ok(None) };
        match version::installed(&docker, notes) {
            Ok(installed) => Ok(installed),
            Err(unsaid) if launches || matches!(unsaid, Unsaid::Unread(ReaderError::TooOld(_))) => {
                Err(unsaid.finding())
            }
            Err(unsaid) => {
                self.sink.push(Finding { severity: Severity::Warning, ..unsaid.finding() });
                Ok(None)
            }
        }
    }

    /// The policy named explicitly, absolute.
    pub fn policy_path(&self) -> Option<PathBuf> {
        self.request.global.policy.as_ref().map(|path| current_directory().join(path))
    }

    /// Where what is kept of a project lies.
    pub fn home<'h>(&'h self, project: &'h Project) -> Home<'h> {
        Home { directory: project.home(), state: self.state.as_deref() }
    }

    /// Writes what was found so far to standard error, and says how to exit if something refuses, or could
    /// not be said.
    pub fn report(&mut self) -> Exit {
        let outcome = match self.request.command {
            Command::Config(_)
            | Command::Explain(_)
            | Command::Schema(_)
            | Command::Doctor(_)
            | Command::Ids(_)
            | Command::Kube(_)
            | Command::Whois(_) => "nothing was printed",
            Command::Plan(_) | Command::Check(_) => "`up` would start nothing",
            Command::Init(_) => "nothing was written",
            Command::Snapshot(_)
            | Command::Overlays(_)
            | Command::Prepare(_)
            | Command::Repair(_)
            | Command::Stack(_)
            | Command::Attest(_) => "not done",
            _ => "nothing was started",
        };
        self.report_as(self.sink.exit(), outcome)
    }

    /// The same, for a command with an exit status and an outcome of its own.
    pub fn report_as(&mut self, exit: Exit, outcome: &str) -> Exit {
        let mut said = Ok(());
        if !self.sink.findings().is_empty() {
            let redactor = self.redactor();
            let ansi = self.request.global.ansi.as_deref();
            let outcome = if self.stage == Stage::Read {
                format!("{outcome}, and users, rules and bind sources were not looked at yet")
            } else {
                outcome.to_owned()
            };
            let end = (exit != Exit::Done).then_some((exit, outcome.as_str()));
            said = report(
                &redactor.sink(&self.sink),
                &redactor.sources(self.inputs.sources()),
                screen(ansi),
                end,
            );
        }
        self.sink = Sink::new();
        match said {
            Err(unsaid) if exit == Exit::Done => unsaid,
            _ => exit,
        }
    }

    /// The findings and the sources as they may be shown.
    pub fn shown(&self) -> (Sink, SourceMap) {
        let redactor = self.redactor();
        (redactor.sink(&self.sink), redactor.sources(self.inputs.sources()))
    }

    /// The same for warnings, before something is done: what nobody was told of does not go on.
    ///
    /// # Errors
    /// How to exit.
    pub fn warn(&mut self) -> Result<(), Exit> {
        match self.report() {
            Exit::Done => Ok(()),
            exit => Err(exit),
        }
    }

    /// What must not be shown of this run, unless `--show-values` is given.
    pub fn redactor(&self) -> Redactor {
        if self.request.global.show_values {
            return Redactor::off();
        }
        Redactor::new(&self.inputs, &process_environment(), &compose::secret_places::find)
    }

    /// Whether this version of Compose goes on without an env file of a service in this command. Where a policy is in
    /// force, no container is made without it.
    fn is_lenient(&self) -> bool {
        let Command::Compose(command) = &self.request.command else { return false };
        let makes = !matches!(command.name, "build" | "pull") && !kept::makes_nothing(command);
        let since = table::find(None, command.name).and_then(|spec| spec.lenient);
        let Some(ReadAs { reader, is_governed, .. }) = self.read_as else { return false };
        since.is_some_and(|since| reader >= since) && !(makes && is_governed)
    }

    /// What the command line selects of the model.
    pub fn selection(&self, services: &[String]) -> Selection {
        Selection {
            profiles: self.request.global.profiles.clone(),
            services: services.to_vec(),
            all_resources: self.request.global.all_resources,
            lenient_env_files: self.is_lenient(),
        }
    }
}

/// A flag that was typed and that this version does not have yet.
fn newer_flag(request: &Request, reader: Reader) -> Option<Finding> {
    let global = (!request.global.insecure_registries.is_empty()).then_some(("insecure-registry", V5_0));
    let (flag, since) = match &request.command {
        Command::Compose(command) => command.flags.newer_than(reader),
        _ => None,
    }
    .or(global.filter(|(_, since)| *since > reader))?;
    let message = format!("--{flag} needs Docker Compose {since} or newer; this is {reader}");
    Some(Finding::error(Code::Usage, message).help("Update Docker Compose, or leave the flag out."))
}

/// A launch by one version is not judged by how another one reads.
fn another_version(named: Reader, installed: Reader) -> Finding {
    let message =
        format!("--compose-version names {named}, and Docker Compose {installed} is what would be run");
    Finding::error(Code::ComposeVersion, message).help(
        "Leave the flag out, or install that version. It is for reviews on a machine that launches nothing.",
    )
}

/// What the command line and the process say.
fn given(request: &Request) -> Given {
    let global = &request.global;
    Given {
        files: global.files.clone(),
        files_from: global.files_from.clone(),
        files_cmd: global.files_cmd.clone(),
        expect_files: global.expect_files,
        reader: global.reader.unwrap_or_default(),
        project_directory: global.project_directory.clone(),
        project_name: global.project_name.clone(),
        env_files: global.env_files.clone(),
        environment: process_environment(),
        cwd: current_directory(),
        is_parallel_given: global.parallel.is_some(),
    }
}

fn process_environment() -> Environment {
    Environment::new(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    )
}

/// As Go's `os.Getwd`: `PWD` where it is the same directory, so that symlinks stay as typed.
pub fn current_directory() -> PathBuf {
    let real = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let typed = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    match typed {
        Some(typed) if same_file(&typed, &real) => typed,
        _ => real,
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => a.dev() == b.dev() && a.ino() == b.ino(),
        _ => false,
    }
}

/// Findings on standard error, unset variables as one summary; then the counts, where a run ends with them.
///
/// # Errors
/// How to exit where they could not be written. A reader that has gone away is no failure.
pub fn report(
    sink: &Sink,
    sources: &SourceMap,
    screen: Screen,
    end: Option<(Exit, &str)>,
) -> Result<(), Exit> {
    let mut err = std::io::stderr().lock();
    let findings = brief(sink);
    let written = write_findings(&mut err, &findings, sources, screen).and_then(|()| {
        match end.and_then(|(exit, outcome)| closing(&findings, exit, outcome)) {
            Some(text) => {
                writeln!(err, "seaworthy: {text}")?;
                next(&findings).map_or(Ok(()), |next| writeln!(err, "seaworthy: {next}"))
            }
            None => Ok(()),
        }
    });
    match written.and_then(|()| err.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            // Where only a part of it was lost, this may still get through.
            let error = std::io::Error::new(error.kind(), format!("messages cannot be written: {error}"));
            drop(err);
            Err(super::failed(&error))
        }
        _ => Ok(()),
    }
}

/// The findings, the worst first, with all unset variables in one.
pub fn brief(sink: &Sink) -> Vec<Finding> {
    let (unset, others): (Vec<&Finding>, Vec<&Finding>) =
        sink.findings().iter().partition(|finding| finding.code == Code::VariableUnset);
    let mut findings: Vec<Finding> = others.into_iter().cloned().collect();
    findings.extend(summary(&unset));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// One warning for all unset variables, with the first place of each.
fn summary(unset: &[&Finding]) -> Option<Finding> {
    let [first, rest @ ..] = unset else { return None };
    if rest.is_empty() {
        return Some((*first).clone());
    }
    let names: std::collections::BTreeSet<&str> =
        unset.iter().filter_map(|finding| finding.message.split('"').nth(1)).collect();
    let list = names.iter().copied().collect::<Vec<_>>().join(", ");
    let mut finding = Finding::warning(
        Code::VariableUnset,
        format!("{} variables are not set and became blank: {list}", names.len()),
    )
    .help(
        "Set them in the environment or in .env, or give each a default: ${NAME:-default}. A dollar sign that is meant \
         literally is $$ in a compose file, and stands in single quotes in an env file.",
    );
    let mut shown = std::collections::BTreeSet::new();
    for place in unset {
        let name = place.message.split('"').nth(1).unwrap_or_default();
        if let Some(label) = place.labels.first()
            && shown.insert(name)
            && shown.len() <= 5
        {
            finding.labels.push(label.clone());
        }
    }
    if names.len() == 1 {
        finding.message.clone_from(&first.message);
    }
    Some(finding)
}

/// How standard error wants its text. `--ansi` decides on colours where it is given.
pub fn screen(ansi: Option<&str>) -> Screen {
    let err = std::io::stderr();
    // What is not a screen has no width: paths stay whole for whoever reads the log.
    let width = terminal_width(&err).map_or(10_000, |width| width.clamp(40, 140));
    Screen { colour: is_coloured(ansi, &err), width }
}

/// How standard output wants a page of text. `--ansi` decides where it is given.
pub fn page_screen(request: &Request) -> Screen {
    let out = std::io::stdout();
    let colour = is_coloured(request.global.ansi.as_deref(), &out);
    Screen { colour, width: terminal_width(&out).map_or(120, |width| width.clamp(40, 160)) }
}

fn is_coloured(ansi: Option<&str>, stream: &impl IsTerminal) -> bool {
    match ansi {
        Some("always") => true,
        Some("never") => false,
        _ => stream.is_terminal() && !is_plain(),
    }
}

/// As <https://no-color.org> has it, and a terminal that says that it knows no colours.
fn is_plain() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}

fn terminal_width(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
