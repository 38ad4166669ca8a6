//! Namespaces shared with the host, with foreign containers, or with one another.

use crate::model::field::{Field, Text};
use crate::model::uses::of_container;
use crate::model::{mount, namespace, network};
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule, Service};

pub const RULES: &[Rule] = &[
    Rule {
        id: "host-pid",
        forbids: "share the host's process ids",
        why: "It sees every process of the host and may signal or trace those of the same user.",
        from: Some(Posture::Baseline),
        cis: &["5.16"],
        owasp: &["6"],
        model: "`pid` is not host",
        live: "HostConfig.PidMode is empty",
        fix: "Remove `pid: host`.",
        joined_by: &["pid"],
        check: Check::Service(|service, breaches| host(service, namespace::PID, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "host-ipc",
        forbids: "share the host's shared memory",
        why: "Shared memory of host processes can be read and written.",
        from: Some(Posture::Baseline),
        cis: &["5.17"],
        owasp: &["6"],
        model: "`ipc` is not host",
        live: "HostConfig.IpcMode is private or none",
        fix: "Remove `ipc: host`.",
        joined_by: &["ipc"],
        check: Check::Service(|service, breaches| host(service, namespace::IPC, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "host-uts",
        forbids: "share the host's name",
        why: "It could rename the host.",
        from: Some(Posture::Baseline),
        cis: &["5.21"],
        model: "`uts` is not host",
        live: "HostConfig.UTSMode is empty",
        fix: "Remove `uts: host`.",
        joined_by: &["uts"],
        check: Check::Service(|service, breaches| host(service, namespace::UTS, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "host-userns",
        forbids: "leave the engine's user namespace",
        why: "Where the engine remaps users, this makes root in the container root on the host again.",
        from: Some(Posture::Baseline),
        cis: &["5.31"],
        owasp: &["2", "11"],
        model: "`userns_mode` is not host",
        live: "HostConfig.UsernsMode is empty",
        fix: "Remove `userns_mode: host`.",
        check: Check::Service(|service, breaches| host(service, namespace::USERNS, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "host-cgroup",
        forbids: "share the host's control groups",
        why: "It sees the host's hierarchy, and on some versions could set limits in it.",
        from: Some(Posture::Baseline),
        cis: &["5.25"],
        model: "`cgroup` is not host",
        live: "HostConfig.CgroupnsMode is not host; engines before API 1.41 on cgroup v1 do not show it",
        fix: "Remove `cgroup: host`.",
        joined_by: &["cgroup"],
        check: Check::Service(|service, breaches| host(service, namespace::CGROUP, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "cgroup-parent",
        forbids: "choose its control group",
        why: "Limits set on the engine's own group do not reach it elsewhere.",
        from: Some(Posture::Hardened),
        cis: &["5.25"],
        owasp: &["7"],
        model: "`cgroup_parent` is absent",
        live: "HostConfig.CgroupParent is empty",
        fix: "Remove `cgroup_parent`.",
        allow: Allow::Values("control groups"),
        check: Check::Service(|service, breaches| {
            if let Some((node, parent)) = namespace::CGROUP_PARENT.written(service.node) {
                breaches.push(service.breach(node, format!("runs under {parent}")).allowing(parent));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "foreign-container",
        forbids: "join a container of another project",
        why: "Nothing here judges that container; it may be privileged.",
        from: Some(Posture::Baseline),
        cis: &["5.10", "5.16", "5.17"],
        model: "no namespace and no `volumes_from` is `container:NAME`, but for containers of the project's own services",
        live: "PidMode, IpcMode, UTSMode, NetworkMode and VolumesFrom name no container outside of the project",
        fix: "Make that container a service of this project and write `service:NAME`.",
        allow: Allow::Values("containers"),
        joined_by: &["network_mode", "pid", "ipc", "uts", "cgroup", "volumes_from"],
        check: Check::Service(foreign),
        ..Rule::COMMON
    },
    Rule {
        id: "shared-namespace",
        forbids: "share processes or memory with another service",
        why: "One service that falls takes the other with it.",
        from: Some(Posture::Hardened),
        cis: &["5.16", "5.17", "5.21"],
        model: "no namespace is `service:NAME`, that service's container or shareable",
        live: "PidMode and UTSMode are empty, IpcMode is private or none",
        fix: "Let the services talk over a network or a shared volume.",
        allow: Allow::Values("namespaces, such as pid=service:web"),
        check: Check::Service(|service, breaches| {
            for field in namespace::SHARED {
                let (key, Some((node, text))) = (field.name(), field.written(service.node)) else { continue };
                let entered = text.strip_prefix("service:").or_else(|| own_container(service, &text));
                if entered.is_some() || text == "shareable" {
                    let breach = service.breach(node, format!("has {key}: {text}"));
                    breaches.push(breach.entering(entered).allowing(format!("{key}={text}")));
                }
            }
        }),
        ..Rule::COMMON
    },
];

fn host(service: &Service<'_>, field: Field<Text>, breaches: &mut Vec<Breach>) {
    if let Some((node, mode)) = field.written(service.node)
        && mode == "host"
    {
        breaches.push(service.breach(node, format!("has {}: host", field.name())));
    }
}

/// The service of this project whose container `container:NAME` names. That it is that container which is joined is
/// for the proof to see: a name is only what the engine has under it.
fn own_container<'m>(service: &Service<'m>, text: &str) -> Option<&'m str> {
    of_container(&service.view.model.root, text.strip_prefix("container:")?)
}

fn foreign(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    for field in namespace::SHARED.into_iter().chain([network::MODE, namespace::USERNS]) {
        let key = field.name();
        if let Some((node, text)) = field.written(service.node)
            && let Some(name) = text.strip_prefix("container:")
            && own_container(service, &text).is_none()
        {
            breaches.push(service.breach(node, format!("has {key}: {text}")).allowing(name));
        }
    }
    for (node, text) in mount::FROM.written(service.node) {
        if let Some(rest) = text.strip_prefix("container:") {
            let name = rest.split(':').next().unwrap_or(rest);
            if of_container(&service.view.model.root, name).is_none() {
                let breach = service.breach(node, format!("takes the volumes of the container {name}"));
                breaches.push(breach.allowing(name));
            }
        }
    }
}
