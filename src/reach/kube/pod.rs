//! The pod of a service.

use std::net::IpAddr;

use crate::compose::text;
use crate::model::{identity, image, kernel, life, mount, namespace, network, security};
use crate::policy::Posture;
use crate::yaml::Node;

use super::container::{Listening, seconds};
use super::context::Context;
use super::mounts::Mounts;
use super::name;
use super::node::{Map, OWN, flag, int, list, one, own, text as string};
use super::security::{Options, of_pod};
use super::service::Service;

/// The spec of a pod. The policy says when its container is started again.
pub fn spec(
    context: &mut Context<'_>,
    service: &Service<'_>,
    mounts: &Mounts,
    listening: &[Listening],
    restart: &'static str,
) -> Node {
    let options = Options::read(context, service);
    let mut pod = Map::new();
    // Credentials and variables that no container of Compose has.
    pod.put("automountServiceAccountToken", flag(false, OWN));
    pod.put("enableServiceLinks", flag(false, OWN));
    host_namespaces(context, service, mounts, &mut pod);
    names(context, service, &mut pod);
    placement(context, service, &mut pod);
    pod.put("restartPolicy", own(restart));
    // With the processes of the node, the first one of the node reaps.
    let is_alone = namespace::PID.text(service.node).as_deref() != Some("host");
    if let Some(node) = life::INIT.node(service.node).filter(|_| life::INIT.is_on(service.node) && is_alone) {
        pod.put("shareProcessNamespace", flag(true, node.origin));
    }
    grace(context, service, &mut pod);
    let low_port = listening.iter().any(|port| port.number < 1024);
    let mut security = of_pod(context, service, &options, low_port);
    groups(service, mounts, &mut security);
    pod.put_map("securityContext", security);
    let container = super::container::render(context, service, mounts, &options, listening);
    pod.put("containers", list(vec![container]));
    pod.put_list("volumes", mounts.volumes.clone());
    pod.done()
}

fn host_namespaces(context: &mut Context<'_>, service: &Service<'_>, mounts: &Mounts, pod: &mut Map) {
    let mut shares = false;
    for (key, field) in [("network_mode", "hostNetwork"), ("pid", "hostPID"), ("ipc", "hostIPC")] {
        let Some(node) = service.get(key) else { continue };
        match text(node).as_str() {
            "host" => {
                shares = true;
                pod.put(field, flag(true, node.origin));
                if key == "network_mode" {
                    pod.put("dnsPolicy", own("ClusterFirstWithHostNet"));
                }
            }
            "" => {}
            "private" | "shareable" if key == "ipc" => {}
            "none" if key == "network_mode" => {
                let why =
                    "a pod always has an address; a policy that denies everything is no absence of a network";
                service.refuse(context, key, node.origin, why);
            }
            other => {
                let why = format!("{other:?} is of another container, or of the engine");
                service.refuse(context, key, node.origin, &why);
            }
        }
    }
    let mode = namespace::USERNS.node(service.node);
    if let Some(node) = mode.filter(|node| !matches!(text(node).as_str(), "" | "host")) {
        service.refuse(context, "userns_mode", node.origin, "such a mode is none of a pod");
    }
    let fits = !shares
        && mode.is_none()
        && !security::PRIVILEGED.is_on(service.node)
        && !mounts.has_claims
        && service.identity.fits_user_namespace();
    if context.question.version.has_user_namespaces()
        && context.posture([service.name]) >= Posture::Hardened
        && fits
    {
        pod.put("hostUsers", flag(false, OWN));
        context
            .note(None, "users are mapped (hostUsers: false): containerd 2.0 or later, Linux 6.3 or later");
    }
}

/// Host names, in the pod and of others.
fn names(context: &mut Context<'_>, service: &Service<'_>, pod: &mut Map) {
    if let Some(node) = life::HOSTNAME.node(service.node).filter(|node| !text(node).is_empty()) {
        let name = text(node);
        if name::is_label(&name) {
            pod.put("hostname", string(name, node.origin));
        } else {
            service.refuse(context, "hostname", node.origin, &format!("{name:?} is no name of a pod"));
        }
    }
    let mut config = Map::new();
    let texts = |key: &str| -> Vec<Node> {
        let node = service.get(key);
        let items = node.map(|node| node.as_seq().unwrap_or_else(|| std::slice::from_ref(node)));
        items.unwrap_or_default().iter().map(|node| string(text(node), node.origin)).collect()
    };
    config.put_list("searches", texts("dns_search"));
    let options = texts("dns_opt").into_iter().map(|node| {
        let written = text(&node);
        let (name, value) =
            written.split_once(':').map_or((written.as_str(), None), |(name, value)| (name, Some(value)));
        let mut entry = Map::new();
        entry.put("name", string(name, node.origin));
        if let Some(value) = value {
            entry.put("value", string(value, node.origin));
        }
        entry.done()
    });
    config.put_list("options", options.collect());
    pod.put_map("dnsConfig", config);
    aliases(context, service, pod);
}

