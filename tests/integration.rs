//! The real program, from its command line to what it prints: one module per topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "harness/project.rs"]
mod project;
#[path = "harness/snapshot.rs"]
mod snapshot;
#[path = "harness/stacks.rs"]
mod stacks;
#[path = "harness/stub.rs"]
mod stub;

#[path = "integration/advice.rs"]
mod advice;
#[path = "integration/compose_version.rs"]
mod compose_version;
#[path = "integration/config.rs"]
mod config;
#[path = "integration/coverage.rs"]
mod coverage;
#[path = "integration/environment.rs"]
mod environment;
#[path = "integration/errors.rs"]
mod errors;
#[path = "integration/explain.rs"]
mod explain;
#[path = "integration/files.rs"]
mod files;
#[path = "integration/governed.rs"]
mod governed;
#[path = "integration/init.rs"]
mod init;
#[path = "integration/limits.rs"]
mod limits;
#[path = "integration/listings.rs"]
mod listings;
#[path = "integration/merging.rs"]
mod merging;
#[path = "integration/mistakes.rs"]
mod mistakes;
#[path = "integration/output_file.rs"]
mod output_file;
#[path = "integration/passing_on.rs"]
mod passing_on;
#[path = "integration/plan.rs"]
mod plan;
#[path = "integration/policy_place.rs"]
mod policy_place;
#[path = "integration/posture.rs"]
mod posture;
#[path = "integration/postures.rs"]
mod postures;
#[path = "integration/rendered.rs"]
mod rendered;
#[path = "integration/yaml_errors.rs"]
mod yaml_errors;
