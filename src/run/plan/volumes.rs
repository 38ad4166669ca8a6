//! Volumes in a plan: whose they will be, and what is done about it.

use crate::engine::Answer;
use crate::ownership::volume::{Fate, Now, VolumeDecision};
use crate::plan::{PlanOwner, PlanStep};
use crate::run::verify::Verified;

pub fn owner(volume: &VolumeDecision) -> PlanOwner {
    let there = match &volume.now {
        Answer::Known(Now::There(there)) => Some(there),
        _ => None,
    };
    let (outcome, why) = match &volume.fate {
        Fate::Usable if there.is_some() => ("present", volume.becomes()),
        Fate::Usable => ("create", volume.becomes()),
        Fate::Give(_) => ("give", volume.becomes()),
        Fate::Wait(why) => ("wait", Some(why.clone())),
        Fate::Refuse(finding) => ("refuse", Some(finding.message.clone())),
        Fate::Leave(why) => ("leave", Some(why.clone())),
    };
    PlanOwner {
        service: volume.service.clone(),
        source: volume.place.display().to_string(),
        target: volume.target.clone(),
        kind: "volume".to_owned(),
        read_only: volume.read_only,
        user: volume.user().map(|user| user.to_string()),
        host: volume.owner().map(|owner| owner.to_string()),
        now: there.map(|there| there.owner.to_string()),
        outcome,
        why,
    }
}

/// The volumes that are new, or become another user's.
pub fn steps(verified: &Verified) -> Vec<PlanStep> {
    verified.host.volumes.iter().filter_map(|volume| step(volume, verified)).collect()
}

fn step(volume: &VolumeDecision, verified: &Verified) -> Option<PlanStep> {
    let is_new = matches!(volume.now, Answer::Known(Now::Missing));
    let becomes = volume.becomes()?;
    let (owner, mode, how) = match &volume.fate {
        Fate::Give(owner) => {
            let by = verified.host.way.map_or("", |(way, _)| way.describe());
            (*owner, None, format!("between creation and start ({by}): it {becomes}"))
        }
        Fate::Usable if is_new => {
            let there = volume.will_be.as_ref().known()?;
            (there.owner, Some(there.mode), format!("it {becomes}"))
        }
        _ => return None,
    };
    Some(PlanStep {
        step: if matches!(volume.fate, Fate::Give(_)) { "give-volume" } else { "create-volume" },
        path: volume.shown(),
        owner: Some(owner.to_string()),
        mode: mode.map(|mode| format!("{mode:04o}")),
        service: Some(volume.service.clone()),
        how: Some(how),
    })
}
