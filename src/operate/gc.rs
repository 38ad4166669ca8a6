//! Removes directories under declared patterns whose container is certainly gone.
//!
//! What is not known is in use. A directory is looked at, the engine is asked, the directory gets another
//! name, the engine is asked again, and only then is it removed, through its descriptor: a container that
//! took it up meanwhile gets it back.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::engine::Answer;
use crate::host::mounts::mounts;
use crate::host::pattern::matches;
use crate::host::remove::changed_within;
use crate::host::{Dir, DirError, Entry, Kind, idmap};
use crate::ownership::lock::repair::MOUNTS;
use crate::policy::gc::Sweep;

use super::uses::{Use, Wanted, is_mounted_in};

/// In front of the name of a directory that is about to be removed. Patterns do not match it.
const ASIDE: &[u8] = b".seaworthy-gc.";

/// What is swept, and what is never.
pub struct Order<'o> {
    pub sweeps: &'o [Sweep],
    /// Below them, and through no link, is whatever is swept.
    pub roots: &'o [PathBuf],
    /// Files and directories that keep what they are in, and what is in them, with the reason.
    pub kept: &'o [(PathBuf, &'static str)],
    pub dry_run: bool,
}

/// What became of one directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Removed,
    /// By a dry run.
    WouldRemove,
    Kept,
    /// It could not be removed, or not be looked at.
    Failed,
}

#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub path: PathBuf,
    pub outcome: Outcome,
    pub reason: String,
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: u32,
    pub dry_run: bool,
    /// Why nothing is removed, where it is not known which containers there are.
    pub unknown: Option<String>,
    pub directories: Vec<Line>,
    /// Id-mapped mounts that no container has.
    pub mounts: Vec<Line>,
}

struct Candidate {
    directory: Dir,
    name: OsString,
    real: PathBuf,
    root: PathBuf,
    entry: Entry,
    age: Duration,
}

/// Does it. `ask` is asked twice.
pub fn sweep(order: &Order<'_>, ask: &dyn Fn() -> Answer<Vec<Use>>) -> Report {
    let mut report = Report {
        version: 1,
        dry_run: order.dry_run,
        unknown: None,
        directories: Vec::new(),
        mounts: Vec::new(),
    };
    let mut locks = Vec::new();
    let mut found = Vec::new();
    for one in order.sweeps {
        find(one, order, &mut found, &mut locks, &mut report.directories);
    }
    found.retain(|candidate| match reason_to_keep(candidate, order) {
        Ok(None) => true,
        Ok(Some(reason)) => {
            report.directories.push(candidate.line(Outcome::Kept, reason));
            false
        }
        Err(reason) => {
            report.directories.push(candidate.line(Outcome::Failed, reason));
            false
        }
    });
    match ask() {
        Answer::Unknown(reason) => {
            let all = found.iter().map(|candidate| candidate.line(Outcome::Kept, UNKNOWN.to_owned()));
            report.directories.extend(all);
            report.unknown = Some(reason);
        }
        Answer::Known(uses) => {
            remove(found, &uses, order, ask, &mut report);
            sweep_mounts(&uses, order, &mut report.mounts);
        }
    }
    report.directories.sort_by(|a, b| a.path.cmp(&b.path));
    report
}

const UNKNOWN: &str = "it is not known which containers there are";

impl Candidate {
    fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    fn line(&self, outcome: Outcome, reason: impl Into<String>) -> Line {
        Line { path: self.path(), outcome, reason: reason.into() }
    }

    fn aside(&self) -> OsString {
        OsString::from_vec([ASIDE, self.name.as_bytes()].concat())
    }

    fn user<'u>(&self, uses: &'u [Use]) -> Option<&'u Use> {
        let path = self.path();
        let identity = (self.entry.stat.dev, self.entry.stat.ino);
        let wanted = Wanted::new(&path, &self.real, identity, &self.root);
        uses.iter().find(|one| wanted.is_had_by(one))
    }
}

fn has(one: &Use) -> String {
    let state = serde_json::to_value(&one.state).ok();
    let state = state.as_ref().and_then(|state| state.as_str()).unwrap_or("in an unknown state");
    format!("container {} ({state}) has {}", one.container, one.path.display())
}

