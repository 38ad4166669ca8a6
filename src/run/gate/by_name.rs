//! `-p NAME start` and `restart`: Compose starts existing containers by the project's name, and reads no file.

use std::path::Path;

use crate::cli::{ComposeCommand, Request};
use crate::diagnostic::Code;
use crate::engine::{Answer, Inspection};
use crate::launch::facts::containers;
use crate::policy::rules::real;
use crate::run::images::LazyEngine;
use crate::run::session::Session;

/// Compose starts existing containers by the project's name alone. Where there is no project to verify, and
/// none was named, that is what was meant; nothing can come of it that was not launched before.
pub fn has_only_a_name(session: &Session<'_>, command: &ComposeCommand) -> bool {
    names_alone(session.request, command)
        && session.sink.findings().iter().all(|finding| finding.code == Code::NoComposeFile)
}

/// Whether the project's name is all that is said of it; Compose looks at no file then.
fn names_alone(request: &Request, command: &ComposeCommand) -> bool {
    let global = &request.global;
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    matches!(command.name, "start" | "restart")
        && (global.project_name.is_some() || is_set("COMPOSE_PROJECT_NAME"))
        && global.files.is_empty()
        && global.files_from.is_none()
        && global.files_cmd.is_none()
        && !is_set("COMPOSE_FILE")
        && global.policy.is_none()
}

/// Whether nothing but the name is said, and the containers of that project were all made in another directory than the
/// one whose files would be found here: those files say nothing about them.
pub fn is_of_another_directory(request: &Request, command: &ComposeCommand, engine: &LazyEngine) -> bool {
    if !names_alone(request, command) {
        return false;
    }
    let mut session = Session::new(request);
    let Some(project) = session.locate() else { return false };
    let (Some(name), Some(engine)) = (project.given_name(), engine.get().known()) else { return false };
    let Answer::Known(found) = containers(engine, name, false) else { return false };
    let here = real(&project.directory);
    let is_elsewhere = |container: &Inspection| {
        let made_in = Path::new(container.working_directory());
        made_in.is_absolute() && real(made_in) != here
    };
    !found.is_empty() && found.iter().all(is_elsewhere)
}
