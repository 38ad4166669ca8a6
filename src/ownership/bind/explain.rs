//! What is wrong with a bind source, in words.

use std::path::Path;

use crate::diagnostic::{Code, Finding};
use crate::host::{Kind, Owner};
use crate::ownership::command;
use crate::ownership::kind::KindFrom;
use crate::ownership::root::{Standing, of_missing};
use crate::ownership::text::without_value;
use crate::project::Environment;

use super::Role;
use super::mounts::{Mount, Source};

/// One source of one service, to be spoken of.
#[derive(Clone, Copy)]
pub(super) struct Say<'a> {
    pub service: &'a str,
    pub mount: &'a Mount,
    pub source: &'a Source,
    /// The project's directory: what lies in it is shown from there.
    pub directory: &'a Path,
    /// Whether a policy is in force.
    pub strict: bool,
    /// Whether it refuses what Compose would run: it does more than look on.
    pub refuses: bool,
}

impl Say<'_> {
    /// What the engine would certainly fail at: refused with a policy and without.
    fn certain(&self, code: Code, message: String, label: &str) -> Finding {
        Finding::error(code, message).at_origin(self.mount.origin, label)
    }

    /// A finding about a service that Compose would run: an error under a policy, a warning under `observe` and without one.
    pub fn judged(&self, code: Code, message: String, label: &str) -> Finding {
        let finding =
            if self.refuses { Finding::error(code, message) } else { Finding::warning(code, message) };
        finding.at_origin(self.mount.origin, label)
    }

    /// As people would write it.
    pub fn path(&self) -> String {
        shown(&self.source.path, self.directory)
    }

    /// "the bind source ./data of service `a`", "the secret `s` of service `a`".
    pub fn what(&self) -> String {
        let (path, service) = (self.path(), self.service);
        let name = self.source.name.as_deref().unwrap_or_default();
        match self.source.role {
            Role::Bind | Role::MountPoint => format!("the bind source {path} of service `{service}`"),
            Role::Volume => format!("the directory {path} behind volume `{name}` of service `{service}`"),
            Role::Secret => format!("the file {path} of secret `{name}` of service `{service}`"),
            Role::Config => format!("the file {path} of config `{name}` of service `{service}`"),
        }
    }

    pub fn never_created(&self) -> Finding {
        let message = format!("{} does not exist", self.what());
        let help = match self.source.role {
            Role::Bind | Role::MountPoint => {
                "Create it. With `create_host_path: false`, or a `bind:` mapping that does not say `true`, \
                 neither the engine nor seaworthy makes it."
            }
            Role::Volume => {
                "Create the directory: the engine never makes the device of a volume. With a policy, \
                 seaworthy does, below its roots."
            }
            Role::Secret | Role::Config => "Create the file, or correct the path.",
        };
        self.certain(Code::BindMissing, message, "no such file or directory").help(help)
    }

    pub fn dangling(&self, link: &Path) -> Finding {
        let message = format!("{} cannot be reached: the link {} leads nowhere", self.what(), link.display());
        self.certain(Code::BindMissing, message, "behind a dangling link")
            .help("Correct the link, or name what it should point to.")
    }

    pub fn in_the_way(&self, way: &Path, kind: Kind) -> Finding {
        let message = format!(
            "{} cannot exist: {} is {}, not a directory",
            self.what(),
            way.display(),
            kind.describe()
        );
        self.certain(Code::BindKind, message, "something else is in the way")
            .help("Correct the path, or move away what is in the way.")
    }

    /// One kind cannot be mounted over the other.
    pub fn kinds_differ(&self, kind: Kind, image: Kind) -> Finding {
        let message = format!(
            "{} is {}, but the image has {} at {}",
            self.what(),
            kind.describe(),
            image.describe(),
            self.mount.target.display()
        );
        self.certain(Code::BindKind, message, "the engine cannot mount one over the other")
            .help("Correct the source or the target.")
    }

    /// A directory where the policy declares a file, or the other way round.
    pub fn not_as_declared(&self, kind: Kind, declared: Kind, is_leftover: bool) -> Finding {
        let message = format!(
            "{} is {}, but binds.create declares {}",
            self.what(),
            kind.describe(),
            declared.describe()
        );
        self.judged(Code::BindKind, message, "not as declared").help(if is_leftover {
            format!("The engine made it when the file was missing. Remove it: sudo rmdir {}", self.quoted())
        } else {
            "Correct the declaration, or move it away.".to_owned()
        })
    }

    /// An empty directory of root where the name says that a file was meant.
    pub fn leftover(&self) -> Finding {
        let message =
            format!("{} is an empty directory of root, but its name is that of a file", self.what());
        Finding::warning(Code::BindKind, message)
            .at_origin(self.mount.origin, "probably made by the engine when the file was missing")
            .help(format!("Remove it (sudo rmdir {}), then create the file.", self.quoted()))
    }

    /// A missing file: the engine would make a directory of it.
    pub fn missing_file(&self, from: KindFrom, image_has_file: bool) -> Finding {
        let message =
            format!("{} does not exist; it should be a file, since {}", self.what(), from.describe());
        if image_has_file || self.refuses {
            return self.certain(Code::BindMissing, message, "the engine would make a directory of it").help(
                format!(
                    "Create it, or declare it: binds: {{create: [{{path: {}, kind: file}}]}}",
                    self.path()
                ),
            );
        }
        Finding::warning(Code::BindMissing, message)
            .at_origin(self.mount.origin, "becomes a directory")
            .help("As Compose does, a directory takes its place. Create the file before the launch.")
    }

    /// The socket of an engine that nobody reaches.
    pub fn engine_to_come(&self) -> Finding {
        Finding::warning(Code::BindMissing, format!("{} does not exist, and no engine answers", self.what()))
            .at_origin(self.mount.origin, "the socket of an engine")
            .help("Start the engine, which makes it.")
    }

    pub fn missing_special(&self, kind: Kind) -> Finding {
        let message = format!("{} does not exist; it should be {}", self.what(), kind.describe());
        self.judged(Code::BindMissing, message, "the engine would make a directory of it")
            .help("Start what makes it first. Only files and directories are ever created.")
    }

    /// Missing, and directly in the host's root directory.
    pub fn at_host_root(&self, environment: &Environment) -> Finding {
        let unset = without_value(&self.source.written, environment);
        let begins_unset = self.source.written.starts_with('$');
        let reason = match unset.first().filter(|_| begins_unset) {
            Some(name) => format!("; the path begins with ${{{name}}}, which has no value"),
            None => String::new(),
        };
        let message = format!("{} would be created in the host's root directory{reason}", self.what());
        let help = match unset.first().filter(|_| begins_unset) {
            Some(name) => format!("Set {name}, or write ${{{name}:?}} so that Compose refuses without it."),
            None => "Correct the path, or create the directory yourself.".to_owned(),
        };
        self.judged(Code::BindMissing, message, "does not exist").help(help)
    }

    pub fn outside(&self, standing: &Standing, owner: Option<Owner>, mode: u32) -> Finding {
        let why = match standing {
            Standing::BehindLink(link) => {
                format!("is behind the link {}, which leads out of the roots", link.display())
            }
            Standing::BelowUnmade(root) => {
                format!(
                    "lies below the root {}, whose parent directory does not exist either",
                    root.display()
                )
            }
            _ if self.strict => "lies outside the roots".to_owned(),
            _ => "lies outside the project".to_owned(),
        };
        let message = format!("{} does not exist and {why}", self.what());
        let label = if self.strict { "not created here" } else { "the engine creates it as root" };
        let owner = owner.unwrap_or_else(Owner::current);
        let command = command::make(&self.source.path, Kind::Directory, owner, mode);
        let help = match (standing, of_missing(&self.source.path)) {
            _ if !self.strict => format!("Create it beforehand with the right owner: {command}"),
            // What is a root already is created, and no more of it is said.
            (Standing::BelowUnmade(root), Some(above)) => format!(
                "Create the root: {}, or make {above} the root, as in `binds: {{roots: [., {above}]}}`: then both \
                 are created.",
                command::make(root, Kind::Directory, Owner::current(), 0o755),
                above = above.display()
            ),
            (_, above) => {
                let root = above.unwrap_or_else(|| self.source.path.clone());
                let root = root.display();
                format!(
                    "Add {root} to the roots, as in `binds: {{roots: [., {root}]}}`, or create it yourself: {command}"
                )
            }
        };
        self.judged(Code::BindOutside, message, label).help(help)
    }

    /// Under a root, but this process may not make it.
    pub fn may_not_make(&self, why: &str, owner: Owner, mode: u32, kind: Kind) -> Finding {
        let message = format!("{} does not exist and cannot be created from here: {why}", self.what());
        let label = if self.strict { "missing" } else { "the engine creates it as root" };
        self.judged(Code::BindOwner, message, label)
            .help(format!("Create it once: {}", command::make(&self.source.path, kind, owner, mode)))
    }

    /// The engine fills an empty directory and gives it away.
    pub fn copied_up(&self) -> Finding {
        let message = format!(
            "{} is empty, so the engine would fill it from the image and give it to the owner there",
            self.what()
        );
        self.judged(Code::BindOwner, message, "filled at the first launch")
            .help("Write `nocopy: true` under `volume:` in the mount, or use a bind mount instead.")
    }

    fn quoted(&self) -> String {
        command::quoted(&self.source.path)
    }
}

/// What follows where nothing is made or started.
pub(super) fn left_running(help: Option<&str>) -> String {
    let later =
        "Its container runs and is left as it is; one that is made or started without it would be refused.";
    help.map_or_else(|| later.to_owned(), |help| format!("{later} {help}"))
}

/// A path below the project's directory from there, any other one in full.
pub(super) fn shown(path: &Path, directory: &Path) -> String {
    match path.strip_prefix(directory) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => format!("./{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// The engine's map of users has nobody for the service's user.
pub(super) fn unmapped(service: &str, reason: &str) -> Finding {
    Finding::error(Code::UserInvalid, format!("service `{service}` cannot start: {reason}"))
        .help("Choose a user within the engine's range (docker info, /etc/subuid).")
}
