//! What was typed, and what it means.
//!
//! [`parse`] turns the words of the command line into a [`Request`]. Flags and commands are data
//! ([`table`]); reading, help, completions and the manual are made from them.

mod flags;
mod global;
mod grammar;
mod help;
mod options;
mod plugin;
mod read;
mod request;
pub mod spec;
pub mod table;
#[cfg(test)]
mod tests;
mod usage;

pub use flags::Flags;
pub use global::Environment;
pub use help::{completions, manual, manuals};
pub use options::{
    AttestOptions, CheckFormat, CheckOptions, ConfigOptions, DoctorOptions, ExplainOptions, GcOptions,
    IdsOptions, InitOptions, InstallOptions, KubeOptions, Overlays, PlanFormat, PlanOptions, ProbeOptions,
    RepairOptions, SealOptions, SnapshotDo, SnapshotFormat, SnapshotOptions, StackDo, StackOptions,
    WhoisOptions,
};
pub use plugin::called_in_place;
pub use read::parse;
pub use request::{Command, ComposeCommand, EngineChoice, Global, Request};
pub use spec::Class;
