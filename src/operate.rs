//! What is done about projects that run already.

pub mod attest;
pub mod gc;
pub mod uses;
