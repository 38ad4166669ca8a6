//! Privileged mode and `security_opt`: what switches the engine's own confinement off.

use crate::compose::text;
use crate::model::security;
use crate::model::security::{NO_NEW_PRIVILEGES, SecurityOption};
use crate::policy::posture::Posture;

use super::{Breach, Check, Rule, Service};

pub const RULES: &[Rule] = &[
    Rule {
        id: "privileged",
        forbids: "run privileged",
        why: "It has every capability, every device and no confinement: root in it is root on the host.",
        from: Some(Posture::Baseline),
        cis: &["5.5"],
        owasp: &["3"],
        model: "`privileged` is absent or false",
        live: "HostConfig.Privileged is false, and MaskedPaths and ReadonlyPaths hold the engine's defaults",
        fix: "Remove `privileged: true`; add the one capability or device that is needed instead.",
        check: Check::Service(|service, breaches| {
            if let Some(node) = security::PRIVILEGED.on(service.node) {
                breaches.push(service.breach(node, "is privileged"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "seccomp-unconfined",
        forbids: "run without a seccomp filter",
        why: "The default filter keeps dozens of system calls away through which kernels have been broken.",
        from: Some(Posture::Baseline),
        cis: &["5.22"],
        owasp: &["6"],
        model: "no `security_opt` turns seccomp to unconfined, by `=` or `:`",
        live: "HostConfig.SecurityOpt has no seccomp=unconfined; Seccomp in /proc/PID/status is 2",
        fix: "Remove the option, or name a profile of your own.",
        check: Check::Service(|service, breaches| last(service, "seccomp", &["unconfined"], breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "apparmor-unconfined",
        forbids: "run without its AppArmor profile",
        why: "The default profile denies writes to /proc and /sys and mounting.",
        from: Some(Posture::Baseline),
        cis: &["5.2"],
        owasp: &["6"],
        model: "no `security_opt` turns apparmor to unconfined, by `=` or `:`",
        live: "AppArmorProfile is not unconfined; on a host without AppArmor there is nothing to see",
        fix: "Remove the option, or name a profile of your own.",
        check: Check::Service(|service, breaches| last(service, "apparmor", &["unconfined"], breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "selinux-disabled",
        forbids: "run without SELinux separation",
        why: "Labels are what keeps containers from one another's files, and from the host's, under SELinux.",
        from: Some(Posture::Baseline),
        cis: &["5.3"],
        owasp: &["6"],
        model: "no `security_opt` disables labels or gives the type spc_t or unconfined_t",
        live: "HostConfig.SecurityOpt has no label=disable, which the engine itself adds for privileged containers",
        fix: "Remove the option; use `:z` or `:Z` on the mount that needs it.",
        check: Check::Service(|service, breaches| {
            for (option, node) in SecurityOption::all(service.node) {
                let open = ["disable", "type:spc_t", "type:unconfined_t"].contains(&option.value.as_str());
                if option.name == "label" && open {
                    breaches.push(service.breach(node, format!("has {}", text(node))));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "systempaths-unconfined",
        forbids: "see /proc and /sys unmasked",
        why: "Masked paths are kernel memory, keys and switches of the host.",
        from: Some(Posture::Baseline),
        owasp: &["6"],
        model: "no `security_opt` is systempaths=unconfined",
        live: "HostConfig.MaskedPaths and ReadonlyPaths are not empty; the option itself is not shown",
        fix: "Remove the option.",
        check: Check::Service(|service, breaches| last(service, "systempaths", &["unconfined"], breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "no-new-privileges",
        forbids: "gain privileges through setuid programs",
        why: "A setuid program of the image makes a process root that was started as a user.",
        from: Some(Posture::Hardened),
        overlays: &[("hardening", "security_opt")],
        cis: &["5.26"],
        owasp: &["4"],
        model: "`security_opt` has no-new-privileges, and the last one of them is not false",
        live: "NoNewPrivs in /proc/PID/status is 1; the last no-new-privileges of HostConfig.SecurityOpt counts",
        fix: "Keep `no-new-privileges:true` as the last one in security_opt.",
        check: Check::Service(no_new_privileges),
        ..Rule::COMMON
    },
];

/// The last value of an option is one of `open`.
fn last(service: &Service<'_>, option_name: &str, open: &[&str], breaches: &mut Vec<Breach>) {
    if let Some((option, node)) = SecurityOption::last(service.node, option_name)
        && open.contains(&option.value.as_str())
    {
        breaches.push(service.breach(node, format!("has {}", text(node))));
    }
}

fn no_new_privileges(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    match SecurityOption::last(service.node, NO_NEW_PRIVILEGES) {
        Some((option, _)) if option.value == "true" => {}
        Some((_, node)) => {
            breaches.push(service.breach(node, format!("has {}, and the last one counts", text(node))));
        }
        None if service.has_container() => breaches.push(service.lacks("has no no-new-privileges:true")),
        None => {}
    }
}
