//! The volumes of a project as the engine has them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::compose::Model;
use crate::engine::{Answer, Engine, Location};
use crate::host::owner::is_root;
use crate::host::{Handover, Owner, Takes};
use crate::launch::facts::objects;
use crate::launch::live::resources::used;
use crate::model::Volume;
use crate::model::volume::Kind;
use crate::prepare::repair::{By, Helper, Job, Work, repair};

use super::images::LazyEngine;

/// One volume that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    /// Its directory on the engine's machine.
    pub at: PathBuf,
    pub kind: Kind,
}

/// The volumes that a project's services mount, asked for at the first question and in one go.
pub struct Volumes<'e> {
    engine: &'e LazyEngine,
    /// By the key in the model, what the engine calls it.
    names: BTreeMap<String, String>,
    kept: OnceCell<Answer<BTreeMap<String, Kept>>>,
}

impl<'e> Volumes<'e> {
    pub fn new(engine: &'e LazyEngine, model: &Model) -> Self {
        let used = used(model, model.services().map(|(_, node)| node));
        let names = used.volumes.into_iter().chain(used.foreign).collect();
        Self { engine, names, kept: OnceCell::new() }
    }

    /// Those that are there, by their keys.
    pub fn kept(&self) -> Answer<&BTreeMap<String, Kept>> {
        self.kept.get_or_init(|| self.ask()).as_ref()
    }

    fn ask(&self) -> Answer<BTreeMap<String, Kept>> {
        if self.names.is_empty() {
            return Answer::Known(BTreeMap::new());
        }
        let names: Vec<&String> = self.names.values().collect();
        let found = self.engine.get().and_then(|engine| objects(engine, "volume", &names));
        found.and_then(|found| {
            let kept = |(key, name): (&String, &String)| {
                let one = found.iter().find(|one| one.get("Name").and_then(Value::as_str) == Some(name))?;
                Some(read(one).map(|kept| (key.clone(), kept)))
            };
            let all: Answer<Vec<_>> = self.names.iter().filter_map(kept).collect();
            all.map(|all| all.into_iter().collect())
        })
    }

    /// Where those are that the engine keeps in a directory of its own.
    pub fn places(&self) -> Answer<BTreeMap<String, PathBuf>> {
        self.kept().map(|kept| {
            let own = kept.iter().filter(|(_, kept)| kept.kind == Kind::Directory);
            own.map(|(key, kept)| (key.clone(), kept.at.clone())).collect()
        })
    }

    /// Whether something in a volume belongs to this user; `None` where it is not there.
    pub fn holds(&self, key: &str, uid: u32) -> Answer<Option<bool>> {
        self.kept().and_then(|kept| match kept.get(key) {
            None => Answer::Known(None),
            Some(kept) if kept.kind != Kind::Directory => {
                Answer::unknown("what owners are there, its driver and its options decide")
            }
            Some(kept) => self.engine.get().and_then(|engine| search(engine, kept, uid)).map(Some),
        })
    }
}

fn read(volume: &Value) -> Answer<Kept> {
    let word = |key: &str| volume.get(key).and_then(Value::as_str);
    let (Some(name), Some(driver), Some(at)) = (word("Name"), word("Driver"), word("Mountpoint")) else {
        return Answer::unknown("the engine does not say what a volume is");
    };
    let options = volume.get("Options").and_then(Value::as_object);
    let options =
        options.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    let kind = Volume::read(driver, options).kind;
    Answer::Known(Kept { name: name.to_owned(), at: PathBuf::from(at), kind })
}

/// Whether this process itself may go into the engine's own directories.
pub fn is_within_reach(engine: &Engine) -> bool {
    is_root() && engine.location() == Location::Here
}

/// Goes through all of a volume, and changes nothing.
fn search(engine: &Engine, kept: &Kept, uid: u32) -> Answer<bool> {
    // Given to anybody else: what would change hands is this user's.
    let to = Owner::new(uid.wrapping_add(1), 0);
    let from = BTreeSet::from([uid]);
    let look = Handover { to, from, groups: BTreeSet::new(), takes: Takes::KnownAndRoot, dry_run: true };
    let job = Job {
        root: kept.at.clone(),
        volume: Some(kept.name.clone()),
        relative: PathBuf::new(),
        work: Work::HandOver(look),
    };
    let by =
        if is_within_reach(engine) { Answer::Known(By::Host) } else { Helper::new(engine).map(By::Helper) };
    by.and_then(|by| match repair(&[job], &by, &|_| {}).pop() {
        Some(Ok(summary)) if summary.errors.is_empty() => Answer::Known(summary.given > 0),
        Some(Ok(summary)) => {
            Answer::Unknown(summary.errors.iter().take(1).map(ToString::to_string).collect())
        }
        Some(Err(error)) => Answer::Unknown(error.to_string()),
        None => Answer::unknown("nobody looked into it"),
    })
}
