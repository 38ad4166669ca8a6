//! `overlays`: the built-in ones listed and shown, the project's own pinned and sealed.

mod pin;
mod seal;

use std::fmt::Write;

use crate::cli::{Overlays, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::policy::builtin::{self, BUILTINS};

pub fn run(request: &Request, what: &Overlays) -> Result<Exit, Exit> {
    match what {
        Overlays::List => super::print(list().as_bytes()),
        Overlays::Show(name) => match builtin::find(name) {
            Some(builtin) => super::print(builtin.text.as_bytes()),
            None => {
                let near = crate::yaml::suggest::nearest(name, builtin::names());
                let help = match near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Built in are {}.", builtin::names().collect::<Vec<_>>().join(", ")),
                };
                let message = format!("there is no built-in overlay {name:?}");
                Err(super::pass::refuse(Finding::error(Code::Usage, message).help(help)))
            }
        },
        Overlays::Pin(files) => pin::run(request, files),
        Overlays::Seal(options) => seal::run(request, options),
    }
}

/// A line for each, with what its first comment says.
fn list() -> String {
    let width = BUILTINS.iter().map(|builtin| builtin.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for builtin in BUILTINS {
        let about = builtin.text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or("");
        let _ = writeln!(text, "{:width$}  {about}", builtin.name);
    }
    text
}
