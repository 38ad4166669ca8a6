//! Capabilities: what is added, and that everything else is dropped.

use crate::model::capability;
use crate::policy::posture::Posture;
use crate::yaml::suggest;

use super::kernel::{CAPABILITIES, DANGEROUS};
use super::{Allow, Breach, Check, Rule, Service};

pub const RULES: &[Rule] = &[
    Rule {
        id: "dangerous-capability",
        forbids: "add a capability that leads out of the container",
        why: "`ALL` undoes `cap_drop: [ALL]` although inspect still shows the drop; SYS_ADMIN, SYS_MODULE, \
              SYS_PTRACE, DAC_READ_SEARCH and their like each are a known way to the host.",
        from: Some(Posture::Baseline),
        cis: &["5.4"],
        owasp: &["3"],
        model: "`cap_add`, in upper case and without CAP_, has none of them",
        live: "HostConfig.CapAdd has none of them; CapBnd in /proc/PID/status lacks their bits",
        fix: "Remove it from cap_add.",
        allow: Allow::Values("capabilities"),
        same: same_capability,
        known: CAPABILITIES,
        check: Check::Service(|service, breaches| added(service, true, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "cap-add",
        forbids: "add a capability",
        why: "What a program can do without, an intruder in it should do without too.",
        from: Some(Posture::Hardened),
        cis: &["5.4"],
        owasp: &["3"],
        model: "`cap_add`, in upper case and without CAP_, is a subset of what is allowed",
        live: "HostConfig.CapAdd is a subset of what is allowed; CapBnd in /proc/PID/status agrees",
        fix: "Remove it from cap_add.",
        allow: Allow::Values("capabilities"),
        same: same_capability,
        known: CAPABILITIES,
        check: Check::Service(|service, breaches| added(service, false, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "unknown-capability",
        forbids: "name a capability that does not exist",
        why: "A misspelt drop drops nothing, and a misspelt addition fails only when the container is made.",
        from: Some(Posture::Baseline),
        cis: &["5.4"],
        owasp: &["3"],
        model: "every name in `cap_add` and `cap_drop` is one of the kernel's",
        live: "the engine refuses unknown names when the container is created",
        fix: "Correct the spelling.",
        check: Check::Service(|service, breaches| {
            for field in [capability::ADDED, capability::DROPPED] {
                let key = field.name();
                for (node, text) in field.written(service.node) {
                    let name = capability::name(&text);
                    if name == "ALL" || CAPABILITIES.contains(&name.as_str()) {
                        continue;
                    }
                    let near = suggest::nearest(&name, CAPABILITIES.iter().copied());
                    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                    breaches.push(
                        service.breach(node, format!("has {text} in {key}, which is no capability{near}")),
                    );
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "cap-drop",
        forbids: "keep the default capabilities",
        why: "Fourteen capabilities are on by default, among them NET_RAW, SETUID and DAC_OVERRIDE; hardly any \
              service needs one.",
        from: Some(Posture::Hardened),
        overlays: &[("hardening", "cap_drop")],
        cis: &["5.4"],
        owasp: &["3"],
        model: "`cap_drop` holds ALL",
        live: "HostConfig.CapDrop is [\"ALL\"] and CapEff in /proc/PID/status is 0, or only what is allowed",
        fix: "Keep `cap_drop: [ALL]`, and add back with cap_add what is needed.",
        check: Check::Service(|service, breaches| {
            if service.has_container() && !capability::drops_all(service.node) {
                let what = "does not drop all capabilities";
                let breach =
                    capability::DROPPED.node(service.node).map(|node| service.breach(node, what).lacking());
                breaches.push(breach.unwrap_or_else(|| service.lacks(what)));
            }
        }),
        ..Rule::COMMON
    },
];

fn same_capability(allowed: &str, found: &str) -> bool {
    capability::name(allowed) == found
}

fn added(service: &Service<'_>, dangerous: bool, breaches: &mut Vec<Breach>) {
    for (node, text) in capability::ADDED.written(service.node) {
        let name = capability::name(&text);
        if DANGEROUS.contains(&name.as_str()) == dangerous {
            breaches.push(service.breach(node, format!("adds the capability {name}")).allowing(name));
        }
    }
}