/// `extra_hosts`, by address.
fn aliases(context: &mut Context<'_>, service: &Service<'_>, pod: &mut Map) {
    let mut by_address: Vec<(String, Vec<Node>)> = Vec::new();
    for node in network::HOSTS.items(service.node) {
        let entry = text(node);
        let Some((host, address)) = entry.split_once(['=', ':']) else { continue };
        let plain = address.trim_start_matches('[').trim_end_matches(']');
        if plain.parse::<IpAddr>().is_err() {
            let why = format!("{address:?} is known to the engine of one machine alone");
            service.refuse(context, "extra_hosts", node.origin, &why);
            continue;
        }
        let name = string(host, node.origin);
        match by_address.iter_mut().find(|(known, _)| known == plain) {
            Some((_, names)) => names.push(name),
            None => by_address.push((plain.to_owned(), vec![name])),
        }
    }
    let entries = by_address.into_iter().map(|(address, names)| {
        let mut entry = Map::new();
        entry.put("ip", string(address, names.first().map_or(OWN, |node| node.origin)));
        entry.put("hostnames", list(names));
        entry.done()
    });
    pod.put_list("hostAliases", entries.collect());
}

fn placement(context: &mut Context<'_>, service: &Service<'_>, pod: &mut Map) {
    if let Some(node) = kernel::RUNTIME.node(service.node).filter(|node| !text(node).is_empty()) {
        let runtime = text(node);
        if !matches!(runtime.as_str(), "runc" | "io.containerd.runc.v2") {
            if name::is_subdomain(&runtime) {
                pod.put("runtimeClassName", string(runtime, node.origin));
            } else {
                service.refuse(
                    context,
                    "runtime",
                    node.origin,
                    &format!("{runtime:?} is no name of a class"),
                );
            }
        }
    }
    let Some(node) = image::PLATFORM.node(service.node).filter(|node| !text(node).is_empty()) else { return };
    let platform = text(node);
    let architecture = match platform.as_str() {
        "linux" => None,
        "linux/arm64/v8" => Some("arm64"),
        other => match other.strip_prefix("linux/") {
            Some(known @ ("amd64" | "arm64" | "arm" | "ppc64le" | "s390x" | "riscv64" | "386")) => {
                Some(known)
            }
            _ => {
                let why = format!("nodes have no label for {platform:?}");
                service.refuse(context, "platform", node.origin, &why);
                return;
            }
        },
    };
    let mut selector = Map::new();
    selector.put("kubernetes.io/os", string("linux", node.origin));
    if let Some(architecture) = architecture {
        selector.put("kubernetes.io/arch", string(architecture, node.origin));
    }
    pod.put_map("nodeSelector", selector);
}

/// As the engine has it where nothing is written; Kubernetes would wait for 30 s.
const GRACE: i64 = 10;

fn grace(context: &mut Context<'_>, service: &Service<'_>, pod: &mut Map) {
    let node = life::STOP_GRACE_PERIOD.node(service.node);
    let period = node.map_or(Some(GRACE), |node| seconds(&text(node)));
    let origin = node.map_or(OWN, |node| node.origin);
    match period.filter(|period| *period >= 0) {
        Some(period) => pod.put("terminationGracePeriodSeconds", int(period, origin)),
        None => {
            service.refuse(context, "stop_grace_period", origin, "it is no length of time");
        }
    }
}

/// Volumes and files are made the group's.
fn groups(service: &Service<'_>, mounts: &Mounts, security: &mut Map) {
    let has_files =
        !mount::SECRETS.items(service.node).is_empty() || !mount::CONFIGS.items(service.node).is_empty();
    if let Some(gid) = service.identity.volume_group().filter(|_| mounts.has_claims || has_files) {
        let origin = identity::USER.node(service.node).map_or(OWN, |node| node.origin);
        security.put("fsGroup", int(gid.into(), origin));
        security.put("fsGroupChangePolicy", own("OnRootMismatch"));
    }
}

/// A pod's template with its labels and annotations.
pub fn template(labels: Map, annotations: Map, spec: Node) -> Node {
    let mut metadata = Map::new();
    metadata.put("labels", labels.done());
    metadata.put_map("annotations", annotations);
    let mut template = Map::new();
    template.put("metadata", metadata.done());
    template.put("spec", spec);
    template.done()
}

/// A reference that selects by labels.
pub fn selecting(labels: Map) -> Node {
    one("matchLabels", labels.done())
}
