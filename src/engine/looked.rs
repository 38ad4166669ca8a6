//! What was seen in images, kept for the run.
//!
//! An image is known by its id, the sum of its content: what was there once under an id is there always.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::ImageEntry;
use super::rootfs::Look;

/// The image's id, the path, and whether the content was asked for.
type Key = (String, String, bool);

/// Shared by all copies of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked(Arc<Mutex<HashMap<Key, Option<ImageEntry>>>>);

impl Looked {
    /// What is known of a path; `None` where nobody has looked.
    pub fn get(&self, image: &str, look: &Look<'_>) -> Option<Option<ImageEntry>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key(image, look)).cloned()
    }

    pub fn keep(&self, image: &str, look: &Look<'_>, entry: Option<&ImageEntry>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key(image, look), entry.cloned());
    }
}

fn key(image: &str, look: &Look<'_>) -> Key {
    (image.to_owned(), look.path.to_owned(), look.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_question_has_the_same_answer() {
        let looked = Looked::default();
        let look = Look { path: "/a", content: false };
        looked.keep("sha256:1", &look, None);
        assert_eq!(looked.clone().get("sha256:1", &look), Some(None), "also by a copy");
        assert_eq!(looked.get("sha256:2", &look), None);
        assert_eq!(looked.get("sha256:1", &Look { content: true, ..look }), None);
        assert_eq!(looked.get("sha256:1", &Look { path: "/b", ..look }), None);
    }
}
