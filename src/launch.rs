//! The last step: Compose's own reading of the rendered file must agree, then Compose takes over.

mod cross_check;
pub mod demanded;
pub mod facts;
pub mod identity;
pub mod judge;
pub mod kept;
pub mod live;
pub mod phases;
pub mod program;
pub mod proof;
#[cfg(test)]
mod rows;
pub mod standing;
pub mod start;
pub mod version;

pub use cross_check::{HandedOver, cross_check};
