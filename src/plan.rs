//! Everything that a launch will do, as data: printable, serialisable, comparable.

mod human;

use serde::Serialize;

pub use human::write_human;

/// The single description of a launch.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub project: String,
    pub directory: String,
    /// In the order in which they are merged.
    pub files: Vec<PlanFile>,
    pub services: Vec<PlanService>,
    /// The command that would run, word by word.
    pub command: Vec<String>,
}

/// One input.
#[derive(Clone, Debug, Serialize)]
pub struct PlanFile {
    pub name: String,
    pub role: Role,
    /// In bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The first file.
    Base,
    /// Named with `-f`, or an override.
    Overlay,
    /// Demanded by the policy.
    Mandatory,
    /// Named by an `include`, `extends` or `env_file`.
    Referenced,
    Policy,
}

#[derive(Clone, Debug, Serialize)]
pub struct PlanService {
    pub name: String,
    pub image: Option<String>,
}
