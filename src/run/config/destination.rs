//! `config -o FILE`.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::Mode;

use crate::diagnostic::{Code, Exit, Finding};
use crate::host::write_atomic;

/// Writes `bytes` whole or not at all: a reader never sees half a model. What is there keeps its mode,
/// and a link keeps pointing to what it points to. A pipe or device is written to as it is.
pub fn write(path: &Path, bytes: &[u8]) -> Result<Exit, Exit> {
    let outcome = match std::fs::metadata(path) {
        Ok(known) if known.is_file() => path
            .canonicalize()
            .map_err(|error| shown(path, &error))
            .and_then(|target| replace(&target, bytes, known.permissions().mode() & 0o7777)),
        Ok(known) if known.is_dir() => Err(format!("{} is a directory", path.display())),
        Ok(_) => append(path, bytes).map_err(|error| shown(path, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(path, bytes, default_mode()),
        Err(error) => Err(shown(path, &error)),
    };
    match outcome {
        Ok(()) => Ok(Exit::Done),
        Err(message) => {
            let finding = Finding::error(Code::PrepareFailed, message)
                .help("Nothing was written. Check the path given to --output.");
            Err(crate::run::pass::refuse(finding))
        }
    }
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    write_atomic(path, bytes, mode).map_err(|error| error.to_string())
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes)
}

fn shown(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// What a new file gets from any other program. The mask can only be read by setting it; this process
/// has no other thread that could make a file meanwhile.
fn default_mode() -> u32 {
    let mask = rustix::process::umask(Mode::empty());
    rustix::process::umask(mask);
    0o666 & !mask.bits()
}
