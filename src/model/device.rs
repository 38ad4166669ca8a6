//! Devices that a service is given by name.

use super::field::fields;
use crate::yaml::Node;

fields! {
    DEVICES: Entries = "devices";
    SOURCE: Text = "devices[].source";
    TARGET: Text = "devices[].target";
    PERMISSIONS: Text = "devices[].permissions";
    RULES: Texts = "device_cgroup_rules";
    GPUS: Entries = "gpus";
    RESERVED: Entries = "deploy.resources.reservations.devices";
    DRIVER: Text = "gpus[].driver" | "deploy.resources.reservations.devices[].driver";
    COUNT: Text = "gpus[].count" | "deploy.resources.reservations.devices[].count";
    IDS: Texts = "gpus[].device_ids" | "deploy.resources.reservations.devices[].device_ids";
    CAPABILITIES: Texts = "gpus[].capabilities" | "deploy.resources.reservations.devices[].capabilities";
}

/// One entry of `devices`.
#[derive(Clone, Copy, Debug)]
pub struct Device<'n> {
    pub node: &'n Node,
    /// As the model has it: a path of the host, or a name of the Container Device Interface.
    pub source: &'n str,
}

impl<'n> Device<'n> {
    /// The devices of a service. An entry without a source is none: Compose does not load it.
    pub fn of_service(service: &'n Node) -> impl Iterator<Item = Self> {
        DEVICES.items(service).iter().filter_map(|node| Some(Self { node, source: SOURCE.str(node)? }))
    }

    /// The path on the host; `None` of `vendor.com/class=name`, which the engine resolves.
    pub fn path(&self) -> Option<&'n str> {
        Some(self.source).filter(|source| source.starts_with('/'))
    }
}

/// What is asked of a driver, most often a GPU's.
#[derive(Clone, Debug)]
pub struct Request<'n> {
    pub node: &'n Node,
    /// The last part of the key that it stands under: `gpus` or `devices`.
    pub key: &'static str,
    pub wants: Wants,
}

/// Which devices a request means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// Empty where none is named.
    pub driver: String,
    /// -1 is all.
    pub count: f64,
    pub ids: Vec<String>,
    pub capabilities: Vec<String>,
}

impl<'n> Request<'n> {
    /// The requests of a service, wherever it has them.
    pub fn of_service(service: &'n Node) -> impl Iterator<Item = Self> {
        let of = |key| move |node| Self { node, key, wants: Wants::read(node) };
        let reserved = RESERVED.items(service).iter().map(of("devices"));
        GPUS.items(service).iter().map(of("gpus")).chain(reserved)
    }
}

impl Wants {
    fn read(node: &Node) -> Self {
        let count = COUNT.text(node);
        let count = count.map(|count| if count == "all" { -1.0 } else { count.parse().unwrap_or(0.0) });
        let ids = IDS.texts(node);
        // Compose asks for all where neither is said.
        let count = count.unwrap_or(if ids.is_empty() { -1.0 } else { 0.0 });
        let driver = DRIVER.text(node).unwrap_or_default();
        Self { driver, count, ids, capabilities: CAPABILITIES.texts(node) }
    }
}
