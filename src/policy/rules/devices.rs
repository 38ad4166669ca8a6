//! Devices of the host.

use crate::model::{Device, device};
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule, Service};

pub const RULES: &[Rule] = &[
    Rule {
        id: "dangerous-device",
        forbids: "be given a disk, memory or all devices of the host",
        why: "Through a disk or /dev/mem a container reads and writes everything on the host.",
        from: Some(Posture::Baseline),
        cis: &["5.18"],
        owasp: &["8"],
        model: "no `devices` entry is a disk, memory, or all of /dev",
        live: "HostConfig.Devices has none of them",
        fix: "Remove the device.",
        allow: Allow::Values("devices"),
        check: Check::Service(|service, breaches| devices(service, true, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "devices",
        forbids: "be given a device of the host",
        why: "A driver is kernel code that was not written for hostile callers.",
        from: Some(Posture::Hardened),
        cis: &["5.18"],
        model: "`devices` is absent",
        live: "HostConfig.Devices is empty, or a subset of what is allowed",
        fix: "Remove the device.",
        allow: Allow::Values("devices"),
        check: Check::Service(|service, breaches| devices(service, false, breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "device-cgroup-rules",
        forbids: "widen which devices it may open",
        why: "With a rule for a disk and MKNOD a container makes the device itself.",
        from: Some(Posture::Baseline),
        cis: &["5.18"],
        model: "`device_cgroup_rules` is absent",
        live: "HostConfig.DeviceCgroupRules is empty, or a subset of what is allowed",
        fix: "Remove `device_cgroup_rules`; name the one device under `devices`.",
        allow: Allow::Values("rules"),
        check: Check::Service(|service, breaches| {
            for (node, rule) in device::RULES.written(service.node) {
                breaches.push(service.breach(node, format!("may use the devices {rule:?}")).allowing(rule));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "gpus",
        forbids: "be given a GPU or another requested device",
        why: "A GPU's driver is large, and its memory is shared with other users of it.",
        from: Some(Posture::Hardened),
        cis: &["5.18"],
        model: "`gpus` and `deploy.resources.reservations.devices` are absent",
        live: "HostConfig.DeviceRequests is empty, or as allowed",
        fix: "Remove `gpus` and `deploy.resources.reservations.devices`.",
        allow: Allow::Values("drivers or capabilities"),
        check: Check::Service(gpus),
        ..Rule::COMMON
    },
];

/// Disks, memory, kernel switches, and directories full of devices.
fn dangerous(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/dev") else { return !path.contains('=') };
    let name = name.trim_matches('/');
    let exact = [
        "",
        "mem",
        "kmem",
        "port",
        "kmsg",
        "mapper",
        "block",
        "disk",
        "bus",
        "input",
        "vfio",
        "loop-control",
        "uinput",
    ];
    let prefixes = [
        "sd", "hd", "vd", "xvd", "nvme", "dm-", "md", "mmcblk", "nbd", "loop", "sr", "mapper/", "disk/",
        "block/",
    ];
    exact.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn devices(service: &Service<'_>, only_dangerous: bool, breaches: &mut Vec<Breach>) {
    for Device { node, source } in Device::of_service(service.node) {
        let places = service.view.ways.both(source);
        let bad = dangerous(source) || places.iter().any(|place| dangerous(&place.display().to_string()));
        if bad == only_dangerous {
            breaches.push(service.breach(node, format!("is given {source}")).allowing(source));
        }
    }
}

fn gpus(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    for request in device::Request::of_service(service.node) {
        let driver = Some(request.wants.driver.as_str()).filter(|driver| !driver.is_empty());
        let name = driver.or(request.wants.capabilities.first().map(String::as_str)).unwrap_or("gpu");
        let what = format!("requests {name} ({})", request.key);
        breaches.push(service.breach(request.node, what).allowing(name));
    }
}
