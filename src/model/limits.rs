//! What a service may use up: of two limits the smaller one is tighter, and one that is not above zero is none.

use super::field::{Field, Number, fields};
use crate::compose::{short::size, text};
use crate::source::Origin;
use crate::yaml::{Node, Value};

fields! {
    PIDS: Number = "pids_limit";
    MEMORY: Number = "mem_limit";
    SWAP: Number = "memswap_limit";
    CPUS: Number = "cpus";
    SHM: Number = "shm_size";
    DEPLOYED_PIDS: Number = "deploy.resources.limits.pids";
    DEPLOYED_MEMORY: Number = "deploy.resources.limits.memory";
    DEPLOYED_CPUS: Number = "deploy.resources.limits.cpus";
    CPU_QUOTA: Number = "cpu_quota";
    CPU_PERIOD: Number = "cpu_period";
    REALTIME: Number = "cpu_rt_runtime";
    REALTIME_PERIOD: Number = "cpu_rt_period";
    CPU_SET: Text = "cpuset";
    SWAPPINESS: Number = "mem_swappiness";
    CPU_SHARES: Number = "cpu_shares";
    BLOCK_IO: Part = "blkio_config";
    RESERVED_MEMORY: Number = "mem_reservation";
    DEPLOYED_GENERIC: Entries = "deploy.resources.reservations.generic_resources";
    ULIMITS: Named = "ulimits";
    SOFT: Number = "ulimits.*.soft";
    HARD: Number = "ulimits.*.hard";
}

/// A limit of a service, and where `deploy` keeps the same one.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub key: &'static str,
    /// Below `deploy.resources.limits`.
    pub deploy: Option<&'static str>,
    own: Field<Number>,
    deployed: Option<Field<Number>>,
}

const fn limit(own: Field<Number>, deployed: Option<(&'static str, Field<Number>)>) -> Limit {
    match deployed {
        Some((deploy, field)) => Limit { key: own.name(), deploy: Some(deploy), own, deployed: Some(field) },
        None => Limit { key: own.name(), deploy: None, own, deployed: None },
    }
}

pub const DEPLOY: &[&str] = &["deploy", "resources", "limits"];

pub const OF_CPUS: Limit = limit(CPUS, Some(("cpus", DEPLOYED_CPUS)));
pub const OF_MEMORY: Limit = limit(MEMORY, Some(("memory", DEPLOYED_MEMORY)));
pub const OF_SWAP: Limit = limit(SWAP, None);
pub const OF_PIDS: Limit = limit(PIDS, Some(("pids", DEPLOYED_PIDS)));
pub const OF_SHM: Limit = limit(SHM, None);

pub const LIMITS: &[Limit] = &[OF_CPUS, OF_MEMORY, OF_SWAP, OF_PIDS, OF_SHM];

/// A limit as a service has it.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'n> {
    pub value: f64,
    pub node: &'n Node,
    /// The path of the key that sets it.
    pub key: &'static str,
}

impl Effective<'_> {
    pub fn origin(&self) -> Origin {
        self.node.origin
    }

    /// Whether it limits anything.
    pub fn is_limit(&self) -> bool {
        self.value > 0.0
    }
}

impl Limit {
    /// The limit of a service, wherever it keeps it. Compose gives the engine the service's own, and then the one under
    /// `deploy` where that is above zero: so that an own one of zero leaves the other in force.
    pub fn of(self, service: &Node) -> Option<Effective<'_>> {
        let read = |field: Field<Number>| {
            let node = field.node(service)?;
            Some(Effective { value: written(node)?, node, key: field.path() })
        };
        let (own, deployed) = (read(self.own), self.deployed.and_then(read));
        let limiting = |found: &Option<Effective<'_>>| found.is_some_and(|found| found.is_limit());
        [own, deployed].into_iter().find(limiting).flatten().or(own).or(deployed)
    }
}

/// What the key of a limit says, wherever else it may be set.
pub(crate) fn own(service: &Node, key: &str) -> Option<f64> {
    LIMITS.iter().find(|limit| limit.key == key).and_then(|limit| limit.own.number(service))
}

/// The bounds of one entry of `ulimits`: soft, then hard; one number stands for both.
pub(crate) fn bounds(entry: &Node) -> (Option<i64>, Option<i64>) {
    let single = || entry.get("single").unwrap_or(entry);
    let read = |field: Field<Number>| {
        let node = field.node(entry).unwrap_or_else(single);
        node.as_int().or_else(|| text(node).parse().ok())
    };
    (read(SOFT), read(HARD))
}

/// The limit that a key of a service, or of its `deploy.resources.limits`, stands for.
pub fn find(path: &[&str]) -> Option<&'static Limit> {
    match path {
        [key] => LIMITS.iter().find(|limit| limit.key == *key),
        ["deploy", "resources", "limits", key] => LIMITS.iter().find(|limit| limit.deploy == Some(key)),
        _ => None,
    }
}

/// A number, or a size with a unit.
#[allow(clippy::cast_precision_loss)] // limits beyond 2^53 do not differ in any way that matters
pub fn written(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Int(number) => Some(*number as f64),
        Value::UInt(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        Value::String(text) => number(text),
        _ => None,
    }
}

/// A number written as text, with or without a unit of size.
#[allow(clippy::cast_precision_loss)]
pub fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().or_else(|| size::parse(text).ok().map(|size| size as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse};

    /// Rules took an own limit of zero for none, the proof took the one under `deploy`, and the plan did not see that of
    /// `pids` at all.
    #[test]
    fn a_limit_is_found_wherever_it_is_in_force() {
        for (service, limit, value, key) in [
            (
                "{mem_limit: 0, deploy: {resources: {limits: {memory: 512}}}}",
                OF_MEMORY,
                512.0,
                "deploy.resources.limits.memory",
            ),
            ("{mem_limit: 256, deploy: {resources: {limits: {memory: 0}}}}", OF_MEMORY, 256.0, "mem_limit"),
            ("{deploy: {resources: {limits: {pids: 7}}}}", OF_PIDS, 7.0, "deploy.resources.limits.pids"),
            ("{pids_limit: -1}", OF_PIDS, -1.0, "pids_limit"),
            ("{shm_size: 64m}", OF_SHM, 67_108_864.0, "shm_size"),
        ] {
            let node = parse(FileId(0), service, Limits::default()).unwrap().remove(0).root;
            let found = limit.of(&node).unwrap();
            assert!((found.value - value).abs() < 0.5, "{service}: {found:?}");
            assert_eq!((found.key, found.is_limit()), (key, value > 0.0), "{service}");
        }
    }
}
