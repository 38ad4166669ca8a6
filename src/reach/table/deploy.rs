//! `services.*.deploy`.

use super::row::Client::Changed;
use super::row::Kompose::Keeps;
use super::row::Verdict::Near;
use super::row::{Row, local, near, refused, same};

const SWARM: &str = "Compose alone takes no notice of it";

pub const ROWS: &[Row] = &[
    refused(
        "services.*.deploy.mode",
        "one container for each node, or jobs of Swarm, are other kinds of workload",
        "Leave it out",
    )
    .idle(&["replicated"])
    .not_on_swarm("", "Write `replicated`, `global`, `replicated-job` or `global-job`")
    .idle_on_swarm(&[]),
    same("services.*.deploy.replicas", "`replicas`").kompose(Keeps),
    local("services.*.deploy.labels", SWARM).swarm(super::Client::Kept, super::Verdict::Same, ""),
    local("services.*.deploy.update_config", SWARM).swarm(super::Client::Kept, super::Verdict::Same, ""),
    local("services.*.deploy.rollback_config", SWARM).swarm(super::Client::Kept, super::Verdict::Same, ""),
    same("services.*.deploy.resources.limits.cpus", "`resources.limits.cpu`, in steps of a thousandth")
        .idle(&["0"])
        .todo("Write a number of thousandths, such as 0.25"),
    same("services.*.deploy.resources.limits.memory", "`resources.limits.memory`").idle(&["0"]).swarm(
        Changed,
        super::Verdict::Same,
        "swap becomes twice the memory, as it does without Swarm where nothing else is written",
    ),
    refused(
        "services.*.deploy.resources.limits.pids",
        "a pod has no such field; each node has one bound for all its pods, `podPidsLimit` of its kubelet",
        "Give the nodes a `podPidsLimit`, and write a waiver whose reason names it",
    )
    .idle(&["0", "-1"]),
    near(
        "services.*.deploy.resources.reservations.cpus",
        "`resources.requests.cpu`: where the pod is placed, and its share",
    )
    .idle(&["0"])
    .todo("Write a number of thousandths, such as 0.25"),
    near(
        "services.*.deploy.resources.reservations.memory",
        "`resources.requests.memory`: where the pod is placed, and who is killed first",
    )
    .idle(&["0"])
    .swarm(Changed, Near, "for the scheduler only; the container has none"),
    refused(
        "services.*.deploy.resources.reservations.devices",
        "devices come from plugins of the cluster",
        "Ask the cluster for a device plugin",
    )
    .swarm(super::Client::Refused, super::Verdict::Refused, "a service has no field for it")
    .not_on_swarm("", "Write `generic_resources` with what nodes advertise"),
    refused(
        "services.*.deploy.resources.reservations.generic_resources",
        "devices come from plugins of the cluster",
        "Ask the cluster for a device plugin",
    ),
    near(
        "services.*.deploy.restart_policy",
        "as `restart`, where that is absent: `condition` and `max_attempts`",
    )
    .todo("Write `condition: any`, `on-failure` or `none`"),
    refused(
        "services.*.deploy.placement",
        "labels of Swarm's nodes are not the cluster's",
        "Leave it out, and add a `nodeSelector`",
    ),
    local("services.*.deploy.endpoint_mode", SWARM).swarm(super::Client::Kept, super::Verdict::Same, ""),
];
