//! `snapshot`, through the real program: the same bytes everywhere, every difference in its class, and nothing in
//! it that must not be seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "harness/project.rs"]
#[allow(dead_code, reason = "each test uses its part")]
mod project;
#[path = "harness/snapshot.rs"]
mod snapshot;

#[path = "snapshot/against.rs"]
mod against;
#[path = "snapshot/canary.rs"]
mod canary;
#[path = "snapshot/ci.rs"]
mod ci;
#[path = "snapshot/edits.rs"]
mod edits;
#[path = "snapshot/formats.rs"]
mod formats;
#[path = "snapshot/portable.rs"]
mod portable;
#[path = "snapshot/sides.rs"]
mod sides;
#[path = "snapshot/texts.rs"]
mod texts;

use std::path::Path;

use project::Project;

/// The example of the documentation, in a directory of its own.
fn agent_pod() -> Project {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agent-pod");
    let mut project = Project::empty();
    for name in ["compose.yaml", "seaworthy.yaml", "ops/limits.yaml", "ops/egress.yaml", "config/agent.json"]
    {
        project = project.file(name, std::fs::read(example.join(name)).unwrap());
    }
    project
}
