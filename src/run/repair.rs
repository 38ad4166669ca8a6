//! `repair`: gives the state directories of services to the users that they have now.

use std::fmt::Write;

use crate::cli::{RepairOptions, Request};
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::engine::Engine;
use crate::model::namespace;
use crate::ownership::lock::repair::{Repair, Scope, plan};
use crate::ownership::lock::{StateRoots, next, shown};
use crate::ownership::{DeclaredState, SharedTree, StatePolicy, Strategy, share, way};

use super::decide::{Decided, Images, decide};
use super::former::former_maps;
use super::images::LazyEngine;
use super::lock::Locked;
use super::mend::{self, Mended};
use super::pass::options;
use super::policy::{binds, id_map, state};
use super::session::Session;
use super::shared;
use super::volumes::Volumes;

pub fn run(request: &Request, wanted: &RepairOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.tolerates_drift = true;
    let engine = LazyEngine::new(options(request));
    match repair(&mut session, wanted, &engine) {
        Ok(text) => {
            session.warn()?;
            super::print(text.as_bytes())
        }
        Err(finding) => {
            session.sink.extend(finding);
            Err(session.report())
        }
    }
}

/// A refusal; `None` where the sink has it already.
type Refused = Option<Finding>;

fn refuse(code: Code, message: impl Into<String>, help: impl Into<String>) -> Finding {
    Finding::error(code, message).help(help)
}

fn repair(session: &mut Session<'_>, wanted: &RepairOptions, engine: &LazyEngine) -> Result<String, Refused> {
    let decide = |session: &mut Session<'_>| {
        let decided = decide(session, &wanted.services, engine, Images::WhereNeeded);
        decided.filter(|_| !session.sink.has_errors()).ok_or(None)
    };
    let mut decided = decide(session)?;
    let dry_run = session.request.global.dry_run;
    let mut turn = None;
    if let Some(lock) = decided.lock.as_ref().filter(|_| !dry_run) {
        turn = Some(lock.turn(&session.home(&decided.project)).map_err(Some)?);
        if lock.file.is_stale().map_err(Some)? {
            session.sink = Sink::new();
            decided = decide(session)?;
        }
    }
    let state = decided.policy.as_ref().map(state).unwrap_or_default();
    let says_who =
        |one: &DeclaredState| !one.from.is_empty() || matches!(one.strategy, Strategy::Group | Strategy::Acl);
    let declares = state.declared.iter().any(says_who);
    let Some(lock) = decided.lock.as_ref().filter(|lock| lock.file.exists() || declares) else {
        return Err(Some(refuse(
            Code::LockInvalid,
            "there is no lock, so it is not known whose files a service may have",
            "The first launch under a policy that gives users writes it. For a directory that is older than \
             that, name its former users: `state: [{path: …, from: [\"UID:GID\"]}]` in the policy.",
        )));
    };
    if let Some(finding) = mend::elsewhere(engine.get(), state.repair) {
        return Err(Some(finding));
    }
    let (repairs, shared) = plans(&decided, lock, engine, &state, wanted)?;
    if let Some(moved) = repairs.iter().find(|repair| repair.moved_from.is_some() && !wanted.migrate) {
        let name = &moved.service;
        let old = moved.moved_from.map(|old| old.to_string()).unwrap_or_default();
        return Err(Some(refuse(
            Code::UserDrift,
            format!("service `{name}` has user {} now, and the lock has {old}", moved.user),
            format!("Run `seaworthy repair --migrate {name}` to carry it over."),
        )));
    }
    let way = way(state.repair, decided.caller.may_chown()).map_err(|reason| {
        Some(refuse(
            Code::PrepareFailed,
            format!("nothing is repaired: {reason}"),
            "Change `repair:` in the policy.",
        ))
    })?;
    let (text, in_vain) = carry_out(&repairs, &shared, engine, way.0, (dry_run, wanted.migrate))?;
    if !dry_run {
        let done: Vec<&Repair> =
            repairs.iter().filter(|repair| in_vain.iter().all(|(name, _)| *name != repair.service)).collect();
        record(&done, &decided, lock).map_err(Some)?;
    }
    drop(turn);
    let mut failed = in_vain.into_iter().map(|(_, finding)| finding);
    let Some(first) = failed.next() else { return Ok(text) };
    // What was done is said also where not all could be.
    let _ = super::print(text.as_bytes());
    session.sink.extend(failed);
    Err(Some(first))
}

