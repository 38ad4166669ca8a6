//! The policy as a whole: from files to the verdict.

use crate::diagnostic::Code;

use super::fixture::Fixture;

mod attacks;
mod control;
mod effect;
mod files;
mod layering;
mod ordering;
mod postures;
mod switch;
mod undoing;
