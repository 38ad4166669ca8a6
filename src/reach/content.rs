//! The content of a project's configs and secrets.

use std::path::Path;

use crate::compose::{Model, text};
use crate::host::read_found;
use crate::model::resource;
use crate::yaml::Node;

/// The content of a declared config or secret, of a file at most `limit` bytes.
///
/// # Errors
/// Why it cannot be had.
pub fn content(model: &Model, declared: &Node, limit: usize) -> Result<Vec<u8>, String> {
    if let Some(file) = resource::FILE.node(declared) {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        return read_found(Path::new(&text(file)), limit)
            .map(|content| content.bytes)
            .map_err(|error| error.to_string());
    }
    if let Some(variable) = resource::VARIABLE.text(declared) {
        let captured = model.captured.get(&variable).and_then(Option::as_deref);
        let value = captured.or_else(|| model.environment.get(&variable));
        return value
            .map(|value| value.as_bytes().to_vec())
            .ok_or_else(|| format!("the variable {variable} is not set"));
    }
    Ok(resource::CONTENT.text(declared).unwrap_or_default().into_bytes())
}
