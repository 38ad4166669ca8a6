//! Who the process is.

use crate::compose::text;
use crate::host::Owner;
use crate::model::identity;
use crate::policy::posture::Posture;
use crate::policy::user::UserSetting;
use crate::source::Origin;

use super::{Allow, Breach, Check, Rule, Service};

pub const RULES: &[Rule] = &[
    Rule {
        id: RULE,
        forbids: "run as root, or as a user that cannot be told from root",
        why: "Root in a container has the host's root id; a user that renders empty, \":\" or \"UID:\" runs with \
              user or group 0 without a word.",
        from: Some(Posture::Hardened),
        cis: &["4.1"],
        owasp: &["2"],
        model: "`user` is `UID:GID` with both above 0, or a name that the image resolves to that",
        live: "Config.User is the verified UID:GID, and the Uid and Gid lines of /proc/PID/status agree",
        fix: "Write `user: \"UID:GID\"` with numbers above 0, or set `user.default` in seaworthy.yaml.",
        allow: Allow::Values(
            "users as the model has them, `image` for whatever an image's own is, and `entrypoint` for one that \
             becomes another user",
        ),
        same: covers,
        check: Check::Service(root),
        ..Rule::COMMON
    },
    Rule {
        id: "group-add",
        forbids: "join further groups",
        why: "A group such as docker, disk or the one that owns the engine's socket is as good as root.",
        from: Some(Posture::Hardened),
        owasp: &["2"],
        model: "`group_add` is absent",
        live: "HostConfig.GroupAdd is empty, or a subset of what is allowed",
        fix: "Remove `group_add`.",
        allow: Allow::Values("groups"),
        check: Check::Service(|service, breaches| {
            for (node, group) in identity::GROUPS.written(service.node) {
                breaches.push(service.breach(node, format!("joins the group {group}")).allowing(group));
            }
        }),
        ..Rule::COMMON
    },
];

/// Whether a value that a waiver allows covers a user found.
fn covers(allowed: &str, found: &str) -> bool {
    allowed == found || allowed == ENTRYPOINT && (found == BY_IMAGE || doubtful(found) == Some(IS_ROOT))
}

/// The waiver that is proposed for a service whose image is seen to become another user.
fn proposed(service: &Service<'_>) -> Vec<String> {
    let more = service.view.switches.and_then(|all| all.get(service.name));
    let words =
        |more: &Vec<&'static str>| [ENTRYPOINT].iter().chain(more).map(|&word| word.to_owned()).collect();
    more.map(words).unwrap_or_default()
}

fn root(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    if !service.has_container() {
        return;
    }
    if let Some(node) = identity::USER.node(service.node) {
        let user = text(node);
        if let Some(why) = doubtful(&user) {
            // `image` allows it before the image is known and after.
            let is_image_s = matches!(node.origin, Origin::Policy(_))
                && service.user_setting() == Some(UserSetting::Image);
            let also = is_image_s.then_some(BY_IMAGE);
            breaches.push(
                service
                    .breach(node, format!("runs as {user:?}: {why}"))
                    .allowing(user)
                    .or_allowing(also)
                    .proposing(proposed(service)),
            );
        }
        return;
    }
    // Without one of its own the service gets what the policy says; an image's user is looked up, and
    // verified, when users are given.
    match service.user_setting() {
        Some(UserSetting::Fixed(owner)) if owner.uid == 0 || owner.gid == 0 => {
            let what = format!("gets the user {owner} from the policy: that is root");
            breaches.push(service.lacks(what).allowing(owner.to_string()));
        }
        Some(_) => {}
        None => {
            let known = service.view.image_users.and_then(|users| users.get(service.name));
            let what = match known.map(|owner| (owner, doubtful(&owner.to_string()))) {
                Some((_, None)) => return,
                Some((owner, Some(why))) => format!("has no user, and its image has {owner}: {why}"),
                None => "has no user, so that the image decides, which is root for most".to_owned(),
            };
            breaches.push(
                service
                    .lacks(what)
                    .allowing(BY_IMAGE)
                    .or_allowing(known.map(Owner::to_string))
                    .proposing(proposed(service)),
            );
        }
    }
}

/// The name of the rule about root.
pub const RULE: &str = "user-root";

/// The word of a waiver for a start as root that becomes another user.
pub const ENTRYPOINT: &str = "entrypoint";

/// The capabilities with which root takes over files for another user and becomes that user.
pub const SWITCH: [&str; 3] = ["CHOWN", "SETGID", "SETUID"];

/// Further ones that such a start can need, each by name: to use files of the other user, to change their modes, to stop
/// programs of that user.
pub const MAY_NEED: [&str; 3] = ["DAC_OVERRIDE", "FOWNER", "KILL"];

/// How a waiver calls whatever user an image has.
pub const BY_IMAGE: &str = "image";

/// Why root itself is doubtful.
pub const IS_ROOT: &str = "that is root";

/// Why a user may be root, where it may. A name is looked up in the image when users are given.
pub fn doubtful(user: &str) -> Option<&'static str> {
    if let Ok(owner) = user.parse::<Owner>() {
        return if owner.uid == 0 {
            Some(IS_ROOT)
        } else if owner.gid == 0 {
            Some("its group is root")
        } else {
            None
        };
    }
    let (name, group) = user.split_once(':').map_or((user, None), |(name, group)| (name, Some(group)));
    let number = |text: &str| text.parse::<i64>().is_ok();
    if name.is_empty() || group == Some("") {
        Some("a part that is empty stands for 0")
    } else if identity::is_root(name) {
        Some(IS_ROOT)
    } else if group.is_some_and(identity::is_root) {
        Some("its group is root")
    } else if number(name) && group.is_none() {
        Some("without a group it may run with group 0")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::doubtful;

    #[test]
    fn whatever_the_engine_may_run_as_root_is_doubtful() {
        for user in [
            "root",
            "0",
            "0:0",
            "",
            ":",
            "10001:",
            ":10001",
            "root:1",
            "1000:0",
            "1000:root",
            "1000",
            "00:1",
            "+0:1",
        ] {
            assert!(doubtful(user).is_some(), "{user}");
        }
        for user in ["1000:1000", "node", "node:node", "65534:65534"] {
            assert!(doubtful(user).is_none(), "{user}");
        }
    }
}
