//! Privileged mode, capabilities, security options, the root file system, the user.

use serde_json::Value;

use crate::model::field::{Field, Text};
use crate::model::{SecurityOption, capability, identity, namespace, security};

use super::field::{Fields, at, beyond, list, shown, string, strings};
use super::{Scope, podman};

pub fn add(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    let privileged = security::PRIVILEGED.is_on(fields.service);
    if !privileged {
        fields.add(
            "HostConfig.Privileged",
            "privileged",
            "false",
            "it has every capability and device",
            |live| {
                (at(live, "HostConfig.Privileged") != &Value::Bool(false))
                    .then(|| at(live, "HostConfig.Privileged").to_string())
            },
        );
    }
    let options: Vec<SecurityOption> =
        SecurityOption::all(fields.service).map(|(option, _)| option).collect();
    let unmasked = options.iter().any(|option| option.parts() == UNMASKED);
    if !privileged && !unmasked {
        // Neither `--privileged` nor `systempaths=unconfined` needs to show anywhere else.
        for name in ["HostConfig.MaskedPaths", "HostConfig.ReadonlyPaths"] {
            fields.add(
                name,
                "security_opt",
                "the engine's defaults",
                "/proc and /sys are unmasked",
                move |live| {
                    let listed = || strings(at(live, name)).is_empty().then(|| "empty".to_owned());
                    podman::open_paths(live, name).unwrap_or_else(listed)
                },
            );
        }
    }
    capabilities(fields);
    security_options(fields, scope, options);
    if security::READ_ONLY.is_on(fields.service) {
        fields.add(
            "HostConfig.ReadonlyRootfs",
            "read_only",
            "true",
            "its root file system can be written",
            |live| {
                let is_read_only = at(live, "HostConfig.ReadonlyRootfs") == &Value::Bool(true);
                (!is_read_only || podman::has_writable_root(live)).then(|| "false".to_owned())
            },
        );
    }
    let image = || scope.image_of(name, fields.service).map(|image| image.user.clone());
    if let Some(user) = identity::USER.text(fields.service).or_else(image) {
        fields.add(
            "Config.User",
            "user",
            shown(&user),
            "its process is another user, or root",
            move |live| {
                let found = string(live, "Config.User");
                (found != user).then(|| shown(&found))
            },
        );
    }
}

fn capabilities(fields: &mut Fields<'_>) {
    let (added, dropped) = (capability::added(fields.service), capability::dropped(fields.service));
    // A privileged one shows every capability, and nothing in either list.
    let privileged = security::PRIVILEGED.is_on(fields.service).then(|| "ALL".to_owned());
    let allowed: Vec<String> = added.iter().cloned().chain(privileged).collect();
    let without = dropped.clone();
    fields.add("HostConfig.CapAdd", "cap_add", list(&added), "it has more capabilities", move |live| {
        if let Some(beyond) = podman::capabilities(live, &allowed, &without) {
            return beyond;
        }
        let found = strings(at(live, "HostConfig.CapAdd"));
        beyond(found, |found| {
            let found = capability::name(found);
            added.iter().any(|allowed| *allowed == found || allowed == "ALL")
        })
    });
    if dropped.is_empty() {
        return;
    }
    fields.add("HostConfig.CapDrop", "cap_drop", list(&dropped), "it keeps capabilities", move |live| {
        // All that it has was compared above.
        if podman::capabilities(live, &[], &[]).is_some() {
            return None;
        }
        let found: Vec<String> =
            strings(at(live, "HostConfig.CapDrop")).iter().map(|text| capability::name(text)).collect();
        let dropped_too = |name: &String| found.contains(name) || found.iter().any(|found| found == "ALL");
        (!dropped.iter().all(dropped_too)).then(|| list(&found))
    });
}

/// The option that unmasks the paths of `/proc` and `/sys`.
const UNMASKED: (&str, &str) = ("systempaths", "unconfined");

/// One wanted entry of `security_opt`.
enum Wanted {
    Option(SecurityOption),
    /// The engine gets the profile itself, not its file's name.
    Seccomp(Option<Value>),
}

/// The order counts: of contradicting options the last one wins.
fn security_options(fields: &mut Fields<'_>, scope: &Scope<'_>, options: Vec<SecurityOption>) {
    let needs_no_new_privileges =
        options.iter().any(|option| option.parts() == ("no-new-privileges", "true"));
    let is_unconfined = options.iter().any(|option| option.parts() == ("seccomp", "unconfined"));
    let needs_filter = !is_unconfined && !security::PRIVILEGED.is_on(fields.service);
    let wanted: Vec<Wanted> = options
        .into_iter()
        .filter(|option| option.parts() != UNMASKED)
        .map(|option| match option.parts() {
            ("seccomp", file) if !["unconfined", "builtin", "default"].contains(&file) => {
                let profile = std::fs::read(scope.model.directory.join(file)).ok();
                Wanted::Seccomp(profile.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
            }
            _ => Wanted::Option(option),
        })
        .collect();
    // The engine itself adds this one to containers that share the host's or another's processes; and the
    // labels of the other, where SELinux is on.
    let service = fields.service;
    let host = |field: Field<Text>| field.str(service) == Some("host");
    let joins = |field: Field<Text>| field.or_empty(service).contains(':');
    let adds_disable =
        security::PRIVILEGED.is_on(fields.service) || host(namespace::PID) || host(namespace::IPC);
    let is_privileged = security::PRIVILEGED.is_on(fields.service);
    let adds_labels = joins(namespace::PID) || joins(namespace::IPC);
    let expected = list(&security::OPTIONS.texts(fields.service));
    fields.add("HostConfig.SecurityOpt", "security_opt", expected, "it is confined otherwise", move |live| {
        let found = strings(at(live, "HostConfig.SecurityOpt"));
        let mut rest = found.as_slice();
        for wanted in &wanted {
            match rest.split_first() {
                Some((first, others)) if matches(wanted, first) => rest = others,
                _ => return Some(shorten(&found)),
            }
        }
        let excused = |option: &String| {
            if is_privileged && podman::is_of_privileged(live, option) {
                return true;
            }
            let option = SecurityOption::of_text(option);
            let disables = option.parts() == ("label", "disable");
            disables && adds_disable || adds_labels && option.name == "label" && !disables
        };
        let more = (!rest.iter().all(excused)).then(|| shorten(&found));
        more.or_else(|| podman::not_in_force(live, needs_no_new_privileges, needs_filter))
    });
}

fn matches(wanted: &Wanted, found: &str) -> bool {
    match wanted {
        Wanted::Option(wanted) => *wanted == SecurityOption::of_text(found),
        Wanted::Seccomp(profile) => {
            let found =
                found.strip_prefix("seccomp=").and_then(|text| serde_json::from_str::<Value>(text).ok());
            profile.is_some() && *profile == found
        }
    }
}

/// A seccomp profile is thousands of characters.
fn shorten(options: &[String]) -> String {
    let short = |option: &String| match option.strip_prefix("seccomp={") {
        Some(_) => "seccomp={…}".to_owned(),
        None => option.clone(),
    };
    if options.is_empty() { "empty".to_owned() } else { list(&options.iter().map(short).collect::<Vec<_>>()) }
}
