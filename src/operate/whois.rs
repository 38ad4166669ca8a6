//! Which service a host uid, a process, a path or a container is of: by what runs, by what has ended and is still
//! there, and by what was noted at launches.

mod find;
mod human;

use std::path::PathBuf;

use serde::Serialize;

use crate::engine::{Answer, Engine, IdMap, Identity, Inspection, resolve_user};
use crate::host::processes::Process;

use super::history::History;

pub use find::attribute;

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum Asked {
    /// A number alone may be either.
    Number(u32),
    Uid(u32),
    Pid(u32),
    Path(PathBuf),
    /// By name or id.
    Container(String),
}

/// Fields of audit records that hold a uid.
const UIDS: [&str; 9] = ["uid", "auid", "ouid", "euid", "suid", "fsuid", "iuid", "sauid", "loginuid"];

impl Asked {
    /// A number, `uid=N` or `pid=N` as audit records have them, a path with a slash in it, or a container.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(word: &str) -> Result<Self, String> {
        if let Some((key, value)) = word.split_once('=').filter(|(key, _)| !key.contains('/')) {
            let number = || {
                value.parse().map_err(|_| format!("{word:?}: {value:?} is no number from 0 to 4294967295"))
            };
            return match key {
                "pid" | "ppid" => number().map(Self::Pid),
                _ if UIDS.contains(&key) => number().map(Self::Uid),
                "path" => Ok(Self::Path(value.into())),
                _ => Err(format!("{word:?}: whose {key:?} it is cannot be asked; uid=, pid= and path= can")),
            };
        }
        if word.is_empty() {
            return Err("nothing is asked about".to_owned());
        }
        if word.contains('/') || matches!(word, "." | "..") {
            return Ok(Self::Path(word.into()));
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() < 12 {
            let number = word.parse().map_err(|_| format!("{word:?} is no number from 0 to 4294967295"));
            return number.map(Self::Number);
        }
        Ok(Self::Container(word.to_owned()))
    }
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// A process, a mount or the container itself shows it.
    Live,
    /// The user that the container has.
    Container,
    /// A launch that was noted.
    History,
    /// Its map has the number; whether it is used is not known.
    Map,
}

/// One attribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attribution {
    pub basis: Basis,
    /// Empty where a container is of no project.
    pub project: String,
    pub service: String,
    pub container: Option<String>,
    pub id: Option<String>,
    /// `running`, `exited`, …; `gone` where the engine does not have it any more.
    pub state: String,
    /// In the container's numbers, where a user is asked about.
    pub container_uid: Option<u32>,
    pub host_uid: Option<u32>,
    /// Of a process, on the host and in the container.
    pub pid: Option<u32>,
    pub container_pid: Option<u32>,
    /// Where the path is in the container.
    pub container_path: Option<PathBuf>,
    /// From when and until when it is known to have been so.
    pub from: Option<String>,
    pub until: Option<String>,
    pub why: String,
}

/// The answers to one word.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    #[serde(flatten)]
    pub asked: Asked,
    pub found: Vec<Attribution>,
    /// What else is known of it: a process that is of no container, whose a path is.
    pub notes: Vec<String>,
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub version: u32,
    /// Why what runs is not known, where it is not.
    pub unknown: Option<String>,
    /// Lines of the history that cannot be read.
    pub unreadable: usize,
    pub answers: Vec<Answers>,
}

/// What there is to answer from.
pub struct Facts {
    /// The engine that was asked, where it answered.
    pub engine: Option<Identity>,
    pub containers: Answer<Vec<Live>>,
    pub processes: Vec<Process>,
    pub history: History,
}

/// A container that the engine has.
pub struct Live {
    pub container: Inspection,
    /// The map of its processes, or the one that they had.
    pub map: Answer<IdMap>,
}

impl Live {
    /// All containers of an engine, with the map of each: of one that runs, the kernel's own word.
    pub fn all(engine: &Engine) -> Answer<Vec<Self>> {
        let usual = engine.id_map();
        engine.inspect_all().map(|all| {
            let one = |container: Inspection| {
                let mode = container.raw.pointer("/HostConfig/UsernsMode").and_then(|mode| mode.as_str());
                let of_mode =
                    usual.as_ref().and_then(|map| map.for_mode(engine.info(), mode.unwrap_or_default()));
                let process = container.pid.filter(|_| !engine.is_remote());
                let process = process.and_then(|pid| Process::of(pid).ok().flatten());
                let own = process.and_then(|process| process.maps().ok());
                let own = own.and_then(|(uids, gids)| IdMap::parse(&uids, &gids));
                Self { map: own.map_or(of_mode, Answer::Known), container }
            };
            all.into_iter().map(one).collect()
        })
    }
}

/// The uid in the container that it was given, where that is a number.
pub(super) fn user_of(container: &Inspection) -> Option<u32> {
    let raw = container.user.as_str();
    if raw.is_empty() { Some(0) } else { resolve_user(raw, None, None).ok().map(|user| user.uid) }
}

/// When a container ended that does not run; `None` for one that was never started.
pub(super) fn ended_at(container: &Inspection) -> Option<&str> {
    let finished = container.raw.pointer("/State/FinishedAt")?.as_str()?;
    let is_over = container.state.is_certainly_stopped() && is_moment(finished);
    is_over.then_some(finished)
}

/// An engine writes the year 1 for what has not been.
pub(super) fn is_moment(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("0001-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_it_looks_like() {
        assert_eq!(Asked::parse("232072"), Ok(Asked::Number(232_072)));
        assert_eq!(Asked::parse("auid=7"), Ok(Asked::Uid(7)));
        assert_eq!(Asked::parse("pid=7"), Ok(Asked::Pid(7)));
        for path in ["/srv/x", "./x", "a/b", ".", "/a=b/c"] {
            assert_eq!(Asked::parse(path), Ok(Asked::Path(path.into())));
        }
        assert_eq!(Asked::parse("p-agent-1"), Ok(Asked::Container("p-agent-1".into())));
        assert_eq!(Asked::parse("123456789012"), Ok(Asked::Container("123456789012".into())));
        for wrong in ["", "uid=x", "uid=4294967296", "4294967296", "color=red"] {
            assert!(Asked::parse(wrong).is_err(), "{wrong}");
        }
    }
}
