//! The user that an image becomes after it starts as root.

use super::{Question, Start, Subject, start, variable};
use crate::engine::{Answer, Image};
use crate::host::Owner;
use crate::yaml::Node;

/// Variables by which images are told that: user, then group.
const TOLD: [(&str, &str); 6] = [
    ("PUID", "PGID"),
    ("USER_UID", "USER_GID"),
    ("USERMAP_UID", "USERMAP_GID"),
    ("NB_UID", "NB_GID"),
    ("HOST_UID", "HOST_GID"),
    ("UID", "GID"),
];

/// The user that a variable of the service, or of its image, names; and the variable. Root is nobody to become.
pub fn told(service: &Node, image: Option<&Image>) -> Option<(Owner, &'static str)> {
    let value = |name: &str| variable(service, image, name)?.trim().parse::<u32>().ok().filter(|id| *id != 0);
    TOLD.iter().find_map(|(uid, gid)| {
        let user = value(uid)?;
        Some((Owner::new(user, value(gid).unwrap_or(user)), *uid))
    })
}

/// Whether an image starts as root and gives itself a user: under s6, by a switch that does not ask whether it is root,
/// or by one that is told the number in a variable. Unknown, with the reason, until the image is there.
pub fn gives_itself_a_user(question: &Question<'_>, name: &str, service: &Node) -> Answer<bool> {
    let Some(subject) = Subject::of(question, name, service) else { return Answer::Known(false) };
    question.images.resolve(&subject.image_name, None).and_then(|user| {
        if user.is_ok_and(|user| user.uid != 0) {
            return Answer::Known(false);
        }
        start(question, name, service).map(|start| {
            let is_told = || told(service, Some(&subject.image)).is_some();
            start.needs_root() || start != Start::Plain && is_told()
        })
    })
}

/// The user that a service becomes after it starts as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Becomes {
    pub owner: Option<Owner>,
    /// The variable, or the program.
    pub by: String,
}

/// Reads that from the image and the environment; `None` where neither shows it, or the service does not start as root.
pub fn becomes(question: &Question<'_>, name: &str, service: &Node) -> Option<Becomes> {
    let subject = Subject::of(question, name, service)?;
    if subject.user.is_none_or(|user| user.owner.uid != 0) {
        return None;
    }
    let start = start(question, name, service).known()?;
    let told = told(service, Some(&subject.image));
    match start {
        // A variable of that name alone shows nothing: somebody has to read it.
        Start::Plain => None,
        Start::Supervised => Some(match told {
            Some((owner, by)) => Becomes { owner: Some(owner), by: by.to_owned() },
            None => Becomes { owner: None, by: "s6".to_owned() },
        }),
        Start::Switches { by, account, .. } => {
            let named = account.and_then(|account| {
                let user = question.images.resolve(&subject.image_name, Some(&account)).known()?.ok()?;
                (user.uid != 0).then(|| Owner::new(user.uid, user.gid))
            });
            // A start program gives the account the number that it is told.
            Some(match told {
                Some((owner, by)) => Becomes { owner: Some(owner), by: by.to_owned() },
                None => Becomes { owner: named, by: by.to_owned() },
            })
        }
    }
}
