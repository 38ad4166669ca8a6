//! Options of temporary file systems and of logging, and keys that nobody here knows.

use crate::compose::unknown_keys;
use crate::model::{logging, mount};
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        id: "tmpfs-options",
        forbids: "have a temporary file system that runs programs",
        why: "`exec`, `suid` and `dev` take back what the engine sets for temporary file systems.",
        from: Some(Posture::Hardened),
        cis: &["5.13"],
        owasp: &["8"],
        model: "no `tmpfs` has the option exec, suid or dev",
        live: "no value of HostConfig.Tmpfs has them",
        fix: "Remove the option.",
        allow: Allow::Values("places"),
        check: Check::Service(|service, breaches| {
            for (node, entry) in mount::TMPFS.written(service.node) {
                let (place, options) = entry.split_once(':').unwrap_or((&entry, ""));
                if let Some(open) =
                    options.split(',').find(|option| matches!(*option, "exec" | "suid" | "dev"))
                {
                    breaches.push(
                        service.breach(node, format!("has {place} with the option {open}")).allowing(place),
                    );
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "logging",
        forbids: "log to nowhere or to another machine",
        why: "What is not logged cannot be looked into afterwards; a remote driver sends what is logged out.",
        from: Some(Posture::Hardened),
        cis: &["2.12"],
        model: "`logging.driver` is absent, local, json-file or journald",
        live: "HostConfig.LogConfig.Type is local, json-file or journald",
        fix: "Use the driver local, json-file or journald.",
        allow: Allow::Values("drivers"),
        check: Check::Service(|service, breaches| {
            if let Some((node, driver)) = logging::DRIVER.written(service.node)
                && !matches!(driver.as_str(), "local" | "json-file" | "journald")
            {
                breaches
                    .push(service.breach(node, format!("logs with the driver {driver}")).allowing(driver));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "unjudged-key",
        forbids: "have a key that seaworthy does not know",
        why: "A Docker Compose that is newer than this seaworthy may do anything with it, and no rule looks at it.",
        from: Some(Posture::Baseline),
        model: "every key is one of Compose 2.40 to the newest that is known, or begins with `x-`",
        live: "what comes of the key is not compared: nobody here knows what to look at",
        fix: "Update seaworthy, or remove the key.",
        allow: Allow::Values("keys"),
        check: Check::Project(|view, breaches| {
            if !view.model.reader.is_beyond() {
                return;
            }
            for unknown in unknown_keys(&view.model.root) {
                let place = if unknown.holder.is_empty() { "the project".to_owned() } else { unknown.holder };
                let what = format!("has the key {}, which nobody here knows", unknown.key);
                breaches.push(Breach::of(place, unknown.origin, what).allowing(unknown.key));
            }
        }),
        ..Rule::COMMON
    },
];
