//! `stack`: what is asked of a swarm is what was verified, and what it cannot hold is named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "stack/cases.rs"]
mod cases;
#[path = "stack/kept.rs"]
mod kept;
#[path = "stack/live.rs"]
mod live;
#[path = "harness/project.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod project;
#[path = "stack/proxy.rs"]
mod proxy;
#[path = "stack/rendering.rs"]
mod rendering;
#[path = "stack/rows.rs"]
mod rows;
#[path = "stack/swarm.rs"]
mod swarm;
