//! `repair`: gives the state directories of services to the users that they have now.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cli::{RepairOptions, Request};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::{Engine, Location};
use crate::host::walk::{Summary, Why};
use crate::host::{Dir, hand_over};
use crate::ownership::lock::repair::{Repair, plan};
use crate::ownership::lock::{StateRoots, next};
use crate::yaml::Node;

use super::images::LazyEngine;
use super::lock::Locked;
use super::pass::options;
use super::policy::{binds, id_map};
use super::session::Session;
use super::verify::{Decided, Images, decide};

/// How many of what was left alone are shown for a directory.
const SHOWN: usize = 20;

pub fn run(request: &Request, wanted: &RepairOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.tolerates_drift = true;
    let engine = LazyEngine::new(options(request));
    match repair(&mut session, wanted, &engine) {
        Ok(text) => {
            session.report();
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
        turn = Some(lock.turn().map_err(Some)?);
        if lock.file.is_stale().map_err(Some)? {
            session.sink = crate::diagnostic::Sink::new();
            decided = decide(session)?;
        }
    }
    let Some(lock) = decided.lock.as_ref().filter(|lock| lock.file.exists()) else {
        return Err(Some(refuse(
            Code::LockInvalid,
            "there is no lock, so it is not known whose files a service may have",
            "The first launch under a policy that gives users writes it.",
        )));
    };
    let elsewhere = match engine.get().known().map(Engine::location) {
        None | Some(Location::Here) => None,
        Some(Location::VirtualMachine) => {
            Some("the engine runs in a virtual machine, which keeps owners of its own".to_owned())
        }
        Some(Location::Elsewhere(reason)) => Some(reason),
    };
    if let Some(reason) = elsewhere {
        let message = format!("nothing can be repaired from here: {reason}");
        return Err(Some(refuse(Code::RemoteEngine, message, "Run it there.")));
    }
    let repairs = plans(&decided, lock, engine)?;
    if let Some(moved) = repairs.iter().find(|repair| repair.moved_from.is_some() && !wanted.migrate) {
        let name = &moved.service;
        let old = moved.moved_from.map(|old| old.to_string()).unwrap_or_default();
        return Err(Some(refuse(
            Code::UserDrift,
            format!("service `{name}` has user {} now, and the lock has {old}", moved.user),
            format!("Run `seaworthy repair --migrate {name}` to carry it over."),
        )));
    }
    let text = carry_out(&repairs, &decided, dry_run)?;
    if !dry_run {
        record(&repairs, &decided, lock).map_err(Some)?;
    }
    drop(turn);
    Ok(text)
}

fn plans(decided: &Decided<'_>, lock: &Locked, engine: &LazyEngine) -> Result<Vec<Repair>, Refused> {
    let declared = decided.policy.as_ref().map(binds).unwrap_or_default().roots;
    let roots = StateRoots::new(&decided.model, &declared);
    let mut repairs = Vec::new();
    for (name, service) in decided.selected.services() {
        let Some(decision) = decided.users.of(name) else { continue };
        let userns = service.get("userns_mode").and_then(Node::as_str).unwrap_or_default();
        let map = id_map(engine, userns);
        match plan(&lock.file, decision, service, &map, &decided.caller, &roots) {
            Ok(found) => repairs.extend(found),
            Err(reason) => return Err(Some(refuse(Code::UserInvalid, reason, "Nothing was changed."))),
        }
    }
    Ok(repairs)
}

/// Gives every directory over; the first look changes nothing and says whether there is anything to do.
fn carry_out(repairs: &[Repair], decided: &Decided<'_>, dry_run: bool) -> Result<String, Refused> {
    let mut text = String::new();
    let mut failed: Refused = None;
    for repair in repairs {
        let moved = repair.moved_from.map(|old| format!(", was {old}")).unwrap_or_default();
        let _ = writeln!(text, "{}: user {}{moved}", repair.service, repair.user);
        if repair.trees.is_empty() {
            let _ = writeln!(text, "  no state directory");
        }
        for tree in &repair.trees {
            let walk = |dry_run: bool| {
                let handover = crate::host::Handover { dry_run, ..repair.handover.clone() };
                Dir::open(&tree.root).and_then(|root| hand_over(&root, &tree.relative, &handover, &std::sync::atomic::AtomicU64::new(0))).map_err(
                    |error| {
                        refuse(
                            Code::PrepareFailed,
                            format!("cannot repair {}: {error}", tree.path.display()),
                            "Run it again after that.",
                        )
                    },
                )
            };
            let may = decided.caller.may_chown();
            let mut summary = walk(dry_run || !may)?;
            if !may && !dry_run {
                // A directory that cannot be looked into may hold anything.
                if summary.given > 0 || !summary.errors.is_empty() {
                    return Err(Some(not_allowed(&tree.path.display().to_string())));
                }
                summary.errors.clear();
            }
            describe(&mut text, &tree.path.display().to_string(), &summary, dry_run);
            if let Some(error) = summary.errors.first().filter(|_| failed.is_none()) {
                failed = Some(refuse(
                    Code::PrepareFailed,
                    format!("the repair of {} is not whole: {error}", tree.path.display()),
                    "The lock still has the old user. Correct the cause and run the same command again.",
                ));
            }
        }
    }
    match failed {
        Some(finding) if !dry_run => {
            let _ = super::print(text.as_bytes());
            Err(Some(finding))
        }
        _ => Ok(text),
    }
}

fn not_allowed(path: &str) -> Finding {
    refuse(
        Code::PrepareFailed,
        format!("{path} holds files of another user, and only root may give them away"),
        "Run it with sudo. Repair by a helper container is not part of this version.",
    )
}

fn describe(text: &mut String, path: &str, summary: &Summary, dry_run: bool) {
    let given = if dry_run { "to give" } else { "given" };
    let _ = writeln!(
        text,
        "  {path}: {} {given}, {} already right, {} left alone",
        summary.given, summary.right, summary.left_in_all
    );
    let mut shown: BTreeMap<&Why, u64> = BTreeMap::new();
    for left in summary.left.iter().take(SHOWN) {
        *shown.entry(&left.why).or_default() += 1;
        let _ = writeln!(
            text,
            "    left alone: {} ({})",
            left.path.display().to_string().escape_debug(),
            left.why
        );
    }
    let more = summary.left_in_all - shown.values().sum::<u64>();
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
}

/// From now on the services have their new users.
fn record(repairs: &[Repair], decided: &Decided<'_>, lock: &Locked) -> Result<(), Finding> {
    let mut file = lock.file.clone();
    for repair in repairs {
        repair.record(&mut file.lock);
    }
    let repaired = |name: &str| repairs.iter().any(|repair| repair.service == name);
    let mut observed = lock.observed(&decided.users.decisions);
    observed.retain(|service| repaired(&service.decision.service));
    file.write(&next(&file, &observed)).map(drop)
}
