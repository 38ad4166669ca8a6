//! What lies in a directory that a service reads: a drop-in directory serves only with all of its files.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

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
    let look = match FileSystem::of(&seen.real) {
        // On a file server modes do not say who may read.
        Ok(system) if system.is_foreign() => return None,
        Ok(_) => look(&seen.real, &who, whom),
        Err(error) => Look { unseen: Some(error.to_string()), ..Look::default() },
    };
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
    let walk = WalkDir::new(real).min_depth(1).same_file_system(true).sort_by_file_name();
    let mut entries = walk.into_iter();
    let mut count = 0;
    while let Some(entry) = entries.next() {
        count += 1;
        if count > LOOKED_AT {
            look.unseen.get_or_insert(format!("it has more than {LOOKED_AT} entries"));
            return look;
        }
        let judged = entry.map_err(io::Error::from).and_then(|entry| {
            let kind = entry.file_type();
            let wanted = match () {
                () if kind.is_dir() => Access { write: false, ..Access::USE_DIRECTORY },
                () if kind.is_file() => Access::READ,
                () => return Ok(None),
            };
            let metadata = entry.path().symlink_metadata()?;
            let (owner, mode) = (Owner::new(metadata.uid(), metadata.gid()), metadata.mode() & 0o7777);
            let verdict = access::check_below(entry.path(), Path::new(""), who, wanted)?;
            let is_closed = matches!(verdict, Verdict::Blocked(_)) && !whom.passes_over(owner);
            let relative = entry.path().strip_prefix(real).unwrap_or(entry.path()).to_owned();
            Ok(is_closed.then_some((relative, owner, mode, kind.is_dir())))
        });
        match judged {
            Ok(None) => {}
            Ok(Some((relative, owner, mode, is_directory))) => {
                look.closed.push((relative, owner, mode));
                if is_directory {
                    entries.skip_current_dir();
                }
            }
            // The entry was removed meanwhile, and keeps nobody out.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                look.unseen.get_or_insert(error.to_string());
            }
        }
    }
    look
}
