//! The one read of every input.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, SourceFile, SourceMap};

/// Every file of a run, each read once and kept: nothing is read a second time, so that what was
/// judged is what is launched.
#[derive(Debug, Default)]
pub struct Inputs {
    sources: SourceMap,
    by_path: HashMap<PathBuf, FileId>,
}

impl Inputs {
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Adds text that is not a file, such as a built-in overlay.
    pub fn add(&mut self, name: &str, path: &Path, text: &str) -> FileId {
        let file = SourceFile {
            name: name.to_owned(),
            path: path.to_path_buf(),
            text: text.into(),
            sha256: sha256(text.as_bytes()),
        };
        let id = self.sources.add(file);
        self.by_path.insert(path.to_path_buf(), id);
        id
    }

    /// The file at an absolute path, shown as `name` in messages.
    ///
    /// # Errors
    /// A finding where it cannot be read whole, or is not UTF-8.
    pub fn read(&mut self, path: &Path, name: &str) -> Result<FileId, Finding> {
        if let Some(id) = self.by_path.get(path) {
            return Ok(*id);
        }
        let bytes = if path.as_os_str() == "-" { standard_input() } else { std::fs::read(path) };
        let bytes =
            bytes.map_err(|error| Finding::error(Code::InputUnreadable, format!("{name}: {error}")))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Finding::error(Code::InputNotUtf8, format!("{name} is not valid UTF-8")))?;
        Ok(self.add(name, path, &text))
    }
}

fn standard_input() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Lower-case hexadecimal sha256.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
