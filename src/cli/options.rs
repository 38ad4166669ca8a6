//! The flags of the commands that seaworthy answers itself, as types.

use std::path::PathBuf;

use super::Flags;

/// What `config` is asked to print, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one flag of docker compose config")]
pub struct ConfigOptions {
    /// Seaworthy's own: where every line came from.
    pub annotate: bool,
    /// Seaworthy's own: what depends on this machine's disk is not judged.
    pub no_host: bool,
    /// Seaworthy's own: the files as plain Compose reads them, whatever policy is in force.
    pub no_policy: bool,
    pub environment: bool,
    pub format: Option<String>,
    pub hash: Option<String>,
    pub images: bool,
    pub lock_image_digests: bool,
    pub models: bool,
    pub networks: bool,
    pub no_consistency: bool,
    pub no_env_resolution: bool,
    pub no_interpolate: bool,
    pub no_normalize: bool,
    pub no_path_resolution: bool,
    pub output: Option<PathBuf>,
    pub profiles: bool,
    pub quiet: bool,
    pub resolve_image_digests: bool,
    pub services: bool,
    pub variables: bool,
    pub volumes: bool,
    /// The services named; all when empty.
    pub selection: Vec<String>,
}

impl ConfigOptions {
    pub(super) fn new(flags: &Flags, selection: Vec<String>) -> Self {
        // An empty value is the same as none: `--hash ''` prints the model.
        let value = |long| flags.last(long).filter(|value| !value.is_empty());
        Self {
            annotate: flags.on("annotate"),
            no_host: flags.on("no-host"),
            no_policy: flags.on("no-policy"),
            environment: flags.on("environment"),
            format: value("format").map(str::to_owned),
            hash: value("hash").map(str::to_owned),
            images: flags.on("images"),
            lock_image_digests: flags.on("lock-image-digests"),
            models: flags.on("models"),
            networks: flags.on("networks"),
            no_consistency: flags.on("no-consistency"),
            no_env_resolution: flags.on("no-env-resolution"),
            no_interpolate: flags.on("no-interpolate"),
            no_normalize: flags.on("no-normalize"),
            no_path_resolution: flags.on("no-path-resolution"),
            output: value("output").map(PathBuf::from),
            profiles: flags.on("profiles"),
            quiet: flags.on("quiet"),
            resolve_image_digests: flags.on("resolve-image-digests"),
            services: flags.on("services"),
            variables: flags.on("variables"),
            volumes: flags.on("volumes"),
            selection,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanFormat {
    #[default]
    Human,
    Json,
    Markdown,
    Html,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    pub format: PlanFormat,
    pub services: Vec<String>,
}

impl PlanOptions {
    pub(super) fn new(flags: &Flags, services: Vec<String>) -> Self {
        let format = match flags.value("format") {
            "json" => PlanFormat::Json,
            "markdown" => PlanFormat::Markdown,
            "html" => PlanFormat::Html,
            _ => PlanFormat::Human,
        };
        Self { format, services }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExplainOptions {
    pub json: bool,
    /// Keys joined by dots, ports, or targets of mounts.
    pub paths: Vec<String>,
}

impl ExplainOptions {
    pub(super) fn new(flags: &Flags, paths: Vec<String>) -> Self {
        Self { json: flags.value("format") == "json", paths }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoctorOptions {
    pub json: bool,
}

impl DoctorOptions {
    pub(super) fn new(flags: &Flags) -> Self {
        Self { json: flags.value("format") == "json" }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcOptions {
    pub json: bool,
}

impl GcOptions {
    pub(super) fn new(flags: &Flags) -> Self {
        Self { json: flags.value("format") == "json" }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdsOptions {
    pub json: bool,
    /// Shows the table for mapped users as well; the inner value is the first id on the host, if one is given.
    pub assume_userns: Option<Option<u32>>,
    /// All where none is named.
    pub services: Vec<String>,
}

impl IdsOptions {
    /// The largest base that leaves room for the usual 65536 ids, the last one of which is nobody's.
    const LARGEST: u32 = u32::MAX - 65536;

    /// # Errors
    /// Where the base is none.
    pub(super) fn new(flags: &Flags, services: Vec<String>) -> Result<Self, String> {
        let assume_userns = match flags.last("assume-userns") {
            None => None,
            Some("") => Some(None),
            Some(text) => {
                let base = text.parse().ok().filter(|base| (1..=Self::LARGEST).contains(base));
                Some(Some(base.ok_or_else(|| {
                    format!("{text:?} is no first id on the host: a whole number from 1 to {}", Self::LARGEST)
                })?))
            }
        };
        Ok(Self { json: flags.value("format") == "json", assume_userns, services })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitOptions {
    /// The posture to write; the highest that the project passes where none is named.
    pub posture: Option<String>,
    /// Asks no question.
    pub yes: bool,
}

impl InitOptions {
    pub(super) fn new(flags: &Flags) -> Self {
        let posture = Some(flags.value("posture")).filter(|posture| *posture != super::table::HIGHEST);
        Self { posture: posture.map(str::to_owned), yes: flags.on("yes") }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeOptions {
    /// Standard output where there is none.
    pub output: Option<PathBuf>,
    /// As it was typed.
    pub version: String,
    pub namespace: Option<String>,
    pub volume_size: String,
    pub with_secrets: bool,
    pub source: bool,
    /// All where none is named.
    pub services: Vec<String>,
}

impl KubeOptions {
    pub(super) fn new(flags: &Flags, services: Vec<String>) -> Self {
        Self {
            output: flags.last("output").filter(|output| *output != "-").map(PathBuf::from),
            version: flags.value("kubernetes-version").to_owned(),
            namespace: flags.last("namespace").map(str::to_owned),
            volume_size: flags.value("volume-size").to_owned(),
            with_secrets: flags.on("with-secrets"),
            source: flags.on("source"),
            services,
        }
    }
}

/// The subcommand of `stack`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StackDo {
    #[default]
    Deploy,
    Config,
    Diff,
    Remove,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // four independent flags
pub struct StackOptions {
    pub action: StackDo,
    /// The name of the stack.
    pub name: String,
    /// No registry is asked for the digests of images.
    pub as_written: bool,
    pub detach: bool,
    /// Removes what the model no longer has.
    pub prune: bool,
    /// Prints the engine's own requests, in place of a file for `docker stack`.
    pub specs: bool,
}

impl StackOptions {
    pub(super) fn new(action: StackDo, flags: &Flags, name: String) -> Self {
        Self {
            action,
            name,
            as_written: flags.last("resolve-image") == Some("never"),
            detach: flags.on("detach"),
            prune: flags.on("prune"),
            specs: flags.on("specs"),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeOptions {
    pub json: bool,
    pub service: String,
}

impl ProbeOptions {
    pub(super) fn new(flags: &Flags, services: Vec<String>) -> Self {
        Self {
            json: flags.value("format") == "json",
            service: services.into_iter().next().unwrap_or_default(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttestOptions {
    pub json: bool,
    /// The stack of Swarm that is compared in place of the project's containers.
    pub stack: Option<String>,
    /// All where none is named.
    pub services: Vec<String>,
}

impl AttestOptions {
    pub(super) fn new(flags: &Flags, services: Vec<String>) -> Self {
        let stack = flags.last("stack").map(str::to_owned);
        Self { json: flags.value("format") == "json", stack, services }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckFormat {
    #[default]
    Human,
    Concise,
    Json,
    Sarif,
    Github,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    pub format: CheckFormat,
    /// Fail if the lock would change.
    pub locked: bool,
    /// Leaves out the disk of this machine.
    pub no_host: bool,
    /// List the rules instead of checking.
    pub rules: bool,
}

impl CheckOptions {
    pub(super) fn new(flags: &Flags) -> Self {
        let format = match flags.value("format") {
            "concise" => CheckFormat::Concise,
            "json" => CheckFormat::Json,
            "sarif" => CheckFormat::Sarif,
            "github" => CheckFormat::Github,
            _ => CheckFormat::Human,
        };
        Self { format, locked: flags.on("locked"), no_host: flags.on("no-host"), rules: flags.on("rules") }
    }
}

/// How `install` and `uninstall` work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstallOptions {
    /// As `docker compose` itself.
    pub as_compose: bool,
    /// For all users.
    pub system: bool,
    /// Asks no question.
    pub yes: bool,
}

impl InstallOptions {
    pub(super) fn new(flags: &Flags) -> Self {
        Self { as_compose: flags.on("as-compose"), system: flags.on("system"), yes: flags.on("yes") }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairOptions {
    /// Also for services whose user differs from the lock.
    pub migrate: bool,
    /// Also from the operator's own number, where a service had it.
    pub take_mine: bool,
    /// These services, or all.
    pub services: Vec<String>,
}

/// What `snapshot` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotDo {
    Write,
    Check,
    Diff,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotFormat {
    #[default]
    Human,
    Markdown,
    Json,
    Sarif,
    Github,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotOptions {
    pub action: SnapshotDo,
    pub format: SnapshotFormat,
    pub file: Option<PathBuf>,
    /// The commit to compare with, instead of the snapshot that is there.
    pub against: Option<String>,
}

impl SnapshotOptions {
    pub(super) fn new(action: SnapshotDo, flags: &Flags) -> Self {
        let format = match flags.last("format") {
            Some("markdown") => SnapshotFormat::Markdown,
            Some("json") => SnapshotFormat::Json,
            Some("sarif") => SnapshotFormat::Sarif,
            Some("github") => SnapshotFormat::Github,
            _ => SnapshotFormat::Human,
        };
        Self {
            action,
            format,
            file: flags.last("snapshot").map(PathBuf::from),
            against: flags.last("against").map(str::to_owned),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoisOptions {
    pub json: bool,
    /// Numbers, paths, names of containers.
    pub asked: Vec<String>,
}

impl WhoisOptions {
    pub(super) fn new(flags: &Flags, asked: Vec<String>) -> Self {
        Self { json: flags.value("format") == "json", asked }
    }
}

/// What `overlays` is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlays {
    List,
    Show(String),
    /// The files named, or all that the policy names.
    Pin(Vec<PathBuf>),
    Seal(SealOptions),
}

/// What proves to `overlays seal` that a text is whole, and where the sealed text goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealOptions {
    /// The files to close where they are; standard input when empty.
    pub files: Vec<PathBuf>,
    /// The command that prints the text.
    pub cmd: Option<String>,
    /// The number of lines that the text must have.
    pub lines: Option<usize>,
    /// Where the text goes; standard output when absent.
    pub output: Option<PathBuf>,
    /// The text is a list of files, not an overlay.
    pub list: bool,
}

impl SealOptions {
    pub(super) fn new(flags: &Flags, files: Vec<PathBuf>) -> Self {
        Self {
            files,
            cmd: flags.last("cmd").map(str::to_owned),
            lines: flags
                .last("lines")
                .and_then(super::flags::whole_number)
                .and_then(|n| usize::try_from(n).ok()),
            output: flags.last("output").map(PathBuf::from),
            list: flags.on("list"),
        }
    }
}
