//! Volumes between the creation of their containers and the start: only then they are what the engine makes of
//! them. What is new, or empty, and closed to its service's user is given to that user.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::{Handover, Owner, Takes};
use crate::model::mount;
use crate::ownership::Way;
use crate::ownership::images::image_of;
use crate::ownership::volume::{MadeBy, Now, There, VolumeDecision};
use crate::prepare::repair::{By, Helper, Job, Work, repair};
use crate::yaml::{Node, Value};

use super::images::LazyEngine;
use super::verify::Verified;
use super::volumes::{Volumes, is_within_reach};

/// Whether something is to be looked at once the containers are there.
pub fn is_needed(verified: &Verified) -> bool {
    verified.policy.is_some() && verified.host.volumes.iter().any(VolumeDecision::is_open)
}

/// What a command to be typed does not do.
pub fn not_by_a_command(verified: &Verified) -> Finding {
    let open = verified.host.volumes.iter().filter(|decision| decision.is_open());
    let mut names: Vec<String> = open.map(|decision| format!("`{}`", decision.key)).collect();
    names.sort();
    names.dedup();
    let message = format!("volume {} is not put right by the command that is printed", names.join(", "));
    Finding::warning(Code::BindOwner, message)
        .help("It is given to its service's user between creation and start: launch with seaworthy.")
}

/// The names of the images that a model's services run.
pub fn image_names(model: &Model) -> Vec<String> {
    let mut names: Vec<String> =
        model.services().filter_map(|(name, service)| image_of(model, name, service)).collect();
    names.sort();
    names.dedup();
    names
}

/// What was given, and what is wrong.
#[derive(Debug, Default)]
pub struct Settled {
    pub notes: Vec<Finding>,
    pub refused: Vec<Finding>,
}

/// Looks at the volumes of the services that are launched, and puts right what may be put right.
pub fn settle(verified: &Verified, launched: &BTreeSet<String>, engine: &LazyEngine) -> Settled {
    let open: Vec<&VolumeDecision> = verified
        .host
        .volumes
        .iter()
        .filter(|decision| decision.is_open() && launched.contains(&decision.service))
        .collect();
    let mut settled = Settled::default();
    let mut given: BTreeSet<&Path> = BTreeSet::new();
    let volumes = Volumes::new(engine, &verified.model);
    let images = image_names(&verified.model);
    for decision in &open {
        let Some(there) = look(&volumes, decision, &images, &mut settled.refused) else { continue };
        if decision.is_usable(&there) || given.contains(decision.place.as_path()) {
            continue;
        }
        match decision.gets {
            Ok(owner) => {
                given.insert(&decision.place);
                match give(verified, decision, owner, &volumes, engine) {
                    Ok(note) => settled.notes.push(note),
                    Err(finding) => settled.refused.push(finding),
                }
            }
            Err(_) => settled.refused.push(decision.refusal_as_found(there)),
        }
    }
    if given.is_empty() || !settled.refused.is_empty() {
        return settled;
    }
    let volumes = Volumes::new(engine, &verified.model);
    for decision in &open {
        let there = look(&volumes, decision, &images, &mut settled.refused);
        if let Some(there) = there.filter(|there| !decision.is_usable(there)) {
            settled.refused.push(decision.refusal_as_found(there));
        }
    }
    settled
}

/// A volume now; `None` where it is none of the engine's directories, and where nothing is known, which is refused.
fn look(
    volumes: &Volumes<'_>,
    decision: &VolumeDecision,
    images: &[String],
    refused: &mut Vec<Finding>,
) -> Option<There> {
    let inside: PathBuf = decision.place.iter().skip(1).collect();
    match volumes.now(&decision.key, &inside, images) {
        Answer::Known(Now::There(there)) => Some(there),
        Answer::Known(_) => None,
        Answer::Unknown(reason) => {
            let message = format!(
                "whether service `{}` can use volume `{}` is not known: {reason}",
                decision.service, decision.key
            );
            refused.push(
                Finding::error(Code::EngineUnavailable, message)
                    .at_origin(decision.origin, "mounted here")
                    .help(Code::EngineUnavailable.remedy()),
            );
            None
        }
    }
}

/// Gives a volume, with what an image has put into it, to the user of its service.
fn give(
    verified: &Verified,
    decision: &VolumeDecision,
    owner: Owner,
    volumes: &Volumes<'_>,
    engine: &LazyEngine,
) -> Result<Finding, Finding> {
    let failed = |reason: &str| {
        let message = format!("volume `{}` cannot be given to {owner}: {reason}", decision.key);
        Finding::error(Code::PrepareFailed, message)
            .at_origin(decision.origin, "mounted here")
            .help("Correct the cause and run it again; nothing was started.")
    };
    let place = volumes.kept().map(|kept| kept.get(&decision.key).map(|kept| kept.at.clone()));
    let Answer::Known(Some(root)) = place else { return Err(failed("the engine does not say where it is")) };
    let handover = Handover {
        to: owner,
        from: BTreeSet::new(),
        groups: BTreeSet::new(),
        takes: Takes::All,
        dry_run: false,
    };
    let job = Job {
        root,
        volume: Some(decision.name.clone()),
        relative: decision.place.iter().skip(1).collect(),
        work: Work::HandOver(handover),
    };
    let by = engine.get().and_then(|engine| match verified.host.way {
        Ok((Way::Host, _)) if is_within_reach(engine) => Answer::Known(By::Host),
        _ => Helper::new(engine).map(By::Helper),
    });
    let by = by.into_result().map_err(|reason| failed(&reason))?;
    let summary = match repair(&[job], &by, &|_| {}).pop() {
        Some(Ok(summary)) => summary,
        Some(Err(error)) => return Err(failed(&error.to_string())),
        None => return Err(failed("nobody did it")),
    };
    if let Some(error) = summary.errors.first() {
        return Err(failed(&error.to_string()));
    }
    let message = format!(
        "volume {}: {} given to {owner} for service `{}`",
        decision.key, summary.given, decision.service
    );
    Ok(Finding::note(Code::BindOwner, message))
}

/// A one-off container is made and started in one step. Where the image has an empty directory at the target, the
/// engine would take owner and mode from it once more, and undo what was settled on the container made before.
pub fn keep_for_one_off(verified: &mut Verified, service: &str) {
    let is_reset = |decision: &&VolumeDecision| {
        decision.service == service
            && decision.is_open()
            && matches!(decision.made_by, MadeBy::Image { is_filled: false })
    };
    let targets: Vec<String> =
        verified.host.volumes.iter().filter(is_reset).map(|decision| decision.target.clone()).collect();
    for model in [&mut verified.model, &mut verified.selected] {
        let service = model.root.get_mut("services").and_then(|services| services.get_mut(service));
        for mount in service.into_iter().flat_map(|service| mount::VOLUMES.items_mut(service)) {
            let is_meant = mount::TYPE.str(mount) == Some("volume")
                && mount::TARGET
                    .str(mount)
                    .is_some_and(|target| targets.contains(&crate::model::place::clean(target)));
            if is_meant {
                let origin = mount.origin;
                mount::NOCOPY.put(mount, Node::new(Value::Bool(true), origin));
            }
        }
    }
}
