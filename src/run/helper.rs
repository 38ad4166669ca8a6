//! This program as the helper: alone in a container, under another name.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::engine::helper::{MOUNTED_AT, PROGRAM};
use crate::operate::probe::there;
use crate::prepare::repair::helper::serve;

/// Whether the program was started as the helper.
pub fn is_meant(name: Option<&OsString>) -> bool {
    name.is_some_and(|name| Path::new(name).file_name().is_some_and(|name| name == PROGRAM))
}

pub fn run() -> ExitCode {
    let tree = Path::new(MOUNTED_AT);
    let word = std::env::args_os().nth(1);
    let served = match word.as_ref().and_then(|word| word.to_str()) {
        None => serve(tree),
        Some(there::WORD) => there::serve(tree),
        Some(other) => Err(std::io::Error::other(format!("no such work: {other}"))),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{PROGRAM}: {error}");
            ExitCode::FAILURE
        }
    }
}
