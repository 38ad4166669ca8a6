//! Who had which map of users when: a bounded file of what was launched here, for attributing what has ended.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::idmap::Range;
use crate::engine::{IdMap, Identity};
use crate::host::{
    AtomicError, Owner, PrivateDirError, ReadError, Turn, TurnError, ensure_private_dir, read_found,
    write_atomic,
};

/// The most that the file may have; the oldest goes first. `docs/limits.md` says so.
const LARGEST: usize = 1 << 20;

/// Entries older than this are removed.
const AGE: Duration = Duration::from_secs(90 * 86_400);

/// Another launch is done by then.
const PATIENCE: Duration = Duration::from_secs(5);

const FILE: &str = "history.jsonl";

/// One service, or one container of it, under one map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub version: u32,
    /// The first and the last launch of it, in seconds since 1970-01-01.
    pub from: u64,
    pub until: u64,
    /// When its project was taken down, and had no container any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    pub engine: Identity,
    pub project: String,
    pub directory: PathBuf,
    pub service: String,
    /// In the container's numbers.
    pub user: Owner,
    /// In the host's.
    pub host: Owner,
    pub uids: Vec<Range>,
    pub gids: Vec<Range>,
    /// Known where the container was looked at before its start.
    pub container: Option<String>,
    pub name: Option<String>,
}

impl Record {
    pub const VERSION: u32 = 1;

    pub fn map(&self) -> IdMap {
        IdMap::new(self.uids.clone(), self.gids.clone())
    }

