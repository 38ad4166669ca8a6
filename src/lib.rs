//! A drop-in `docker compose` that refuses to launch a project that is half-assembled, weaker than
//! its declared posture, or about to write as the wrong user.
//!
//! Data goes one way: `cli → project → compose → policy → ownership → plan → render → prepare →
//! launch`, over the foundations `source`, `yaml`, `diagnostic`, `host` and `engine`.

pub mod diagnostic;
pub mod engine;
pub mod host;
pub mod source;
pub mod yaml;
