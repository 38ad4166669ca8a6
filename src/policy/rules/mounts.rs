//! What of the host a container gets to see.

use std::path::{Path, PathBuf};

use crate::model::volume::Kind;
use crate::model::{Means, Place, Volume, mount, path, resource};
use crate::policy::posture::Posture;

use super::{Allow, Breach, Check, Rule, Service, View, paths};

pub const RULES: &[Rule] = &[
    Rule {
        id: "engine-socket",
        forbids: "reach the container engine",
        why: "Who can talk to the engine can start a privileged container: that is root on the host.",
        from: Some(Posture::Baseline),
        cis: &["5.32"],
        owasp: &["1"],
        model: "no bind source is, holds, or leads to the socket of an engine, or the data of the engine in use",
        live: "no Mounts[].Source is, or leads to, an engine's socket; a link shows only as itself",
        fix: "Remove the mount; a proxy that lets only the needed requests through can take its place.",
        allow: Allow::Values("sources"),
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| {
            for mount in service.mounts() {
                if let Some(found) = mount.places.iter().find(|place| service.view.is_engines(place)) {
                    let what = format!(
                        "{} {}{}, a place of the engine's own",
                        mount.verb,
                        mount.source,
                        mount.leads_to(found)
                    );
                    breaches.push(service.breach(mount.node, what).allowing(mount.source));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "api-socket",
        forbids: "be given the engine's API",
        why: "`use_api_socket` mounts the socket and the caller's registry credentials; the model shows only the key.",
        from: Some(Posture::Baseline),
        cis: &["5.32"],
        owasp: &["1", "12"],
        model: "`use_api_socket` is absent or false",
        live: "Mounts has no engine socket, and Config.Env no DOCKER_CONFIG=/run/secrets/docker",
        fix: "Remove `use_api_socket`.",
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| {
            if let Some(node) = mount::API_SOCKET.on(service.node) {
                breaches.push(service.breach(node, "gets the engine's API socket"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "sensitive-mount",
        forbids: "mount a system directory of the host",
        why: "With /, /etc, /proc, /var/lib/docker and their like a container reads the host's secrets or rewrites it.",
        from: Some(Posture::Baseline),
        cis: &["5.6"],
        owasp: &["8"],
        model: "no bind source, secret, config, env, label or credential file, or watched path is or leads to a system directory",
        live: "no Mounts[].Source leads there; a link shows only as itself, so it is followed first",
        fix: "Use only the directory or file of your own that is needed.",
        allow: Allow::Values("sources"),
        joined_by: &["volumes_from"],
        check: Check::Service(sensitive),
        ..Rule::COMMON
    },
    Rule {
        id: "home-mount",
        forbids: "mount a home, or the credentials in one",
        why: "Keys and tokens in a home open other machines and accounts.",
        from: Some(Posture::Hardened),
        cis: &["5.6"],
        owasp: &["12"],
        model: "no bind source, bound volume, secret, config, env, label or credential file is or leads to a home or its credentials",
        live: "no Mounts[].Source is a home or one of its credential directories",
        fix: "Mount the one file that is needed, or pass a secret.",
        allow: Allow::Values("sources"),
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| {
            let home = service.view.home();
            for mount in service.mounts() {
                if let Some(found) = mount.places.iter().find_map(|place| paths::in_home(place, home)) {
                    let what = format!("{} {}, that is {found}", mount.verb, mount.source);
                    breaches.push(service.breach(mount.node, what).allowing(mount.source));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "mount-propagation",
        forbids: "pass mounts on to the host",
        why: "With shared propagation a mount made inside appears on the host.",
        from: Some(Posture::Baseline),
        cis: &["5.20"],
        model: "no `volumes[].bind.propagation` is shared or rshared",
        live: "Mounts[].Propagation is neither shared nor rshared",
        fix: "Remove `propagation`, or write rprivate.",
        allow: Allow::Values("sources"),
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| propagation(service, &["shared", "rshared"], breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "slave-propagation",
        forbids: "be given what the host mounts later",
        why: "With slave propagation a disk or share that the host mounts tomorrow appears inside.",
        from: Some(Posture::Hardened),
        cis: &["5.20"],
        model: "no `volumes[].bind.propagation` is slave or rslave",
        live: "Mounts[].Propagation is empty or rprivate; the engine itself gives / rslave",
        fix: "Remove `propagation`, or write rprivate.",
        allow: Allow::Values("sources"),
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| propagation(service, &["slave", "rslave"], breaches)),
        ..Rule::COMMON
    },
    Rule {
        id: "mount-target",
        forbids: "mount over its own system directories",
        why: "A volume over /bin or a file over /etc/passwd changes what the image's programs are, also where the root \
              file system is read-only.",
        from: Some(Posture::Hardened),
        cis: &["5.6", "5.13"],
        owasp: &["8"],
        model: "no target of a mount, tmpfs, secret or config lies in a system directory of the container",
        live: "no Mounts[].Destination and no key of HostConfig.Tmpfs lies there",
        fix: "Mount to a directory that is the service's own.",
        allow: Allow::Values("targets"),
        joined_by: &["volumes_from"],
        check: Check::Service(targets),
        ..Rule::COMMON
    },
    Rule {
        id: "copied-into-mount",
        forbids: "have content copied into a directory of the host",
        why: "Compose copies an inline config or a secret of the environment in as root, before the start: into a bind \
              mount it writes on the host, over what is there, with any owner and mode.",
        from: Some(Posture::Hardened),
        owasp: &["8"],
        model: "no config or secret with `content` or `environment` has its target at or below a writable bind mount",
        live: "not seen: the engine does not tell a copied file from another",
        fix: "Give it a target outside of the mount, or use `file`.",
        allow: Allow::Values("targets"),
        check: Check::Service(copied),
        ..Rule::COMMON
    },
    Rule {
        id: "volume-device",
        forbids: "have a volume that is a device or system directory of the host",
        why: "A volume with `o: bind` is a bind mount that no container shows: inspect gives only the volume's name.",
        from: Some(Posture::Baseline),
        cis: &["5.6", "5.18"],
        owasp: &["8"],
        model: "no `driver_opts` of a volume names a device, a system directory or an engine's socket",
        live: "docker volume inspect shows no Options.device, or one that is allowed",
        fix: "Bind-mount the directory in the service, where it can be judged.",
        allow: Allow::Values("devices"),
        check: Check::Project(volume_devices),
        ..Rule::COMMON
    },
    Rule {
        id: "volume-options",
        forbids: "have a volume with a driver or options whose effect is not known",
        why: "The options of a volume go to the kernel as they stand, and a driver is a program of the host: `type: proc` \
              shows the host's processes, a relative `device` is taken from the engine's own directory.",
        from: Some(Posture::Baseline),
        cis: &["5.6", "5.18"],
        owasp: &["8"],
        model: "every volume is a directory of the engine's, memory, an NFS or CIFS share, or `o: bind` of an absolute \
                path, with options that are known",
        live: "docker volume inspect shows the driver local, and options of the same kinds",
        fix: "Remove the option; a plain volume needs none.",
        allow: Allow::Values("options as NAME=VALUE, with o=OPTION for one of `o`, and driver=NAME"),
        check: Check::Project(volume_options),
        ..Rule::COMMON
    },
    Rule {
        id: "volume-remote",
        forbids: "have a volume that is a directory of another machine",
        why: "What is written to it leaves this machine, and what is read from it was not reviewed.",
        from: Some(Posture::Contained),
        owasp: &["5"],
        model: "no volume is an NFS or CIFS share",
        live: "docker volume inspect shows no Options.type of nfs, nfs4 or cifs",
        fix: "Use a volume of this machine.",
        allow: Allow::Values("volumes"),
        check: Check::Project(|view, breaches| {
            for (name, volume) in view.section("volumes") {
                if Volume::of(volume).kind == Kind::Share {
                    let node = resource::OPTIONS.entry(volume, "device").unwrap_or(volume);
                    let what = "is a directory of another machine";
                    breaches.push(Breach::at(&format!("volumes.{name}"), node, what).allowing(name));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "volume-external",
        forbids: "use a volume made elsewhere",
        why: "What it holds, and what it is mounted from, is not part of the project and was not reviewed with it.",
        from: Some(Posture::Contained),
        cis: &["5.6"],
        owasp: &["8"],
        model: "no volume is `external`",
        live: "docker volume inspect shows the volume's driver and options",
        fix: "Declare the volume in the project.",
        allow: Allow::Values("volumes"),
        check: Check::Project(|view, breaches| {
            for (name, volume) in view.section("volumes") {
                if let Some(node) = resource::EXTERNAL.on(volume) {
                    breaches.push(
                        Breach::at(&format!("volumes.{name}"), node, "is made elsewhere").allowing(name),
                    );
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "volumes-from",
        forbids: "take the mounts of another service",
        why: "What the other mounts comes along unseen, with its own permissions.",
        from: Some(Posture::Hardened),
        owasp: &["8"],
        model: "`volumes_from` is absent",
        live: "HostConfig.VolumesFrom is empty",
        fix: "List the volumes that are needed in both services.",
        allow: Allow::Values("services"),
        joined_by: &["volumes_from"],
        check: Check::Service(|service, breaches| {
            for (node, text) in mount::FROM.written(service.node) {
                if !text.starts_with("container:") {
                    let name = text.split(':').next().unwrap_or(&text).to_owned();
                    let breach = service.breach(node, format!("takes the volumes of {name}"));
                    breaches.push(breach.entering(Some(&name)).allowing(name));
                }
            }
        }),
        ..Rule::COMMON
    },
];

fn propagation(service: &Service<'_>, kinds: &[&str], breaches: &mut Vec<Breach>) {
    for volume in mount::VOLUMES.items(service.node) {
        if let Some(node) = mount::PROPAGATION.node(volume)
            && let Some(kind) = node.as_str().filter(|kind| kinds.contains(kind))
        {
            let source = mount::SOURCE.or_empty(volume);
            let what = format!("mounts {source} with propagation {kind}");
            breaches.push(service.breach(node, what).allowing(source));
        }
    }
}

/// What a place is to the host.
fn of_host(place: &Path, tree: &str) -> String {
    if place == Path::new(tree) {
        "a system directory of the host".to_owned()
    } else {
        format!("which lies in the host's {tree}")
    }
}

fn sensitive(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    for mount in service.mounts() {
        let places = &mount.places;
        if places.iter().any(|place| service.view.is_engines(place)) {
            continue;
        }
        if let Some((place, tree)) =
            places.iter().find_map(|place| Some((place, paths::sensitive(place, mount.read_only)?)))
        {
            let what =
                format!("{} {}{}, {}", mount.verb, mount.source, mount.leads_to(place), of_host(place, tree));
            breaches.push(service.breach(mount.node, what).allowing(mount.source));
        }
    }
    for watch in path::WATCHES.items(service.node) {
        if let Some(node) = path::WATCHED.node(watch)
            && let Some(text) = node.as_str()
            && let Some((place, tree)) = service
                .view
                .ways
                .both(text)
                .iter()
                .find_map(|place| Some((place, paths::sensitive(place, true)?)))
        {
            let what = format!("watches {text} and copies it inside, {}", of_host(place, tree));
            breaches.push(service.breach(node, what).allowing(text));
        }
    }
}

fn targets(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    for place in service.places() {
        if let Some(system) = paths::system_target(Path::new(&place.target)) {
            let what = format!("mounts over {}, in {system}", place.target);
            breaches.push(service.breach(place.written, what).allowing(place.target));
        }
    }
}

/// A directory of the host into which Compose copies as root.
fn copied(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    let places = service.places();
    let into = |copy: &Place<'_>| {
        let above = places.iter().filter(|mount| mount.means != Means::Copied && mount.holds(&copy.target));
        above
            .max_by_key(|mount| mount.target.len())
            .filter(|mount| mount.means == Means::Bind && !mount.read_only)
    };
    for copy in places.iter().filter(|place| place.means == Means::Copied) {
        if let Some(mount) = into(copy) {
            let what = format!("has {} copied into the bind mount at {}", copy.target, mount.target);
            breaches.push(service.breach(copy.written, what).allowing(copy.target.clone()));
        }
    }
}

fn volume_devices(view: &View<'_>, breaches: &mut Vec<Breach>) {
    for (name, volume) in view.section("volumes") {
        let found = Volume::of(volume);
        let option = |key: &str| resource::OPTIONS.entry(volume, key);
        let device = found.device.as_deref().and_then(|device| Some((option("device")?, device)));
        // What is not known may name a directory of the host anywhere; the layers of an overlay file system do.
        let unknown = found.unknown.iter().flat_map(|unknown| {
            let node = option(&unknown.key);
            let values = unknown.shown.split(['=', ':']).skip(1);
            values.filter_map(move |value| Some((node?, value)))
        });
        for (node, place) in device.into_iter().chain(unknown).filter(|(_, place)| place.starts_with('/')) {
            let is_bad = |path: &PathBuf| view.is_engines(path) || paths::sensitive(path, false).is_some();
            if view.ways.both(place).iter().any(is_bad) {
                let what = format!("is {place} of the host");
                breaches.push(Breach::at(&format!("volumes.{name}"), node, what).allowing(place));
            }
        }
    }
}

fn volume_options(view: &View<'_>, breaches: &mut Vec<Breach>) {
    for (name, volume) in view.section("volumes") {
        for unknown in Volume::of(volume).unknown {
            let option = resource::OPTIONS.entry(volume, &unknown.key);
            let node = option.or_else(|| resource::DRIVER.node(volume)).unwrap_or(volume);
            let what = format!("has {}, whose effect is not known", unknown.shown);
            breaches.push(Breach::at(&format!("volumes.{name}"), node, what).allowing(unknown.shown));
        }
    }
}
