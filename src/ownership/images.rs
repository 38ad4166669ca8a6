//! What ownership wants to know of images.

mod engine;

pub(crate) use engine::{AFTER_PULL, image_of};
pub use engine::{EngineImages, wanted_paths};

use std::collections::BTreeMap;

use super::UserDecision;
use super::user::numbers;
use crate::compose::Model;
use crate::engine::{Answer, Image, ImageEntry, ResolvedUser, TmpfsMode, UserError};
use crate::host::Kind;

/// Facts about images, read without running them.
pub trait Images {
    /// Whom the engine would run `user` as in this image, or the image's own `USER` where `user` is
    /// `None`. An error is what the engine would refuse to start with.
    fn resolve(&self, image: &str, user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>>;

    /// What the image itself has at an absolute path; `None` for nothing.
    fn kind_at(&self, image: &str, path: &str) -> Answer<Option<Kind>>;

    /// The same with owner and mode.
    fn entry_at(&self, _image: &str, _path: &str) -> Answer<Option<ImageEntry>> {
        Answer::unknown(NO_ENGINE)
    }

    /// A variable that the image itself sets.
    fn variable(&self, _image: &str, _name: &str) -> Answer<Option<String>> {
        Answer::unknown(NO_ENGINE)
    }

    /// What the image says of itself.
    fn inspect(&self, _image: &str) -> Answer<Image> {
        Answer::unknown(NO_ENGINE)
    }

    /// Files of the image with their content, in the order asked; links are followed.
    fn files(&self, _image: &str, _paths: &[String]) -> Answer<Vec<Option<ImageEntry>>> {
        Answer::unknown(NO_ENGINE)
    }

    /// The mode that a tmpfs gets on the engine.
    fn tmpfs_mode(&self) -> TmpfsMode {
        TmpfsMode::default()
    }

    /// The image's id, `sha256:…`.
    fn id(&self, _image: &str) -> Answer<String> {
        Answer::unknown(NO_ENGINE)
    }

    /// What is the same in every store of images, `sha256:…`: see [`Image::content`].
    fn content(&self, image: &str) -> Answer<String> {
        self.id(image)
    }
}

/// Without an engine, nothing is known of any image.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEngine;

/// Why an image's facts are not known where no engine was asked.
pub const NO_ENGINE: &str = "no engine was asked";

impl Images for NoEngine {
    fn resolve(&self, _image: &str, _user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>> {
        Answer::unknown(NO_ENGINE)
    }

    fn kind_at(&self, _image: &str, _path: &str) -> Answer<Option<Kind>> {
        Answer::unknown(NO_ENGINE)
    }
}

/// By service, the id of the image in which its user was looked up; two numbers need none.
pub fn looked_up(model: &Model, users: &[UserDecision], images: &dyn Images) -> BTreeMap<String, String> {
    let id = |decision: &UserDecision| {
        let (name, service) = model.services().find(|(name, _)| *name == decision.service)?;
        if decision.value.as_deref().and_then(numbers).is_some() {
            return None;
        }
        let id = images.id(&image_of(model, name, service)?).known()?;
        Some((decision.service.clone(), id))
    };
    users.iter().filter_map(id).collect()
}

/// Images made up for tests.
#[cfg(test)]
pub(crate) mod fake {
    use std::collections::BTreeMap;

    use super::{Answer, Image, ImageEntry, Images, Kind, ResolvedUser, TmpfsMode, UserError};
    use crate::engine::resolve_user;

    /// One image with a `USER`, a passwd and files.
    #[derive(Default)]
    pub struct Fake {
        pub user: &'static str,
        pub passwd: &'static str,
        pub group: &'static str,
        pub files: BTreeMap<&'static str, Kind>,
        /// What it says of itself, but for the user.
        pub says: Image,
        pub content: BTreeMap<&'static str, ImageEntry>,
    }

    /// The images that the engine has; any other is not pulled yet.
    #[derive(Default)]
    pub struct FakeImages(pub BTreeMap<&'static str, Fake>, pub TmpfsMode);

    impl FakeImages {
        pub fn one(name: &'static str, image: Fake) -> Self {
            Self(BTreeMap::from([(name, image)]), TmpfsMode::default())
        }
    }

    impl Images for FakeImages {
        fn tmpfs_mode(&self) -> TmpfsMode {
            self.1
        }

        fn resolve(&self, image: &str, user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>> {
            match self.0.get(image) {
                Some(fake) => {
                    let user = user.unwrap_or(fake.user);
                    Answer::Known(resolve_user(user, Some(fake.passwd), Some(fake.group)))
                }
                None => Answer::unknown("known after pull"),
            }
        }

        fn inspect(&self, image: &str) -> Answer<Image> {
            self.0.get(image).map(|fake| fake.says.clone()).ok_or("known after pull").into()
        }

        fn files(&self, image: &str, paths: &[String]) -> Answer<Vec<Option<ImageEntry>>> {
            let fake: Answer<&Fake> = self.0.get(image).ok_or("known after pull").into();
            fake.map(|fake| paths.iter().map(|path| fake.content.get(path.as_str()).cloned()).collect())
        }

        fn entry_at(&self, image: &str, path: &str) -> Answer<Option<ImageEntry>> {
            let fake: Answer<&Fake> = self.0.get(image).ok_or("known after pull").into();
            fake.map(|fake| fake.content.get(path).cloned())
        }

        fn kind_at(&self, image: &str, path: &str) -> Answer<Option<Kind>> {
            match self.0.get(image) {
                Some(fake) => Answer::Known(fake.files.get(path).copied()),
                None => Answer::unknown("known after pull"),
            }
        }
    }
}
