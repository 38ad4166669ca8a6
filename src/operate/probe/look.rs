//! Looking at credentials below one directory, as whoever does it may: on the host or in the helper.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{content, time};
use crate::host::pattern::matches;
use crate::host::{Dir, DirError, Kind, NotRead};
use crate::policy::probes::Demand;

/// The largest file that is looked into; credentials have some KiB.
pub const LIMIT: u64 = 1 << 20;

/// So many entries, and so many directories within one another, are looked through for a new file.
const MOST: usize = 20_000;
const DEEPEST: usize = 32;

/// One thing to look at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Below the directory that is given.
    pub relative: PathBuf,
    /// For any new file below it: the names that are not new. `None` for the file itself.
    pub baseline: Option<Vec<String>>,
    pub demand: Demand,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Which file it is below the place asked for, empty for that place itself; and until when it is good, where
    /// it says so.
    Good {
        file: PathBuf,
        until: Option<i64>,
    },
    Missing(String),
    Invalid(String),
    /// Nothing can be said of it.
    Unknown(String),
}

/// Looks at it below this directory.
pub fn look(root: &Dir, question: &Question) -> Seen {
    let Some(now) = time::now() else { return Seen::Unknown("the clock is before 1970".to_owned()) };
    match &question.baseline {
        None => file(root, &question.relative, &question.demand, now),
        Some(baseline) => any(root, &question.relative, baseline, &question.demand, now),
    }
}

fn file(root: &Dir, relative: &Path, demand: &Demand, now: i64) -> Seen {
    match root.read_below(relative, LIMIT) {
        Ok(bytes) => judged(&bytes, demand, now),
        Err(reason) => refused(&reason),
    }
}

/// What a content is worth.
pub fn judged(bytes: &[u8], demand: &Demand, now: i64) -> Seen {
    match content::judge(bytes, demand, now) {
        Ok(until) => Seen::Good { file: PathBuf::new(), until },
        Err(reason) => Seen::Invalid(reason),
    }
}

fn refused(reason: &NotRead) -> Seen {
    match reason {
        NotRead::Missing => Seen::Missing("nothing is there".to_owned()),
        NotRead::Denied => Seen::Invalid("the service's user may not read it".to_owned()),
        NotRead::LeadsOut => Seen::Invalid("a link leads out of what is mounted".to_owned()),
        NotRead::Kind(_) | NotRead::TooLarge(_) => Seen::Invalid(reason.to_string()),
        NotRead::Changes | NotRead::Io(_) => Seen::Unknown(reason.to_string()),
    }
}

/// The first good file that the baseline does not have, in order of the names.
fn any(root: &Dir, relative: &Path, baseline: &[String], demand: &Demand, now: i64) -> Seen {
    let directory = match root.enter(relative) {
        Ok(directory) => directory,
        Err(error) => return not_entered(error),
    };
    let mut walk = Walk { top: &directory, baseline, found: Vec::new(), entries: 0 };
    if let Err(seen) = walk.through(&directory, Path::new(""), 0) {
        return seen;
    }
    let mut wrong = Vec::new();
    for path in walk.found {
        match file(&directory, &path, demand, now) {
            Seen::Good { until, .. } => return Seen::Good { file: path, until },
            Seen::Invalid(reason) => wrong.push(format!("{}: {reason}", path.display())),
            // It went away meanwhile.
            Seen::Missing(_) => {}
            unknown @ Seen::Unknown(_) => return unknown,
        }
    }
    match wrong.as_slice() {
        [] => Seen::Missing("no file is new: all that is there is in the baseline".to_owned()),
        [one] => Seen::Invalid(one.clone()),
        [first, rest @ ..] => Seen::Invalid(format!("{first}; and {} more are not good either", rest.len())),
    }
}

fn not_entered(error: DirError) -> Seen {
    match error {
        DirError::Missing(_) => Seen::Missing("nothing is there".to_owned()),
        DirError::Symlink(_) => Seen::Invalid("it is a link, which is not followed".to_owned()),
        DirError::NotADirectory { kind, .. } => {
            Seen::Invalid(format!("it is {}, no directory", kind.describe()))
        }
        error if matches!(error.errno(), Some(libc::EACCES | libc::EPERM)) => {
            Seen::Invalid("the service's user may not look into it".to_owned())
        }
        error => Seen::Unknown(error.to_string()),
    }
}

struct Walk<'w> {
    top: &'w Dir,
    baseline: &'w [String],
    found: Vec<PathBuf>,
    entries: usize,
}

