//! Whether containers run as whom was decided, by the images that they really have.
//!
//! A name is looked up in an image, and the image of that name may be another one by the time a container is
//! made from it: built, pulled, tagged anew, by this launch or beside it. What a container has is known once
//! it is there, and it does not change any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Answer, Inspection};
use crate::host::Owner;
use crate::ownership::user::numbers;
use crate::ownership::{Images, UserDecision};
use crate::source::Origin;

use super::live::Weakness;

/// What the launch was decided on.
pub struct Decided<'d> {
    pub users: &'d [UserDecision],
    /// By service, the id of the image in which its user was looked up.
    pub images: &'d BTreeMap<String, String>,
    /// Services that may not run as root.
    pub refuses_root: &'d BTreeSet<String>,
}

/// Containers whose user is another one than was decided. Each is told by the image that the container has.
pub fn judge<'c>(
    decided: &Decided<'_>,
    containers: impl Iterator<Item = &'c Inspection>,
    images: &dyn Images,
) -> Answer<Vec<Weakness>> {
    let one =
        |container: &Inspection| match decided.users.iter().find(|user| user.service == container.service) {
            Some(decision) => another(decided, decision, container, images),
            None => Answer::Known(None),
        };
    containers.map(one).collect::<Answer<Vec<_>>>().map(|found| found.into_iter().flatten().collect())
}

fn another(
    decided: &Decided<'_>,
    decision: &UserDecision,
    container: &Inspection,
    images: &dyn Images,
) -> Answer<Option<Weakness>> {
    // Two numbers mean the same in every image; and that image was asked already.
    let is_same = decided.images.get(&container.service) == Some(&container.image_id);
    if numbers(&container.user).is_some() || is_same && decision.user.is_known() {
        return Answer::Known(None);
    }
    let text = Some(container.user.as_str()).filter(|text| !text.is_empty());
    let said = text.unwrap_or("the image's USER");
    images.resolve(&container.image_id, text).map(|resolved| {
        let found = match &resolved {
            Ok(user) => Owner::new(user.uid, user.gid).to_string(),
            Err(error) => error.to_string(),
        };
        let groups = |groups: &[u32]| groups.iter().copied().collect::<BTreeSet<u32>>();
        let (expected, holds) = match (&decision.user, &resolved) {
            (Answer::Known(identity), Ok(user)) => {
                let same_groups = groups(&identity.supplementary) == groups(&user.supplementary);
                let same = identity.owner == Owner::new(user.uid, user.gid) && same_groups;
                let shown = if identity.supplementary.is_empty() || same_groups {
                    identity.owner.to_string()
                } else {
                    format!("{} in the groups {:?}", identity.owner, identity.supplementary)
                };
                (shown, same)
            }
            (Answer::Known(identity), Err(_)) => (identity.owner.to_string(), false),
            (Answer::Unknown(_), Ok(user)) => {
                ("no root".to_owned(), user.uid != 0 || !decided.refuses_root.contains(&container.service))
            }
            (Answer::Unknown(_), Err(_)) => ("a user that the image has".to_owned(), false),
        };
        (!holds).then(|| Weakness {
            is_of_program: false,
            is_unproved: false,
            service: container.service.clone(),
            container: container.name.clone(),
            field: "Config.User".to_owned(),
            key: format!("services.{}.user", container.service),
            expected,
            found: format!("{said}, in the image that it has {found}"),
            why: "its image is another one than that in which the user was looked up".to_owned(),
            origin: decision.from.span().map_or(Origin::Default("user"), Origin::Source),
        })
    })
}
