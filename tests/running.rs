//! What a stack does after its first launch, through the real program on a real engine, with Docker Compose beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[cfg(test)]
mod running {
    #[path = "../engine/harness.rs"]
    #[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
    mod harness;

    mod advice;
    mod flags;
    mod kept;
    mod places;
    mod removed;
    mod tmpfs;
}
