//! The gate: load, verify, prepare, cross-check, launch.

use crate::model::{build, resource};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::Path;

use crate::cli::{Class, ComposeCommand, Request};
use crate::compose::{Model, section};
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::engine::socket::Socket;
use crate::engine::{Answer, Command, Inspection};
use crate::host::process::shell_word;
use crate::launch::facts::containers;
use crate::launch::program::Program;
use crate::launch::standing;
use crate::launch::{HandedOver, kept};
use crate::ownership::UserDecision;
use crate::ownership::bind::Reach;
use crate::ownership::images::image_of;
use crate::policy::rules::real;
use crate::prepare::copy::refresh;
use crate::prepare::prepare;
use crate::project::Project;
use crate::render::{self, Heading, Rendered};
use crate::yaml::Mapping;

use super::decide::Images;
use super::history::Notes;
use super::images::LazyEngine;
use super::launch_checked::{self, Launch};
use super::pass::options;
use super::session::Session;
use super::verify::{Verified, verify};
use super::{mapped, mend, settle};

/// `up`, `create`, `run`, `start`, `restart`, `scale`, `watch`: the whole gate. `build`, `pull`, `push`,
/// `publish` start nothing, so the host is not prepared for them.
pub fn run(request: &Request, command: &ComposeCommand) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    // What starts nothing may be what puts the user right: a build, a pull.
    session.tolerates_drift = command.class != Class::Gate;
    let services = named_services(command);
    let engine = LazyEngine::new(options(request));
    if names_alone(request, command) && is_of_another_directory(request, &engine) {
        return super::pass::run(request);
    }
    let Some(mut verified) = verify(&mut session, &services, &engine, Images::WhereNeeded) else {
        if has_only_a_name(&session, command) {
            return super::pass::run(request);
        }
        return Err(session.report());
    };
    let acts = command.class == Class::Gate && !request.global.dry_run;
    // Who waits for an image waits in vain where something else was not found out.
    if acts && engine.connected().is_some() && !verified.unclear.is_empty() {
        session.sink.extend(std::mem::take(&mut verified.unclear));
        return Err(session.report());
    }
    // What is only started has the image that it has, here or nowhere.
    let makes = acts && !kept::makes_nothing(command);
    let mut waiting = if makes { pending(&verified) } else { Vec::new() };
    if makes {
        waiting.extend(crate::commands::probe::without_image(&verified, &engine));
        waiting.extend(awaiting(&verified, &engine));
        waiting.sort();
        waiting.dedup();
    }
    if !waiting.is_empty() {
        if let Err(finding) = fetch(&session, &verified, &waiting, &engine) {
            session.sink.push(finding);
            return Err(session.report());
        }
        let engine = LazyEngine::new(options(request));
        match verify(&mut session, &services, &engine, Images::WhereNeeded) {
            Some(again) => verified = again,
            None => return Err(session.report()),
        }
        if let [service, ..] = pending(&verified).as_slice() {
            session.sink.push(
                Finding::error(
                    Code::UserInvalid,
                    format!("who {service} runs as is not known although its image is there"),
                )
                .help("Give the service a user in numbers: user.services in the policy."),
            );
            return Err(session.report());
        }
    }
    let home = session.home(&verified.project);
    let turn = verified.lock.as_ref().filter(|_| acts).map(|lock| lock.turn(&home));
    let turn = match turn.transpose().and_then(|turn| Ok((verified.is_outdated()?, turn))) {
        Ok((false, turn)) => turn,
        // Another launch gave out users meanwhile.
        Ok((true, turn)) => {
            session.sink = Sink::new();
            match verify(&mut session, &services, &LazyEngine::new(options(request)), Images::WhereNeeded) {
                Some(again) => verified = again,
                None => return Err(session.report()),
            }
            turn
        }
        Err(finding) => {
            session.sink.push(finding);
            return Err(session.report());
        }
    };
    if acts {
        session.sink.extend(verified.unclear.iter().cloned());
    }
    if session.sink.has_errors() {
        return Err(session.report());
    }
    mapped::rewrite(&mut verified);
    if let ("run", Some(service)) = (command.name, services.first()) {
        settle::keep_for_one_off(&mut verified, service);
    }
    let rendered = rendered(&session, &verified);
    let outcome = hand_over(&mut session, command, &verified, &rendered, &services, &engine);
    drop(turn);
    outcome.map_err(|finding| {
        session.sink.push(finding);
        session.report()
    })
}

