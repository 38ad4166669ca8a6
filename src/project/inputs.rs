//! The one read of every input.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::host::{Content, ReadError, read_file, read_found, read_stdin};
use crate::source::{FileId, SourceFile, SourceMap, bytes};

/// More than this is no compose file: one of 10,000 services has a tenth of it.
const LARGEST: u64 = 32 * 1024 * 1024;

/// All inputs of a run stay in memory, together no more than this.
const LARGEST_TOTAL: usize = 64 * 1024 * 1024;

/// Every file of a run, each read once and kept: nothing is read a second time, so that what was
/// judged is what is launched.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    sources: SourceMap,
    by_path: HashMap<PathBuf, FileId>,
    streams: HashSet<FileId>,
    values: HashSet<FileId>,
    bytes: usize,
}

impl Inputs {
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// Adds text that is not a file, such as a built-in overlay.
    pub fn add(&mut self, name: &str, path: &Path, text: &str) -> FileId {
        let file = SourceFile::new(name, path, text);
        let id = self.sources.add(file);
        self.by_path.insert(path.to_path_buf(), id);
        id
    }

    /// Whether an input came through a pipe or the like, whose early end cannot be told from its end.
    pub fn is_stream(&self, file: FileId) -> bool {
        self.streams.contains(&file)
    }

    /// A stream that says itself where it ends, such as a sealed list, needs no other proof.
    pub fn vouch(&mut self, file: FileId) {
        self.streams.remove(&file);
    }

    /// Whether a file holds nothing but values, as env files do: none of them is to be shown.
    pub fn holds_values(&self, file: FileId) -> bool {
        self.values.contains(&file)
    }

    /// The file at an absolute path, or standard input at `-`, shown as `name` in messages.
    ///
    /// # Errors
    /// A finding where it cannot be read whole, or is not UTF-8.
    pub fn read(&mut self, path: &Path, name: &str) -> Result<FileId, Finding> {
        let is_stdin = path.as_os_str() == "-";
        self.read_by(path, name, |path| if is_stdin { read_stdin(LARGEST) } else { read_file(path, LARGEST) })
    }

    /// As [`Inputs::read`], a file that nobody named: a pipe is refused in its place.
    ///
    /// # Errors
    /// As there.
    pub fn read_found(&mut self, path: &Path, name: &str) -> Result<FileId, Finding> {
        self.read_by(path, name, |path| read_found(path, LARGEST))
    }

    /// As [`Inputs::read`], a file of `NAME=value` lines: it holds nothing but values, none of which is to be shown,
    /// and its bytes need not be UTF-8, see [`bytes::to_text`].
    ///
    /// # Errors
    /// A finding where it cannot be read whole.
    pub fn read_env(&mut self, path: &Path, name: &str) -> Result<FileId, Finding> {
        self.read_values(path, name, |path| read_file(path, LARGEST))
    }

    /// As [`Inputs::read_env`], a file that nobody named: a pipe is refused in its place.
    ///
    /// # Errors
    /// As there.
    pub fn read_env_found(&mut self, path: &Path, name: &str) -> Result<FileId, Finding> {
        self.read_values(path, name, |path| read_found(path, LARGEST))
    }

    fn read_values(
        &mut self,
        path: &Path,
        name: &str,
        read: impl FnOnce(&Path) -> Result<Content, ReadError>,
    ) -> Result<FileId, Finding> {
        let id = match self.by_path.get(path) {
            Some(id) => *id,
            None => {
                let content = read(path).map_err(|error| unreadable(name, &error))?;
                self.keep(path, name, content.metadata.is_stream, &bytes::to_text(content.bytes))?
            }
        };
        self.values.insert(id);
        Ok(id)
    }

    fn read_by(
        &mut self,
        path: &Path,
        name: &str,
        read: impl FnOnce(&Path) -> Result<Content, ReadError>,
    ) -> Result<FileId, Finding> {
        if let Some(id) = self.by_path.get(path) {
            return Ok(*id);
        }
        let content = read(path).map_err(|error| unreadable(name, &error))?;
        let bytes = match utf16(&content.bytes) {
            Some(text) => text.ok_or_else(|| {
                Finding::error(Code::InputNotUtf8, format!("{name} is not valid UTF-16"))
                    .help(Code::InputNotUtf8.remedy())
            })?,
            None => content.bytes,
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Finding::error(Code::InputNotUtf8, format!("{name} is not valid UTF-8 (from byte {at} on)"))
                .help(Code::InputNotUtf8.remedy())
        })?;
        self.keep(path, name, content.metadata.is_stream, &text)
    }

    fn keep(&mut self, path: &Path, name: &str, is_stream: bool, text: &str) -> Result<FileId, Finding> {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > LARGEST_TOTAL {
            let message = format!("with {name} the inputs have more than {LARGEST_TOTAL} bytes together");
            return Err(Finding::error(Code::InputTooLarge, message).help(Code::InputTooLarge.remedy()));
        }
        let id = self.add(name, path, text);
        if is_stream {
            self.streams.insert(id);
        }
        Ok(id)
    }
}

/// Text that begins with the mark of UTF-16, which Compose's reader knows, in UTF-8; `Some(None)` where
/// it is not valid.
fn utf16(bytes: &[u8]) -> Option<Option<Vec<u8>>> {
    let (read, body): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xFF, 0xFE, body @ ..] => (u16::from_le_bytes, body),
        [0xFE, 0xFF, body @ ..] => (u16::from_be_bytes, body),
        _ => return None,
    };
    let (units, rest) = body.as_chunks::<2>();
    let text = String::from_utf16(&units.iter().map(|unit| read(*unit)).collect::<Vec<_>>());
    Some(text.ok().filter(|_| rest.is_empty()).map(String::into_bytes))
}

fn unreadable(name: &str, error: &ReadError) -> Finding {
    let (code, what) = match error {
        ReadError::Missing(_) => (Code::InputUnreadable, format!("{name}: no such file")),
        ReadError::Directory(_) => (Code::InputUnreadable, format!("{name} is a directory")),
        ReadError::Unsuitable { kind, .. } => (Code::InputUnreadable, format!("{name} is {kind}")),
        ReadError::TooLarge { limit, .. } => {
            (Code::InputTooLarge, format!("{name} has more than {limit} bytes"))
        }
        ReadError::Changed { what, .. } => {
            (Code::InputChanged, format!("{name} changed while it was being read: {what}"))
        }
        ReadError::Io { source, .. } => (Code::InputUnreadable, format!("{name}: {source}")),
    };
    Finding::error(code, what).help(code.remedy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_limits_has_those_of_inputs() {
        let page = include_str!("../../docs/limits.md");
        let mebibytes = |bytes: u64| bytes / (1024 * 1024);
        for (what, bound) in [
            ("bytes of one compose file, overlay or env file", LARGEST),
            ("bytes of all of them together", LARGEST_TOTAL as u64),
        ] {
            assert!(page.contains(&format!("| {what} | {} MiB |", mebibytes(bound))), "{what}: {bound}");
        }
    }
}
