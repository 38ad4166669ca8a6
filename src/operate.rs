//! What is done about projects that run already.

pub(crate) mod accounts;
pub mod annotate;
pub mod attest;
pub mod doctor;
pub mod gc;
pub mod history;
pub mod ids;
pub mod probe;
pub mod uses;
pub mod whois;