/// Compose starts existing containers by the project's name alone. Where there is no project to verify, and
/// none was named, that is what was meant; nothing can come of it that was not launched before.
fn has_only_a_name(session: &Session<'_>, command: &ComposeCommand) -> bool {
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

/// Whether the containers of the named project were all made in another directory than the one whose files would be
/// found here: those files say nothing about them.
fn is_of_another_directory(request: &Request, engine: &LazyEngine) -> bool {
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

/// The services that a command names; none means all.
pub fn named_services(command: &ComposeCommand) -> Vec<String> {
    match command.name {
        "run" => command.positionals.first().cloned().into_iter().collect(),
        "scale" => {
            let name = |word: &String| word.split('=').next().unwrap_or(word).to_owned();
            command.positionals.iter().map(name).collect()
        }
        "publish" => Vec::new(),
        _ => command.positionals.clone(),
    }
}

/// The services of this launch whose user, or the owner of what they mount, depends on an image that is
/// not there.
fn pending(verified: &Verified) -> Vec<String> {
    let launched: HashSet<&str> = verified.started().services().map(|(name, _)| name).collect();
    // What the lock is to remember has to be known.
    let unknown = |user: &UserDecision| verified.lock.is_some() && !user.user.is_known();
    let users = verified
        .running()
        .iter()
        .filter(|user| user.is_pending() || unknown(user))
        .map(|user| user.service.as_str());
    let binds = verified.binds.iter().filter(|bind| bind.is_pending()).map(|bind| bind.service.as_str());
    // Whether a user can use a volume is not known while the user is not.
    let volumes = verified.volumes.iter().filter(|one| one.is_of_nobody_known() && verified.policy.is_some());
    let volumes = volumes.map(|one| one.service.as_str());
    let waiting: BTreeSet<&str> =
        users.chain(binds).chain(volumes).filter(|service| launched.contains(service)).collect();
    waiting.into_iter().map(str::to_owned).collect()
}

/// The services of this launch that the policy's default gives a user, unless their image, which is not there, gives
/// itself one.
fn awaiting(verified: &Verified, engine: &LazyEngine) -> Vec<String> {
    let launched: HashSet<&str> = verified.started().services().map(|(name, _)| name).collect();
    let awaits = verified.running().iter().filter(|user| user.awaits_image).map(|user| user.service.as_str());
    let awaits = awaits.filter(|name| launched.contains(name) && lacks_image(verified, name, engine));
    awaits.map(str::to_owned).collect()
}

/// Pulls or builds what has to be there before users can be decided. Compose does it, from the
/// rendered file, and shows its progress.
fn fetch(
    session: &Session<'_>,
    verified: &Verified,
    waiting: &[String],
    engine: &LazyEngine,
) -> Result<(), Finding> {
    if let Answer::Unknown(reason) = engine.get() {
        return Err(crate::engine::unanswered(reason));
    }
    let absent: Vec<&String> =
        waiting.iter().filter(|service| lacks_image(verified, service, engine)).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let (directory, name) = (&verified.model.directory, &verified.model.name);
    let variables = variables(&verified.project, &verified.model);
    let docker = find_docker(session.request, &variables)?;
    let rendered = rendered(session, verified);
    let program = Program::docker(&docker)?;
    let reach = reach(session, verified, engine)?;
    let handed = render::write(&session.home(&verified.project), name, &rendered, &reach)?;
    let is_built = |service: &&String| {
        section(&verified.model.root, "services")
            .and_then(|map| map.get(service))
            .is_some_and(|node| build::BUILD.is_set(node))
    };
    let (built, pulled): (Vec<&String>, Vec<&String>) = absent.into_iter().partition(is_built);
    for (verb, services) in [("build", built), ("pull", pulled)] {
        if services.is_empty() {
            continue;
        }
        let mut words = session.request.launch_globals(directory, name, &handed.path);
        words.push(verb.into());
        words.extend(services.iter().map(OsString::from));
        program.run(words, &variables)?;
    }
    Ok(())
}

/// Whether the engine does not have a service's image. One that is there is never fetched anew: under the same name
/// another one might come.
fn lacks_image(verified: &Verified, service: &str, engine: &LazyEngine) -> bool {
    let node = verified.model.services().find(|(name, _)| *name == service);
    let image = node.and_then(|(name, node)| image_of(&verified.model, name, node));
    let Some(image) = image else { return false };
    let found = engine.get().and_then(|engine| engine.images(&[&image]));
    !matches!(found.known().as_deref(), Some([Some(_)]))
}

pub(super) fn find_docker(
    request: &Request,
    variables: &BTreeMap<String, String>,
) -> Result<Command, Finding> {
    let mut options = options(request);
    options.environment.extend(variables.iter().map(|(name, value)| (name.into(), value.into())));
    Command::find(options).into_result().map_err(crate::engine::no_client)
}

fn no_thread(error: &std::io::Error) -> Finding {
    Finding::error(Code::PrepareFailed, format!("cannot start a thread: {error}"))
        .help(Code::PrepareFailed.remedy())
}

/// The file that Compose gets, with a comment for whoever a label leads to it.
pub(super) fn rendered(session: &Session<'_>, verified: &Verified) -> Rendered {
    let (request, sources) = (session.request, session.inputs.sources());
    let typed = request.global.files.iter().map(String::as_str);
    let found = verified.project.files.iter().filter_map(|id| Some(sources.get(*id)?.name.as_str()));
    let edit = if request.global.files.is_empty() { found.collect() } else { typed.collect() };
    let directory = verified.project.cwd.as_path();
    render::render(&verified.model, &verified.selected).headed(&Heading {
        edit,
        directory,
        launch: request.again("up"),
        sources,
    })
}

/// What the containers of the project can write: those of the model, and those that are there.
///
/// # Errors
/// Where an engine that answered does not say what they have mounted.
pub(super) fn reach(
    session: &Session<'_>,
    verified: &Verified,
    engine: &LazyEngine,
) -> Result<Reach, Finding> {
    let reach = Reach::of(verified.launched(), session.inputs.sources());
    // Without a policy nothing says that the project's files are out of their reach.
    let connected = engine.connected().filter(|_| verified.policy.is_some());
    let Some(engine) = connected.filter(|engine| !engine.is_remote()) else { return Ok(reach) };
    match engine.mounted_by(&verified.model.name) {
        Answer::Known(mounted) => Ok(reach.and(&mounted)),
        Answer::Unknown(reason) => Err(crate::engine::unanswered(reason)),
    }
}

fn within_reach() -> Finding {
    let message = "there is no place for the rendered file that can be written, and that no service of the project can write";
    Finding::error(Code::PrepareFailed, message).help(
        "A launch hands it over in memory, which nobody else can. To have it in a file, name a directory of yours that no \
         service mounts with --state-dir.",
    )
}

/// Writes the rendered file, prepares the host while Compose reads that file, and becomes Compose.
/// Returns only on failure, or where nothing is to be launched.
fn hand_over(
    session: &mut Session<'_>,
    command: &ComposeCommand,
    verified: &Verified,
    rendered: &Rendered,
    services: &[String],
    engine: &LazyEngine,
) -> Result<Exit, Finding> {
    let request = session.request;
    let (directory, name) = (&verified.model.directory, &verified.model.name);
    let variables = variables(&verified.project, &verified.model);
    let docker = find_docker(request, &variables)?;
    let reach = reach(session, verified, engine)?;
    let handed = render::write(&session.home(&verified.project), name, rendered, &reach)?;
    if handed.is_sealed() && request.global.no_launch {
        return Err(within_reach());
    }
    let path = &handed.path;
    let globals = request.launch_globals(directory, name, path);
    let mut notes = Vec::new();
    let on_host = command.class == Class::Gate && !request.global.dry_run;
    let outcome = std::thread::scope(|scope| {
        let check = std::thread::Builder::new()
            .name("cross-check".to_owned())
            .spawn_scoped(scope, || {
                let file = HandedOver { rendered, path, globals: &globals };
                crate::launch::cross_check(&docker, services, &file)
            })
            .map_err(|error| no_thread(&error))?;
        // What an interrupted run left in the engine is nobody's.
        let connected = engine.connected().filter(|engine| on_host && Socket::of(engine).is_some());
        let sweep = connected
            .map(|engine| {
                let thread = std::thread::Builder::new().name("sweep".to_owned());
                thread.spawn_scoped(scope, || engine.sweep()).map_err(|error| no_thread(&error))
            })
            .transpose()?;
        let prepared = if on_host {
            refresh(&verified.copies)
                .and_then(|_| prepare(&verified.steps).map(drop).map_err(|failure| *failure.finding))
                .and_then(|()| mend::before_launch(verified, engine, &mut notes))
        } else {
            Ok(())
        };
        let checked = check.join().unwrap_or_else(|_| {
            Err(Finding::error(Code::Internal, "the cross-check ended unexpectedly")
                .help(Code::Internal.remedy()))
        });
        let swept =
            match sweep.map(std::thread::ScopedJoinHandle::join) {
                Some(Ok(Answer::Unknown(reason))) => Err(crate::engine::unanswered(reason)),
                Some(Err(_)) => Err(Finding::error(Code::Internal, "the sweep ended unexpectedly")
                    .help(Code::Internal.remedy())),
                _ => Ok(()),
            };
        checked.and(prepared).and(swept)
    });
    session.sink.extend(notes);
    outcome?;
    if on_host {
        let mut refused = crate::commands::probe::before_launch(verified, engine);
        if let Some(last) = refused.pop() {
            session.sink.extend(refused);
            return Err(last);
        }
    }
    let standing = if on_host { standing::note(&verified.binds)? } else { Vec::new() };
    if let Some(lock) = verified.lock.as_ref().filter(|_| on_host && !kept::makes_nothing(command)) {
        lock.write(&verified.users)?;
    }
    let proves = on_host && launch_checked::is_proved(verified);
    let settles = on_host && settle::is_needed(verified);
    let in_steps = proves || settles;
    if settles && request.global.no_launch {
        session.sink.push(settle::not_by_a_command(verified));
    }
    let notes =
        if on_host && !request.global.no_launch { Notes::of(verified, &reach, engine)? } else { None };
    if let Some(notes) = notes.as_ref().filter(|_| !in_steps) {
        notes.write(&[])?;
    }
    if let Err(exit) = session.warn() {
        return Ok(exit);
    }
    if request.global.no_launch {
        // The plug-in by itself does the same, but this is what people know.
        let program = Program::docker(&docker)?;
        let words = program.with(request.launch(directory, name, path));
        let words = words.iter().map(|word| shell_word(&word.to_string_lossy()));
        let line: Vec<String> =
            std::iter::once(shell_word(&program.path.to_string_lossy())).chain(words).collect();
        return Ok(super::print(format!("{}\n", line.join(" ")).as_bytes()).unwrap_or_else(|exit| exit));
    }
    if in_steps {
        let (docker, variables, rendered) = (&docker, &variables, handed.path.as_path());
        let (standing, notes) = (&standing, notes.as_ref());
        let launch = Launch {
            request,
            command,
            verified,
            proves,
            settles,
            engine,
            docker,
            variables,
            rendered,
            standing,
            notes,
        };
        return launch_checked::run(session, &launch);
    }
    let program = Program::for_command(&docker, command)?;
    Err(program.exec(request.launch(directory, name, path), &variables))
}

/// What Compose must find in its environment besides what this process has. The `.env` file was
/// read once; Compose does not get to read it again.
pub fn variables(project: &Project, model: &Model) -> BTreeMap<String, String> {
    let captured = model.captured.iter();
    let mut variables: BTreeMap<String, String> =
        captured.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let mut hand_on = |name: &str| {
        if let Some(value) = model.environment.get(name)
            && !model.captured.contains_key(name)
        {
            variables.insert(name.to_owned(), value.to_owned());
        }
    };
    for name in project.from_env_files.keys() {
        if name.starts_with("COMPOSE_") && name != "COMPOSE_FILE" || name == "DOCKER_DEFAULT_PLATFORM" {
            hand_on(name);
        }
    }
    for key in ["secrets", "configs"] {
        for (_, resource) in section(&model.root, key).into_iter().flat_map(Mapping::iter) {
            if let Some(name) = resource::VARIABLE.str(resource) {
                hand_on(name);
            }
        }
    }
    variables.insert("COMPOSE_DISABLE_ENV_FILE".to_owned(), "true".to_owned());
    variables
}