/// The directories that an entry of the policy names, held open.
fn find(
    sweep: &Sweep,
    order: &Order<'_>,
    found: &mut Vec<Candidate>,
    locks: &mut Vec<OwnedFd>,
    lines: &mut Vec<Line>,
) {
    let (plain, patterns) = sweep.parts();
    let root =
        order.roots.iter().filter(|root| plain.starts_with(root)).max_by_key(|root| root.as_os_str().len());
    // The host's own entries are not bound to the project's roots.
    let root = root.cloned().unwrap_or_else(|| plain.clone());
    let mut failed = |path: &Path, reason: String| {
        lines.push(Line { path: path.to_owned(), outcome: Outcome::Failed, reason });
    };
    let below = plain.strip_prefix(&root).unwrap_or(Path::new(""));
    let mut directories = match Dir::open(&root).and_then(|root| root.enter(below)) {
        Ok(directory) => vec![directory],
        Err(DirError::Missing(_)) => return,
        Err(error) => return failed(&plain, error.to_string()),
    };
    let Some((last, above)) = patterns.split_last() else { return };
    for pattern in above {
        let mut next = Vec::new();
        for directory in &directories {
            let names = match directory.names_in() {
                Ok(names) => fitting(names, pattern),
                Err(error) => {
                    failed(directory.path(), error.to_string());
                    continue;
                }
            };
            for name in names {
                match directory.find(Path::new(&name)) {
                    Ok(Some(entry)) if entry.stat.kind == Kind::Directory => next.extend(entry.into_dir()),
                    Ok(_) => {}
                    Err(error) => failed(&directory.path().join(&name), error.to_string()),
                }
            }
        }
        directories = next;
    }
    for directory in directories {
        let Ok(real) = directory.path().canonicalize() else { continue };
        if !order.dry_run {
            match directory.alone() {
                Ok(Some(lock)) => locks.push(lock),
                // Ours, for another entry of the policy, or another process's.
                Ok(None) if found.iter().any(|one| one.directory.path() == directory.path()) => {}
                Ok(None) => {
                    failed(directory.path(), "another process sweeps it".to_owned());
                    continue;
                }
                Err(error) => {
                    failed(directory.path(), error.to_string());
                    continue;
                }
            }
            if let Err(error) = restore(&directory) {
                failed(directory.path(), error.to_string());
            }
        }
        let names = match directory.names_in() {
            Ok(names) => fitting(names, last),
            Err(error) => {
                failed(directory.path(), error.to_string());
                continue;
            }
        };
        for name in names {
            let path = directory.path().join(&name);
            let known = found.iter_mut().find(|one| one.path() == path);
            if let Some(known) = known {
                // The most careful of several entries counts.
                known.age = known.age.max(sweep.older_than.value);
                continue;
            }
            let held =
                directory.find(Path::new(&name)).and_then(|entry| Ok((entry, Dir::open(directory.path())?)));
            match held {
                Ok((Some(entry), directory)) => found.push(Candidate {
                    directory,
                    real: real.join(&name),
                    root: root.canonicalize().unwrap_or_else(|_| root.clone()),
                    name,
                    entry,
                    age: sweep.older_than.value,
                }),
                Ok((None, _)) => {}
                Err(error) => failed(&path, error.to_string()),
            }
        }
    }
}

/// The names that a pattern means: hidden ones only where it says so, as a shell has it.
fn fitting(names: Vec<OsString>, pattern: &Path) -> Vec<OsString> {
    let pattern = pattern.as_os_str().as_bytes();
    let fits = |name: &OsString| {
        let name = name.as_bytes();
        let is_seen = !name.starts_with(b".") || pattern.starts_with(b".");
        is_seen && !name.starts_with(ASIDE) && matches(pattern, name)
    };
    names.into_iter().filter(fits).collect()
}

/// Gives the name back to what an interrupted run had moved aside; it is judged anew.
fn restore(directory: &Dir) -> Result<(), DirError> {
    for name in directory.names_in()? {
        if let Some(own) = name.as_bytes().strip_prefix(ASIDE).filter(|own| !own.is_empty()) {
            directory.rename(&name, OsStr::from_bytes(own))?;
        }
    }
    Ok(())
}

