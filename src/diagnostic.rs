//! What is wrong, where, and what to do about it.
//!
//! A [`Finding`] has a [`Code`], one sentence, the places it is about and a remedy. Findings are
//! collected in a [`Sink`], so that everything wrong is reported in one go, and written for people
//! ([`human`]) or for machines.

mod code;
mod document;
mod finding;
mod github;
mod human;
mod json;
mod sarif;
mod sink;

pub use code::{Code, Exit};
pub use document::document;
pub use finding::{Finding, Label, Severity};
pub use github::github;
pub use human::{Screen, write_findings};
pub use json::json;
pub use sarif::sarif;
pub use sink::Sink;
