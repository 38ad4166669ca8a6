//! A drop-in `docker compose` that refuses to launch a project that is half-assembled, weaker than
//! its declared posture, or about to write as the wrong user.
//!
//! Data goes one way: `cli → project → compose → model → policy → ownership → plan → render →
//! prepare → launch`, over the foundations `source`, `reader`, `yaml`, `diagnostic`, `host` and `engine`. [`run()`] puts
//! the stages together, one file per command.

pub mod cli;
mod commands;
pub mod compose;
pub mod diagnostic;
pub mod engine;
pub mod host;
pub mod launch;
pub mod model;
pub mod operate;
pub mod ownership;
pub mod plan;
pub mod policy;
pub mod prepare;
pub mod project;
pub mod reach;
pub mod reader;
pub mod redact;
pub mod render;
pub mod review;
mod run;
pub mod snapshot;
pub mod source;
pub mod yaml;

pub use run::run;
