//! Limits of which less is tighter: any value that is set and not above the one demanded holds.

use crate::compose::short::size;
use crate::source::Origin;
use crate::yaml::{Node, Value};

/// A limit of a service, and where `deploy` keeps the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub key: &'static str,
    /// Below `deploy.resources.limits`.
    pub deploy: Option<&'static str>,
}

pub const DEPLOY: &[&str] = &["deploy", "resources", "limits"];

pub const LIMITS: &[Limit] = &[
    Limit { key: "cpus", deploy: Some("cpus") },
    Limit { key: "mem_limit", deploy: Some("memory") },
    Limit { key: "memswap_limit", deploy: None },
    Limit { key: "pids_limit", deploy: Some("pids") },
    Limit { key: "shm_size", deploy: None },
];

/// A limit as a service has it.
#[derive(Clone, Copy, Debug)]
pub struct Effective {
    pub value: f64,
    pub origin: Origin,
}

/// The limit of a service, wherever it keeps it.
pub fn effective(service: &Node, limit: &Limit) -> Option<Effective> {
    let own = service.get(limit.key);
    let deployed = limit.deploy.and_then(|key| service.at(DEPLOY)?.get(key));
    let node = own.or(deployed)?;
    Some(Effective { value: written(node)?, origin: node.origin })
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
