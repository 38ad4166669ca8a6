//! Writing the decisions into the model.

use crate::model::identity;
use crate::source::Origin;
use crate::yaml::Node;

use super::UserDecision;

/// Puts `user:` into every service that was given one and has none, with the policy as its origin.
/// Services that are not in this model, or not known yet, are passed over.
pub fn apply(root: &mut Node, decisions: &[UserDecision]) {
    let Some(services) = root.get_mut("services").and_then(Node::as_map_mut) else { return };
    for decision in decisions.iter().filter(|decision| decision.inject) {
        let Some(service) = services.get_mut(&decision.service) else { continue };
        let Some(value) = decision.value.as_deref().filter(|_| !identity::USER.is_set(service)) else {
            continue;
        };
        let origin = Origin::Policy(decision.from.span());
        identity::USER.put(service, Node::string(value, origin));
        add_groups(service, &decision.groups, origin);
    }
}

fn add_groups(service: &mut Node, groups: &[u32], origin: Origin) {
    if groups.is_empty() {
        return;
    }
    if identity::GROUPS.node(service).and_then(Node::as_seq).is_none() {
        identity::GROUPS.put(service, Node::seq(Vec::new(), origin));
    }
    let Some(own) = identity::GROUPS.node_mut(service).and_then(Node::as_seq_mut) else { return };
    for group in groups.iter().map(u32::to_string) {
        if !own.iter().any(|node| node.as_str() == Some(&group)) {
            own.push(Node::string(group, origin));
        }
    }
}
