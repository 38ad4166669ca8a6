//! Every cut of every overlay, and every beginning and order of every list: refused, or the same model.
//! Nothing is sampled.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

#[path = "truncation/launch.rs"]
mod launch;
#[path = "truncation/lists.rs"]
mod lists;
#[path = "truncation/overlays.rs"]
mod overlays;
