//! Which limits an engine enforces, and how it confines what runs.

use super::{Area, Check};
use crate::engine::Info;

const CONTROLLERS: &str =
    "Have the kernel offer that controller, and delegate it where the engine runs without root.";

pub(super) fn limits(info: &Info) -> Vec<Check> {
    let groups = format!("version {}, driver {}", info.cgroup_version, info.cgroup_driver);
    if !info.has_control_groups() {
        return vec![Check::fails(
            Area::Limits,
            "control groups",
            format!("{groups}: limits are shown, and nobody enforces them"),
            "Run the engine as root, or without root on control groups version 2 with systemd.",
        )];
    }
    let mut checks = vec![Check::works(Area::Limits, "control groups", groups)];
    let further = info.further;
    let all = [
        ("memory", Some(info.memory_limit), true),
        ("processes", Some(info.pids_limit), true),
        ("swap", further.swap, false),
        ("cpus", further.cpu_quota, false),
        ("cpu shares", further.cpu_shares, false),
        ("cpu sets", further.cpu_set, false),
    ];
    for (what, said, is_demanded) in all {
        checks.push(match said {
            Some(true) => Check::works(Area::Limits, what, "enforced"),
            // The built-in overlays limit these.
            Some(false) if is_demanded => Check::fails(
                Area::Limits,
                what,
                "shown, and not enforced: the engine says so of itself",
                CONTROLLERS,
            ),
            Some(false) => Check::limited(Area::Limits, what, "not enforced", CONTROLLERS),
            None => {
                Check::limited(Area::Limits, what, "the engine does not say", "Try it before relying on it.")
            }
        });
    }
    checks
}

pub(super) fn confinement(info: &Info) -> Vec<Check> {
    let has = |name: &str| info.has_security_option(name);
    let seccomp = if has("seccomp") {
        let profile = info.security_options.iter().find(|option| option.contains("name=seccomp"));
        let profile =
            profile.and_then(|option| option.split_once("profile=")).map_or("default", |(_, own)| own);
        match profile {
            "unconfined" => Check::fails(
                Area::Confinement,
                "seccomp",
                "the engine's default profile is `unconfined`",
                "Take `seccomp-profile` out of the engine's configuration.",
            ),
            "default" | "builtin" => {
                Check::works(Area::Confinement, "seccomp", "the engine's default profile")
            }
            own => Check::limited(
                Area::Confinement,
                "seccomp",
                format!("a profile of this engine's own: {own}"),
                "What it forbids is not known here; compare it with the engine's default.",
            ),
        }
    } else {
        Check::fails(
            Area::Confinement,
            "seccomp",
            "not available: containers may use every system call",
            "Use a kernel with CONFIG_SECCOMP_FILTER, and an engine that was built with it.",
        )
    };
    let modules: Vec<&str> = [("apparmor", "AppArmor"), ("selinux", "SELinux")]
        .into_iter()
        .filter(|(name, _)| has(name))
        .map(|(_, name)| name)
        .collect();
    let module = if modules.is_empty() {
        Check::limited(
            Area::Confinement,
            "AppArmor, SELinux",
            "neither: capabilities, seccomp and namespaces confine alone",
            "Turn one of them on in the kernel and the engine, where the machine offers it.",
        )
    } else {
        Check::works(Area::Confinement, "AppArmor, SELinux", modules.join(", "))
    };
    vec![seccomp, module]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operate::doctor::Verdict;

    fn verdict(checks: &[Check], what: &str) -> (Verdict, String) {
        let check = checks.iter().find(|check| check.what == what).unwrap();
        (check.verdict, check.fact.clone())
    }

    #[test]
    fn limits_that_nobody_enforces_fail_whatever_the_engine_says_of_each() {
        let info =
            Info { memory_limit: true, pids_limit: true, cgroup_driver: "none".into(), ..Info::default() };
        assert_eq!(verdict(&limits(&info), "control groups").0, Verdict::Fails);
        let info = Info { cgroup_driver: "cgroupfs".into(), pids_limit: false, ..info };
        let checks = limits(&info);
        assert_eq!(verdict(&checks, "memory").0, Verdict::Works);
        assert_eq!(verdict(&checks, "processes").0, Verdict::Fails);
        assert_eq!(verdict(&checks, "swap"), (Verdict::Limited, "the engine does not say".into()));
    }

    #[test]
    fn confinement_is_what_the_engine_lists() {
        let with = |options: &[&str]| Info {
            security_options: options.iter().map(|&option| option.to_owned()).collect(),
            ..Info::default()
        };
        let checks = confinement(&with(&["name=seccomp,profile=default", "name=apparmor"]));
        assert_eq!(verdict(&checks, "seccomp").0, Verdict::Works);
        assert_eq!(verdict(&checks, "AppArmor, SELinux"), (Verdict::Works, "AppArmor".into()));
        let checks = confinement(&with(&["name=seccomp,profile=unconfined"]));
        assert_eq!(verdict(&checks, "seccomp").0, Verdict::Fails);
        assert_eq!(verdict(&checks, "AppArmor, SELinux").0, Verdict::Limited);
        assert_eq!(verdict(&confinement(&with(&[])), "seccomp").0, Verdict::Fails);
        assert_eq!(
            verdict(&confinement(&with(&["name=seccomp,profile=/own.json"])), "seccomp").0,
            Verdict::Limited
        );
    }
}
