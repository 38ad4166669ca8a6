//! Who runs, in numbers.

use crate::compose::text;
use crate::engine::Answer;
use crate::model::identity;
use crate::ownership::user::numbers;
use crate::reach::refusal::{Of, unknown_user};
use crate::reach::table;
use crate::source::Origin;
use crate::yaml::Node;

use super::context::Context;
use super::node::{Map, OWN, flag, int, list};

/// What of it is known.
#[derive(Clone, Debug)]
pub struct Identity {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// Beside the primary group.
    groups: Vec<(i64, Origin)>,
    origin: Origin,
    /// Whether the model says it, and not the image alone.
    said: bool,
}

impl Identity {
    pub fn of(context: &mut Context<'_>, of: Of<'_>, node: &Node) -> Self {
        let mut identity = Self { uid: None, gid: None, groups: Vec::new(), origin: OWN, said: false };
        if let Some(user) = identity::USER.node(node).filter(|user| !text(user).is_empty()) {
            identity.user(context, of, user);
        } else if let Some(decision) = of.service.and_then(|name| context.user_of(name))
            && decision.is_pending()
        {
            context.refusals.refuse_always(unknown_user(of, decision));
        }
        for group in identity::GROUPS.items(node) {
            match text(group).parse::<u32>() {
                Ok(number) => identity.groups.push((number.into(), group.origin)),
                Err(_) => {
                    let why = format!("the number of the group {:?} is in the image", text(group));
                    context.refusals.refuse(
                        of,
                        "group_add",
                        group.origin,
                        &why,
                        "Write the number of the group",
                    );
                }
            }
        }
        identity
    }

    fn user(&mut self, context: &mut Context<'_>, of: Of<'_>, user: &Node) {
        let written = text(user);
        (self.origin, self.said) = (user.origin, true);
        let decided = of.service.and_then(|name| context.user_of(name)).map(|decision| &decision.user);
        if let Some(owner) = numbers(&written) {
            (self.uid, self.gid) = (Some(owner.uid), Some(owner.gid));
        } else if let Some(Answer::Known(known)) = decided {
            (self.uid, self.gid) = (Some(known.owner.uid), Some(known.owner.gid));
            // The engine adds those of the image where no group is written.
            if !written.contains(':') {
                self.groups.extend(known.supplementary.iter().map(|group| (i64::from(*group), user.origin)));
            }
        } else if let Ok(uid) = written.parse() {
            self.uid = Some(uid);
            context.note(of.service, "user: without a group the image decides on it");
        } else {
            self.said = false;
            let todo = table::row("services.*.user").map_or("", |row| row.todo);
            let why = format!("{written:?} is a name, and its number is in the image");
            context.refusals.refuse(of, "user", user.origin, &why, todo);
        }
    }

    /// The number of the user or group that new files in volumes belong to.
    pub fn volume_group(&self) -> Option<u32> {
        self.gid.filter(|gid| *gid != 0)
    }

    pub fn is_root(&self) -> bool {
        self.uid == Some(0)
    }

    /// `securityContext` of the container.
    pub fn of_container(&self, security: &mut Map) {
        if let Some(uid) = self.uid {
            security.put("runAsUser", int(uid.into(), self.origin));
        }
        if let Some(gid) = self.gid {
            security.put("runAsGroup", int(gid.into(), self.origin));
        }
        if self.uid.is_some_and(|uid| uid != 0) {
            security.put("runAsNonRoot", flag(true, self.origin));
        }
    }

    /// `securityContext` of the pod.
    pub fn of_pod(&self, context: &mut Context<'_>, service: &str, security: &mut Map) {
        if !self.groups.is_empty() {
            let groups = self.groups.iter().map(|(group, origin)| int(*group, *origin)).collect();
            security.put("supplementalGroups", list(groups));
        }
        if self.said {
            if context.question.version.has_strict_groups() {
                security.put("supplementalGroupsPolicy", super::node::own("Strict"));
            } else {
                let words = "user: before 1.35 the groups of the image's /etc/group are added";
                context.note(Some(service), words);
            }
        }
    }

    /// Every number that a user namespace has to have.
    pub fn fits_user_namespace(&self) -> bool {
        let ids = [self.uid, self.gid].into_iter().flatten().map(i64::from);
        ids.chain(self.groups.iter().map(|(group, _)| *group)).all(|id| id <= 65_535)
    }
}
