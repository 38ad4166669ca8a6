//! The services of a plan, from the model and what was decided about users.

use crate::compose::{Model, text};
use crate::engine::Answer;
use crate::model::{Port, build, identity, image, mount, program};
use crate::ownership::UserDecision;
use crate::source::SourceMap;
use crate::yaml::Node;

use super::posture;
use super::{PlanMount, PlanService, PlanUser};

/// The services of a launch, with the user that each gets.
pub fn services(selected: &Model, users: &[UserDecision], sources: &SourceMap) -> Vec<PlanService> {
    selected
        .services()
        .map(|(name, service)| PlanService {
            name: name.to_owned(),
            image: image(service),
            user: user(service, users.iter().find(|user| user.service == name), sources),
            posture: posture::words(service, selected.root.get("networks")),
            state: Vec::new(),
            mounts: mount::VOLUMES.items(service).iter().map(mount).collect(),
            ports: Port::of_service(service).map(|port| port.to_string()).collect(),
        })
        .collect()
}
fn image(service: &Node) -> String {
    match (image::IMAGE.text(service), build::CONTEXT.node(service)) {
        (Some(image), None) => image,
        (Some(image), Some(_)) => format!("{image} (built)"),
        (None, Some(context)) => format!("build {}", text(context)),
        (None, None) => {
            program::PROVIDER_TYPE.text(service).map(|name| format!("provider {name}")).unwrap_or_default()
        }
    }
}

fn user(service: &Node, decision: Option<&UserDecision>, sources: &SourceMap) -> PlanUser {
    let own = identity::USER.text(service);
    let Some(decision) = decision else {
        return PlanUser {
            value: own,
            from: "the engine's default".to_owned(),
            place: None,
            pending: None,
            then: None,
            lock: None,
        };
    };
    let known = decision.user.as_ref().known().map(|identity| identity.owner.to_string());
    PlanUser {
        value: decision.value.clone().or(own).or(known),
        from: decision.from.describe().to_owned(),
        place: decision.from.span().map(|span| sources.describe(span)),
        pending: match &decision.user {
            Answer::Known(_) => None,
            Answer::Unknown(reason) => Some(reason.clone()),
        },
        then: None,
        lock: None,
    }
}

fn mount(node: &Node) -> PlanMount {
    PlanMount {
        kind: mount::TYPE.text(node).unwrap_or_default(),
        source: mount::SOURCE.text(node),
        target: mount::TARGET.text(node).unwrap_or_default(),
        read_only: mount::READ_ONLY.is_on(node),
    }
}
