//! The volumes of a project as the engine has them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compose::Model;
use crate::engine::{Answer, Engine, ImageEntry, Location};
use crate::host::owner::is_root;
use crate::host::{Dir, DirError, Handover, Owner, Takes};
use crate::launch::facts::objects;
use crate::launch::live::resources::used;
use crate::model::Volume;
use crate::model::volume::{Kind, key_of};
use crate::ownership::images::AFTER_PULL;
use crate::ownership::lock::{mounts, source};
use crate::ownership::volume::{Now, OTHER_STORAGE, There};
use crate::prepare::repair::{By, Helper, Job, Work, repair};
use crate::yaml::Node;

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
    /// What is mounted of each, and what was seen there.
    parts: BTreeSet<Part>,
    seen: OnceCell<Answer<BTreeMap<Part, Option<There>>>>,
}

/// A key, and the way below the volume's own directory.
type Part = (String, PathBuf);

impl<'e> Volumes<'e> {
    pub fn new(engine: &'e LazyEngine, model: &Model) -> Self {
        let used = used(model, model.services().map(|(_, node)| node));
        let names = used.volumes.into_iter().chain(used.foreign).collect();
        let mounted = model.services().flat_map(|(_, node)| mounted_volumes(node));
        Self { engine, names, kept: OnceCell::new(), parts: mounted.collect(), seen: OnceCell::new() }
    }

    /// What a volume is, or what of it is mounted. Where this process may not look itself, the engine is asked, in one
    /// go for all of them; for that it needs an image that it has.
    pub fn now(&self, key: &str, inside: &Path, images: &[String]) -> Answer<Now> {
        let kept = match self.kept().map(|kept| kept.get(key)) {
            Answer::Known(Some(kept)) => kept,
            Answer::Known(None) => return Answer::Known(Now::Missing),
            Answer::Unknown(reason) => return Answer::Unknown(reason),
        };
        match kept.kind {
            Kind::Directory => {}
            // Empty at each start, whatever is in it now.
            Kind::Memory => return Answer::Known(Now::Missing),
            _ => return Answer::Known(Now::NotJudged(OTHER_STORAGE)),
        }
        let seen = self.seen.get_or_init(|| self.look(images)).as_ref();
        seen.and_then(|seen| match seen.get(&(key.to_owned(), inside.to_owned())) {
            Some(Some(there)) => Answer::Known(Now::There(*there)),
            Some(None) if inside.as_os_str().is_empty() => {
                Answer::Known(Now::NotJudged("its directory is not there; the engine fails"))
            }
            Some(None) => Answer::Known(Now::NoPart),
            None => Answer::unknown("nobody looked into the volume"),
        })
    }

    fn look(&self, images: &[String]) -> Answer<BTreeMap<Part, Option<There>>> {
        let all = self.kept().and_then(|kept| {
            let of_engine = |part: &Part| {
                kept.get(&part.0).filter(|kept| kept.kind == Kind::Directory).map(|kept| (part.clone(), kept))
            };
            Answer::Known(self.parts.iter().filter_map(of_engine).collect::<Vec<_>>())
        });
        let engine = self.engine.get();
        all.and_then(|all| {
            engine.and_then(|engine| {
                if is_within_reach(engine) {
                    return all
                        .iter()
                        .map(|((key, inside), kept)| {
                            there(&kept.at.join(inside)).map(|there| ((key.clone(), inside.clone()), there))
                        })
                        .collect::<Answer<Vec<_>>>()
                        .map(|found| found.into_iter().collect());
                }
                let Some(image) =
                    images.iter().find_map(|name| engine.images(&[name]).known()?.pop().flatten())
                else {
                    return Answer::unknown(AFTER_PULL);
                };
                let places: Vec<(&str, &Path)> =
                    all.iter().map(|((_, inside), kept)| (kept.name.as_str(), inside.as_path())).collect();
                engine.look_at_volumes(&image, &places).map(|found| {
                    let there = |entry: ImageEntry| There {
                        owner: entry.owner,
                        mode: entry.mode,
                        is_filled: entry.is_filled,
                    };
                    let found = found.into_iter().map(|entry| entry.map(there));
                    all.iter().map(|(part, _)| part.clone()).zip(found).collect()
                })
            })
        })
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
            Some(kept) if kept.kind != Kind::Directory => Answer::unknown(OTHER_STORAGE),
            Some(kept) => self.engine.get().and_then(|engine| search(engine, kept, uid)).map(Some),
        })
    }
}

/// The volumes with a name that a service mounts, with the way to what of them is mounted.
fn mounted_volumes(service: &Node) -> impl Iterator<Item = Part> {
    let places = mounts(service).filter_map(source);
    places.filter_map(|place| Some((key_of(&place)?.to_owned(), place.iter().skip(1).collect())))
}

/// Looks at a directory of this machine; `None` where it is not there.
fn there(path: &Path) -> Answer<Option<There>> {
    let look = || -> Result<There, DirError> {
        let directory = Dir::open(path)?;
        let stat = directory.stat()?;
        let is_filled = !directory.names_in()?.is_empty();
        Ok(There { owner: stat.owner, mode: stat.mode, is_filled })
    };
    match look() {
        Ok(there) => Answer::Known(Some(there)),
        Err(DirError::Missing(_)) => Answer::Known(None),
        Err(error) => Answer::Unknown(error.to_string()),
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
