//! `stack deploy`: the gate, then the stack, and a look at what came of it.

use std::collections::BTreeMap;
use std::io::Write;

use crate::cli::{Request, StackOptions};
use crate::compose::Model;
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Answer;
use crate::engine::swarm::Manager;
use crate::launch::proof;
use crate::model::image::ImageName;
use crate::model::{image, program};
use crate::reach::swarm::{self, Stack};
use crate::run::images::LazyEngine;
use crate::run::session::Session;
use crate::run::verify::Verified;
use crate::run::{pass, print};

use super::apply::{Apply, Deployed, prune};
use super::gate::{self, Passed};
use super::{host, known, settle};

pub fn run(request: &Request, options: &StackOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let engine = LazyEngine::new(pass::options(request));
    let Passed { verified, manager, model, stack } = gate::pass(&mut session, &engine, &options.name)?;
    say_notes(&stack);
    let turn = remember(&mut session, &verified)?;
    host::see_to_binds(request, &stack.mounts_here, &engine)?;
    if request.global.dry_run {
        return print(listed(&stack).as_bytes());
    }
    let digests = digests(&mut session, &model, options, &manager);
    let mut apply = Apply::new(&manager, &stack, &options.name);
    let outcome = carry_out(&mut apply, &digests)
        .and_then(|services| checked(&mut session, (&model, &stack), &manager, &engine, &services, options));
    match outcome {
        Ok(seen) => {
            drop(turn);
            // The services are as asked for by now, whatever becomes of the surplus.
            let surplus = if options.prune { prune(&mut apply) } else { name_surplus(&mut apply) };
            session.sink.extend(surplus.err());
            let said = apply.said.join("\n");
            print(format!("{said}\n{seen}").as_bytes())?;
            let exit = session.sink.exit();
            match session.report_as(exit, "the stack is as asked for, and not all of it runs") {
                Exit::Done => Ok(Exit::Done),
                exit => Err(exit),
            }
        }
        Err(finding) => {
            let left = std::mem::take(&mut apply.done).take_back(&manager);
            session.sink.push(with_outcome(finding, &left));
            Err(session.report())
        }
    }
}

pub fn say_notes(stack: &Stack) {
    let mut err = std::io::stderr().lock();
    for note in &stack.notes {
        let _ = writeln!(err, "seaworthy: note: {note}");
    }
}

/// Writes the users of the services into the lock, as a launch does.
fn remember(session: &mut Session<'_>, verified: &Verified) -> Result<Option<impl Sized + use<>>, Exit> {
    let Some(lock) = verified.lock.as_ref().filter(|_| !session.request.global.dry_run) else {
        return Ok(None);
    };
    let done = lock.turn(&session.home(&verified.project)).and_then(|turn| {
        if verified.is_outdated()? {
            return Err(Finding::error(Code::LockInvalid, "the lock was changed while this was verified")
                .help("Run it again."));
        }
        lock.write(&verified.users)?;
        Ok(turn)
    });
    match done {
        Ok(turn) => Ok(Some(turn)),
        Err(finding) => {
            session.sink.push(finding);
            Err(session.report())
        }
    }
}

/// By service, the digest of its image as its registry has it. Where there is none, each node takes what has the name.
fn digests(
    session: &mut Session<'_>,
    model: &Model,
    options: &StackOptions,
    manager: &Manager,
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, node) in model.services() {
        if program::PROVIDER.is_set(node) {
            continue;
        }
        let Some(image) = image::IMAGE.node(node) else { continue };
        let written = crate::compose::text(image);
        if ImageName::read(&written).digest.is_some() || options.as_written {
            continue;
        }
        let answer = manager.digest(&written);
        if let Answer::Known(Ok(digest)) = answer {
            all.insert(name.to_owned(), digest);
            continue;
        }
        if manager.nodes > 1 {
            let message = format!(
                "no registry says which content the image {written} of service `{name}` has: each node takes what has that name there"
            );
            let help = "Write the image by digest, or give every node the same one. `--resolve-image never` asks no registry.";
            let finding = Finding::warning(Code::SwarmRefused, message).at_origin(image.origin, "this image");
            session.sink.push(finding.help(help));
        }
    }
    all
}

