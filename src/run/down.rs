//! `down`: Compose's own; then the rendered file goes, which no container refers to any more.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use crate::cli::{ComposeCommand, Request};
use crate::compose::Phases;
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Answer;
use crate::host::defer_signals;
use crate::launch::facts::{containers, listed};
use crate::render;

use super::images::LazyEngine;
use super::pass;
use super::session::Session;

/// What is known of the project before it is taken down.
struct Before {
    name: String,
    /// Where its rendered file may lie.
    places: BTreeSet<PathBuf>,
}

/// Runs Compose to its end, and removes what was rendered where no container of the project is left. Nothing of that
/// stands in the way: where the project or the engine says nothing, Compose is all.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    if request.global.dry_run || !command.positionals.is_empty() {
        return pass::run(request);
    }
    let engine = LazyEngine::new(pass::options(request));
    let Some(before) = before(request, &engine) else { return pass::run(request) };
    let (program, words) = pass::program(request)?;
    // Whoever interrupts it interrupts Compose; we end by the same signal when that has ended.
    let deferred = defer_signals();
    let status = program.attached(words).map_err(pass::refuse)?;
    if status.success() {
        remove(&before, &engine);
    }
    drop(deferred);
    let signal = status.signal().map_or(1, |signal| 128 + signal);
    std::process::exit(status.code().unwrap_or(signal));
}

fn before(request: &Request, engine: &LazyEngine) -> Option<Before> {
    let mut session = Session::new(request);
    let project = if is_read_again(request) { session.discover() } else { None };
    let given = request.global.project_name.clone();
    let given = given.or_else(|| project.as_ref()?.given_name().map(str::to_owned));
    let name = given.or_else(|| {
        let layers = session.layers(project.as_ref()?)?;
        let selection = session.selection(&[]);
        Some(session.load(project.as_ref()?, layers, Phases::default(), &selection)?.name)
    })?;
    let file = format!("{name}.yaml");
    let mut places = BTreeSet::new();
    if let Some(project) = &project {
        places.extend(session.home(project).places().into_iter().map(|folder| folder.join(&file)));
    }
    if let Answer::Known(found) = engine.get().and_then(|engine| containers(engine, &name, true)) {
        let labels = found.iter().map(|one| one.label("com.docker.compose.project.config_files"));
        let files = labels.flat_map(|label| label.split(',').map(PathBuf::from).collect::<Vec<_>>());
        places.extend(files.filter(|path| path.file_name().is_some_and(|own| *own == *file)));
    }
    places.retain(|path| render::is_rendered(path));
    (!places.is_empty()).then_some(Before { name, places })
}

/// Whether the files can be read by us and by Compose after us. What comes through a pipe is Compose's alone.
fn is_read_again(request: &Request) -> bool {
    let global = &request.global;
    let listed = std::env::var("COMPOSE_FILE").unwrap_or_default();
    let separator = std::env::var("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|_| ":".to_owned());
    let files = global.files.iter().map(String::as_str).chain(listed.split(separator.as_str()));
    let mut named = files.filter(|file| !file.is_empty());
    global.files_from.is_none()
        && global.files_cmd.is_none()
        && named.all(|file| std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file()))
}

fn remove(before: &Before, engine: &LazyEngine) {
    let left = engine.get().and_then(|engine| listed(engine, &before.name, true));
    if !left.known().is_some_and(|left| left.is_empty()) {
        return;
    }
    let noted = engine.get().known().map(|engine| super::history::ended(engine, &before.name));
    if let Some(Err(error)) = noted {
        let message = format!("that it has ended is not noted for `whois` and `annotate`: {error}");
        let help = "Set XDG_STATE_HOME to a directory of yours that can be written.";
        pass::say(Finding::warning(Code::PrepareFailed, message).help(help));
    }
    for path in &before.places {
        if let Err(error) = render::remove(path) {
            let message =
                format!("the rendered file {} stays, with resolved values: {error}", path.display());
            let mut finding = Finding::warning(Code::PrepareFailed, message);
            finding = finding.help(format!("Remove it: rm {}", shown(path)));
            pass::say(finding);
        }
    }
}

fn shown(path: &Path) -> String {
    crate::host::process::shell_word(&path.to_string_lossy())
}