    /// Whether only the time differs.
    fn is_same(&self, other: &Self) -> bool {
        // What differs most often comes first: a launch compares each of its services with all that is kept.
        let own = |one: &Self| (one.version, one.user, one.host);
        self.service == other.service
            && self.project == other.project
            && self.container == other.container
            && own(self) == own(other)
            && self.name == other.name
            && self.directory == other.directory
            && self.engine == other.engine
            && self.uids == other.uids
            && self.gids == other.gids
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub records: Vec<Record>,
    /// Lines that cannot be read, or are of another version.
    pub unreadable: usize,
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Folder(#[from] PrivateDirError),
    #[error(transparent)]
    Turn(#[from] TurnError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Write(#[from] AtomicError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads it; empty where nothing was launched yet.
///
/// # Errors
/// Where it is there and cannot be read.
pub fn read(folder: &Path) -> Result<History, HistoryError> {
    // It may be replaced by a launch while it is read: whole, by another file.
    match read_found(&folder.join(FILE), 4 * LARGEST as u64) {
        Ok(content) => Ok(parse(&String::from_utf8_lossy(&content.bytes))),
        Err(ReadError::Missing(_)) => Ok(History::default()),
        Err(error) => Err(error.into()),
    }
}

fn parse(text: &str) -> History {
    let mut history = History::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str::<Record>(line) {
            Ok(record) if record.version == Record::VERSION => history.records.push(record),
            _ => history.unreadable += 1,
        }
    }
    history
}

/// Adds what is launched now. What was known already only gets its time.
///
/// # Errors
/// Where the file cannot be written; it keeps its content then.
pub fn add(folder: &Path, new: Vec<Record>, now: u64) -> Result<(), HistoryError> {
    ensure_private_dir(folder)?;
    let _turn = Turn::take(&folder.join("history.lock"), PATIENCE, PATIENCE, |_| {})?;
    let mut records = read(folder)?.records;
    for record in new {
        match records.iter().position(|known| known.is_same(&record)) {
            // The latest stands last.
            Some(at) => {
                let known = records.remove(at);
                records.push(Record { from: known.from, ..record });
            }
            None => records.push(record),
        }
    }
    let lines = bounded(&records, now)?;
    write_atomic(&folder.join(FILE), lines.concat().as_bytes(), 0o600)?;
    Ok(())
}

/// Notes that nothing of a project runs any more. What had ended before keeps its time.
///
/// # Errors
/// Where it cannot be kept; what was there is intact then.
pub fn end(folder: &Path, engine: &Identity, project: &str, now: u64) -> Result<(), HistoryError> {
    let is_open = |one: &Record| one.ended.is_none() && one.project == project && one.engine == *engine;
    if !read(folder)?.records.iter().any(is_open) {
        return Ok(());
    }
    let _turn = Turn::take(&folder.join("history.lock"), PATIENCE, PATIENCE, |_| {})?;
    let mut records = read(folder)?.records;
    for record in records.iter_mut().filter(|one| is_open(one)) {
        record.ended = Some(now);
    }
    let lines = bounded(&records, now)?;
    write_atomic(&folder.join(FILE), lines.concat().as_bytes(), 0o600)?;
    Ok(())
}

/// The lines that are kept, the oldest first.
fn bounded(records: &[Record], now: u64) -> Result<Vec<String>, HistoryError> {
    let oldest = now.saturating_sub(AGE.as_secs());
    let mut lines = Vec::new();
    let mut size = 0;
    for record in records.iter().rev().filter(|record| record.until >= oldest) {
        let line = serde_json::to_string(record).map_err(io::Error::from)? + "\n";
        size += line.len();
        if size > LARGEST {
            break;
        }
        lines.push(line);
    }
    lines.reverse();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn record(service: &str, at: u64) -> Record {
        let range = Range { container: 0, host: 100_000, length: 65536 };
        Record {
            version: Record::VERSION,
            from: at,
            until: at,
            ended: None,
            engine: Identity { endpoint: "unix:///s".into(), id: "A".into(), root_dir: "/d".into() },
            project: "p".into(),
            directory: "/srv/p".into(),
            service: service.into(),
            user: Owner::new(1000, 1000),
            host: Owner::new(101_000, 101_000),
            uids: vec![range],
            gids: vec![range],
            container: None,
            name: None,
        }
    }

    #[test]
    fn the_same_launch_again_only_gets_its_time() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("seaworthy");
        add(&folder, vec![record("a", 10), record("b", 10)], 10).unwrap();
        add(&folder, vec![record("a", 20)], 20).unwrap();
        let records = read(&folder).unwrap().records;
        let times: Vec<_> = records.iter().map(|one| (one.service.as_str(), one.from, one.until)).collect();
        assert_eq!(times, [("b", 10, 10), ("a", 10, 20)]);
        let mode = folder.join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_end_of_a_project_is_noted_until_it_is_launched_again() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("seaworthy");
        let engine = record("a", 10).engine;
        end(&folder, &engine, "p", 5).unwrap();
        assert!(!folder.exists(), "nothing was launched, and nothing is noted");
        let other = Record { project: "other".into(), ..record("a", 10) };
        add(&folder, vec![record("a", 10), record("b", 10), other], 10).unwrap();
        end(&folder, &engine, "p", 20).unwrap();
        end(&folder, &engine, "p", 30).unwrap();
        end(&folder, &Identity { id: "B".into(), ..engine }, "other", 30).unwrap();
        let ends = || -> Vec<_> {
            read(&folder).unwrap().records.into_iter().map(|one| (one.service, one.ended)).collect()
        };
        assert_eq!(ends(), [("a".into(), Some(20)), ("b".into(), Some(20)), ("a".into(), None)]);
        add(&folder, vec![record("a", 40)], 40).unwrap();
        assert_eq!(ends(), [("b".into(), Some(20)), ("a".into(), None), ("a".into(), None)]);
    }

    #[test]
    fn it_is_bounded_in_age_and_size() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("seaworthy");
        let now = AGE.as_secs() + 1000;
        add(&folder, vec![record("old", 999), record("young", 1000)], now).unwrap();
        let names = |folder: &Path| -> Vec<String> {
            read(folder).unwrap().records.into_iter().map(|one| one.service).collect()
        };
        assert_eq!(names(&folder), ["young"]);
        let many = (0..4000).map(|number| record(&format!("service-{number}"), now)).collect();
        add(&folder, many, now).unwrap();
        assert!(folder.join(FILE).metadata().unwrap().len() <= LARGEST as u64);
        let names = names(&folder);
        assert!(names.len() > 1000 && names.last().unwrap() == "service-3999", "{}", names.len());
    }

    #[test]
    fn lines_that_cannot_be_read_are_counted_and_the_rest_is_used() {
        let good = serde_json::to_string(&record("a", 1)).unwrap();
        let newer = good.replace("\"version\":1", "\"version\":2");
        let history = parse(&format!("{good}\n{}\n{newer}\n\nnothing\n", good.get(..40).unwrap()));
        assert_eq!((history.records.len(), history.unreadable), (1, 3));
        let temp = tempfile::tempdir().unwrap();
        assert!(read(&temp.path().join("none")).unwrap().records.is_empty());
    }
}
