//! What is launched, where that is not what the files say: what was typed with the command, and containers that are
//! only started.

use std::path::Path;

use crate::cli::Command;
use crate::compose::{Model, section};
use crate::diagnostic::{Code, Finding};
use crate::engine::{Answer, State};
use crate::launch::facts::containers;
use crate::launch::{judge, kept};
use crate::model::{build, mount, resource};
use crate::ownership::Users;
use crate::project::Project;
use crate::yaml::{Mapping, Node};

use super::images::LazyEngine;
use super::session::Session;

/// The project as it is launched. The rendered file is without what was typed, since Compose is told the same words.
pub struct Asked {
    pub model: Model,
    pub selected: Model,
    pub users: Users,
    /// Whether it is what containers have that are there, and are not made anew.
    pub is_kept: bool,
}

/// The model with what was typed with the command.
pub fn typed(session: &mut Session<'_>, model: &Model, project: &Project) -> Option<Model> {
    let Command::Compose(command) = &session.request.command else { return None };
    if session.skips_typed {
        return None;
    }
    judge::laid(command, model, project, &mut session.inputs)
}

/// The model with the services as their containers are, where the command leaves them so. Where the engine does not
/// say, the files have to do.
pub fn kept(session: &Session<'_>, model: &Model, engine: &LazyEngine, asks: bool) -> Option<Model> {
    let Command::Compose(command) = &session.request.command else { return None };
    // Without a policy nothing else is refused or made.
    if !kept::keeps(command) || !(asks || lacks_a_file(model)) {
        return None;
    }
    let found = engine.get().and_then(|engine| containers(engine, &model.name, false)).known()?;
    kept::laid(command, model, &found)
}

/// Whether a container of the service runs. What the engine does not say is no.
pub fn runs(model: &Model, service: &str, engine: &LazyEngine) -> bool {
    let found = engine.get().and_then(|engine| containers(engine, &model.name, false)).known();
    found.unwrap_or_default().iter().any(|one| one.service == service && one.state == State::Running)
}

/// Whether a secret, a config or the directory behind a volume is not there.
fn lacks_a_file(model: &Model) -> bool {
    let is_missing = |node: Option<&Node>| {
        node.and_then(Node::as_str)
            .is_some_and(|path| path.starts_with('/') && std::fs::symlink_metadata(path).is_err())
    };
    let all = |key| section(&model.root, key).into_iter().flat_map(Mapping::iter);
    all("secrets").chain(all("configs")).any(|(_, node)| is_missing(resource::FILE.node(node)))
        || all("volumes").any(|(_, node)| is_missing(resource::OPTIONS.entry(node, "device")))
}

/// Services of which a new container would run as somebody else than the one that is there.
pub fn others(asked: &Asked, today: &Users) -> Vec<Finding> {
    let other = |name: &str| {
        let (now, new) = (asked.users.of(name)?, today.of(name)?);
        let (Answer::Known(is), Answer::Known(would)) = (&now.user, &new.user) else { return None };
        if is.owner == would.owner {
            return None;
        }
        let message = format!(
            "the container of service `{name}` is older than the file: it runs as {}, and a new one would run as {} ({})",
            is.owner,
            would.owner,
            new.from.describe()
        );
        let finding = Finding::warning(Code::ContainerOlder, message);
        let finding = match new.from.span() {
            Some(span) => finding.at(span, "for a new one"),
            None => finding,
        };
        Some(finding.help(Code::ContainerOlder.remedy()))
    };
    if !asked.is_kept {
        return Vec::new();
    }
    asked.selected.services().filter_map(|(name, _)| other(name)).collect()
}

/// What is wrong where relative sources are taken from a directory that nobody meant: that of a pipe.
pub fn unmeant(project: &Project, model: &Model, is_strict: bool) -> Option<Finding> {
    if !project.is_in_kernel() {
        return None;
    }
    let inside = |node: &Node| {
        let path = node.as_str().filter(|path| Path::new(path).starts_with(&project.directory))?;
        let rest = Path::new(path).strip_prefix(&project.directory).ok()?;
        (!rest.as_os_str().is_empty()).then(|| (format!("./{}", rest.display()), node.origin))
    };
    let of_service = |(_, service): (&str, &Node)| {
        let mounts = mount::VOLUMES.items(service).iter();
        let mut sources = mounts.filter(|mount| mount::TYPE.str(mount) == Some("bind"));
        let bind = sources.find_map(|mount| inside(mount::SOURCE.node(mount)?));
        bind.or_else(|| inside(build::CONTEXT.node(service)?))
    };
    let files = ["secrets", "configs"].into_iter().filter_map(|key| section(&model.root, key));
    let mut files = files.flat_map(Mapping::iter).filter_map(|(_, node)| resource::FILE.node(node));
    let (path, origin) = model.services().find_map(of_service).or_else(|| files.find_map(inside))?;
    let message = format!(
        "the project directory is {}, because that is where the first file lies: {path} is looked for there",
        project.directory.display()
    );
    let finding = if is_strict {
        Finding::error(Code::BindOutside, message)
    } else {
        Finding::warning(Code::BindOutside, message)
    };
    Some(finding.at_origin(origin, "relative to that").help(
        "Name the directory that is meant: --project-directory . (with a dot for the working directory).",
    ))
}
