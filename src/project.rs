//! Which files, in which order, from where; the environment; the project's name; and the one read of
//! every input.

mod discovery;
pub mod dotenv;
mod environment;
mod inputs;
pub mod list;
pub mod quote;
pub mod template;

pub use crate::source::sha256;
pub use discovery::{Given, Project, discover, locate};
pub use environment::Environment;
pub use inputs::Inputs;

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

/// A fault inside an env file, with its place.
pub fn env_file_fault(error: &dotenv::DotenvError, file: FileId, name: &str) -> Finding {
    Finding::error(Code::EnvFile, format!("failed to read {name}: {}", error.message))
        .at(Span::new(file, error.range.start, error.range.end), "here")
}