fn plans(
    decided: &Decided<'_>,
    lock: &Locked,
    engine: &LazyEngine,
    state: &StatePolicy,
    options: &RepairOptions,
) -> Result<(Vec<Repair>, Vec<SharedTree>), Refused> {
    let declared = decided.policy.as_ref().map(binds).unwrap_or_default().roots;
    let is_elsewhere = engine.get().known().is_some_and(Engine::is_remote);
    let roots = if is_elsewhere {
        StateRoots::elsewhere(&decided.model, &declared)
    } else {
        StateRoots::new(&decided.model, &declared)
    };
    let places = Volumes::new(engine, &decided.model).places().into_result();
    let places = places.map_err(|reason| {
        Some(refuse(Code::EngineUnavailable, reason, "The engine keeps the volumes. Nothing was changed."))
    })?;
    let roots = roots.with_volumes(&places);
    let sharing = share::decide(&share::Question {
        model: &decided.model,
        users: &decided.users,
        lock: Some(&lock.file.lock),
        maps: &|userns| id_map(engine, userns),
        caller: &decided.caller,
        roots: &roots,
        declared: &state.declared,
    });
    if let Some(finding) = sharing.findings.into_iter().next() {
        return Err(Some(finding));
    }
    let mut shared = sharing.trees;
    let former = former_maps(engine).into_result();
    let former = former.map_err(|reason| {
        Some(refuse(
            Code::EngineUnavailable,
            reason,
            "It decides whose files are taken. Nothing was changed.",
        ))
    })?;
    let scope = Scope {
        roots: &roots,
        declared: &state.declared,
        only_declared: false,
        shared: &shared,
        takes_mine: options.take_mine,
        former: &|| former.clone(),
        carries_over: options.migrate,
    };
    let mut repairs = Vec::new();
    for (name, service) in decided.selected.services() {
        let Some(decision) = decided.users.of(name) else { continue };
        let userns = namespace::USERNS.or_empty(service);
        let map = id_map(engine, userns);
        match plan(&lock.file, decision, service, &map, &decided.caller, &scope) {
            Ok(found) => repairs.extend(found),
            Err(reason) => return Err(Some(refuse(Code::UserInvalid, reason, "Nothing was changed."))),
        }
    }
    let wanted = |name: &String| decided.selected.services().any(|(selected, _)| selected == name);
    let is_there =
        |tree: &SharedTree| is_elsewhere || tree.volume.is_some() || tree.root.join(&tree.relative).is_dir();
    shared.retain(|tree| tree.services.iter().any(wanted) && is_there(tree));
    Ok((repairs, shared))
}

fn carry_out(
    repairs: &[Repair],
    shared: &[SharedTree],
    engine: &LazyEngine,
    way: crate::ownership::Way,
    (dry_run, migrates): (bool, bool),
) -> Result<(String, Vec<(String, Finding)>), Refused> {
    let by = mend::by(way, engine).map_err(Some)?;
    let mut text = String::new();
    let mut failed: Refused = None;
    let mut all: Vec<Mended<'_>> = Vec::new();
    let mut title = None;
    let is_sharer = |repair: &Repair| shared.iter().any(|tree| tree.services.contains(&repair.service));
    for repair in repairs.iter().filter(|repair| repair.trees.is_empty() && !is_sharer(repair)) {
        let _ = writeln!(text, "{}", heading(repair));
        if repair.passed_over.is_empty() {
            text.push_str("  it writes no directory of the host and no volume that is there\n");
        }
        passed_over(&mut text, repair);
    }
    let outcome = mend::mend(repairs, dry_run, &by, |mended: Mended<'_>| {
        if title != Some(&mended.repair.service) {
            title = Some(&mended.repair.service);
            let _ = writeln!(text, "{}", heading(mended.repair));
        }
        mend::describe(&mut text, &mended.tree.shown(), &mended.summary, dry_run);
        if mended.repair.trees.last() == Some(mended.tree) {
            passed_over(&mut text, mended.repair);
        }
        if failed.is_none() {
            failed = mend::incomplete(&mended);
        }
        all.push(mended);
    });
    let outcome = outcome.and_then(|()| {
        shared::keep(shared, dry_run, &by, |tree, summary| {
            shared::describe(&mut text, tree, summary, dry_run);
        })
    });
    match outcome.err().or(failed) {
        // What was done is said also where not all could be.
        Some(finding) => {
            let _ = super::print(text.as_bytes());
            Err(Some(finding))
        }
        None => {
            let in_vain = |repair: &Repair| {
                let trees: Vec<&Mended<'_>> =
                    all.iter().filter(|mended| mended.repair.service == repair.service).collect();
                Some((repair.service.clone(), mend::left::in_vain(repair, &trees, engine)?))
            };
            Ok((
                text,
                repairs
                    .iter()
                    .filter(|repair| migrates || repair.moved_from.is_some())
                    .filter_map(in_vain)
                    .collect(),
            ))
        }
    }
}

fn passed_over(text: &mut String, repair: &Repair) {
    for (place, why) in &repair.passed_over {
        let _ = writeln!(text, "  {}: not gone through: {why}", shown(place));
    }
}

fn heading(repair: &Repair) -> String {
    let moved = repair.moved_from.map(|old| format!(", was {old}")).unwrap_or_default();
    format!("{}: user {}{moved}", repair.service, repair.user)
}

/// From now on the services have their new users.
fn record(repairs: &[&Repair], decided: &Decided<'_>, lock: &Locked) -> Result<(), Finding> {
    let mut file = lock.file.clone();
    for repair in repairs {
        repair.record(&mut file.lock);
    }
    let repaired = |name: &str| repairs.iter().any(|repair| repair.service == name);
    let mut observed = lock.observed(&decided.users.decisions);
    observed.retain(|service| repaired(&service.decision.service));
    file.write(&next(&file, &observed)).map(drop)
}
