//! Stable users, through the real program: the lock, drift, repair, launches at once.

#[path = "engine/harness.rs"]
#[allow(dead_code, reason = "shared with the engine tests, which use all of it")]
mod harness;

#[path = "users/drift.rs"]
mod drift;
#[path = "users/launches.rs"]
mod launches;
