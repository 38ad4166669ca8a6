//! Where policies are: the host's own, and the project's.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Sink};
use crate::host::{ReadError, read_found};
use crate::project::list::{Expected, beside, rows};
use crate::project::{Inputs, Project};
use crate::source::FileId;

use super::date::Date;
use super::file::{self, PolicyFile};
use super::overlay::Kind;
use super::{Policy, Rank, gc, layer};

/// The project's policy, beside its base file.
pub const FILE_NAME: &str = "seaworthy.yaml";

/// A name that looks like it and is not read.
const NEARLY: &str = "seaworthy.yml";

/// The host's policy.
pub const SYSTEM_PATH: &str = "/etc/seaworthy/policy.yaml";

/// A policy larger than this is not one.
const LARGEST: u64 = 16 << 20;

/// What the command line and the process say about the policy.
#[derive(Clone, Debug)]
pub struct Given {
    /// `--policy` or `SEAWORTHY_POLICY`; absolute.
    pub path: Option<PathBuf>,
    /// Where the host's policy is looked for.
    pub system: PathBuf,
    /// To whom the host's policy must belong.
    pub system_owner: u32,
    /// The day by which waivers expire.
    pub today: Date,
}

impl Default for Given {
    fn default() -> Self {
        Self { path: None, system: PathBuf::from(SYSTEM_PATH), system_owner: 0, today: Date::today() }
    }
}

