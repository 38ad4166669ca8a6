//! Networks, volumes, secrets and configs as the project declares them.

use super::field::fields;
use crate::compose::Model;
use crate::yaml::Node;

fields! {
    NAME: Text = "networks.*.name" | "volumes.*.name" | "secrets.*.name" | "configs.*.name";
    EXTERNAL: Flag = "networks.*.external" | "volumes.*.external" | "secrets.*.external" | "configs.*.external";
    DRIVER: Text = "networks.*.driver" | "volumes.*.driver";
    OPTIONS: Named = "networks.*.driver_opts" | "volumes.*.driver_opts";
    LABELS: Named = "networks.*.labels" | "volumes.*.labels" | "secrets.*.labels" | "configs.*.labels";
    INTERNAL: Flag = "networks.*.internal";
    IPAM: Part = "networks.*.ipam";
    IPAM_DRIVER: Text = "networks.*.ipam.driver";
    IPAM_OPTIONS: Named = "networks.*.ipam.options";
    FILE: Text = "secrets.*.file" | "configs.*.file";
    CONTENT: Text = "configs.*.content";
    VARIABLE: Text = "secrets.*.environment" | "configs.*.environment";
}

/// The name that the engine knows a network or volume by, declared under a key.
pub(crate) fn name(model: &Model, declared: &Node, key: &str) -> String {
    NAME.text(declared).unwrap_or_else(|| format!("{}_{key}", model.name))
}
