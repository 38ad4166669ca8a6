//! What is said of a volume.

use super::{Fate, MadeBy, NotGiven, Now, There, VolumeDecision};
use crate::diagnostic::Finding;
use crate::engine::Answer;

/// "10001:10001", with the host's numbers where they are others.
fn user(decision: &VolumeDecision) -> String {
    let text = |owner: &Answer<crate::host::Owner>| owner.as_ref().known().map(ToString::to_string);
    let (inside, outside) = (text(&decision.whom.inside), text(&decision.whom.owner));
    match (inside, outside) {
        (Some(inside), Some(outside)) if inside != outside => format!("{inside}, which is {outside} here"),
        (Some(inside), _) => inside,
        _ => "a user who is not known".to_owned(),
    }
}

fn why(decision: &VolumeDecision) -> &'static str {
    match decision.made_by {
        MadeBy::Image { .. } => ", as the image's directory there is",
        MadeBy::Engine => ", since the image has nothing there",
        MadeBy::NoCopy => ", since nothing of the image is copied",
        MadeBy::Options => ", by the volume's options",
        MadeBy::Before => "",
    }
}

pub(super) fn refusal(decision: &VolumeDecision, there: &There) -> String {
    let VolumeDecision { service, key, target, .. } = decision;
    let verb = if decision.read_only { "read" } else { "write" };
    let is = if decision.made_by == MadeBy::Before { "is" } else { "will be" };
    format!(
        "service `{service}` runs as {} and cannot {verb} volume `{key}` at {target}: it {is} {}'s, mode {:04o}{}",
        user(decision),
        there.owner,
        there.mode,
        why(decision)
    )
}

pub(super) fn help(decision: &VolumeDecision, there: &There) -> String {
    let key = &decision.key;
    if !decision.strict {
        return "It is started all the same. Under a policy (`seaworthy init` writes one) a launch gives a new volume to \
                that user."
            .to_owned();
    }
    match &decision.gets {
        Err(NotGiven::External) => format!(
            "It is external, so nothing in it is changed unless that is said: `state: [{{volume: {key}}}]` in the \
             policy. Or give it to that user where it is made."
        ),
        Err(NotGiven::Several(services)) => format!(
            "Services with different users write it: {}. Give them one user, or let one of them write it and mount \
             it `:ro` for the others. With something in it, `state: [{{volume: {key}, strategy: acl}}]` in the policy \
             shares it.",
            services.join(", ")
        ),
        Err(NotGiven::Forbidden(reason)) => {
            format!("Nobody gives it to that user: {reason}. Change `repair:` in the policy, or the service's user.")
        }
        Err(NotGiven::Memory) => {
            "Say whose it is in the volume's options: `driver_opts: {o: \"uid=UID,gid=GID\"}`.".to_owned()
        }
        Err(NotGiven::NotHis) if decision.read_only => {
            "Whoever writes it has to let that user read it.".to_owned()
        }
        Err(NotGiven::NotHis) => {
            "Root without capabilities may do no more than anybody else: give the service the user who owns it \
             (`user.services` in the policy)."
                .to_owned()
        }
        Err(NotGiven::Filled) | Ok(_) => {
            let map = decision.whom.map.as_ref().known();
            let inside = map.map(|map| map.seen_inside(there.owner));
            let known = inside.filter(|inside| map.and_then(|map| map.to_host(*inside)) == Some(there.owner));
            match known {
                Some(owner) => format!(
                    "If the service's files were {owner}'s before, say so in the policy, and a launch gives them over: \
                     `state: [{{volume: {key}, from: [\"{owner}\"]}}]`. Or give the service the user who owns it."
                ),
                None => format!(
                    "The engine's map of users does not have {}, so nobody in a container can have made it: see who \
                     did.",
                    there.owner
                ),
            }
        }
    }
}

/// The engine mounts more than was asked for.
pub(super) fn whole(decision: &VolumeDecision) -> Finding {
    let VolumeDecision { service, key, place, .. } = decision;
    let part: std::path::PathBuf = place.iter().skip(1).collect();
    let message = format!(
        "service `{service}` mounts {} of volume `{key}`, and this engine does not know `subpath`: it mounts all of it",
        part.display()
    );
    decision.judged(message).help("Use Docker Engine 26 or later, or a volume for each part.")
}

/// The engine makes no directory in a volume: it fails when the container starts.
pub(super) fn no_part(decision: &VolumeDecision) -> Finding {
    let VolumeDecision { service, key, place, .. } = decision;
    let part: std::path::PathBuf = place.iter().skip(1).collect();
    let is = match decision.now {
        Answer::Known(Now::Missing) => "which is new and has no such directory",
        _ => "which has no such directory",
    };
    let message = format!("service `{service}` mounts {} of volume `{key}`, {is}", part.display());
    decision.judged(message).help(
        "The engine makes none, and fails. Let a service that mounts all of the volume make it first \
         (`depends_on`), or use a volume for each part.",
    )
}

pub(super) fn becomes(decision: &VolumeDecision) -> Option<String> {
    let there = decision.will_be.as_ref().known()?;
    let is_new =
        matches!(decision.now, Answer::Known(Now::Missing | Now::There(There { is_filled: false, .. })));
    if !is_new || matches!(decision.fate, Fate::Leave(_)) {
        return None;
    }
    let verb = if matches!(decision.now, Answer::Known(Now::Missing)) {
        "is made by the engine"
    } else {
        "is empty"
    };
    let (owner, mode, why) = (there.owner, there.mode, why(decision));
    Some(match decision.made_by {
        MadeBy::Before => format!("{verb} and {owner}'s, mode {mode:04o}"),
        MadeBy::Image { .. } if verb == "is empty" => {
            format!("{verb} and becomes {owner}'s, mode {mode:04o}{why}")
        }
        _ => format!("{verb} and {owner}'s, mode {mode:04o}{why}"),
    })
}
