//! Complete inputs, or no launch: `up` of the real program against a `docker` that writes down what it
//! was to launch. No engine is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "inputs/bed.rs"]
mod bed;
#[path = "inputs/engine.rs"]
mod engine;
#[path = "inputs/faults.rs"]
mod faults;
#[path = "inputs/killed.rs"]
mod killed;
#[path = "inputs/lists.rs"]
mod lists;
#[path = "inputs/messages.rs"]
mod messages;
#[path = "inputs/overlays.rs"]
mod overlays;
#[path = "inputs/scenario.rs"]
mod scenario;
#[path = "harness/snapshot.rs"]
mod snapshot;
#[path = "inputs/swapped.rs"]
mod swapped;
#[cfg(target_arch = "x86_64")]
#[path = "inputs/threads.rs"]
mod threads;
#[cfg(target_arch = "x86_64")]
#[path = "inputs/tracer.rs"]
mod tracer;
