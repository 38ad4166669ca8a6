//! One known key of a mapping, and since when it is one.

use crate::reader::Reader;
use crate::yaml::Key;

use super::spec::Spec;

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub key: &'static str,
    pub sought: Key<'static>,
    pub required: bool,
    /// Printed even where it is absent, as what stands for nothing.
    pub always: bool,
    /// As the oldest version that has it knows it.
    pub spec: Spec,
    /// The first version that has it; `None` for all that are supported.
    pub since: Option<Reader>,
    /// The versions at which something about its value changed, in their order.
    pub changes: &'static [Change],
    /// Projects whose answer changes exactly where the key begins.
    pub cases: &'static [&'static str],
}

/// A field as it is from some version on.
#[derive(Debug)]
pub struct Change {
    pub since: Reader,
    pub spec: Spec,
    pub always: bool,
    /// Projects whose answer changes exactly there.
    pub cases: &'static [&'static str],
}

impl Field {
    /// What may stand there as `reader` knows it, and whether it is printed even where it is absent.
    pub fn at(&'static self, reader: Reader) -> (&'static Spec, bool) {
        match self.changes.iter().rev().find(|change| change.since <= reader) {
            Some(change) => (&change.spec, change.always),
            None => (&self.spec, self.always),
        }
    }

    /// Whether `reader` has this key.
    pub const fn is_known_to(&self, reader: Reader) -> bool {
        reader.is_within(self.since, None)
    }

    pub const fn since(mut self, since: Reader, cases: &'static [&'static str]) -> Self {
        self.since = Some(since);
        self.cases = cases;
        self
    }

    pub const fn changes(mut self, changes: &'static [Change]) -> Self {
        self.changes = changes;
        self
    }

    /// Whether any version prints it where it is absent.
    pub(super) const fn is_ever_always(&self) -> bool {
        let mut at = 0;
        while at < self.changes.len() {
            #[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
            if self.changes[at].always {
                return true;
            }
            at += 1;
        }
        self.always
    }
}

pub const fn field(key: &'static str, spec: Spec) -> Field {
    Field {
        key,
        sought: Key::new(key),
        required: false,
        always: false,
        spec,
        since: None,
        changes: &[],
        cases: &[],
    }
}

pub const fn required(key: &'static str, spec: Spec) -> Field {
    let mut field = field(key, spec);
    field.required = true;
    field
}

pub const fn always(key: &'static str, spec: Spec) -> Field {
    let mut field = field(key, spec);
    field.always = true;
    field
}
