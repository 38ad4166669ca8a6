//! What a reviewer asks of the model: why a value is what it is.

pub mod annotate;
mod chain;
pub mod explain;
mod place;
mod variables;

pub use chain::{Chain, Chains, Did, Event};
pub use place::{Place, Segment, find};
pub use variables::{Given, Used};
