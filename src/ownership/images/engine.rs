//! The engine's own answers about images, each asked for once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::compose::Model;
use crate::engine::rootfs::{Look, UserDatabase};
use crate::engine::{Answer, Engine, Image, ImageEntry, ResolvedUser, TmpfsMode, UserError, resolve_user};
use crate::host::Kind;
use crate::model::{build, image, mount};
use crate::ownership::tmpfs;
use crate::yaml::Node;

use super::Images;

/// Why an image's facts are not known yet.
pub(crate) const AFTER_PULL: &str = "known after pull";

/// The images of one project. All of them are inspected in one question, at the first that is asked;
/// looking into an image's files costs a container that is never started, so that is done only where an
/// answer hangs on it, once per image and for all its paths together.
pub struct EngineImages<'a> {
    engine: &'a Engine,
    wanted: BTreeMap<String, BTreeSet<String>>,
    inspected: OnceCell<Answer<HashMap<String, Option<Image>>>>,
    databases: RefCell<HashMap<String, Answer<UserDatabase>>>,
    entries: RefCell<HashMap<String, Answer<Entries>>>,
    files: RefCell<HashMap<Looked, Answer<Vec<Option<ImageEntry>>>>>,
}

/// An image, and the paths in it.
type Looked = (String, Vec<String>);

/// By path, what an image has there; `None` for nothing.
type Entries = HashMap<String, Option<ImageEntry>>;

impl<'a> EngineImages<'a> {
    /// `wanted` names every image that will be asked about, and the paths in it: [`wanted_paths`].
    pub fn new(engine: &'a Engine, wanted: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self {
            engine,
            wanted,
            inspected: OnceCell::new(),
            databases: RefCell::default(),
            entries: RefCell::default(),
            files: RefCell::default(),
        }
    }

    /// Asks again for everything that was not there before: after a pull or a build.
    pub fn forget(&mut self) {
        *self = Self::new(self.engine, std::mem::take(&mut self.wanted));
    }

    /// What the engine says of an image itself: id, `USER`, volumes, working directory.
    pub fn inspect(&self, name: &str) -> Answer<Image> {
        let inspected = self.inspected.get_or_init(|| {
            let names: Vec<&str> = self.wanted.keys().map(String::as_str).collect();
            self.engine.images(&names).map(|images| self.wanted.keys().cloned().zip(images).collect())
        });
        let found = inspected.as_ref().and_then(|images| match images.get(name) {
            Some(image) => Answer::Known(image.clone()),
            None => self.engine.images(&[name]).map(|mut one| one.pop().flatten()),
        });
        found.and_then(|image| match image {
            Some(image) => Answer::Known(image),
            None => Answer::unknown(AFTER_PULL),
        })
    }

    fn database(&self, image: &Image) -> Answer<UserDatabase> {
        if let Some(known) = self.databases.borrow().get(&image.id) {
            return known.clone();
        }
        let answer = self.engine.user_database(image);
        self.databases.borrow_mut().insert(image.id.clone(), answer.clone());
        answer
    }

    fn look(&self, name: &str, image: &Image, path: &str) -> Answer<Entries> {
        if let Some(known) = self.entries.borrow().get(name)
            && known.as_ref().known().is_none_or(|entries| entries.contains_key(path))
        {
            return known.clone();
        }
        let mut paths = self.wanted.get(name).cloned().unwrap_or_default();
        paths.insert(path.to_owned());
        let looks: Vec<Look<'_>> = paths.iter().map(|path| Look { path, content: false }).collect();
        let found = self.engine.look_into(image, &looks);
        let answer = found.map(|entries| paths.iter().cloned().zip(entries).collect());
        self.entries.borrow_mut().insert(name.to_owned(), Answer::clone(&answer));
        answer
    }
}

impl Images for EngineImages<'_> {
    fn resolve(&self, image: &str, user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>> {
        EngineImages::inspect(self, image).and_then(|found| {
            let user = user.unwrap_or(&found.user);
            // Root and nothing else: every image agrees on what that is, but not on its groups, which a
            // user who may read everything anyway does not need.
            if user.is_empty() {
                return Answer::Known(resolve_user(user, None, None));
            }
            self.database(&found)
                .map(|database| resolve_user(user, database.passwd.as_deref(), database.group.as_deref()))
        })
    }

    fn variable(&self, image: &str, name: &str) -> Answer<Option<String>> {
        EngineImages::inspect(self, image).map(|found| found.variable(name).map(str::to_owned))
    }

    fn inspect(&self, image: &str) -> Answer<Image> {
        EngineImages::inspect(self, image)
    }

    fn tmpfs_mode(&self) -> TmpfsMode {
        self.engine.info().tmpfs_mode
    }

    fn files(&self, image: &str, paths: &[String]) -> Answer<Vec<Option<ImageEntry>>> {
        let asked = (image.to_owned(), paths.to_vec());
        if let Some(known) = self.files.borrow().get(&asked) {
            return known.clone();
        }
        let looks: Vec<Look<'_>> = paths.iter().map(|path| Look { path, content: true }).collect();
        let answer =
            EngineImages::inspect(self, image).and_then(|found| self.engine.look_into(&found, &looks));
        self.files.borrow_mut().insert(asked, answer.clone());
        answer
    }

    fn id(&self, image: &str) -> Answer<String> {
        EngineImages::inspect(self, image).map(|found| found.id)
    }

    fn content(&self, image: &str) -> Answer<String> {
        EngineImages::inspect(self, image).map(|found| found.content)
    }

    fn entry_at(&self, image: &str, path: &str) -> Answer<Option<ImageEntry>> {
        EngineImages::inspect(self, image)
            .and_then(|found| self.look(image, &found, path))
            .map(|entries| entries.get(path).cloned().flatten())
    }

    fn kind_at(&self, image: &str, path: &str) -> Answer<Option<Kind>> {
        self.entry_at(image, path).map(|entry| entry.map(|entry| entry.kind))
    }
}

/// The images of a model, and for each the paths over which its services mount something.
pub fn wanted_paths(model: &Model) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, service) in model.services() {
        let Some(image) = image_of(model, name, service) else { continue };
        let paths = wanted.entry(image).or_default();
        for mount in mount::VOLUMES.items(service) {
            let target = mount::TARGET.str(mount).filter(|target| target.starts_with('/'));
            // As it is asked for: clean, so without a slash at the end.
            let clean = target.map(|target| target.trim_end_matches('/')).filter(|target| !target.is_empty());
            if mount::SOURCE.is_set(mount) {
                paths.extend(clean.map(str::to_owned));
            }
        }
        paths.extend(tmpfs::of(service).into_iter().map(|tmpfs| tmpfs.target));
    }
    wanted
}

/// The image that a service runs: the one named, or the one that Compose names after the service it
/// builds. `None` for a service without a container.
pub(crate) fn image_of(model: &Model, name: &str, service: &Node) -> Option<String> {
    if let Some(image) = image::IMAGE.str(service) {
        return Some(image.to_owned());
    }
    build::BUILD.node(service).map(|_| format!("{}-{name}", model.name))
}
