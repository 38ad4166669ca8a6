//! What is wrong, where, and what to do about it.
//!
//! A [`Finding`] has a [`Code`], one sentence, the places it is about and a remedy. Findings are
//! collected in a [`Sink`], so that everything wrong is reported in one go, and written for people
//! ([`human`]) or for machines.

mod closing;
mod code;
mod concise;
mod document;
mod excerpt;
mod finding;
mod github;
mod group;
mod human;
mod json;
mod sarif;
mod sink;

pub use closing::{ahead, closing, next};
pub use code::{Code, Exit};
pub use concise::concise;
pub use document::document;
pub use finding::{About, Finding, Label, Severity, Waivable};
pub use github::github;
pub use human::{Screen, write_findings};
pub use json::json;
pub use sarif::sarif;
pub use sink::Sink;