/// Why a directory stays whatever the engine says; the error is why that is not known.
fn reason_to_keep(candidate: &Candidate, order: &Order<'_>) -> Result<Option<String>, String> {
    if candidate.entry.stat.kind != Kind::Directory {
        return Ok(Some(format!("it is {}, not a directory", candidate.entry.stat.kind.describe())));
    }
    let real = &candidate.real;
    let path = candidate.path();
    let meets = |kept: &Path| {
        [real.as_path(), &path].iter().any(|own| kept.starts_with(own) || own.starts_with(kept))
    };
    // What is kept has to be told from the directory that it is in.
    for (kept, reason) in order.kept {
        let resolved = kept.canonicalize().ok();
        if meets(kept) || resolved.as_deref().is_some_and(meets) {
            return Ok(Some(format!("{} {reason}", kept.display())));
        }
    }
    if is_mounted_in(real).map_err(|error| format!("the mounts of this machine are not known: {error}"))? {
        return Ok(Some("something is mounted in it".to_owned()));
    }
    match changed_within(&candidate.entry, candidate.age) {
        Ok(true) if !candidate.age.is_zero() => {
            let age = i64::try_from(candidate.age.as_nanos()).unwrap_or(i64::MAX);
            let age = crate::compose::short::duration::format(age);
            Ok(Some(format!("something in it changed within the last {age}")))
        }
        Ok(_) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn remove(
    found: Vec<Candidate>,
    uses: &[Use],
    order: &Order<'_>,
    ask: &dyn Fn() -> Answer<Vec<Use>>,
    report: &mut Report,
) {
    let mut aside = Vec::new();
    for candidate in found {
        if let Some(one) = candidate.user(uses) {
            report.directories.push(candidate.line(Outcome::Kept, has(one)));
        } else if order.dry_run {
            report.directories.push(candidate.line(Outcome::WouldRemove, "no container has it"));
        } else {
            match set_aside(&candidate) {
                Ok(()) => aside.push(candidate),
                Err(reason) => report.directories.push(candidate.line(Outcome::Failed, reason)),
            }
        }
    }
    if aside.is_empty() {
        return;
    }
    let again = ask();
    for candidate in aside {
        let stays = match again.as_ref() {
            Answer::Known(uses) => candidate.user(uses).map(has),
            Answer::Unknown(_) => Some(UNKNOWN.to_owned()),
        };
        let line = match stays {
            Some(reason) => candidate.line(Outcome::Kept, reason + &give_back(&candidate)),
            None => match candidate.directory.remove_tree(&candidate.aside(), &candidate.entry) {
                Ok(()) => candidate.line(Outcome::Removed, "no container has it"),
                Err(error) => candidate.line(Outcome::Failed, error.to_string() + &give_back(&candidate)),
            },
        };
        report.directories.push(line);
    }
    report.unknown = again.reason().map(str::to_owned);
}

/// Takes its name from the directory; only from the one that was looked at.
fn set_aside(candidate: &Candidate) -> Result<(), String> {
    let aside = candidate.aside();
    candidate.directory.rename(&candidate.name, &aside).map_err(|error| error.to_string())?;
    let found = candidate.directory.find(Path::new(&aside));
    let own = &candidate.entry.stat;
    match found {
        Ok(Some(entry)) if (entry.stat.dev, entry.stat.ino) == (own.dev, own.ino) => Ok(()),
        _ => Err(format!("another one has its name now{}", give_back(candidate))),
    }
}

/// Nothing, or how the directory is called now because it cannot get its name back.
fn give_back(candidate: &Candidate) -> String {
    let aside = candidate.aside();
    match candidate.directory.rename(&aside, &candidate.name) {
        Ok(()) => String::new(),
        Err(error) => format!("; it is called {} now: {error}", Path::new(&aside).display()),
    }
}

/// Takes away mounts of state that no container has, as far as they show something of the project's or of
/// nobody's any more. The next launch makes them again.
fn sweep_mounts(uses: &[Use], order: &Order<'_>, lines: &mut Vec<Line>) {
    let base = Path::new(MOUNTS);
    let Ok(all) = mounts() else { return };
    let roots: Vec<PathBuf> = order.roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
    for mount in all.iter().filter(|mount| mount.point.parent() == Some(base)) {
        let line = |outcome, reason: String| Line { path: mount.point.clone(), outcome, reason };
        let of_project = || {
            let shown = mount.shown(&all, base);
            shown.is_some_and(|shown| roots.iter().any(|root| shown.starts_with(root)))
        };
        if !mount.is_deleted() && !of_project() {
            continue;
        }
        let had = uses.iter().find(|one| one.path.starts_with(&mount.point));
        lines.push(match had {
            Some(one) => line(Outcome::Kept, has(one)),
            None if order.dry_run => line(Outcome::WouldRemove, "no container has it".to_owned()),
            None => match idmap::unmount_mapped(&mount.point) {
                Ok(()) => line(Outcome::Removed, "no container has it".to_owned()),
                Err(error) => line(Outcome::Failed, error.to_string()),
            },
        });
    }
}

impl Report {
    pub fn human(&self) -> String {
        let mut text = String::new();
        let word = |outcome: &Outcome| match outcome {
            Outcome::Removed => "removed",
            Outcome::WouldRemove => "would remove",
            Outcome::Kept => "kept",
            Outcome::Failed => "FAILED",
        };
        let lines = || self.directories.iter().chain(&self.mounts);
        let width = lines().map(|line| line.path.display().to_string().chars().count()).max().unwrap_or(0);
        for line in lines() {
            let path = line.path.display().to_string();
            text += &format!("{:<12}  {path:<width$}  {}\n", word(&line.outcome), line.reason);
        }
        let count = |outcome: Outcome| lines().filter(|line| line.outcome == outcome).count();
        let (removed, kept, failed) = (count(Outcome::Removed), count(Outcome::Kept), count(Outcome::Failed));
        let would = count(Outcome::WouldRemove);
        let first =
            if self.dry_run { format!("{would} would be removed") } else { format!("{removed} removed") };
        text + &format!("{first}, {kept} kept, {failed} could not be removed\n")
    }

    /// Those that could not be removed or looked at.
    pub fn failed(&self) -> impl Iterator<Item = &Line> {
        self.directories.iter().chain(&self.mounts).filter(|line| line.outcome == Outcome::Failed)
    }
}