impl Walk<'_> {
    fn through(&mut self, directory: &Dir, relative: &Path, depth: usize) -> Result<(), Seen> {
        if depth > DEEPEST {
            return Err(Seen::Unknown(format!(
                "there are more than {DEEPEST} directories within one another"
            )));
        }
        for name in directory.names_in().map_err(not_entered)? {
            self.entries += 1;
            if self.entries > MOST {
                return Err(Seen::Unknown(format!("there are more than {MOST} entries")));
            }
            let path = relative.join(&name);
            if self.baseline.iter().any(|known| is_of(known, &path)) {
                continue;
            }
            match self.top.find(&path).map_err(not_entered)? {
                Some(entry) if entry.stat.kind == Kind::File => self.found.push(path),
                Some(entry) if entry.stat.kind == Kind::Directory => {
                    self.through(&entry.into_dir().map_err(not_entered)?, &path, depth + 1)?;
                }
                // A link, a socket, a device: no file of its own.
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether an entry of the baseline is this path.
fn is_of(known: &str, path: &Path) -> bool {
    let mut names = path.components();
    let mut patterns = Path::new(known).components().filter(|part| *part != std::path::Component::CurDir);
    patterns.all(|pattern| {
        let name = names.next();
        name.is_some_and(|name| matches(pattern.as_os_str().as_bytes(), name.as_os_str().as_bytes()))
    }) && names.next().is_none()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::host::owner::is_root;
    use crate::host::{Credentials, Owner, run_as};
    use crate::policy::probes::Format;

    fn question(relative: &str, baseline: Option<&[&str]>) -> Question {
        Question {
            relative: relative.into(),
            baseline: baseline.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            demand: Demand { format: Format::Json, ..Demand::default() },
        }
    }

    fn at(root: &Path, relative: &str, baseline: Option<&[&str]>) -> Seen {
        look(&Dir::open(root).unwrap(), &question(relative, baseline))
    }

    fn good(file: &str) -> Seen {
        Seen::Good { file: file.into(), until: None }
    }

    #[test]
    fn a_new_file_is_any_that_the_baseline_does_not_have() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        let baseline: &[&str] = &["config.json", "log-?", "cache"];
        fs::create_dir_all(root.join("home/cache")).unwrap();
        for name in ["config.json", "log-1", "cache/token.json"] {
            fs::write(root.join("home").join(name), "{\"a\": 1}").unwrap();
        }
        symlink("config.json", root.join("home/auth.json")).unwrap();
        let seen = || at(root, "home", Some(baseline));
        assert!(matches!(seen(), Seen::Missing(_)), "{:?}", seen());
        fs::write(root.join("home/auth-1.json"), "{\"a\"").unwrap();
        assert!(matches!(seen(), Seen::Invalid(reason) if reason.starts_with("auth-1.json: ")));
        fs::create_dir(root.join("home/new")).unwrap();
        fs::write(root.join("home/new/auth-2.json"), "{\"a\": 1}").unwrap();
        assert_eq!(seen(), good("new/auth-2.json"));
        assert!(matches!(at(root, "none", Some(&[])), Seen::Missing(_)));
        assert!(matches!(at(root, "home/config.json", Some(&[])), Seen::Invalid(_)));
        symlink("home", root.join("link")).unwrap();
        assert!(matches!(at(root, "link", Some(&[])), Seen::Invalid(_)));
    }

    #[test]
    fn the_file_itself_is_there_or_not_good_or_good() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        assert!(matches!(at(root, "a.json", None), Seen::Missing(_)));
        fs::write(root.join("a.json"), "").unwrap();
        assert_eq!(at(root, "a.json", None), Seen::Invalid("it is empty".to_owned()));
        fs::write(root.join("a.json"), "{\"a\": 1}").unwrap();
        assert_eq!(at(root, "a.json", None), good(""));
        assert!(matches!(at(root, "", None), Seen::Invalid(reason) if reason == "it is a directory"));
        symlink("/etc/passwd", root.join("out")).unwrap();
        assert!(matches!(at(root, "out", None), Seen::Invalid(reason) if reason.contains("leads out")));
    }

    #[test]
    fn whoever_may_not_read_it_does_not_find_it_good() {
        if !is_root() {
            return; // only root may switch
        }
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.json");
        fs::write(&path, "{\"a\": 1}").unwrap();
        fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let root = Dir::open(temp.path()).unwrap();
        let who = Credentials::plain(Owner::new(10001, 10001));
        let seen = || run_as(&who, || look(&root, &question("a.json", None))).unwrap();
        assert_eq!(seen(), Seen::Invalid("the service's user may not read it".to_owned()));
        std::os::unix::fs::chown(&path, Some(10001), None).unwrap();
        assert_eq!(seen(), good(""));
    }
}
