//! What a reviewer asks of the model: why a value is what it is.

pub mod annotate;
mod chain;
mod chains;
pub mod explain;
mod place;
mod variables;

pub use chain::{Chain, Did, Event};
pub use chains::Chains;
pub use place::{Place, Segment, find};
pub use variables::{Given, Used};
