//! What the stages have to do with a value, told without walking it.

use super::field::Field;

/// Which stages have something to do for a value; the others need not go through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub paths: bool,
    pub unicity: bool,
    pub canonical: bool,
}

impl Work {
    pub const NONE: Self = Self { paths: false, unicity: false, canonical: false };

    pub fn or(self, other: Self) -> Self {
        Self {
            paths: self.paths || other.paths,
            unicity: self.unicity || other.unicity,
            canonical: self.canonical || other.canonical,
        }
    }
}

/// What there is to do for each field of an object, and for any.
#[derive(Debug)]
pub(super) struct Works {
    pub fields: Vec<Work>,
    pub any: Work,
}

impl Works {
    pub fn of(fields: &[Field]) -> Self {
        let fields: Vec<Work> = fields.iter().map(|field| field.spec.work()).collect();
        let any = fields.iter().copied().fold(Work::NONE, Work::or);
        Self { fields, any }
    }
}
