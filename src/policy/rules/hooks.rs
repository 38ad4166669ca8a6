//! Commands that are run in a container besides its own.

use crate::compose::text;
use crate::model::program;
use crate::policy::posture::Posture;

use super::user::doubtful;
use super::{Allow, Check, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        id: "hook-privileged",
        forbids: "run a hook with full privileges",
        why: "A privileged hook has what the container was denied, and shows on no container.",
        from: Some(Posture::Baseline),
        cis: &["5.5", "5.23"],
        owasp: &["3"],
        model: "no hook, and no command of a watch, is `privileged`",
        live: "nowhere: hooks are run by Compose and leave nothing to inspect, so the model alone decides",
        fix: "Remove `privileged` from the hook.",
        check: Check::Service(|service, breaches| {
            for (place, hook) in program::hooks(service.node) {
                if let Some(node) = program::HOOK_PRIVILEGED.on(hook) {
                    breaches.push(service.breach(node, format!("has a privileged hook in {place}")));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "hook-root",
        forbids: "run a hook as root",
        why: "A hook without a user runs as root, whatever the service's own user is; a `pre_start` without one runs as the \
              user of its image.",
        from: Some(Posture::Hardened),
        cis: &["5.24"],
        owasp: &["2"],
        model: "every hook, and every command of a watch, has a `user` that is not root",
        live: "nowhere: hooks are run by Compose and leave nothing to inspect, so the model alone decides",
        fix: "Give the hook a `user: \"UID:GID\"`.",
        check: Check::Service(|service, breaches| {
            for (place, hook) in program::hooks(service.node) {
                match program::HOOK_USER.node(hook) {
                    None => {
                        breaches.push(service.breach(hook, format!("has a hook in {place} without a user")));
                    }
                    Some(node) => {
                        let user = text(node);
                        if let Some(why) = doubtful(&user) {
                            let what = format!("has a hook in {place} that runs as {user:?}: {why}");
                            breaches.push(service.breach(node, what));
                        }
                    }
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "pre-start",
        forbids: "have a container run before it that nothing confines",
        why: "A `pre_start` gets the service's mounts and networks, and none of what confines the service: no key of a compose \
              file drops its capabilities, limits it or makes its root file system read-only, and it is gone before anything \
              can be inspected.",
        from: Some(Posture::Hardened),
        cis: &["5.3", "5.25"],
        owasp: &["3", "4"],
        model: "`pre_start` is absent",
        live: "nowhere: Compose runs it between creation and start, and removes it",
        fix: "Make it a service of its own that this one depends on, with `condition: service_completed_successfully`.",
        allow: Allow::Values("images, or build where the service's own is built"),
        check: Check::Service(|service, breaches| {
            for hook in program::PRE_START.items(service.node) {
                let image = program::HOOK_IMAGE.node(hook).map_or_else(|| "build".to_owned(), text);
                let what = format!("has a container of {image} run before it, which nothing confines");
                breaches.push(service.breach(hook, what).allowing(image));
            }
        }),
        ..Rule::COMMON
    },
];
