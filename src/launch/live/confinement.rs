//! Privileged mode, capabilities, security options, the root file system, the user.

use serde_json::Value;

use crate::compose::text;

use crate::model::SecurityOption;

use super::field::{Fields, at, beyond, list, shown, string, strings};
use super::{Scope, podman};

pub fn add(fields: &mut Fields<'_>, name: &str, scope: &Scope<'_>) {
    let privileged = fields.is_true("privileged");
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
        fields.items("security_opt").iter().map(|item| SecurityOption::of_text(&text(item))).collect();
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
    if fields.is_true("read_only") {
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
    if let Some(user) = fields.text("user").or_else(image) {
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

/// As the engine keeps it: upper case, without the prefix.
fn capability(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

fn capabilities(fields: &mut Fields<'_>) {
    let names = |key| -> Vec<String> { fields.texts(key).iter().map(|text| capability(text)).collect() };
    let (added, dropped) = (names("cap_add"), names("cap_drop"));
    // A privileged one shows every capability, and nothing in either list.
    let privileged = fields.is_true("privileged").then(|| "ALL".to_owned());
    let allowed: Vec<String> = added.iter().cloned().chain(privileged).collect();
    let without = dropped.clone();
    fields.add("HostConfig.CapAdd", "cap_add", list(&added), "it has more capabilities", move |live| {
        if let Some(beyond) = podman::capabilities(live, &allowed, &without) {
            return beyond;
        }
        let found = strings(at(live, "HostConfig.CapAdd"));
        beyond(found, |found| {
            let found = capability(found);
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
            strings(at(live, "HostConfig.CapDrop")).iter().map(|text| capability(text)).collect();
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
    let needs_filter = !is_unconfined && !fields.is_true("privileged");
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
    let host = |key: &str| fields.text(key).is_some_and(|mode| mode == "host");
    let joins = |key: &str| fields.text(key).is_some_and(|mode| mode.contains(':'));
    let adds_disable = fields.is_true("privileged") || host("pid") || host("ipc");
    let is_privileged = fields.is_true("privileged");
    let adds_labels = joins("pid") || joins("ipc");
    let expected = list(&fields.texts("security_opt"));
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
