//! What the command line means, and the words for `docker compose` that follow from it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Flags;
use super::options::{
    AttestOptions, CheckOptions, ConfigOptions, DoctorOptions, ExplainOptions, GcOptions, IdsOptions,
    InitOptions, InstallOptions, KubeOptions, Overlays, PlanOptions, ProbeOptions, RepairOptions,
    SnapshotOptions, StackOptions, WhoisOptions,
};
use super::spec::Class;
use super::table::OWN_FLAGS;
use crate::reader::Reader;

/// What was typed before the command, with the environment's defaults for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one flag")]
pub struct Global {
    /// `-f`, in order, also empty ones: whether those are acceptable is for the list of files.
    pub files: Vec<String>,
    pub project_name: Option<String>,
    pub project_directory: Option<PathBuf>,
    pub profiles: Vec<String>,
    /// `--env-file`, else `COMPOSE_ENV_FILES`.
    pub env_files: Vec<String>,
    /// `--insecure-registry`, in order.
    pub insecure_registries: Vec<String>,
    /// `--progress`, else `COMPOSE_PROGRESS`.
    pub progress: Option<String>,
    /// `--ansi`, else `COMPOSE_ANSI`.
    pub ansi: Option<String>,
    pub parallel: Option<i64>,
    pub compatibility: bool,
    pub all_resources: bool,
    /// Before the command or after it.
    pub dry_run: bool,
    pub verbose: bool,
    /// `--policy`, else `SEAWORTHY_POLICY`.
    pub policy: Option<PathBuf>,
    /// `--state-dir`, else `SEAWORTHY_STATE_DIR`.
    pub state_dir: Option<PathBuf>,
    pub files_from: Option<String>,
    pub files_cmd: Option<String>,
    pub expect_files: Option<usize>,
    /// `--compose-version`.
    pub reader: Option<Reader>,
    pub engine: EngineChoice,
    pub no_launch: bool,
    pub show_values: bool,
    /// Flags that Compose warns of, with what to write in place of each.
    pub deprecated: Vec<(&'static str, &'static str)>,
    /// Docker's own flags, to be put between `docker` and `compose`.
    pub docker: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// Whichever answers.
    #[default]
    Auto,
    Docker,
    Podman,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One of Compose's commands.
    Compose(ComposeCommand),
    Config(ConfigOptions),
    Plan(PlanOptions),
    Attest(AttestOptions),
    Check(CheckOptions),
    Doctor(DoctorOptions),
    Explain(ExplainOptions),
    Gc(GcOptions),
    Ids(IdsOptions),
    Whois(WhoisOptions),
    Init(InitOptions),
    Kube(KubeOptions),
    /// Standard input to standard output.
    Annotate,
    Probe(ProbeOptions),
    /// Prepares for these services, or for all.
    Prepare(Vec<String>),
    Install(InstallOptions),
    Uninstall(InstallOptions),
    Repair(RepairOptions),
    Overlays(Overlays),
    Snapshot(SnapshotOptions),
    Schema(String),
    Stack(StackOptions),
    /// Completions for this shell.
    Completions(String),
    /// The manual page of this command, or of all.
    Man(Vec<String>),
    /// All manual pages, into this directory.
    ManPages(PathBuf),
    /// The text asked for.
    Help(String),
    Version,
    /// For the real Compose, called as this program was in its place: help, version, completion.
    InPlace(Vec<OsString>),
    /// What docker asks of its plugins; to be printed as it is.
    PluginMetadata(String),
}

/// One of Compose's commands, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeCommand {
    /// As the table has it, e.g. `alpha publish`.
    pub name: &'static str,
    pub class: Class,
    /// What follows the name, word for word.
    pub args: Vec<OsString>,
    /// Empty for a command that is passed on although this version of the table cannot read it.
    pub flags: Flags,
    pub positionals: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub global: Global,
    pub command: Command,
    /// Compose's own flags before the command, in the order typed.
    pub(super) root: Vec<OsString>,
    /// The command's name and what follows it, word for word.
    pub(super) words: Vec<OsString>,
}

impl Request {
    /// The words after `docker … compose` that do what was typed: all but seaworthy's own flags.
    pub fn pass_on(&self) -> Vec<OsString> {
        let mut words = self.root.clone();
        words.extend(self.words_of_compose());
        words
    }

    /// The command and what follows it, without the flags that Compose does not have.
    fn words_of_compose(&self) -> impl Iterator<Item = OsString> {
        let is_config = matches!(self.command, Command::Config(_));
        let is_own = move |word: &OsString| {
            let word = word.to_string_lossy();
            let name = word.strip_prefix("--").map(|word| word.split('=').next().unwrap_or(word));
            is_config && name.is_some_and(|name| OWN_FLAGS.iter().any(|flag| flag.long == name))
        };
        self.words.iter().filter(move |word| !is_own(word)).cloned()
    }

    /// As [`Self::pass_on`], with more files at the end of the list.
    pub fn pass_on_with(&self, files: &[String]) -> Vec<OsString> {
        let mut words = self.root.clone();
        words.extend(files.iter().flat_map(|file| [OsString::from("-f"), OsString::from(file)]));
        words.extend(self.words_of_compose());
        words
    }

    /// The words, `seaworthy` first, that run this command on the same project.
    pub fn again(&self, command: &str) -> Vec<String> {
        let mut words: Vec<OsString> = vec!["seaworthy".into()];
        let own = [
            ("--policy", self.global.policy.as_ref().map(|path| path.as_os_str())),
            ("--state-dir", self.global.state_dir.as_ref().map(|path| path.as_os_str())),
            ("--files-from", self.global.files_from.as_ref().map(OsStr::new)),
            ("--files-cmd", self.global.files_cmd.as_ref().map(OsStr::new)),
        ];
        let set = own.into_iter().filter_map(|(flag, value)| Some([flag.into(), value?.to_owned()]));
        words.extend(set.flatten());
        words.extend_from_slice(&self.root);
        words.push(command.into());
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// The words after `docker … compose` that do what was typed with one rendered file.
    pub fn launch(&self, directory: &Path, name: &str, rendered: &Path) -> Vec<OsString> {
        let mut words = self.launch_globals(directory, name, rendered);
        words.extend(self.words_of_compose());
        words
    }

    /// The first part of [`Self::launch`], for another command on the same project.
    pub fn launch_globals(&self, directory: &Path, name: &str, rendered: &Path) -> Vec<OsString> {
        let mut words = Vec::new();
        let mut value = |flag: &str, value: &OsStr| words.extend([OsString::from(flag), value.to_owned()]);
        let global = &self.global;
        value("--project-directory", directory.as_os_str());
        value("-p", name.as_ref());
        value("-f", rendered.as_os_str());
        for profile in &global.profiles {
            value("--profile", profile.as_ref());
        }
        for registry in &global.insecure_registries {
            value("--insecure-registry", registry.as_ref());
        }
        for file in &global.env_files {
            value("--env-file", file.as_ref());
        }
        if let Some(progress) = &global.progress {
            value("--progress", progress.as_ref());
        }
        if let Some(ansi) = &global.ansi {
            value("--ansi", ansi.as_ref());
        }
        if let Some(parallel) = global.parallel {
            value("--parallel", parallel.to_string().as_ref());
        }
        let switches = [
            ("--compatibility", global.compatibility),
            ("--all-resources", global.all_resources),
            ("--dry-run", global.dry_run),
            ("--verbose", global.verbose),
        ];
        words.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| OsString::from(flag)));
        words
    }
}
