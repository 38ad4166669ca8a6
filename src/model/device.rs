//! Devices that a service is given by name.

use crate::yaml::Node;

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
        let all = service.get("devices").and_then(Node::as_seq).unwrap_or_default();
        all.iter().filter_map(|node| Some(Self { node, source: node.get("source")?.as_str()? }))
    }

    /// The path on the host; `None` of `vendor.com/class=name`, which the engine resolves.
    pub fn path(&self) -> Option<&'n str> {
        Some(self.source).filter(|source| source.starts_with('/'))
    }
}
