//! The engine, asked only where an answer hangs on it: a project whose users are given in numbers is
//! planned without one.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Answer, Engine, Image, ImageEntry, Options, ResolvedUser, TmpfsMode, UserError};
use crate::host::Kind;
use crate::ownership::{EngineImages, Images};

/// The engine, connected at the first question.
pub struct LazyEngine {
    options: Options,
    engine: OnceCell<Answer<Engine>>,
}

impl LazyEngine {
    pub fn new(options: Options) -> Self {
        Self { options, engine: OnceCell::new() }
    }

    pub fn get(&self) -> Answer<&Engine> {
        self.engine.get_or_init(|| Engine::connect(self.options.clone())).as_ref()
    }

    /// Why it did not answer, where it was asked.
    pub fn silence(&self) -> Option<&str> {
        self.engine.get().and_then(Answer::reason)
    }

    /// As far as it was asked already.
    pub fn connected(&self) -> Option<&Engine> {
        self.engine.get().and_then(|engine| engine.as_ref().known())
    }
}

/// Facts about images, by a [`LazyEngine`].
pub struct LazyImages<'e> {
    engine: &'e LazyEngine,
    wanted: BTreeMap<String, BTreeSet<String>>,
    images: OnceCell<Answer<EngineImages<'e>>>,
}

impl<'e> LazyImages<'e> {
    pub fn new(engine: &'e LazyEngine, wanted: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self { engine, wanted, images: OnceCell::new() }
    }

    fn images(&self) -> Answer<&EngineImages<'e>> {
        self.images
            .get_or_init(|| self.engine.get().map(|engine| EngineImages::new(engine, self.wanted.clone())))
            .as_ref()
    }
}

impl Images for LazyImages<'_> {
    fn resolve(&self, image: &str, user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>> {
        self.images().and_then(|images| images.resolve(image, user))
    }

    fn variable(&self, image: &str, name: &str) -> Answer<Option<String>> {
        self.images().and_then(|images| images.variable(image, name))
    }

    fn tmpfs_mode(&self) -> TmpfsMode {
        self.images().known().map(Images::tmpfs_mode).unwrap_or_default()
    }

    fn inspect(&self, image: &str) -> Answer<Image> {
        self.images().and_then(|images| Images::inspect(images, image))
    }

    fn files(&self, image: &str, paths: &[String]) -> Answer<Vec<Option<ImageEntry>>> {
        self.images().and_then(|images| images.files(image, paths))
    }

    fn id(&self, image: &str) -> Answer<String> {
        self.images().and_then(|images| images.id(image))
    }

    fn content(&self, image: &str) -> Answer<String> {
        self.images().and_then(|images| images.content(image))
    }

    fn entry_at(&self, image: &str, path: &str) -> Answer<Option<ImageEntry>> {
        self.images().and_then(|images| images.entry_at(image, path))
    }

    fn kind_at(&self, image: &str, path: &str) -> Answer<Option<Kind>> {
        self.images().and_then(|images| images.kind_at(image, path))
    }
}
