//! What a service mounts, publishes and attaches to.

use super::row::Client::{Changed, Lost, Refused as Unread};
use super::row::Kompose::{Changes, Drops, Keeps};
use super::row::Verdict::{Local, Near, Refused, Same};
use super::row::{Row, local, near, refused, same};

const FILE: &str = "a Secret or ConfigMap, mounted by `subPath` with the mode as a number; files are root's. A mode or owner \
                    with which the user could not read it is refused";

pub const ROWS: &[Row] = &[
    near("services.*.configs", FILE)
        .todo("Write `mode: 0444`, or `0440` and the group of the service")
        .kompose(Keeps),
    near("services.*.secrets", FILE)
        .todo("Write `mode: 0444`, or `0440` and the group of the service")
        .kompose(Keeps),
    // Ports.
    same("services.*.ports.*.name", "`name` of the port").todo("Use at most 15 lower-case letters, digits and hyphens"),
    local("services.*.ports.*.mode", "it is Swarm's").swarm(super::Client::Kept, Same, ""),
    refused(
        "services.*.ports.*.host_ip",
        "a Service has no address of a host; inside the cluster everybody reaches it",
        "Leave the port out where only this machine is to reach it, and use `kubectl port-forward`",
    )
    .idle(&["0.0.0.0", "::"])
    .swarm(Changed, Refused, "the port listens on every address of every node")
    .not_on_swarm(
        "the port would be open at every address of the node",
        "Leave the port out, and reach the service through a network; or put a proxy in front of it",
    ),
    same("services.*.ports.*.target", "`targetPort`, and `containerPort`").kompose(Keeps),
    near("services.*.ports.*.published", "`port` of a Service inside the cluster; NodePort, LoadBalancer or Ingress are yours to add")
        .swarm(Changed, Near, "on every address of every node, unless `mode: host`")
        .kompose(Keeps)
        .not_on_swarm("", "Write one port"),
    same("services.*.ports.*.protocol", "`protocol`").todo("Write tcp, udp or sctp").kompose(Keeps),
    same("services.*.ports.*.app_protocol", "`appProtocol`").swarm(Lost, Local, "information only"),
    // Volumes.
    near(
        "services.*.volumes.*.type",
        "a volume is a PersistentVolumeClaim, of one replica where it has no name; memory is an `emptyDir`; a file of the project \
         that is only read is a ConfigMap; other binds, images and pipes are refused",
    )
    .todo(
        "Use a named volume. With `kubernetes.volumes=claim` in a waiver a claim takes its place, which begins empty; with \
         `kubernetes.volumes=hostPath` the path of the node is mounted, which must be there",
    )
    .swarm(Changed, Near, "a bind is refused unless placement names one node that has its source")
    .kompose(Changes)
    .not_on_swarm(
        "",
        "Name one node in `deploy.placement.constraints` (`node.hostname == NAME`), and run `seaworthy prepare` there; or use a named \
         volume. With `swarm.volumes=prepared` in a waiver another node is taken to have the source",
    ),
    near("services.*.volumes.*.source", "name of the claim; the image's content is not copied into it")
        .kompose(Changes),
    same("services.*.volumes.*.target", "`mountPath`").kompose(Keeps),
    same("services.*.volumes.*.read_only", "`readOnly`").idle(&["false"]).kompose(Keeps),
    local("services.*.volumes.*.consistency", "the engine takes no notice of it on Linux"),
    local("services.*.volumes.*.bind.create_host_path", "nothing is created on a node").swarm(Lost, Near, "always false"),
    refused("services.*.volumes.*.bind.propagation", "mounts of nodes are private", "Leave it out")
        .idle(&["rprivate", "private"]),
    refused("services.*.volumes.*.bind.selinux", "volumes get the label of the pod", "Leave it out")
        .swarm(Lost, Refused, "no field for it"),
    refused("services.*.volumes.*.bind.recursive", "it is left to the runtime", "Leave it out")
        .idle(&["enabled"])
        .swarm(Lost, Refused, "no field for it"),
    local("services.*.volumes.*.volume.nocopy", "nothing is ever copied into a claim").swarm(super::Client::Kept, Same, ""),
    same("services.*.volumes.*.volume.subpath", "`subPath`"),
    near("services.*.volumes.*.volume.labels", "annotations of the claim"),
    same("services.*.volumes.*.tmpfs.size", "`sizeLimit`"),
    refused("services.*.volumes.*.tmpfs.mode", "memory is mounted with mode 0777", "Leave it out where the program can do with mode 0777")
        .idle(&["1023", "511", "0"])
        .swarm(Lost, Same, "as `TmpfsOptions.Mode`"),
    refused("services.*.volumes.*.image", "volumes of images are no stable part of the API", "Copy the files into a volume")
        .swarm(Unread, Refused, "a schema error"),
    // Networks.
    near("services.*.networks.*.aliases", "a headless Service for each; in all networks")
        .todo("Use lower-case letters, digits and hyphens, at most 63"),
    refused("services.*.networks.*.driver_opts", "the network of the cluster has none", "Leave it out"),
    refused("services.*.networks.*.gw_priority", "a pod has one network", "Leave it out")
        .idle(&["0"])
        .swarm(Unread, Refused, "the client: \"Additional property … is not allowed\""),
    refused("services.*.networks.*.interface_name", "a pod has one network", "Leave it out").swarm(Unread, Refused, "a schema error"),
    refused("services.*.networks.*.ipv4_address", "the network of the cluster gives addresses", "Reach the service by its name")
        .swarm(Lost, Refused, "no field for it")
        .not_on_swarm("addresses are given by Swarm", "Reach the service by its name"),
    refused("services.*.networks.*.ipv6_address", "the network of the cluster gives addresses", "Reach the service by its name")
        .swarm(Lost, Refused, "no field for it")
        .not_on_swarm("addresses are given by Swarm", "Reach the service by its name"),
    refused("services.*.networks.*.link_local_ips", "the network of the cluster gives addresses", "Leave it out")
        .swarm(Unread, Refused, "a schema error"),
    refused("services.*.networks.*.mac_address", "the network of the cluster gives addresses", "Leave it out")
        .swarm(Unread, Refused, "a schema error"),
    local("services.*.networks.*.priority", "a pod has one network").swarm(Unread, Local, "a schema error").kompose(Drops),
];
