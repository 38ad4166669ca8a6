//! Users of images that are, by their number, somebody who logs in on this machine.

use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::operate::accounts::Accounts;
use crate::ownership::bind::Role;
use crate::ownership::{UserDecision, UserSource, UserSpec};
use crate::run::verify::Verified;

/// What belongs to one of them may be read and written by the other, where both reach it. A number that somebody wrote
/// was chosen; one that an image brought was not.
pub fn collisions(verified: &Verified, accounts: &Accounts) -> Vec<Finding> {
    let by_image = verified.users.iter().filter(|decision| is_of_image(decision));
    by_image.filter_map(|decision| one(verified, decision, accounts)).collect()
}

fn is_of_image(decision: &UserDecision) -> bool {
    decision.spec == Some(UserSpec::Image) || matches!(decision.from, UserSource::Image)
}

fn one(verified: &Verified, decision: &UserDecision, accounts: &Accounts) -> Option<Finding> {
    let service = decision.service.as_str();
    let mut mounts = verified.host.binds.iter().filter(|bind| bind.service == service);
    let bind = mounts.find(|bind| !bind.read_only && matches!(bind.role, Role::Bind | Role::Volume))?;
    let Answer::Known(owner) = &bind.owner else { return None };
    let name = accounts.login(owner.uid)?;
    let inside = decision.user.as_ref().known().map(|user| user.owner.to_string()).unwrap_or_default();
    let message = format!(
        "the image of service `{service}` runs as {inside}, and user {} of this machine is {name}, who logs in here: \
         what either of them makes is the other's, too",
        owner.uid
    );
    Some(Finding::warning(Code::UserInvalid, message).at_origin(bind.origin, "shared with that user").help(format!(
        "Give the service a number of its own, `user: {{services: {{{service}: \"20001:20001\"}}}}` in the policy, or \
         `per-service`; `caller` says that it is meant."
    )))
}
