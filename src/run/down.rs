//! `down`: Compose's own; then the rendered file goes, which no container refers to any more, and so do the mounts that
//! showed state to its service.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use crate::cli::{ComposeCommand, Request};
use crate::compose::Phases;
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Answer;
use crate::host::defer_signals;
use crate::host::idmap::unmount_mapped;
use crate::host::mounts::mounts;
use crate::launch::facts::{containers, listed};
use crate::operate::uses::uses;
use crate::ownership::lock::repair::MOUNTS;
use crate::render;

use super::images::LazyEngine;
use super::pass;
use super::session::Session;

/// What is known of the project before it is taken down.
struct Before {
    name: String,
    /// Where its rendered file may lie.
    places: BTreeSet<PathBuf>,
    /// The mounts that show something of the project to a service as its own.
    mounts: BTreeSet<PathBuf>,
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
    if status.success() && is_gone(&before, &engine) {
        remove(&before);
        release(&before, &engine);
        note(&before, &engine);
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
    let directory = project.as_ref().and_then(|project| project.directory.canonicalize().ok());
    let mut mounts = shown_of(directory.as_deref());
    if let Answer::Known(found) = engine.get().and_then(|engine| containers(engine, &name, true)) {
        let sources = found.iter().flat_map(|one| &one.mounts).map(|mount| Path::new(&mount.source));
        mounts.extend(sources.filter_map(point_of));
        let labels = found.iter().map(|one| one.label("com.docker.compose.project.config_files"));
        let files = labels.flat_map(|label| label.split(',').map(PathBuf::from).collect::<Vec<_>>());
        places.extend(files.filter(|path| path.file_name().is_some_and(|own| *own == *file)));
    }
    places.retain(|path| render::is_rendered(path));
    (!places.is_empty() || !mounts.is_empty()).then_some(Before { name, places, mounts })
}

/// The mount through which a path is shown.
fn point_of(path: &Path) -> Option<PathBuf> {
    let name = path.strip_prefix(MOUNTS).ok()?.iter().next()?;
    Some(Path::new(MOUNTS).join(name))
}

/// Id-mapped mounts of a directory's content, also those made for a former user of a service.
fn shown_of(directory: Option<&Path>) -> BTreeSet<PathBuf> {
    let (Some(directory), Ok(all)) = (directory, mounts()) else { return BTreeSet::new() };
    let base = Path::new(MOUNTS);
    let ours = all.iter().filter(|mount| {
        mount.point.parent() == Some(base)
            && mount.shown(&all, base).is_some_and(|shown| shown.starts_with(directory))
    });
    ours.map(|mount| mount.point.clone()).collect()
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

/// Whether no container of the project is left.
fn is_gone(before: &Before, engine: &LazyEngine) -> bool {
    let left = engine.get().and_then(|engine| listed(engine, &before.name, true));
    left.known().is_some_and(|left| left.is_empty())
}

/// Notes that the project has ended.
fn note(before: &Before, engine: &LazyEngine) {
    let noted = engine.get().known().map(|engine| super::history::ended(engine, &before.name));
    if let Some(Err(error)) = noted {
        let message = format!("that it has ended is not noted for `whois` and `annotate`: {error}");
        let help = "Set XDG_STATE_HOME to a directory of yours that can be written.";
        pass::say(Finding::warning(Code::PrepareFailed, message).help(help));
    }
}

/// Takes the mounts away that no container of anybody has.
fn release(before: &Before, engine: &LazyEngine) {
    if before.mounts.is_empty() {
        return;
    }
    let stays = |point: &Path, reason: String| {
        let message = format!("the mount {} stays: {reason}", point.display());
        let finding = Finding::warning(Code::PrepareFailed, message);
        pass::say(finding.help("`seaworthy gc`, as root, takes it away where no container has it."));
    };
    let uses = match engine.get().and_then(uses) {
        Answer::Known(uses) => uses,
        Answer::Unknown(reason) => {
            before.mounts.iter().for_each(|point| stays(point, reason.clone()));
            return;
        }
    };
    for point in &before.mounts {
        if uses.iter().any(|one| one.path.starts_with(point)) {
            continue;
        }
        match unmount_mapped(point) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => stays(point, error.to_string()),
        }
    }
}

fn remove(before: &Before) {
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
