//! The top level, but for services.

use super::row::Client::{Lost, Refused as Unread};
use super::row::Kompose::Drops;
use super::row::Verdict::{Local, Near, Refused, Same};
use super::row::{Row, local, near, refused, same};

pub const ROWS: &[Row] = &[
    local("version", "it says nothing any more"),
    near("name", "the Namespace, unless `--namespace` names another").swarm(Unread, Near, "the name of the stack"),
    local("include", "it is resolved").swarm(Unread, Local, "it is resolved"),
    same("networks.*.name", "policies are of the project, by the key of the network"),
    refused("networks.*.driver", "other drivers put containers into networks outside the cluster", "Leave it out")
        .idle(&["bridge", "overlay", "default"])
        .swarm(super::Client::Kept, Near, "an overlay network; a driver that is neither that nor `bridge` is refused")
        .not_on_swarm("networks between nodes are overlay networks", "Leave it out")
        .idle_on_swarm(&["overlay", "default"])
        .kompose(Drops),
    refused("networks.*.driver_opts", "the network of the cluster has none", "Leave it out")
        .swarm(super::Client::Kept, Near, "those of overlay networks; others are refused")
        .not_on_swarm("overlay networks take no notice of it", "")
        .kompose(Drops),
    refused("networks.*.ipam", "the network of the cluster gives addresses", "Leave it out, and use names")
        .swarm(super::Client::Changed, Near, "pools with their gateways, where the client takes a subnet alone; addresses kept for others are refused")
        .not_on_swarm("", "Leave `aux_addresses` out").kompose(Drops),
    refused("networks.*.external", "who else is in it is not known, and no policy can name them", "Declare the network in this project")
        .idle(&["false"])
        .kompose(Drops),
    near(
        "networks.*.internal",
        "a NetworkPolicy of both ways: to the network's own pods and to DNS only. Policies are carried out by a network plugin \
         that does so, and another policy may open what this one closes",
    )
    .idle(&["false"])
    .kompose(Drops),
    local("networks.*.attachable", "everybody may start pods who may do so in the namespace").swarm(super::Client::Kept, Same, ""),
    near("networks.*.labels", "annotations of the policy").kompose(Drops),
    refused("networks.*.enable_ipv4", "the cluster decides", "Leave it out").idle(&["true"]).swarm(Unread, Refused, "a schema error"),
    refused("networks.*.enable_ipv6", "the cluster decides", "Leave it out").idle(&["false"]).swarm(Lost, Refused, "no field for it").kompose(Drops),
    near("volumes.*.name", "the claim has the key of the volume; that of an external one is its name"),
    refused("volumes.*.driver", "a driver of the engine is not in the cluster", "Leave it out; the cluster has classes of storage")
        .idle(&["local"])
        .kompose(Drops),
    near("volumes.*.driver_opts", "a size alone, or memory; anything else is refused")
        .todo("Make a PersistentVolume in the cluster, and write `external: true`")
        .kompose(Drops),
    same("volumes.*.external", "the claim of that name, which is not made")
        .swarm(super::Client::Changed, Near, "a node that lacks it makes an empty one")
        .idle_on_swarm(&["false"])
        .kompose(Drops),
    near("volumes.*.labels", "annotations of the claim").kompose(Drops),
    near("secrets.*.name", "the Secret has the key of the secret; that of an external one is its name"),
    near("secrets.*.file", "a Secret, which is referred to; `--with-secrets` writes it with its content"),
    near("secrets.*.environment", "a Secret, which is referred to; `--with-secrets` writes it with its content")
        .swarm(Unread, Same, "through the API"),
    same("secrets.*.external", "the Secret of that name, which is not made"),
    near("secrets.*.labels", "annotations of the Secret"),
    refused("secrets.*.driver", "secrets come from the cluster", "Write `external: true`")
        .swarm(super::Client::Kept, Refused, "what it holds would come from the driver, and not from what the project says")
        .not_on_swarm("what it holds would come from the driver, and not from what the project says", "Make it with `docker secret create --driver`, and write `external: true`"),
    refused("secrets.*.driver_opts", "secrets come from the cluster", "Write `external: true`")
        .swarm(super::Client::Kept, Refused, "what it holds would come from the driver, and not from what the project says")
        .not_on_swarm("what it holds would come from the driver, and not from what the project says", "Make it with `docker secret create --driver`, and write `external: true`"),
    refused("secrets.*.template_driver", "nothing fills in templates", "Write the content as it is to be"),
    near("configs.*.name", "the ConfigMap has the key of the config; that of an external one is its name"),
    near("configs.*.file", "a ConfigMap with a copy of it, up to 1 MiB"),
    near("configs.*.environment", "a Secret, which is referred to").swarm(Unread, Same, "through the API"),
    near("configs.*.content", "a ConfigMap; a Secret where a credential is in it").swarm(Unread, Same, "through the API"),
    same("configs.*.external", "the ConfigMap of that name, which is not made"),
    near("configs.*.labels", "annotations of the ConfigMap"),
    refused("configs.*.template_driver", "nothing fills in templates", "Write the content as it is to be"),
    refused("models", "a model server is a program of this machine", "Run the model server as a service")
        .swarm(Unread, Refused, "a schema error"),
];
