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
pub use discovery::{Given, Project, discover, is_in_kernel, locate};
pub use environment::Environment;
pub use inputs::Inputs;

use crate::diagnostic::{Code, Finding, Sink};
use crate::source::{FileId, Span};

/// A fault inside an env file, with its place.
pub fn env_file_fault(error: &dotenv::DotenvError, file: FileId, name: &str) -> Finding {
    Finding::error(Code::EnvFile, format!("failed to read {name}: {}", error.message))
        .at(Span::new(file, error.range.start, error.range.end), "here")
}

/// Warns of each variable that an env file names, that is not set and became nothing.
pub fn env_file_warnings(parsed: &dotenv::Parsed, file: FileId, sink: &mut Sink) {
    let mut names = std::collections::HashSet::new();
    for template::Used { name, range } in &parsed.unset {
        if !names.insert(name) {
            continue;
        }
        sink.push(
            Finding::warning(
                Code::VariableUnset,
                format!("The {name:?} variable is not set. Defaulting to a blank string."),
            )
            .at(Span::new(file, range.start, range.end), "blank here")
            .help(format!(
                "Set {name}, or put the value in single quotes where the dollar sign is meant literally."
            )),
        );
    }
}
