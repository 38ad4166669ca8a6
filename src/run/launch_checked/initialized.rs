//! Containers of Podman: their processes are made before anything runs in them, and looked at once more after the start.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Finding;
use crate::engine::Engine;
use crate::launch::facts::{Facts, Question};
use crate::launch::proof;
use crate::run::verify::Verified;

use super::{Stop, known};

/// The fields that are read from a process: Podman leaves them out, or tells only its settings.
const SHOWN: &[&str] = &[
    "HostConfig.MaskedPaths",
    "HostConfig.ReadonlyPaths",
    "HostConfig.ReadonlyRootfs",
    "HostConfig.CapAdd",
    "HostConfig.SecurityOpt",
];

/// Has Podman make the processes of containers that have none, and returns the ids of those. None of Docker.
pub fn make_ready(engine: &Engine, facts: &Facts) -> Vec<String> {
    let has_none = facts.containers.iter().filter(|container| {
        container.podman.is_some() && container.pid.is_none() && container.state.is_certainly_stopped()
    });
    let ids: Vec<&str> = has_none.map(|container| container.id.as_str()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    engine.make_ready(&ids).into_iter().map(str::to_owned).collect()
}

/// Compares what runs by its processes, and stops what is weaker than the model. `before` is what was known before the
/// start.
pub fn looked_into(
    verified: &Verified,
    engine: &Engine,
    launched: &BTreeSet<String>,
    before: &Facts,
) -> Result<(), Stop> {
    if before.containers.iter().all(|container| container.podman.is_none()) {
        return Ok(());
    }
    let facts = known(Question::new(&verified.selected, launched).ask(engine))?;
    let of_policy = verified.policy.as_ref();
    let mut weak =
        proof::compare((&verified.model, &verified.selected), of_policy, launched, &facts, &|_| false);
    // A container that ended meanwhile was inspected before.
    let was_seen: BTreeSet<&str> = before
        .containers
        .iter()
        .filter(|container| container.podman.as_ref().is_some_and(|podman| podman.seen.is_ok()))
        .map(|container| container.name.as_str())
        .collect();
    weak.retain(|one| {
        SHOWN.contains(&one.field.as_str()) && !(one.is_unproved && was_seen.contains(one.container.as_str()))
    });
    if weak.is_empty() {
        return Ok(());
    }
    let ids: BTreeMap<&str, &str> =
        facts.containers.iter().map(|container| (container.name.as_str(), container.id.as_str())).collect();
    let stopped: BTreeSet<&str> =
        weak.iter().filter_map(|one| ids.get(one.container.as_str()).copied()).collect();
    known(engine.stop_containers(&stopped.into_iter().collect::<Vec<_>>()))?;
    let say = |one: &crate::launch::live::Weakness| -> Finding {
        one.finding(&format!("Container {} was stopped. See what Podman adds to it.", one.container))
    };
    Err(weak.iter().map(say).collect::<Vec<_>>().into())
}