/// All of it, in the order in which one thing needs another.
fn carry_out(apply: &mut Apply<'_>, digests: &BTreeMap<String, String>) -> Result<Vec<Deployed>, Finding> {
    apply.resources()?;
    let there = apply.present()?;
    let stack = apply.stack;
    let of = |object: &swarm::Object| there.iter().find(|one| one.name == object.name);
    let mut wanted = Vec::new();
    for object in &stack.services {
        let digest = digests.get(&object.key).map(String::as_str);
        wanted.push((object, apply.wanted(object, of(object), digest)));
    }
    // Nothing is started before everything was looked at.
    for (object, spec) in &wanted {
        let is_there =
            |there: &crate::engine::swarm::Object| swarm::compare::differences(spec, &there.spec).is_empty();
        if !of(object).is_some_and(is_there) {
            apply.try_out(object, spec)?;
        }
    }
    let mut deployed = Vec::new();
    for (object, spec) in wanted {
        deployed.push(apply.service(object, of(object), spec)?);
    }
    Ok(deployed)
}

/// Waits, and looks at the tasks that are on this node; says what was seen.
fn checked(
    session: &mut Session<'_>,
    (model, stack): (&Model, &Stack),
    manager: &Manager,
    engine: &LazyEngine,
    services: &[Deployed],
    options: &StackOptions,
) -> Result<String, Finding> {
    if options.detach {
        return Ok(format!("{}; their tasks were not waited for\n", as_asked(services.len())));
    }
    let settled = settle::wait(manager, services)?;
    let engine = known(engine.get())?;
    let seen = settle::look(engine, model, &settled)?;
    if !seen.weak.is_empty() {
        let mut findings = proof::findings(&seen.weak, &std::collections::BTreeSet::new());
        let last = findings.pop();
        session.sink.extend(findings);
        return Err(last.unwrap_or_else(|| Finding::error(Code::Internal, "a weakness without words")));
    }
    let late = settle::findings(stack, &settled);
    session.sink.extend(late);
    let tasks = match seen.containers.len() {
        0 => "none of their tasks is on this node, where it would be looked at".to_owned(),
        1 => "1 of their tasks is on this node, as verified".to_owned(),
        count => format!("{count} of their tasks are on this node, as verified"),
    };
    Ok(format!("{}; {tasks}\n", as_asked(services.len())))
}

fn as_asked(services: usize) -> String {
    match services {
        1 => "1 service is as asked for".to_owned(),
        count => format!("{count} services are as asked for"),
    }
}

/// Services that the model no longer has.
fn name_surplus(apply: &mut Apply<'_>) -> Result<(), Finding> {
    let wanted = &apply.stack.services;
    let there = apply.present()?;
    let left = there.iter().filter(|there| !wanted.iter().any(|wanted| wanted.name == there.name));
    let left: Vec<String> =
        left.map(|one| format!("left service {} (--prune removes it)", one.name)).collect();
    apply.said.extend(left);
    Ok(())
}

fn with_outcome(finding: Finding, left: &[String]) -> Finding {
    let help = finding.help.clone().unwrap_or_default();
    let outcome = if left.is_empty() {
        "What was made or changed was taken back.".to_owned()
    } else {
        format!("What was made or changed was taken back, but for {}.", left.join(", "))
    };
    finding.help(format!("{help} {outcome}").trim())
}

/// The objects that a deployment would make.
fn listed(stack: &Stack) -> String {
    let mut text = String::new();
    for (kind, objects) in [
        ("network", &stack.networks),
        ("secret", &stack.secrets),
        ("config", &stack.configs),
        ("service", &stack.services),
    ] {
        for object in objects.iter().filter(|object| !object.is_external) {
            text.push_str(&format!("{kind} {}\n", object.name));
        }
    }
    text
}
