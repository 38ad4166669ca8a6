//! `kube`: what is rendered is what the API takes, and what is not rendered is named.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "corpus/case.rs"]
#[allow(dead_code, reason = "the gate of a launch has a part of its own")]
mod case;
#[path = "kube/corpus.rs"]
mod corpus;
#[path = "kube/example.rs"]
mod example;
#[path = "kube/facts.rs"]
mod facts;
#[path = "kube/files.rs"]
mod files;
#[path = "kube/manifests.rs"]
mod manifests;
#[path = "corpus/pool.rs"]
mod pool;
#[path = "corpus/program.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod program;
#[path = "harness/project.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod project;
#[path = "kube/restricted.rs"]
mod restricted;
#[path = "kube/rows.rs"]
mod rows;
#[path = "kube/schema.rs"]
mod schema;
