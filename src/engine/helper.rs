//! A short-lived container that holds nothing but this program.
//!
//! Where files belong to users that we may not act for, the engine can. The image is made from the running
//! program itself and loaded into the engine under a name and an id that follow from its content: nothing
//! is pulled, and nothing but that content can run.

mod archive;
mod run;
mod served;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::image::content_id;
use super::{Answer, Engine};

pub use run::{FILE, Given, PROGRESS, Task, Whose};
pub(super) use run::{SHOWN, UNTOUCHED, mount};
pub use served::{hear, say};

/// The program's name in the image; started by that name, it is the helper.
pub const PROGRAM: &str = "seaworthy-helper";

/// Where the helper finds what it was given.
pub const MOUNTED_AT: &str = "/tree";

/// Names a static build of the same program, for where the running one is not static.
pub const VARIABLE: &str = "SEAWORTHY_HELPER";

/// An image that is in the engine, and whose content is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperImage {
    pub id: String,
}

/// The file that the image is made from.
pub fn program() -> Result<PathBuf, String> {
    let own = || std::env::current_exe().map_err(|error| format!("the running program: {error}"));
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = named.map_or_else(own, Ok)?;
    let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if archive::is_static(&bytes) {
        return Ok(path);
    }
    Err(format!(
        "{} is not a static program, so it cannot run in a container of its own (cargo install makes a \
         static one with RUSTFLAGS='-C target-feature=+crt-static' and --target {}-unknown-linux-gnu, \
         scripts/build without words; {VARIABLE} may name one of the same version)",
        path.display(),
        std::env::consts::ARCH
    ))
}

impl Engine {
    /// Loads the image where the engine does not have it, and makes sure that it is what it was made from.
    pub fn helper_image(&self, program: &Path) -> Answer<HelperImage> {
        Answer::trying(|| {
            let bytes = std::fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
            let image = archive::Archive::new(&bytes, architecture());
            if let Some(found) = self.find_helper(&image).into_result()? {
                return Ok(found);
            }
            let file = image.write().and_then(|bytes| temporary(&bytes));
            let file = file.map_err(|error| format!("no room for the helper's image: {error}"))?;
            let loaded = self.patient().run_with_input(file, ["image", "load"]).into_result()?;
            if !loaded.succeeded() {
                return Err(loaded.complaint());
            }
            self.find_helper(&image).into_result()?.ok_or_else(|| "the engine lost it".to_owned())
        })
        .context("cannot load the helper's image")
    }

    /// The image by its name, if it is there.
    fn find_helper(&self, image: &archive::Archive) -> Answer<Option<HelperImage>> {
        self.command().run(["image", "inspect", "--", &image.name]).and_then(|output| {
            if !output.succeeded() {
                return if output.says_no_image() {
                    Answer::Known(None)
                } else {
                    Answer::Unknown(output.complaint())
                };
            }
            let found: Option<Value> = serde_json::from_slice(&output.stdout).ok();
            let found = found.as_ref().and_then(|found| found.get(0));
            match found.and_then(|found| Some((found, content_id(found.get("Id")?.as_str()?)?))) {
                // A name can be given to anything; what counts is what is in it.
                Some((found, id)) if image.is_in(found) => Answer::Known(Some(HelperImage { id })),
                Some(_) => Answer::Unknown(format!("{} is not the image that was made here", image.name)),
                None => Answer::not_understood("an image without an id"),
            }
        })
    }
}

/// As images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn temporary(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}