/// The policy in force: the host's and the project's as one. `Some(None)` where there is neither,
/// `None` where the sink got errors.
pub fn find(
    project: &Project,
    given: &Given,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Option<Policy>> {
    // Both are read before anything is said to be wrong, so that everything is said at once.
    let system = find_system(project, given, inputs, sink);
    let own = find_own(project, given, inputs, sink);
    match (system.ok()?, own.ok()?) {
        (None, None) => Some(None),
        (system, own) => {
            let policy = layer::combine(system, own, given.today, home(project), inputs, sink)?;
            trust_overlays(&policy, given.system_owner, sink)?;
            gc::check(&policy.gc, &policy.binds, project, sink).then_some(Some(policy))
        }
    }
}

fn home(project: &Project) -> Option<&Path> {
    project.environment.get("HOME").map(Path::new)
}

/// The host's policy alone. `Some(None)` where there is none, `None` where the sink got errors.
pub fn of_host(
    project: &Project,
    given: &Given,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Option<Policy>> {
    match find_system(project, given, inputs, sink).ok()? {
        None => Some(None),
        system => layer::combine(system, None, given.today, home(project), inputs, sink).map(Some),
    }
}

/// Refuses an overlay of the host that others can write or replace, unless it is pinned.
fn trust_overlays(policy: &Policy, owner: u32, sink: &mut Sink) -> Option<()> {
    let before = sink.findings().len();
    for wanted in &policy.overlays {
        let Kind::File { path, shown } = &wanted.kind else { continue };
        if wanted.rank != Rank::System || wanted.pin.is_some() {
            continue;
        }
        let Some(reason) = writable_by_others(path, owner) else { continue };
        sink.push(
            Finding::error(Code::PolicyUntrusted, format!("the host's overlay {shown} is not root's alone: {reason}"))
                .at_origin(wanted.origin, "demanded here")
                .help("Give it and its directories to root (`chown root:root`, `chmod go-w`), or pin it with `sha256:`."),
        );
    }
    (sink.findings().len() == before).then_some(())
}

/// Who besides `owner` and root can change a file, or what lies at its path.
fn writable_by_others(path: &Path, owner: u32) -> Option<String> {
    let real = super::rules::real(path);
    let places = path.ancestors().chain(real.ancestors());
    places.into_iter().find_map(|place| {
        let found = place.symlink_metadata().ok()?;
        let is_others = found.uid() != owner && found.uid() != 0;
        // In a directory with the sticky bit others cannot replace what is not theirs.
        let is_open = found.mode() & 0o022 != 0 && !(found.is_dir() && found.mode() & 0o1000 != 0);
        let shown = place.display();
        if is_others {
            Some(format!("{shown} belongs to user {}", found.uid()))
        } else if is_open && !found.is_symlink() {
            Some(format!("{shown} can be written by others (mode {:04o})", found.mode() & 0o7777))
        } else {
            None
        }
    })
}

/// The sink says why.
struct Refused;

/// Something that need not be there.
type Found<T> = Result<Option<T>, Refused>;

fn find_system(project: &Project, given: &Given, inputs: &mut Inputs, sink: &mut Sink) -> Found<PolicyFile> {
    let path = &given.system;
    let name = path.display().to_string();
    let content = match read_found(path, LARGEST) {
        Ok(content) => content,
        Err(ReadError::Missing(_)) if path.symlink_metadata().is_err() => return Ok(None),
        Err(error) => {
            sink.push(
                Finding::error(Code::InputUnreadable, format!("the system policy cannot be read: {error}"))
                    .help("It applies to everyone on this host, so nothing is launched without it."),
            );
            return Err(Refused);
        }
    };
    let metadata = content.metadata;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let untrusted = |message: String| {
        Finding::error(Code::PolicyUntrusted, message)
            .help(format!("Run `chown root:root` and `chmod go-w` on {} and {name}.", directory.display()))
    };
    let before = sink.findings().len();
    if metadata.uid != given.system_owner {
        sink.push(untrusted(format!("the system policy {name} belongs to user {}", metadata.uid)));
    }
    if metadata.mode & 0o022 != 0 {
        sink.push(untrusted(format!(
            "the system policy {name} can be written by others (mode {:04o})",
            metadata.mode
        )));
    }
    // Who may write the directory may put another file in its place, or take it away.
    match directory.metadata() {
        Ok(parent) if parent.uid() != given.system_owner || parent.mode() & 0o022 != 0 => {
            sink.push(untrusted(format!(
                "the directory of the system policy, {}, is not root's alone (user {}, mode {:04o})",
                directory.display(),
                parent.uid(),
                parent.mode() & 0o7777
            )));
        }
        Ok(_) => {}
        Err(error) => sink.push(untrusted(format!("{}: {error}", directory.display()))),
    }
    let Ok(text) = String::from_utf8(content.bytes) else {
        sink.push(Finding::error(Code::InputNotUtf8, format!("{name} is not valid UTF-8")));
        return Err(Refused);
    };
    if sink.findings().len() > before {
        return Err(Refused);
    }
    let file = inputs.add(&name, path, &text);
    file::parse(file, path, Rank::System, project, inputs, sink).map(Some).ok_or(Refused)
}

fn find_own(project: &Project, given: &Given, inputs: &mut Inputs, sink: &mut Sink) -> Found<PolicyFile> {
    let path = match &given.path {
        Some(path) if path.as_os_str().is_empty() => {
            sink.push(
                Finding::error(Code::Usage, "the policy's path is empty")
                    .help("Name a file with --policy, or unset SEAWORTHY_POLICY."),
            );
            return Err(Refused);
        }
        Some(path) => path.clone(),
        None => match beside_base(project, sink)? {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let name = path.strip_prefix(&project.directory).unwrap_or(&path).display().to_string();
    let is_named = given.path.is_some();
    let read = if is_named { inputs.read(&path, &name) } else { inputs.read_found(&path, &name) };
    let file: FileId = match read {
        Ok(file) => file,
        Err(finding) => {
            sink.push(
                Finding::error(finding.code, format!("the policy cannot be read: {}", finding.message))
                    .help("Without the policy that was asked for, nothing is launched."),
            );
            return Err(Refused);
        }
    };
    file::parse(file, &path, Rank::Project, project, inputs, sink).map(Some).ok_or(Refused)
}

/// The directory of the base file; the project's where that is a stream.
fn base_directory(project: &Project) -> &Path {
    let stream = |path: &Path| ["-", "/dev", "/proc"].iter().any(|place| path.starts_with(place));
    let base = project.paths.first().filter(|path| !stream(path));
    base.and_then(|path| path.parent()).unwrap_or_else(|| project.home())
}

/// Where a policy of the project's own belongs: beside its base file.
pub fn place(project: &Project) -> PathBuf {
    base_directory(project).join(FILE_NAME)
}

/// The policy beside the base file, where there is one.
fn beside_base(project: &Project, sink: &mut Sink) -> Found<PathBuf> {
    let directory = base_directory(project);
    let candidates = candidates(project, directory);
    if let Some(nearly) = candidates.iter().find(|path| path.ends_with(NEARLY)) {
        sink.push(
            Finding::error(Code::PolicySyntax, format!("{} is not read", nearly.display()))
                .help(format!("Rename it to {FILE_NAME}: a policy that is not read protects nothing.")),
        );
        return Err(Refused);
    }
    let first = || rows(project).into_iter().next().unwrap_or_default().name;
    let finding = match candidates.as_slice() {
        [] => return Ok(None),
        [policy] if policy.parent().is_some_and(|place| directory.starts_with(place)) => {
            return Ok(Some(policy.clone()));
        }
        [policy] => Finding::error(
            Code::FileListInvalid,
            format!("the list of files starts with {}, but {} lies elsewhere", first(), policy.display()),
        )
        .help(format!(
            "A list that lost its beginning looks like this. Name the base first, or name the policy with \
             --policy.\n{}",
            beside(&rows(project), &Expected::Unknown, &project.cwd)
        )),
        several => {
            let shown: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            Finding::error(
                Code::FileListInvalid,
                format!("more than one policy could apply to {}: {}", first(), shown.join(", ")),
            )
            .help("Name the one that applies with --policy or SEAWORTHY_POLICY.")
        }
    };
    sink.push(finding);
    Err(Refused)
}

/// Every policy beside or above the first file, the project, the caller and the other files, each once. No file and
/// no variable can lead away from one of them, since all are looked for wherever the first file is.
fn candidates(project: &Project, directory: &Path) -> Vec<PathBuf> {
    let others = project.paths.iter().skip(1).filter_map(|path| path.parent());
    let places = [directory, project.home(), project.cwd.as_path()].into_iter().chain(others);
    // A file of variables may not say where the search ends.
    let home = project.environment.get("HOME").filter(|_| !project.from_env_files.contains_key("HOME"));
    let home = home.map(Path::new);
    let mut found: Vec<PathBuf> = Vec::new();
    let mut seen = HashSet::new();
    for place in places.filter(|place| place.is_absolute()) {
        for place in line(place, home) {
            for path in [FILE_NAME, NEARLY].map(|name| place.join(name)) {
                // Present is what has a name, even where it leads nowhere: that is an error, not an absence.
                if let Ok(metadata) = path.symlink_metadata()
                    && seen.insert((metadata.dev(), metadata.ino()))
                {
                    found.push(path);
                }
            }
        }
    }
    found
}

/// A directory and those above it, up to the top of a checkout, the caller's home or the root.
fn line<'p>(place: &'p Path, home: Option<&'p Path>) -> impl Iterator<Item = &'p Path> {
    let mut is_over = false;
    place.ancestors().take_while(move |place| {
        let goes_on = !is_over;
        is_over = Some(*place) == home || place.join(".git").symlink_metadata().is_ok();
        goes_on
    })
}
