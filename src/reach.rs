//! The verified project on other targets: Swarm and Kubernetes.
//!
//! The [`table`] says of every field what becomes of it there. What a target cannot hold is refused by name
//! ([`refusal`]); nothing is left out without a word.

mod content;
pub mod document;
pub mod kube;
pub mod refusal;
pub mod swarm;
pub mod table;
mod walk;
