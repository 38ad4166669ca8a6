//! What is done about projects that run already.

pub mod attest;
