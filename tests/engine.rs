//! Tests on a real container engine with a real Docker Compose, through the real binary.
//!
//! They are ignored in a plain `cargo test`; `scripts/test` brings an engine and runs them. Asked for without
//! an engine, they fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[cfg(test)]
mod engine {
    mod advice;
    mod config;
    mod drop_in;
    mod files;
    mod harness;
    mod images;
    mod incidents;
    mod init;
    mod install;
    mod profiles;
    mod pty;
    #[path = "../harness/stacks.rs"]
    mod stacks;
    mod terminal;
    mod unavailable;
    mod versions;
}
