//! What lies in a directory that a service reads: a drop-in directory serves only with all of its files.

use std::collections::VecDeque;
use std::fs::{read_dir, symlink_metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::host::access::{self, Access, Verdict};
use crate::host::{Credentials, FileSystem, Owner};
use crate::ownership::command::quoted;

use super::Role;
use super::explain::Say;
use super::look::Seen;
use super::whom::Whom;

/// How much of a directory is looked at.
const LOOKED_AT: usize = 20_000;

/// How many of what is closed are named.
const NAMED: usize = 3;

/// The entries of a directory, as far as they were looked at.
#[derive(Default)]
struct Look {
    closed: Vec<(PathBuf, Owner, u32)>,
    /// Why not all of it was seen, if so.
    unseen: Option<String>,
}

/// What in a directory that is mounted read-only its service cannot read. In one of configuration files that is refused
/// with a policy: a program that finds a file closed often goes on without it.
pub(super) fn judge(say: &Say<'_>, whom: &Whom, seen: &Seen) -> Option<Finding> {
    let is_judged = say.mount.read_only && matches!(say.source.role, Role::Bind | Role::Volume);
    let holds_configuration = is_configuration(&say.mount.target) || is_configuration(&say.source.path);
    if !is_judged || !holds_configuration && !say.strict {
        return None;
    }
    let who = whom.credentials()?;
    if FileSystem::of(&seen.real).map_or(true, |system| system.is_foreign()) {
        return None;
    }
    let look = look(&seen.real, &who, whom);
    let Some((first, ..)) = look.closed.first() else {
        let reason = look.unseen.filter(|_| holds_configuration)?;
        let message = format!(
            "whether service `{}` can read all of {} is not known: {reason}",
            say.service,
            say.path()
        );
        return Some(
            Finding::warning(Code::BindAccess, message)
                .at_origin(say.mount.origin, "mounted here")
                .help("See that its user may read every file in it."),
        );
    };
    let list: Vec<String> = look
        .closed
        .iter()
        .take(NAMED)
        .map(|(path, owner, mode)| format!("{} ({mode:04o} of {owner})", path.display()))
        .collect();
    let more = match look.closed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "service `{}` runs as {} and cannot read all that is in {}: {}{more}",
        say.service,
        super::usable::user(whom),
        say.path(),
        list.join(", "),
    );
    let finding = if holds_configuration {
        say.judged(Code::BindAccess, message, "mounted here")
    } else {
        Finding::warning(Code::BindAccess, message).at_origin(say.mount.origin, "mounted here")
    };
    let (recursive, path) = match look.closed.len() {
        1 => ("", seen.real.join(first)),
        _ => ("-R ", seen.real.clone()),
    };
    Some(finding.help(format!("Let that user read it: chmod {recursive}o+rX {}", quoted(&path))))
}

/// `conf.d`, `config`, and whatever programs find below `/etc`.
fn is_configuration(path: &Path) -> bool {
    const NAMES: [&str; 5] = ["conf", "config", "configs", "configuration", "cfg"];
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_in_etc = path.components().any(|part| part.as_os_str() == "etc");
    is_in_etc || name.strip_suffix(".d").is_some() || NAMES.contains(&name.as_str())
}

/// Goes through it as far as it is one file system; links are somebody else's affair.
fn look(real: &Path, who: &Credentials, whom: &Whom) -> Look {
    let mut look = Look::default();
    let device = symlink_metadata(real).map(|metadata| metadata.dev()).ok();
    let mut waiting = VecDeque::from([PathBuf::new()]);
    let mut count = 0;
    while let Some(directory) = waiting.pop_front() {
        let entries = match read_dir(real.join(&directory)) {
            Ok(entries) => entries,
            Err(error) => {
                look.unseen.get_or_insert(format!("{}: {error}", real.join(&directory).display()));
                continue;
            }
        };
        let mut names: Vec<PathBuf> =
            entries.flatten().map(|entry| directory.join(entry.file_name())).collect();
        names.sort();
        for relative in names {
            count += 1;
            if count > LOOKED_AT {
                look.unseen.get_or_insert(format!("it has more than {LOOKED_AT} entries"));
                return look;
            }
            // The entry was removed meanwhile.
            let Ok(metadata) = symlink_metadata(real.join(&relative)) else { continue };
            let wanted = match metadata.file_type() {
                kind if kind.is_dir() => Access { write: false, ..Access::USE_DIRECTORY },
                kind if kind.is_file() => Access::READ,
                _ => continue,
            };
            if Some(metadata.dev()) != device {
                continue;
            }
            let (owner, mode) = (Owner::new(metadata.uid(), metadata.gid()), metadata.mode() & 0o7777);
            if is_closed(&real.join(&relative), who, wanted) && !whom.passes_over(owner) {
                look.closed.push((relative, owner, mode));
            } else if metadata.is_dir() {
                waiting.push_back(relative);
            }
        }
    }
    look
}

/// An entry that was removed meanwhile keeps nobody out.
fn is_closed(path: &Path, who: &Credentials, wanted: Access) -> bool {
    matches!(access::check_below(path, Path::new(""), who, wanted), Ok(Verdict::Blocked(_)))
}
